// --env-file: variables for the container, one a line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "berth/model/request.hpp"
#include "spec/source_file.hpp"

namespace berth::spec {

using Getenv = std::function<std::optional<std::string>(const std::string&)>;

// NAME=value, `export NAME=value`, or NAME for the caller's value (left out where the caller has
// none, as docker does in files). Lines that begin with `#` and empty lines are skipped. A value in
// double quotes knows \n \t \r \" \\ \$, one in single quotes is literal; behind a closing quote
// only blanks and a comment may stand. An unquoted value is taken as it is, with its blanks and
// `#`. Nothing is interpolated. Errc::invalid_input with the line.
Result<std::vector<EnvironmentVariable>> read_env_file(const SourceFile& file,
                                                       const Getenv& caller);

}  // namespace berth::spec
