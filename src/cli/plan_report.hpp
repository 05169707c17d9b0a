// What `--dry-run` prints: the plan with the request bodies, as text or JSON (schema berth/plan/1).
#pragma once

#include <ostream>
#include <string>

#include "berth/model/plan.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

std::string plan_document(const Plan& plan);

void print_plan(std::ostream& out, const Terminal& terminal, const Plan& plan);

}  // namespace berth::cli
