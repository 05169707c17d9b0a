// Images that the engine has already, as far as they matter for a choice. Pure; who asks the engine
// is the command line's affair.
#pragma once

#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth {

// Those that the catalogue knows, under its names, in its order: the rest decides nothing, and is
// nobody's business.
std::vector<LocalImage> known_images(const std::vector<LocalImage>& images, const Catalog& catalog);

// What the decision's substitute would save and how to take it, in a line. Empty where there is
// none, or where the chosen image has turned out to be here, too.
std::string substitute_note(const Decision& decision);

}  // namespace berth
