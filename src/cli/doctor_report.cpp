// Prints findings: status, code and message in columns, so that a screen of them can be read down
// its left edge.
#include "cli/doctor_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::cli {

namespace {

constexpr std::size_t kStatusWidth = 9;  // "problem" and two blanks
constexpr std::size_t kCodeWidth = 26;   // "gpu-toolkit-unconfigured" and two blanks

Style style_of(Finding::Status status) {
  switch (status) {
    case Finding::Status::ok:
      return Style::good;
    case Finding::Status::note:
      return Style::note;
    case Finding::Status::problem:
      return Style::error;
  }
  return Style::error;
}

// Padded outside of the colour, which has a width of its own.
std::string column(const Terminal& terminal, Style style, std::string_view text,
                   std::size_t width) {
  const std::size_t blanks = width > text.size() ? width - text.size() : 1;
  return terminal.styled(style, text) + std::string(blanks, ' ');
}

void print_finding(std::ostream& out, const Terminal& terminal, const Finding& finding) {
  out << column(terminal, style_of(finding.status), name_of(finding.status), kStatusWidth)
      << column(terminal, Style::faint, finding.code, kCodeWidth) << finding.message << '\n';
  const std::string indent(kStatusWidth, ' ');
  if (!finding.cause.empty()) {
    out << indent << terminal.styled(Style::note, "cause: ") << finding.cause << '\n';
  }
  for (const std::string& remedy : finding.remedy) {
    out << indent << terminal.styled(Style::hint, "remedy: ") << remedy << '\n';
  }
}

std::string verdict(std::size_t problems) {
  switch (problems) {
    case 0:
      return "no problem found";
    case 1:
      return "1 problem found";
    default:
      return fmt::format("{} problems found", problems);
  }
}

}  // namespace

std::size_t count_problems(const std::vector<Finding>& findings) {
  const auto is_problem = [](const Finding& finding) {
    return finding.status == Finding::Status::problem;
  };
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_problem));
}

void print_findings(std::ostream& out, const Terminal& terminal,
                    const std::vector<Finding>& findings, const DoctorReportOptions& options) {
  for (const Finding& finding : findings) {
    if (!options.problems_only || finding.status == Finding::Status::problem) {
      print_finding(out, terminal, finding);
    }
  }
  if (!options.problems_only) {
    const std::size_t problems = count_problems(findings);
    out << '\n'
        << terminal.styled(problems == 0 ? Style::good : Style::error, verdict(problems)) << '\n';
  }
}

std::string findings_document(const std::vector<Finding>& findings) {
  nlohmann::ordered_json document = {{"schema", "berth/doctor/1"},
                                     {"problems", count_problems(findings)},
                                     {"findings", nlohmann::ordered_json::array()}};
  for (const Finding& finding : findings) {
    document["findings"].push_back({{"code", finding.code},
                                    {"status", name_of(finding.status)},
                                    {"message", finding.message},
                                    {"cause", finding.cause},
                                    {"remedy", finding.remedy}});
  }
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace berth::cli
