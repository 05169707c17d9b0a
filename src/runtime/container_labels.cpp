#include "runtime/container_labels.hpp"

#include <vector>

#include "berth/base/text.hpp"

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
    const std::string build = framework.build.empty() ? "" : "+" + framework.build;
    frameworks.push_back(framework.name + "==" + framework.version + build);
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
      labels[std::string("org.berth.") + name] = value;
    }
  };
  set("version", caller.berth_version);
  set("job", request.job);
  set("project", request.project.string());
  set("commit", caller.commit);
  set("dirty", caller.commit.empty() ? "" : caller.dirty ? "true" : "false");
  set("owner", std::to_string(caller.uid));
  set("image", decision.image);
  set("frameworks", shown_frameworks(decision));
  set("mode", request.detach ? "detached" : request.keep ? "kept" : "attached");
  set("command", shown_command(request.command));
  for (const auto& [name, value] : request.labels) {
    labels[name] = value;
  }
  return labels;
}

}  // namespace berth::runtime
