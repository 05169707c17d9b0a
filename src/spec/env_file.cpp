// Env files: docker's format, with the quotes and the `export` that most such files in projects
// have.
#include "spec/env_file.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/text.hpp"
#include "spec/settings.hpp"

namespace berth::spec {

namespace {

char escaped(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return letter;
  }
}

bool is_escape(char letter) {
  return std::string_view("ntr\"\\$`").find(letter) != std::string_view::npos;
}

// The value that begins with a quote. Its closing quote must stand in the same line.
Result<std::string> quoted_value(const Origin& origin, std::string_view text) {
  const char quote = text[0];
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      const std::string_view rest = trimmed(text.substr(i + 1));
      if (!rest.empty() && !rest.starts_with('#')) {
        return malformed(origin, fmt::format("`{}` stands behind the closing quote", rest));
      }
      return value;
    }
    if (quote == '"' && text[i] == '\\' && i + 1 < text.size() && is_escape(text[i + 1])) {
      value += escaped(text[++i]);
    } else {
      value += text[i];
    }
  }
  return malformed(origin, fmt::format("the quote {} is not closed in this line", quote));
}

}  // namespace

Result<std::vector<EnvironmentVariable>> read_env_file(const SourceFile& file,
                                                       const Getenv& caller) {
  constexpr std::string_view kExport = "export ";
  std::vector<EnvironmentVariable> variables;
  unsigned number = 0;
  for (std::string_view line : lines_of(file.content)) {
    const Origin origin = origin_at(file, ++number);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (line.starts_with(kExport)) {
      line.remove_prefix(kExport.size());
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    }
    BERTH_TRY(EnvironmentVariable variable, variable_at(origin, line));
    if (!variable.value) {
      if (caller(variable.name)) {
        variables.push_back(std::move(variable));
      }
      continue;
    }
    if (variable.value->starts_with('"') || variable.value->starts_with('\'')) {
      BERTH_TRY(variable.value, quoted_value(origin, *variable.value));
    }
    variables.push_back(std::move(variable));
  }
  return variables;
}

}  // namespace berth::spec
