// Files of data/ that are part of the binary.
#pragma once

#include <string_view>
#include <vector>

namespace berth {

struct EmbeddedFile {
  std::string_view name;     // "torch.json"
  std::string_view content;  // lives as long as the program
};

// Defined by berth_embed() of cmake/Embed.cmake.
std::vector<EmbeddedFile> embedded_files();

}  // namespace berth
