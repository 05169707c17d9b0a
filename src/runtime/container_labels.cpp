#include "runtime/container_labels.hpp"

#include <vector>

#include "berth/base/text.hpp"
#include "berth/runtime/run_labels.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kLongestCommand = 200;

std::string shown_command(const std::vector<std::string>& command) {
  std::vector<std::string> words;
  for (const std::string& word : command) {
    words.push_back(shell_quoted(word));
  }
  std::string text = join(words, " ");
  if (text.size() <= kLongestCommand) {
    return text;
  }
  // Not within a character: bytes 10xxxxxx continue one.
  std::size_t end = kLongestCommand - std::string_view("…").size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) {
    --end;
  }
  return text.substr(0, end) + "…";
}

std::string shown_frameworks(const Decision& decision) {
  std::vector<std::string> frameworks;
  for (const FrameworkChoice& framework : decision.frameworks) {
    frameworks.push_back(framework.text());
  }
  return join(frameworks, ",");
}

}  // namespace

std::map<std::string, std::string> container_labels(const RunRequest& request,
                                                    const Decision& decision,
                                                    const Caller& caller) {
  std::map<std::string, std::string> labels;
  const auto set = [&labels](const char* name, const std::string& value) {
    if (!value.empty()) {
      labels[name] = value;
    }
  };
  set("org.berth.version", caller.berth_version);
  set(kJobLabel, request.job);
  set(kProjectLabel, request.project.string());
  set("org.berth.commit", caller.commit);
  set("org.berth.dirty", caller.commit.empty() ? "" : caller.dirty ? "true" : "false");
  set(kOwnerLabel, std::to_string(caller.uid));
  set("org.berth.image", decision.image);
  set("org.berth.frameworks", shown_frameworks(decision));
  set(kModeLabel, request.detach ? "detached" : request.keep ? "kept" : "attached");
  set(kCommandLabel, shown_command(request.command));
  for (const auto& [name, value] : request.labels) {
    labels[name] = value;
  }
  return labels;
}

}  // namespace berth::runtime
