// The text form of a decision: what a person reads who asked "which image, and why".
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/printable.hpp"
#include "cli/decision_report.hpp"

namespace berth::cli {

namespace {

// Names come from files and engines: what is no text must not reach a terminal.
constexpr std::size_t kLongest = 4096;

class Report {
 public:
  Report(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}

  void field(std::string_view label, std::string_view text) {
    if (!text.empty()) {
      out_ << terminal_.styled(Style::faint, fmt::format("{:<11}", label))
           << printable(text, kLongest) << '\n';
    }
  }
  void heading(std::string_view text) {
    out_ << '\n' << terminal_.styled(Style::bold, text) << '\n';
  }
  void item(std::string_view text) { out_ << "  " << printable(text, kLongest) << '\n'; }

 private:
  std::ostream& out_;
  const Terminal& terminal_;
};

std::string framework_text(const FrameworkChoice& framework) {
  std::string text = fmt::format("{} {}", framework.name, framework.version);
  if (!framework.build.empty()) {
    text += fmt::format(" ({})", framework.build);
  }
  if (!framework.requirement.empty() || !framework.origin.empty()) {
    text += fmt::format(", from {}{}",
                        framework.requirement.empty() ? "" : framework.requirement + " in ",
                        framework.origin);
  }
  if (!framework.in_image) {
    text += "; not in the image";
  }
  return text;
}

std::string library_text(const LibraryChoice& library) {
  return fmt::format("{} {}, from {}{}{}", library.name, library.version,
                     library.requirement.empty() ? "" : library.requirement + " in ",
                     library.origin, library.in_image ? "" : "; not in the image");
}

std::string driver_text(const DriverVerdict& driver) {
  if (driver.mode == DriverMode::none) {
    return "none: runs on the CPU";
  }
  std::string text = driver.found ? driver.found->text() : "not known";
  if (driver.required) {
    text += fmt::format(", {} or newer needed", driver.required->text());
  }
  switch (driver.mode) {
    case DriverMode::minor:
      return text + ", by minor-version compatibility";
    case DriverMode::forward:
      return text + ", by forward compatibility (cuda-compat)";
    case DriverMode::unknown:
      return text + "; whether it fits is not known";
    case DriverMode::native:
    case DriverMode::none:
      return text;
  }
  return text;
}

std::string gpu_text(const GpuVerdict& gpu) {
  std::string text = gpu.name;
  if (gpu.compute_capability) {
    text += fmt::format("{}compute capability {}", text.empty() ? "" : ", ",
                        gpu.compute_capability->text());
  }
  if (!gpu.covered_by.empty()) {
    text += fmt::format(", runs the code for {}", gpu.covered_by);
  }
  return text;
}

std::string cuda_text(const Decision& decision) {
  if (decision.cuda.empty()) {
    const bool for_cpu = !decision.frameworks.empty() && decision.frameworks.front().build == "cpu";
    return for_cpu ? "none" : "not known";
  }
  return decision.cudnn.empty() ? decision.cuda
                                : fmt::format("{}, cuDNN {}", decision.cuda, decision.cudnn);
}

std::string python_text(const Decision& decision) {
  if (decision.python.empty()) {
    return "not known";
  }
  const bool to_install =
      !decision.frameworks.empty() &&
      std::none_of(decision.frameworks.begin(), decision.frameworks.end(),
                   [](const FrameworkChoice& framework) { return framework.in_image; });
  return to_install ? decision.python + "; not in the image" : decision.python;
}

std::string candidate_text(const Candidate& candidate) {
  std::string text = candidate.image;
  for (const FrameworkChoice& framework : candidate.frameworks) {
    text += fmt::format("  {} {} ({})", framework.name, framework.version, framework.build);
  }
  return text;
}

}  // namespace

void print_decision(std::ostream& out, const Terminal& terminal, const Decision& decision,
                    const ReportOptions& options) {
  Report report(out, terminal);
  report.field("image", decision.image);
  if (decision.base_image != decision.image) {
    report.field("base image", decision.base_image);
  }
  for (const FrameworkChoice& framework : decision.frameworks) {
    report.field("framework", framework_text(framework));
  }
  for (const LibraryChoice& library : decision.libraries) {
    report.field("library", library_text(library));
  }
  report.field("CUDA", cuda_text(decision));
  report.field("Python", python_text(decision));
  report.field("driver", driver_text(decision.driver));
  for (const GpuVerdict& gpu : decision.gpus) {
    report.field("GPU", gpu_text(gpu));
  }
  if (options.explain && !decision.reasons.empty()) {
    report.heading("Why");
    for (const Reason& reason : decision.reasons) {
      report.item(fmt::format("[{}] {}{}", reason.rule, reason.text,
                              reason.source.empty() ? "" : " (" + reason.source + ")"));
    }
  }
  if (options.all || options.explain) {
    report.heading("Also possible, best first");
    for (const Candidate& candidate : decision.alternatives) {
      report.item(candidate_text(candidate));
    }
    if (decision.alternatives.empty()) {
      report.item("nothing");
    }
  }
  if (options.explain && !decision.rejected.empty()) {
    report.heading("Rejected");
    for (const Candidate& candidate : decision.rejected) {
      report.item(candidate_text(candidate));
      for (const Reason& reason : candidate.rejected) {
        report.item(fmt::format("    [{}] {}", reason.rule, reason.text));
      }
    }
  }
}

}  // namespace berth::cli
