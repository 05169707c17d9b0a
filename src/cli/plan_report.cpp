#include "cli/plan_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "berth/runtime/container_json.hpp"
#include "cli/decision_report.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(PullPolicy policy) {
  switch (policy) {
    case PullPolicy::missing:
      return "missing";
    case PullPolicy::always:
      return "always";
    case PullPolicy::never:
      return "never";
  }
  return "missing";
}

}  // namespace

std::string plan_document(const Plan& plan) {
  const Json document = {
      {"schema", "berth/plan/1"},
      {"decision", Json::parse(decision_document(plan.decision, false))},
      {"pull", name_of(plan.pull)},
      {"timeout_seconds", plan.timeout ? Json(plan.timeout->count()) : Json(nullptr)},
      {"requests",
       {{{"method", "POST"},
         {"path", runtime::create_path(plan.container)},
         {"body", Json::parse(runtime::create_body(plan.container))}}}},
      {"warnings", plan.warnings}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

void print_plan(std::ostream& out, const Terminal& terminal, const Plan& plan) {
  print_decision(out, terminal, plan.decision, {});
  if (plan.timeout) {
    out << terminal.styled(Style::faint, fmt::format("{:<11}", "time limit"))
        << plan.timeout->count() << " s\n";
  }
  out << '\n'
      << terminal.styled(Style::bold, "POST " + runtime::create_path(plan.container)) << '\n';
  out << Json::parse(runtime::create_body(plan.container)).dump(2) << '\n';
}

}  // namespace berth::cli
