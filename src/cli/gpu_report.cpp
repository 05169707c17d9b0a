// Prints GPUs and their processes in columns.
#include "cli/gpu_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "cli/clock_text.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

constexpr std::size_t kShortId = 12;  // as docker prints the ids of containers

// The first row is the heading; each column is as wide as its longest cell, the last has no end.
void print_columns(std::ostream& out, const Terminal& terminal, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    out << (&row == rows.data() ? terminal.styled(Style::bold, line) : line) << '\n';
  }
}

std::string size_text(const std::optional<std::uint64_t>& bytes) {
  return bytes ? format_bytes(*bytes) : "?";
}

const std::string& trouble_of(const GpuRow& row) {
  return row.trouble.empty() ? row.gpu.problem : row.trouble;
}

std::string use_text(const GpuRow& row) {
  const runtime::GpuReading& gpu = row.gpu;
  if (const std::string& trouble = trouble_of(row); !trouble.empty()) {
    return trouble;
  }
  return gpu.utilisation_percent ? fmt::format("{}%", *gpu.utilisation_percent) : "?";
}

bool is_free(const GpuRow& row, const std::string& uuid) {
  return std::find(row.free.begin(), row.free.end(), uuid) != row.free.end();
}

// Who holds a GPU or an instance of it; otherwise whether it is free.
std::string holder_cell(const GpuRow& row, const std::string& uuid) {
  if (const auto holder = row.holders.find(uuid); holder != row.holders.end()) {
    return holder->second.user.empty() ? "?" : holder->second.user;
  }
  return is_free(row, uuid) ? "free" : "-";
}

Row gpu_row(const GpuRow& row) {
  const runtime::GpuReading& gpu = row.gpu;
  return {std::to_string(gpu.index),
          gpu.name.empty() ? "?" : printable(gpu.name),
          gpu.compute_capability ? gpu.compute_capability->text() : "?",
          fmt::format("{} / {}", size_text(gpu.memory_used_bytes), size_text(gpu.memory_bytes)),
          use_text(row),
          holder_cell(row, gpu.uuid),
          gpu.uuid.empty() ? "?" : gpu.uuid};
}

Row mig_row(const GpuRow& row, const runtime::MigInstance& instance) {
  return {fmt::format("{}:{}", row.gpu.index, instance.index),
          instance.name,
          "",
          fmt::format("{} / {}", size_text(instance.memory_used_bytes),
                      size_text(instance.memory_bytes)),
          "",
          holder_cell(row, instance.uuid),
          instance.uuid};
}

Row holder_row(const std::string& number, const GpuHolder& holder) {
  const runtime::LeaseHolder& lease = holder.lease;
  return {number,
          holder.user.empty() ? "?" : holder.user,
          lease.run_name.empty() ? (lease.run_id.empty() ? "?" : lease.run_id) : lease.run_name,
          lease.pid > 0 ? std::to_string(lease.pid) : "?",
          lease.since > 0 ? utc_text(lease.since) : "?",
          lease.file_closed ? "lock closed to others"
          : lease.alone     ? "alone"
                            : "shared"};
}

// "3", or "3:1" for an instance.
std::string number_of(const runtime::GpuReading& gpu, const std::string& uuid) {
  for (const runtime::MigInstance& instance : gpu.mig_instances) {
    if (instance.uuid == uuid) {
      return fmt::format("{}:{}", gpu.index, instance.index);
    }
  }
  return std::to_string(gpu.index);
}

Row user_row(const runtime::GpuReading& gpu, const GpuUser& user) {
  const std::string& command = user.facts.command.empty() ? user.facts.name : user.facts.command;
  return {std::to_string(gpu.index),
          std::to_string(user.process.pid),
          user.user.empty() ? "?" : user.user,
          size_text(user.process.memory_bytes),
          user.facts.container.empty() ? "-" : user.facts.container.substr(0, kShortId),
          command.empty() ? "?" : printable(command)};
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json user_json(const GpuUser& user) {
  return {{"pid", user.process.pid},
          {"name", text_or_null(user.facts.name)},
          {"command", text_or_null(user.facts.command)},
          {"user", text_or_null(user.user)},
          {"container", text_or_null(user.facts.container)},
          {"memory_bytes", or_null(user.process.memory_bytes)}};
}

Json holder_json(const GpuHolder& holder) {
  const runtime::LeaseHolder& lease = holder.lease;
  return {{"user", text_or_null(holder.user)},
          {"uid", or_null(lease.uid)},
          {"run", text_or_null(lease.run_id)},
          {"name", text_or_null(lease.run_name)},
          {"pid", lease.pid > 0 ? Json(lease.pid) : Json(nullptr)},
          {"since", text_or_null(utc_text(lease.since))},
          {"alone", lease.alone}};
}

Json holder_or_null(const GpuRow& row, const std::string& uuid) {
  const auto holder = row.holders.find(uuid);
  return holder == row.holders.end() ? Json(nullptr) : holder_json(holder->second);
}

Json gpu_json(const GpuRow& row) {
  const runtime::GpuReading& gpu = row.gpu;
  Json object = {{"index", gpu.index},
                 {"name", text_or_null(gpu.name)},
                 {"uuid", text_or_null(gpu.uuid)},
                 {"pci_bus_id", text_or_null(gpu.pci_bus_id)},
                 {"compute_capability", nullptr},
                 {"memory_bytes", or_null(gpu.memory_bytes)},
                 {"memory_used_bytes", or_null(gpu.memory_used_bytes)},
                 {"utilisation_percent", or_null(gpu.utilisation_percent)},
                 {"problem", text_or_null(gpu.problem)},
                 {"mig", gpu.mig},
                 {"mig_instances", Json::array()},
                 {"processes", Json::array()},
                 {"healthy", trouble_of(row).empty()},
                 {"trouble", text_or_null(trouble_of(row))},
                 {"uncorrected_ecc_errors", or_null(gpu.uncorrected_ecc_errors)},
                 {"free", is_free(row, gpu.uuid)},
                 {"held_by", holder_or_null(row, gpu.uuid)}};
  if (gpu.compute_capability) {
    object["compute_capability"] = gpu.compute_capability->text();
  }
  for (const runtime::MigInstance& instance : gpu.mig_instances) {
    object["mig_instances"].push_back({{"index", instance.index},
                                       {"name", text_or_null(instance.name)},
                                       {"uuid", text_or_null(instance.uuid)},
                                       {"memory_bytes", or_null(instance.memory_bytes)},
                                       {"memory_used_bytes", or_null(instance.memory_used_bytes)},
                                       {"free", is_free(row, instance.uuid)},
                                       {"held_by", holder_or_null(row, instance.uuid)}});
  }
  for (const GpuUser& user : row.users) {
    object["processes"].push_back(user_json(user));
  }
  return object;
}

}  // namespace

void print_gpus(std::ostream& out, const Terminal& terminal, const GpuReport& report) {
  if (report.rows.empty()) {
    return;
  }
  std::vector<Row> gpus = {{"GPU", "NAME", "CAPABILITY", "MEMORY", "USE", "HELD BY", "UUID"}};
  std::vector<Row> users = {{"GPU", "PID", "USER", "MEMORY", "CONTAINER", "COMMAND"}};
  std::vector<Row> holders = {{"GPU", "USER", "RUN", "PID", "SINCE", "HOLD"}};
  for (const GpuRow& row : report.rows) {
    gpus.push_back(gpu_row(row));
    for (const runtime::MigInstance& instance : row.gpu.mig_instances) {
      gpus.push_back(mig_row(row, instance));
    }
    for (const GpuUser& user : row.users) {
      users.push_back(user_row(row.gpu, user));
    }
    for (const auto& [uuid, holder] : row.holders) {
      holders.push_back(holder_row(number_of(row.gpu, uuid), holder));
    }
  }
  for (const GpuHolder& waiting : report.waiting) {
    holders.push_back(holder_row("-", waiting));
    holders.back().back() = "waits";
  }
  print_columns(out, terminal, gpus);
  if (users.size() > 1) {
    out << '\n';
    print_columns(out, terminal, users);
  }
  if (holders.size() > 1) {
    out << '\n';
    print_columns(out, terminal, holders);
  }
}

std::string gpus_document(const GpuReport& report) {
  Json document = {{"schema", "berth/gpus/1"},          {"driver", text_or_null(report.driver)},
                   {"cuda", text_or_null(report.cuda)}, {"gpus", Json::array()},
                   {"waiting", Json::array()},          {"remarks", report.remarks}};
  for (const GpuHolder& waiting : report.waiting) {
    document["waiting"].push_back(holder_json(waiting));
  }
  for (const GpuRow& row : report.rows) {
    document["gpus"].push_back(gpu_json(row));
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace berth::cli
