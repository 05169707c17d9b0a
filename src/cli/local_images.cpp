#include "cli/local_images.hpp"

#include <spdlog/logger.h>

#include <chrono>

#include "berth/resolver/local_images.hpp"
#include "berth/runtime/docker_engine.hpp"
#include "cli/engine_access.hpp"

namespace berth::cli {

std::vector<LocalImage> local_images(runtime::Engine& engine, const Catalog& catalog,
                                     const Context& context) {
  const Result<std::vector<runtime::ImageSummary>> rows = engine.list_images({});
  if (!rows) {
    context.log->info("which images are here is not known: {}", rows.error().message);
    return {};
  }
  std::vector<LocalImage> images;
  for (const runtime::ImageSummary& row : *rows) {
    for (const std::string& name : row.names) {
      images.push_back({name, row.bytes});
    }
  }
  return known_images(images, catalog);
}

std::vector<LocalImage> local_images_at_once(const Context& context, const Catalog& catalog) {
  const Result<runtime::Endpoint> endpoint = find_engine(context);
  if (!endpoint || !endpoint->local() || endpoint->through != runtime::Endpoint::Through::nothing) {
    return {};
  }
  using std::chrono::milliseconds;
  const runtime::EngineTimeouts brief{milliseconds{500}, milliseconds{1'000}, milliseconds{1'000},
                                      milliseconds{1'000}};
  const std::unique_ptr<runtime::Engine> engine = runtime::make_docker_engine(
      *endpoint, {brief, context.surroundings.environment, {}, {}, context.log});
  return local_images(*engine, catalog, context);
}

}  // namespace berth::cli
