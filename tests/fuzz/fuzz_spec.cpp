// Fuzzes berth.yaml, berth.json, the user's configuration and env files. The first byte chooses
// which.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "require.hpp"
#include "spec/env_file.hpp"
#include "spec/spec_file.hpp"

namespace {

void read(unsigned choice, const berth::spec::SourceFile& file) {
  using berth::spec::SpecPlace;
  std::string message = "-";
  if (choice == 3) {
    const auto variables = berth::spec::read_env_file(
        file, [](const std::string&) { return std::optional<std::string>(); });
    message = variables ? message : variables.error().message;
  } else {
    const auto spec = berth::spec::read_spec(
        file, choice == 2 ? SpecPlace::user : SpecPlace::project, "/home/me");
    message = spec ? message : spec.error().message;
  }
  berth::fuzz::require(!message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const unsigned choice = data[0] % 4;
  const std::string name = choice == 1 ? "berth.json" : choice == 3 ? ".env" : "berth.yaml";
  const auto file = berth::spec::decode(
      "/project/" + name, name, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  if (file) {
    read(choice, *file);
  }
  return 0;
}
