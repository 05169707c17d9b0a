// Prints GPUs and their processes in columns.
#include "cli/gpu_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"

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

std::string use_text(const runtime::GpuReading& gpu) {
  if (!gpu.problem.empty()) {
    return gpu.problem;
  }
  return gpu.utilisation_percent ? fmt::format("{}%", *gpu.utilisation_percent) : "?";
}

Row gpu_row(const runtime::GpuReading& gpu) {
  return {std::to_string(gpu.index),
          gpu.name.empty() ? "?" : printable(gpu.name),
          gpu.compute_capability ? gpu.compute_capability->text() : "?",
          fmt::format("{} / {}", size_text(gpu.memory_used_bytes), size_text(gpu.memory_bytes)),
          use_text(gpu),
          gpu.uuid.empty() ? "?" : gpu.uuid};
}

Row mig_row(const runtime::GpuReading& gpu, const runtime::MigInstance& instance) {
  return {fmt::format("{}:{}", gpu.index, instance.index),
          instance.name,
          "",
          size_text(instance.memory_bytes),
          "",
          instance.uuid};
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

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json user_json(const GpuUser& user) {
  return {{"pid", user.process.pid},
          {"name", text_or_null(user.facts.name)},
          {"command", text_or_null(user.facts.command)},
          {"user", text_or_null(user.user)},
          {"container", text_or_null(user.facts.container)},
          {"memory_bytes", or_null(user.process.memory_bytes)}};
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
                 {"processes", Json::array()}};
  if (gpu.compute_capability) {
    object["compute_capability"] = gpu.compute_capability->text();
  }
  for (const runtime::MigInstance& instance : gpu.mig_instances) {
    object["mig_instances"].push_back({{"index", instance.index},
                                       {"name", text_or_null(instance.name)},
                                       {"uuid", text_or_null(instance.uuid)},
                                       {"memory_bytes", or_null(instance.memory_bytes)}});
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
  std::vector<Row> gpus = {{"GPU", "NAME", "CAPABILITY", "MEMORY", "USE", "UUID"}};
  std::vector<Row> users = {{"GPU", "PID", "USER", "MEMORY", "CONTAINER", "COMMAND"}};
  for (const GpuRow& row : report.rows) {
    gpus.push_back(gpu_row(row.gpu));
    for (const runtime::MigInstance& instance : row.gpu.mig_instances) {
      gpus.push_back(mig_row(row.gpu, instance));
    }
    for (const GpuUser& user : row.users) {
      users.push_back(user_row(row.gpu, user));
    }
  }
  print_columns(out, terminal, gpus);
  if (users.size() > 1) {
    out << '\n';
    print_columns(out, terminal, users);
  }
}

std::string gpus_document(const GpuReport& report) {
  Json document = {{"schema", "berth/gpus/1"},
                   {"driver", text_or_null(report.driver)},
                   {"cuda", text_or_null(report.cuda)},
                   {"gpus", Json::array()},
                   {"remarks", report.remarks}};
  for (const GpuRow& row : report.rows) {
    document["gpus"].push_back(gpu_json(row));
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace berth::cli
