// Poetry's version constraints in PEP 440's terms: ^1.2, ~1.2, 1.2.*, `>=1 <2`, `^1.2 || ^2.0`.
// Source: https://python-poetry.org/docs/dependency-specification/#version-constraints
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::spec {

// The alternatives between `||`, each as PEP 440 specifiers joined by commas; "" allows everything.
// At least one. Errc::invalid_input for what is no constraint.
Result<std::vector<std::string>> poetry_alternatives(std::string_view text);

// A marker that holds where the Python satisfies the constraint; "" where every Python does.
Result<std::string> python_marker(std::string_view constraint);

}  // namespace berth::spec
