// The engine's answers from any bytes: a value or engine_failed, never anything else. The pull's
// stream is cut in two as well, and must give the same objects.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"
#include "runtime/engine_json.hpp"
#include "runtime/json_stream.hpp"

using berth::Errc;
using berth::Result;
using berth::fuzz::require;
using berth::runtime::JsonStreamSplitter;

namespace {

template <class T>
void check(const Result<T>& result) {
  require(result ||
          (result.error().code == Errc::engine_failed && !result.error().message.empty()));
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c >= 0 && c < ' ') {
      return false;
    }
  }
  return true;
}

std::vector<std::string> objects(std::string_view first, std::string_view second) {
  std::vector<std::string> found;
  JsonStreamSplitter splitter;
  const auto take = [&found](std::string_view object) -> Result<void> {
    check(berth::runtime::decode_pull_line(object));
    found.emplace_back(object);
    return {};
  };
  if (splitter.feed(first, take)) {
    check(splitter.feed(second, take));
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(berth::runtime::decode_engine_facts(std::nullopt, text, "{}"));
  check(berth::runtime::decode_engine_facts(berth::EngineFacts::Kind::docker, "", text));
  check(berth::runtime::decode_image(text));
  check(berth::runtime::decode_created(text));
  check(berth::runtime::decode_container(text));
  check(berth::runtime::decode_containers(text));
  check(berth::runtime::decode_stats(text));
  check(berth::runtime::decode_created_exec(text));
  check(berth::runtime::decode_exec(text));
  check(berth::runtime::decode_exit(text));
  check(berth::runtime::decode_imported(text));
  require(is_printable(berth::runtime::decode_error_message(text)));
  require(objects(text, {}) == objects(text.substr(0, size / 2), text.substr(size / 2)));
  return 0;
}
