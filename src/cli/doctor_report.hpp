// The doctor's findings as text and as JSON (schema berth/doctor/1).
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/doctor_checks.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

struct DoctorReportOptions {
  bool problems_only = false;  // -q
};

// One line per finding; below it, where there is something to do or to know, cause and remedy. The
// last line says how many problems there are.
void print_findings(std::ostream& out, const Terminal& terminal,
                    const std::vector<Finding>& findings, const DoctorReportOptions& options);

std::string findings_document(const std::vector<Finding>& findings);

std::size_t count_problems(const std::vector<Finding>& findings);

}  // namespace berth::cli
