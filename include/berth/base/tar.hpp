// Tar archives, written in memory: what an engine takes as an image, and what a build's container
// unpacks.
// Source of the layout: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
#pragma once

#include <string>
#include <string_view>

namespace berth {

class TarWriter {
 public:
  // A regular file of root's, dated 1970, so that the same files make the same archive. `name` is
  // relative; `mode` are the permission bits.
  void add_file(std::string_view name, std::string_view content, unsigned mode = 0644);
  // The whole archive; nothing can be added afterwards.
  std::string finish() &&;

 private:
  void add_entry(std::string_view name, std::string_view content, unsigned mode, char type);

  std::string archive_{};
};

}  // namespace berth
