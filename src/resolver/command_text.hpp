// A request as the command that a user would type for it: `berth resolve torch==2.3.1 --gpu 'RTX
// 3090'`.
#pragma once

#include <string>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"

namespace berth::resolver {

// Requirements on the command line stand alone, so the command says everything that counts: a shell
// can run it as it is, in any folder.
std::string resolve_command(const ResolveRequest& request, const Host& host);

// What such a command says of the machine, with a blank in front: " --driver 470.82.01 --gpu 'RTX
// 3090'"; empty for the machine that berth runs on.
std::string machine_options(const Host& host);

}  // namespace berth::resolver
