// Counts braces outside of strings; whether an object is JSON is for its decoder to say.
#include "runtime/json_stream.hpp"

#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kLargestObject = 1u << 20;

}  // namespace

Result<bool> JsonStreamSplitter::advance(std::string_view& bytes) {
  std::size_t used = 0;
  bool complete = false;
  while (used < bytes.size() && !complete) {
    const char c = bytes[used++];
    if (depth_ == 0 && c != '{') {
      if (trimmed(std::string_view(&c, 1)).empty()) {
        continue;
      }
      return fail(Error{Errc::engine_failed, "the pull's progress is not what was expected"}.note(
          "expected JSON objects, got `" + excerpt(bytes.substr(used - 1), 120) + "`"));
    }
    object_ += c;
    if (in_string_) {
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{') {
      ++depth_;
    } else if (c == '}') {
      complete = --depth_ == 0;
    }
  }
  if (object_.size() > kLargestObject) {
    return fail(Errc::engine_failed, "a line of the pull's progress is larger than 1 MiB");
  }
  bytes.remove_prefix(used);
  return complete;
}

}  // namespace berth::runtime
