// Checks an image that the user chose.
#include "resolver/given_image.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "resolver/conflict.hpp"
#include "resolver/decision.hpp"

namespace berth::resolver {

namespace {

Decision unknown_image(const ResolveRequest& request, const std::vector<World>& worlds,
                       const Machine& machine) {
  Decision decision;
  decision.image = request.image->value;
  decision.source = ImageSource::given;
  decision.driver.found = machine.driver;
  decision.driver.mode = machine.uses_gpu ? DriverMode::unknown : DriverMode::none;
  for (const MachineGpu& gpu : machine.gpus) {
    decision.gpus.push_back({gpu.name, gpu.capability, {}});
  }
  decision.warnings = machine.warnings;
  if (machine.uses_gpu) {
    decision.warnings.push_back(fmt::format(
        "{} is not in the catalogue: whether it fits the GPUs is not checked", decision.image));
  }
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      decision.warnings.push_back(fmt::format("{} is not known to hold {}, which is asked for: {}",
                                              decision.image, wanted.framework->name,
                                              wanted.text()));
    }
  }
  decision.reasons.push_back(
      {"image-given",
       fmt::format("{} is asked for by {}", decision.image, request.image->origin.text),
       {}});
  return decision;
}

}  // namespace

std::string short_reference(std::string reference) {
  for (const std::string_view prefix :
       {"docker.io/", "index.docker.io/", "registry-1.docker.io/"}) {
    if (reference.starts_with(prefix)) {
      reference.erase(0, prefix.size());
    }
  }
  return reference.substr(0, reference.find('@'));  // a digest says nothing to the catalogue
}

const ImageTag* find_image(const Catalog& catalog, const std::string& reference) {
  const std::string wanted = short_reference(reference);
  if (!catalog.images.has_repository(wanted.substr(0, wanted.rfind(':')))) {
    return nullptr;
  }
  for (const ImageTag& image : catalog.images) {
    // Compared piecewise: joining two thousand references costs more than the rest.
    if (wanted.size() == image.repository.size() + 1 + image.tag.size() &&
        wanted.starts_with(image.repository) && wanted.ends_with(image.tag) &&
        wanted[image.repository.size()] == ':') {
      return &image;
    }
  }
  return nullptr;
}

Result<Decision> given_image_decision(const ResolveRequest& request,
                                      const std::vector<World>& worlds, const Host& host,
                                      const Machine& machine, const Catalog& catalog) {
  const ImageTag* image = find_image(catalog, request.image->value);
  if (image == nullptr) {
    return unknown_image(request, worlds, machine);
  }
  Search search(request, machine, catalog);
  search.run_on(*image, worlds);
  if (search.satisfying().empty()) {
    return fail(image_conflict(search.rejected().front(), request, host, machine, catalog));
  }
  Decision decision = decision_from(search, request, machine);
  decision.image = request.image->value;  // as it was given, a digest included
  decision.source = ImageSource::given;
  return decision;
}

}  // namespace berth::resolver
