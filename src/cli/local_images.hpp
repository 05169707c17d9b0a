// Which of the catalogue's images the engine has. Nobody is told where it cannot be asked: it only
// matters among images that would all do.
#pragma once

#include <vector>

#include "berth/model/host.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"

namespace berth::cli {

std::vector<LocalImage> local_images(runtime::Engine& engine, const Catalog& catalog,
                                     const Context& context);

// For verbs that need no engine: only one that listens on this machine is asked, nothing is started
// to reach it, and it is not waited for long. May be called beside the main thread.
std::vector<LocalImage> local_images_at_once(const Context& context, const Catalog& catalog);

}  // namespace berth::cli
