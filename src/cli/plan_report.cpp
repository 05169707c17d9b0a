#include "cli/plan_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

#include "berth/base/text.hpp"
#include "berth/runtime/container_json.hpp"
#include "cli/decision_report.hpp"
#include "cli/null_json.hpp"

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

Json environment_json(const std::optional<EnvironmentPlan>& environment) {
  if (!environment) {
    return nullptr;
  }
  return {{"base", environment->base},
          {"pip", environment->pip},
          {"apt", environment->apt},
          {"locked", environment->locked},
          {"key", text_or_null(environment->key)},
          {"image", text_or_null(environment->image)},
          {"exists", environment->exists}};
}

void print_environment(std::ostream& out, const Terminal& terminal,
                       const EnvironmentPlan& environment) {
  const auto row = [&](std::string_view name, const std::string& text) {
    out << terminal.styled(Style::faint, fmt::format("{:<11}", name)) << text << '\n';
  };
  row("environment",
      fmt::format(" {}{}",
                  environment.image.empty() ? "its key is known after a look into the image"
                                            : environment.image,
                  environment.exists ? ", there already" : ", to be built"));
  if (!environment.apt.empty()) {
    row("  apt", join(environment.apt, ", "));
  }
  if (!environment.pip.empty()) {
    row(environment.locked ? "  locked" : "  pip", join(environment.pip, ", "));
  }
}

}  // namespace

std::string plan_document(const Plan& plan, const std::optional<EnvironmentPlan>& environment) {
  const Json document = {
      {"schema", "berth/plan/1"},
      {"decision", Json::parse(decision_document(plan.decision, false))},
      {"environment", environment_json(environment)},
      {"pull", name_of(plan.pull)},
      {"timeout_seconds", plan.timeout ? Json(plan.timeout->count()) : Json(nullptr)},
      {"requests",
       {{{"method", "POST"},
         {"path", runtime::create_path(plan.container)},
         {"body", Json::parse(runtime::create_body(plan.container))}}}},
      {"warnings", plan.warnings}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

void print_plan(std::ostream& out, const Terminal& terminal, const Plan& plan,
                const std::optional<EnvironmentPlan>& environment) {
  print_decision(out, terminal, plan.decision, {});
  if (environment) {
    print_environment(out, terminal, *environment);
  }
  if (plan.timeout) {
    out << terminal.styled(Style::faint, fmt::format("{:<11}", "time limit"))
        << plan.timeout->count() << " s\n";
  }
  out << '\n'
      << terminal.styled(Style::bold, "POST " + runtime::create_path(plan.container)) << '\n';
  out << Json::parse(runtime::create_body(plan.container)).dump(2) << '\n';
}

}  // namespace berth::cli
