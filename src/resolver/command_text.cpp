// Prints a request as a command.
#include "resolver/command_text.hpp"

#include <vector>

#include "berth/base/text.hpp"
#include "resolver/machine.hpp"

namespace berth::resolver {

namespace {

constexpr std::string_view kVendor = "NVIDIA ";

// A name where it is one that --gpu knows how to read, else the capability.
std::string gpu_argument(const Gpu& gpu) {
  if (gpu.name.starts_with(kVendor)) {
    return gpu.name.substr(kVendor.size());
  }
  return gpu.compute_capability ? gpu.compute_capability->sm() : gpu.name;
}

void add_machine(std::vector<std::string>& words, const Host& host) {
  if (!is_described(host)) {
    if (host.origin.text != Host().origin.text) {
      words.insert(words.end(), {"--host", host.origin.text});
    }
    return;
  }
  if (host.driver) {
    words.insert(words.end(), {"--driver", host.driver->text()});
  }
  for (const Gpu& gpu : host.gpus) {
    words.insert(words.end(), {"--gpu", gpu_argument(gpu)});
  }
}

}  // namespace

std::string machine_options(const Host& host) {
  std::vector<std::string> words;
  add_machine(words, host);
  std::string options;
  for (const std::string& word : words) {
    options += " " + shell_quoted(word);
  }
  return options;
}

std::string resolve_command(const ResolveRequest& request, const Host& host) {
  std::vector<std::string> words{"berth", "resolve"};
  for (const std::vector<RequirementLine>* lines : {&request.frameworks, &request.requirements}) {
    for (const RequirementLine& line : *lines) {
      words.push_back(line.value.text());
    }
  }
  pep440::SpecifierSet python;
  for (const Sourced<pep440::SpecifierSet>& set : request.python) {
    python = python & set.value;
  }
  if (!python.empty()) {
    words.insert(words.end(), {"--python", python.text()});
  }
  if (request.cuda) {
    words.insert(words.end(), {"--cuda", request.cuda->value.text()});
  }
  if (request.image) {
    words.insert(words.end(), {"--image", request.image->value});
  }
  if (request.source) {
    words.insert(words.end(), {"--source", std::string(name_of(request.source->value))});
  }
  if (request.devel) {
    words.push_back("--devel");
  }
  if (request.prefer.value != Preference::newest) {
    words.insert(words.end(), {"--prefer", std::string(name_of(request.prefer.value))});
  }
  if (request.gpus.value.mode != GpuRequest::Mode::automatic) {
    words.insert(words.end(), {"--gpus", request.gpus.value.text()});
  }
  add_machine(words, host);
  for (std::string& word : words) {
    word = shell_quoted(word);
  }
  return join(words, " ");
}

}  // namespace berth::resolver
