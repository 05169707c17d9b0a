#include "runtime/container_calls_json.hpp"

#include "runtime/json_encoding.hpp"

namespace berth::runtime {

namespace {

using OrderedJson = nlohmann::ordered_json;

}  // namespace

Result<std::string> exec_body(const ExecSpec& spec) {
  OrderedJson json{{"Cmd", spec.command}};
  set_unless_empty(json, "Env", spec.environment);
  set_unless_empty(json, "WorkingDir", spec.workdir);
  set_unless_empty(json, "User", spec.user);
  set_unless_empty(json, "DetachKeys", spec.detach_keys);
  json["Tty"] = spec.tty;
  json["Privileged"] = spec.privileged;
  json["AttachStdin"] = spec.open_stdin;
  json["AttachStdout"] = true;
  json["AttachStderr"] = true;
  if (spec.console_size.has_value()) {
    json["ConsoleSize"] = {spec.console_size->rows, spec.console_size->columns};
  }
  BERTH_CHECK(check_encodable(json));
  return json.dump();
}

std::string exec_start_body(bool tty) {
  return OrderedJson{{"Detach", false}, {"Tty", tty}}.dump();
}

Result<std::string> commit_body(const CommitSpec& spec) {
  const OrderedJson json{{"Entrypoint", spec.entrypoint},
                         {"Cmd", spec.command},
                         {"User", spec.user},
                         {"Labels", spec.labels}};
  BERTH_CHECK(check_encodable(json));
  return json.dump();
}

std::string label_filter(const std::vector<std::string>& labels) {
  return OrderedJson{{"label", labels}}.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace berth::runtime
