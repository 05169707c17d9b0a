#include "berth/resolver/catalog_snapshot.hpp"

#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

TEST_CASE("what is read from a snapshot is what was written, field for field") {
  const std::string snapshot = write_snapshot(catalogue());
  const std::optional<Catalog> read = read_snapshot(snapshot);
  REQUIRE(read);
  // Every field is in the bytes: equal bytes are equal catalogues.
  CHECK(write_snapshot(*read) == snapshot);
  CHECK(read->images.size() == catalogue().images.size());
  CHECK(read->find_framework("torch")->releases.front().version ==
        catalogue().find_framework("torch")->releases.front().version);
  const ImageTag& image = read->images.back();
  CHECK(image.reference() == catalogue().images.back().reference());
  CHECK(image.fact.source == catalogue().images.back().fact.source);
}

TEST_CASE("a snapshot that is cut short or no snapshot is none") {
  const std::string snapshot = write_snapshot(catalogue());
  for (std::size_t size = 0; size < snapshot.size(); size += 4099) {
    INFO(size);
    CHECK_FALSE(read_snapshot(std::string_view(snapshot).substr(0, size)));
  }
  CHECK_FALSE(read_snapshot(snapshot + "more"));
  CHECK_FALSE(read_snapshot(std::string(64, '\xff')));
  CHECK_FALSE(read_snapshot("{\"kind\": \"gpus\"}"));
}
