// make_snapshot FILE: writes the embedded catalogue's snapshot, at build time.
#include <cstdio>
#include <fstream>

#include "berth/base/embedded.hpp"
#include "berth/resolver/catalog_snapshot.hpp"

int main(int argc, char** argv) {
  const berth::Result<berth::Catalog> catalog = berth::load_catalog(berth::embedded_files());
  if (argc != 2 || !catalog) {
    std::fprintf(stderr, "%s\n", catalog ? "make_snapshot FILE" : catalog.error().message.c_str());
    return 1;
  }
  std::ofstream file(argv[1], std::ios::binary);
  file << berth::write_snapshot(*catalog);
  return file.flush() ? 0 : 1;
}
