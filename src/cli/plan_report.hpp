// What `--dry-run` prints: the plan with the request bodies, as text or JSON (schema berth/plan/1).
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "berth/model/environment_plan.hpp"
#include "berth/model/plan.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

std::string plan_document(const Plan& plan, const std::optional<EnvironmentPlan>& environment);

void print_plan(std::ostream& out, const Terminal& terminal, const Plan& plan,
                const std::optional<EnvironmentPlan>& environment);

}  // namespace berth::cli
