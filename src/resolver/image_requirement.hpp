// What an image demands of the driver (NVIDIA_REQUIRE_*), against the machine of a decision.
#pragma once

#include <string>

#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/resolver/nvidia_require.hpp"

namespace berth::resolver {

// The GPUs of the decision, the driver of the host.
RequireFacts require_facts(const Decision& decision, const Host& host, const Catalog& catalog);

// "driver 551.78 offers CUDA 12.4".
std::string driver_offer(const RequireFacts& facts);

// Warns of what the catalogue lets expect, where the image's code runs by minor-version
// compatibility alone and NVIDIA's hook asks for more. Nothing where the image is known to demand
// nothing, and where the GPUs are not used.
void suppose_requirement(Decision& decision, const Host& host, const Catalog& catalog);

}  // namespace berth::resolver
