// A Decision for readers: as JSON (schema berth/resolve/1) and as text.
#pragma once

#include <ostream>
#include <string>

#include "berth/model/plan.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

// The document of docs/cli.md; additive only. `explain` adds the rejected candidates.
std::string decision_document(const Decision& decision, bool explain);

struct ReportOptions {
  bool explain = false;  // every rule and every candidate that was rejected
  bool all = false;      // the ranked list of candidates that satisfy
};

// Image, frameworks, CUDA, driver and GPUs, a line each; then what was asked for.
void print_decision(std::ostream& out, const Terminal& terminal, const Decision& decision,
                    const ReportOptions& options);

}  // namespace berth::cli
