// Fuzzes the readers of the project's files. The first byte chooses the reader, the rest is the
// file, cut at lines of
// `%%` into several files a.txt, b.txt, … that may include each other.
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "require.hpp"
#include "spec/project_files.hpp"

namespace {

using berth::Errc;
using berth::Result;
using berth::spec::SourceFile;

constexpr std::array<std::string_view, 9> kNames = {
    "requirements.txt", "pyproject.toml", "environment.yml", "setup.cfg",       "uv.lock",
    "poetry.lock",      "Pipfile",        ".python-version", "requirements.txt"};

std::map<std::string, std::string> files_of(std::string_view text, std::string_view first) {
  constexpr std::string_view kCut = "\n%%\n";
  std::map<std::string, std::string> files;
  std::string name(first);
  char letter = 'a';
  while (true) {
    const std::size_t cut = text.find(kCut);
    files[name] = std::string(text.substr(0, cut));
    if (cut == std::string_view::npos || letter > 'f') {
      return files;
    }
    text.remove_prefix(cut + kCut.size());
    name = std::string(1, letter++) + ".txt";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto files = files_of(text, kNames[data[0] % kNames.size()]);
  const auto read = [&](const std::filesystem::path& path) -> Result<SourceFile> {
    const std::string name = path.lexically_relative("/project").string();
    const auto found = files.find(name);
    if (found == files.end()) {
      return berth::fail(Errc::not_found, "absent");
    }
    return berth::spec::decode(path, name, found->second);
  };
  const auto facts = berth::spec::read_project_files("/project", read);
  berth::fuzz::require(facts || !facts.error().message.empty());
  return 0;
}
