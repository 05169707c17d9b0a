// Releases that are newer than the catalogue. Nothing is known of them, so nothing excludes them:
// the nearest release that is known says what to expect, and the user can decide.
#pragma once

#include <string>
#include <vector>

#include "berth/base/error.hpp"
#include "berth/model/plan.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// The frameworks of which all lines can only be met by a release above the newest that is known:
// torch==2.19, torch>=3. Each once, by name.
std::vector<Wanted> newer_than_catalogue(const std::vector<World>& worlds);

// What the nearest known release leads one to expect: "torch 2.14.1 (…) needs Python 3.10 to 3.14;
// …".
std::vector<std::string> newer_release_notes(const Wanted& wanted, const Catalog& catalog);

// Errc::no_solution, id "release-not-known": which release, how old the catalogue is, and that
// `--image` or `--cuda` decides.
Error newer_release_error(const std::vector<Wanted>& newer, const ResolveRequest& request,
                          const Host& host, const Catalog& catalog);

// The request without these frameworks and their companions: what is left to decide where `--cuda`
// says which CUDA they are for.
ResolveRequest without_frameworks(ResolveRequest request, const std::vector<Wanted>& newer,
                                  const Catalog& catalog);

// The refusal of what is left, whose hints name these frameworks again; those without `--cuda`
// would not be about them.
Error naming_newer_releases(Error error, const std::vector<Wanted>& newer);

// Adds them to a decision as what must be installed in the image, with a warning that nothing about
// them is checked.
void add_newer_releases(Decision& decision, const std::vector<Wanted>& newer,
                        const Catalog& catalog);

}  // namespace berth::resolver
