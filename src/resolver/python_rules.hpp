// Whether a Python satisfies what is asked for, and which Python several frameworks share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/base/pep440.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

using PythonRequests = std::vector<Sourced<pep440::SpecifierSet>>;

// "3.10" of 3.10, 3.10.14 and 3.11.0rc1 alike; empty for what is no version.
std::string python_series(std::string_view python);

// The same as a version; nullopt where it is not known.
std::optional<PythonVersion> series_version(std::string_view python);

// `python` is a series, "3.10", or a full version, "3.10.14", "3.11.0rc1". A series satisfies a set
// where one of its patch releases does. `==3.10` means the series: nobody asks for 3.10.0 in that
// way.
bool python_satisfies(const PythonRequests& wanted, std::string_view python);

// Whether the release runs on that series, as far as is known.
enum class Support { yes, unknown, no };
Support python_support(const FrameworkRelease& release, const PythonVersion& series);

// Every series that images or releases of the catalogue name, oldest first.
std::vector<PythonVersion> known_pythons(const Catalog& catalog);

// For an image without Python: the highest of `pythons` that all releases are known to run on;
// where a release states no upper bound, the lowest that nothing speaks against. nullopt where
// there is none. `pythons` ascend.
std::optional<std::string> shared_python(std::span<const FrameworkRelease* const> releases,
                                         std::span<const PythonVersion> pythons);

}  // namespace berth::resolver
