#include "runtime/engine_headers.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

constexpr std::array<std::string_view, 8> kOurs = {
    "user-agent",        "host",       "content-type", "content-length",
    "transfer-encoding", "connection", "upgrade",      "expect"};

bool is_ours(const std::string& name) {
  return std::find(kOurs.begin(), kOurs.end(), lowered(name)) != kOurs.end();
}

// RFC 9110: a token, and a value without control characters.
bool is_name(std::string_view name) {
  constexpr std::string_view kToken =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  return !name.empty() && name.find_first_not_of(kToken) == std::string_view::npos;
}

bool is_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

// libcurl takes `Name:` as the wish to send no such header, `Name;` as one without a value.
std::string header_line(const std::string& name, std::string_view value) {
  return value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
}

// The value may be a secret and is not repeated.
Failure malformed(std::string why) {
  return fail(Error{Errc::invalid_input, "DOCKER_CUSTOM_HEADERS cannot be understood"}
                  .note(std::move(why))
                  .note("expected NAME=VALUE,NAME=VALUE; a field with a comma in it stands in "
                        "double quotes")
                  .hint("`unset DOCKER_CUSTOM_HEADERS`, if no gateway asks for it"));
}

Result<std::vector<std::string>> custom_headers(const std::string& text) {
  std::vector<std::string> lines;
  const std::optional<std::vector<std::string>> fields = csv_fields(text);
  if (!fields) {
    return malformed("a double quote is out of place");
  }
  for (const std::string& field : *fields) {
    const std::size_t equals = field.find('=');
    const std::string name(trimmed(std::string_view(field).substr(0, equals)));
    if (equals == std::string::npos || !is_name(name) || !is_value(field.substr(equals + 1))) {
      return malformed(fmt::format("`{}` is no header", excerpt(name, 40)));
    }
    if (!is_ours(name)) {
      lines.push_back(header_line(name, trimmed(std::string_view(field).substr(equals + 1))));
    }
  }
  return lines;
}

}  // namespace

std::optional<std::vector<std::string>> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool begins = i == 0 || (line[i - 1] == ',' && fields.back().empty());
    if (c != '"') {
      if (c == ',' && !quoted) {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    } else if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (quoted && (i + 1 == line.size() || line[i + 1] == ',')) {
      quoted = false;
    } else if (!quoted && begins) {
      quoted = true;
    } else {
      return std::nullopt;
    }
  }
  return quoted ? std::nullopt : std::optional(fields);
}

Result<std::vector<std::string>> engine_headers(DockerConfig& config,
                                                const std::optional<std::string>& custom) {
  if (custom.has_value() && !custom->empty()) {
    return custom_headers(*custom);
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : config.http_headers) {
    if (!is_name(name) || !is_value(value)) {
      config.remarks.push_back(
          fmt::format("`HttpHeaders` of `{}`: `{}` is no header, and is left out",
                      (config.folder / "config.json").string(), excerpt(name, 40)));
    } else if (!is_ours(name)) {
      lines.push_back(header_line(name, trimmed(value)));
    }
  }
  return lines;
}

}  // namespace berth::runtime
