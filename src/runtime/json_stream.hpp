// Concatenated JSON objects, as a pull's progress comes: cut into objects, however the bytes are
// split.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "berth/base/result.hpp"

namespace berth::runtime {

class JsonStreamSplitter {
 public:
  // Calls take(object) -> Result<void> for each object that is now complete. Errc::engine_failed
  // for bytes between objects that are not blank, and for an object of more than a megabyte.
  template <class Take>
  Result<void> feed(std::string_view bytes, const Take& take) {
    while (!bytes.empty()) {
      BERTH_TRY(const bool complete, advance(bytes));
      if (complete) {
        const std::string object = std::exchange(object_, {});
        BERTH_CHECK(take(std::string_view(object)));
      }
    }
    return {};
  }

  // Whether an object has begun and not ended.
  bool in_object() const { return depth_ > 0; }

 private:
  // Consumes bytes up to the end of an object (true) or of the bytes (false).
  Result<bool> advance(std::string_view& bytes);

  std::string object_{};
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace berth::runtime
