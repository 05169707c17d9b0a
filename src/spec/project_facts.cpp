// Values that several kinds of project files share, and how facts of several files come together.
#include "spec/project_facts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::spec {

namespace {

template <class T>
void move_behind(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The series that a plain version or an exact pin names; nullopt for anything else.
std::optional<std::string> series_of(std::string_view text) {
  for (const std::string_view prefix : {"===", "==", "="}) {
    if (text.starts_with(prefix)) {
      text = trimmed(text.substr(prefix.size()));
      break;
    }
  }
  if (text.ends_with(".*")) {
    text.remove_suffix(2);
  }
  const std::optional<PythonVersion> version = PythonVersion::parse(text);
  if (!version) {
    return std::nullopt;
  }
  return version->size() == 1 ? std::to_string(version->major()) : version->major_minor();
}

// "%2B" and the like, as they stand in addresses.
std::string percent_decoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::string digits = lowered(text.substr(i + 1, 2));
      const std::size_t high = kDigits.find(digits[0]);
      const std::size_t low = kDigits.find(digits[1]);
      if (high != std::string_view::npos && low != std::string_view::npos) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

}  // namespace

void append(ProjectFacts& facts, ProjectFacts more) {
  move_behind(facts.pip_lines, more.pip_lines);
  move_behind(facts.pip_constraints, more.pip_constraints);
  move_behind(facts.requirements, more.requirements);
  move_behind(facts.constraints, more.constraints);
  move_behind(facts.python_claims, more.python_claims);
  move_behind(facts.python_choices, more.python_choices);
  move_behind(facts.cuda, more.cuda);
  move_behind(facts.warnings, more.warnings);
}

Result<std::optional<Sourced<CudaVersion>>> agreed_cuda(const ProjectFacts& facts) {
  if (facts.cuda.empty()) {
    return std::optional<Sourced<CudaVersion>>();
  }
  const Sourced<CudaVersion>& first = facts.cuda.front();
  for (const Sourced<CudaVersion>& other : facts.cuda) {
    if (other.value != first.value) {
      return fail(Error{
          Errc::invalid_input,
          fmt::format("CUDA {} ({}) and CUDA {} ({}) contradict each other", first.value.text(),
                      first.origin.text, other.value.text(), other.origin.text)}
                      .note("`--cuda` or `cuda:` in berth.yaml decides between them"));
    }
  }
  return first;
}

Result<RequirementLine> requirement_at(const Origin& origin, std::string_view text) {
  Result<pep508::Requirement> requirement = pep508::Requirement::parse(text);
  if (!requirement) {
    return malformed(origin, std::move(requirement).error());
  }
  return RequirementLine{std::move(*requirement), origin};
}

Result<pep440::SpecifierSet> parse_python(std::string_view text) {
  const std::string_view body = trimmed(text);
  const std::optional<std::string> series = series_of(body);
  Result<pep440::SpecifierSet> specifiers =
      pep440::SpecifierSet::parse(series ? "==" + *series + ".*" : std::string(body));
  if (!specifiers || body.empty()) {
    return fail(Errc::invalid_input,
                fmt::format("`{}` is no Python version, expected 3.10 or >=3.9,<3.12", body));
  }
  return std::move(*specifiers);
}

Result<PythonLine> python_at(const Origin& origin, std::string_view text) {
  Result<pep440::SpecifierSet> specifiers = parse_python(text);
  if (!specifiers) {
    return malformed(origin, std::move(specifiers).error());
  }
  return PythonLine{std::move(*specifiers), origin};
}

Result<CudaVersion> parse_cuda(std::string_view text) {
  const std::string_view body = trimmed(text);
  constexpr unsigned kFirstMajorNotThere = 100;  // `121` is a mistyped 12.1
  const std::optional<CudaVersion> version = CudaVersion::parse(body);
  if (!version || version->size() > 3 || version->major() >= kFirstMajorNotThere) {
    return fail(Errc::invalid_input,
                fmt::format("`{}` is no CUDA version, expected for example 12.1", body));
  }
  return *version;
}

Result<Sourced<CudaVersion>> cuda_at(const Origin& origin, std::string_view text) {
  Result<CudaVersion> version = parse_cuda(text);
  if (!version) {
    return malformed(origin, std::move(version).error());
  }
  return Sourced<CudaVersion>{*version, origin};
}

std::string requirement_of_wheel(std::string_view address) {
  address = address.substr(0, address.find_first_of("#?"));
  if (!address.ends_with(".whl")) {
    return {};
  }
  const std::size_t slash = address.find_last_of('/');
  const std::string name =
      percent_decoded(slash == std::string_view::npos ? address : address.substr(slash + 1));
  const std::vector<std::string> parts = split(name, '-');
  constexpr std::size_t kFewestParts = 5;  // name-version-python-abi-platform.whl
  if (parts.size() < kFewestParts || !pep440::Version::parse(parts[1])) {
    return {};
  }
  return parts[0] + "==" + parts[1];
}

}  // namespace berth::spec
