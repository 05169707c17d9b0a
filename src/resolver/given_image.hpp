// A decision about an image that was given: no choice, but the checks that the catalogue allows.
#pragma once

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

// As the catalogue names it: without docker.io, under any of its names, and without a digest.
std::string short_reference(std::string reference);

// By reference, with or without docker.io and a digest; none where the catalogue does not know it.
const ImageTag* find_image(const Catalog& catalog, const std::string& reference);

// An image that the catalogue does not know is taken as it is, with a warning that says so.
// Errc::no_solution where the catalogue knows the image and it cannot work.
Result<Decision> given_image_decision(const ResolveRequest& request,
                                      const std::vector<World>& worlds, const Host& host,
                                      const Machine& machine, const Catalog& catalog);

}  // namespace berth::resolver
