// A machine described in words: --driver and --gpu, for a decision about another machine than this
// one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth {

// `driver` is a version, "535.104.05" or "535"; `gpus` are names ("RTX 3090") or capabilities
// ("sm_86", "8.6"), in the order of their indices. What is not said stays unknown: the resolver
// warns that it was not checked. Errc::usage for what is no version, and for a GPU that the
// catalogue does not know, with the nearest name.
Result<Host> described_host(const std::optional<std::string>& driver,
                            const std::vector<std::string>& gpus, const Catalog& catalog);

}  // namespace berth
