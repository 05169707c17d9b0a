// resolve(): which image runs this code on that machine, and why.
//
// Pure: no I/O, no clock, no environment; the same inputs give the same answer, whatever the order
// of the requirements. Rules and their sources: docs/resolver.md.
#pragma once

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth {

// Errors:
//   Errc::no_solution    facts exclude each other; the notes name them with their origin, the hints
//   say what would work Errc::invalid_input  the request contradicts itself or names what the
//   catalogue cannot know (an empty specifier
//                        set, a GPU index that the machine has not)
//   Errc::not_found      no framework in the request, and neither an image nor a CUDA that would
//   decide without
Result<Decision> resolve(const ResolveRequest& request, const Host& host, const Catalog& catalog);

}  // namespace berth
