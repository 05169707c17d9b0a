// The record of --mount: fields between commas, as encoding/csv of Go reads them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "model/mount_context.hpp"

namespace berth {

struct MountField {
  std::string written;  // the key as the user spelled it
  std::string key;      // in lower case, of several spellings the first: "source" for "src"
  std::optional<std::string> value;
};

// Errc::usage for misplaced quotes, and for blanks around a key or a value.
Result<std::vector<MountField>> read_mount_record(const MountContext& context);

}  // namespace berth
