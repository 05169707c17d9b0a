// Reads who a process is from /proc: its name, command line, user, and the container whose cgroup
// it is in.
#include <charconv>
#include <string_view>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/host_probe.hpp"

namespace berth::runtime {

namespace {

// The first run of exactly 64 hexadecimal digits: the id in `/docker/<id>`, `docker-<id>.scope`,
// `libpod-<id>.scope`, whichever way the engine lays out its cgroups.
std::string container_id_in(std::string_view cgroup) {
  constexpr std::size_t kIdLength = 64;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t begin = cgroup.find_first_of(kDigits); begin != std::string_view::npos;) {
    std::size_t end = cgroup.find_first_not_of(kDigits, begin);
    if (end == std::string_view::npos) {
      end = cgroup.size();
    }
    if (end - begin == kIdLength) {
      return std::string(cgroup.substr(begin, kIdLength));
    }
    begin = cgroup.find_first_of(kDigits, end);
  }
  return {};
}

void read_status(std::string_view status, ProcessFacts& facts) {
  constexpr std::string_view kName = "Name:";
  constexpr std::string_view kUid = "Uid:";  // real, effective, saved, file system
  for (const std::string& line : split(status, '\n')) {
    if (line.rfind(kName, 0) == 0) {
      facts.name = trimmed(std::string_view(line).substr(kName.size()));
    } else if (line.rfind(kUid, 0) == 0) {
      const std::string_view value = trimmed(std::string_view(line).substr(kUid.size()));
      unsigned uid = 0;
      if (std::from_chars(value.data(), value.data() + value.size(), uid).ec == std::errc()) {
        facts.uid = uid;
      }
    }
  }
}

}  // namespace

ProcessFacts process_facts(unsigned pid, const ProbeRoots& roots) {
  const std::filesystem::path folder = roots.root / "proc" / std::to_string(pid);
  ProcessFacts facts;
  read_status(read_file(folder / "status").value_or(std::string()), facts);
  facts.command = read_file(folder / "cmdline").value_or(std::string());
  for (char& c : facts.command) {
    c = c == '\0' ? ' ' : c;
  }
  facts.command = trimmed(facts.command);
  facts.container = container_id_in(read_file(folder / "cgroup").value_or(std::string()));
  return facts;
}

}  // namespace berth::runtime
