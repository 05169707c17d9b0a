// The labels org.berth.* of a run's container: who, what, from which commit, and how it is kept.
// `berth ps` and its like find runs by them.
#pragma once

#include <map>
#include <string>

#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/runtime/caller.hpp"

namespace berth::runtime {

// Those of the request come on top. What is not known has no label.
//   org.berth.mode     attached, kept (attached, and outlives its client) or detached
//   org.berth.command  as a shell would quote it, at most 200 characters
std::map<std::string, std::string> container_labels(const RunRequest& request,
                                                    const Decision& decision, const Caller& caller);

}  // namespace berth::runtime
