#include "cli/run_table.hpp"

#include "berth/base/printable.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/clock_text.hpp"
#include "cli/user_name.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCommandWidth = 40;

std::string command_of(const Run& run) {
  const std::string given = label_of(run, runtime::kCommandLabel);
  return given.empty() ? run.command : given;
}

std::string or_dash(const std::string& text, std::size_t limit = 120) {
  return text.empty() ? "-" : printable(text, limit);
}

std::string folder_text(const std::string& folder, const std::string& home) {
  if (!home.empty() && home != "/" && folder.starts_with(home + "/")) {
    return "~" + folder.substr(home.size());
  }
  return folder;
}

Json label_json(const Run& run, const char* label) {
  const std::string value = label_of(run, label);
  return value.empty() ? Json(nullptr) : Json(value);
}

}  // namespace

std::vector<Cells> run_table(const std::vector<Run>& runs, std::int64_t now,
                             const std::string& home, bool owners) {
  std::vector<Cells> rows = {{"NAME", "ID", "JOB", "COMMAND", "STATUS", "STARTED", "PROJECT"}};
  for (const Run& run : runs) {
    rows.push_back({or_dash(run.name), short_id(run.id), or_dash(label_of(run, runtime::kJobLabel)),
                    or_dash(command_of(run), kCommandWidth), or_dash(run.status),
                    ago(run.created, now),
                    or_dash(folder_text(label_of(run, runtime::kProjectLabel), home))});
  }
  if (owners) {
    rows.front().insert(rows.front().begin() + 2, "USER");
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const std::string owner = label_of(runs[i], runtime::kOwnerLabel);
      Cells& row = rows[i + 1];
      row.insert(row.begin() + 2, owner.empty() ? "-" : user_name_of(owner));
    }
  }
  return rows;
}

Json run_json(const Run& run) {
  return {{"id", run.id},
          {"name", run.name},
          {"run_id", label_json(run, runtime::kRunLabel)},
          {"owner", label_json(run, runtime::kOwnerLabel)},
          {"project", label_json(run, runtime::kProjectLabel)},
          {"job", label_json(run, runtime::kJobLabel)},
          {"mode", label_json(run, runtime::kModeLabel)},
          {"command", command_of(run)},
          {"image", run.image},
          {"image_id", run.image_id},
          {"environment", label_json(run, runtime::kEnvironmentLabel)},
          {"state", run.state},
          {"status", run.status},
          {"running", is_running(run)},
          {"created", utc_text(run.created)}};
}

}  // namespace berth::cli
