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
  CHECK(read->images.repositories() == catalogue().images.repositories());
  CHECK(read->find_framework("torch")->releases.front().version ==
        catalogue().find_framework("torch")->releases.front().version);
  const ImageTag& image = read->images.back();
  CHECK(image.reference() == catalogue().images.back().reference());
  CHECK(image.fact.source == catalogue().images.back().fact.source);
}

TEST_CASE("images are read when they are looked at, once for all copies") {
  int reads = 0;
  const ImageTags images({"pytorch/pytorch"}, [&reads] {
    ++reads;
    ImageTag row;
    row.repository = "pytorch/pytorch";
    return ImageTags::Rows{row};
  });
  ImageTags copy = images;
  CHECK(copy.has_repository("pytorch/pytorch"));
  CHECK_FALSE(copy.has_repository("pytorch"));
  CHECK(copy.repositories() == std::vector<std::string>{"pytorch/pytorch"});
  CHECK(reads == 0);
  CHECK(images.size() == 1);
  CHECK(&*copy.begin() == &*images.begin());
  copy.edit().front().tag = "changed";
  CHECK(copy.has_repository("pytorch/pytorch"));
  CHECK(copy.back().tag == "changed");
  CHECK(images.back().tag.empty());
  CHECK(reads == 1);
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
