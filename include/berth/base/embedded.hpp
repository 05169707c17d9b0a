// Files that are part of the binary.
#pragma once

#include <string_view>
#include <vector>

namespace berth {

struct EmbeddedFile {
  std::string_view name;     // "torch.json"
  std::string_view content;  // lives as long as the program
};

// All defined by berth_embed() of cmake/Embed.cmake: the catalogue (data/), what a build made of it
// (berth/resolver/catalog_snapshot.hpp), and the programs that make an environment in its container
// (src/environment/recipe/).
std::vector<EmbeddedFile> embedded_files();
std::vector<EmbeddedFile> embedded_snapshot();
std::vector<EmbeddedFile> embedded_programs();

}  // namespace berth
