// A catalogue file from any bytes: it is refused with one error, or every row of it has a source
// and lookups hold.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "berth/resolver/catalog.hpp"
#include "require.hpp"

using berth::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const berth::Result<berth::Catalog> loaded = berth::load_catalog({{"x.json", content}});
  if (!loaded) {
    require(loaded.error().code == berth::Errc::invalid_input);
    require(!loaded.error().message.empty());
    return 0;
  }
  for (const berth::ImageTag& image : loaded->images) {
    require(!image.fact.source.empty() && !image.tag.empty());
    require(!(image.is_cpu && image.cuda));
  }
  for (const berth::GpuModel& gpu : loaded->gpus) {
    const berth::GpuModel* found = loaded->find_gpu(gpu.name);
    require(!found || !found->name.empty());
  }
  for (const berth::Toolkit& toolkit : loaded->toolkits) {
    loaded->native_driver(toolkit.cuda);
    loaded->minor_driver(toolkit.cuda);
  }
  for (const berth::Framework& framework : loaded->frameworks) {
    require(loaded->find_framework(framework.name) != nullptr);
  }
  return 0;
}
