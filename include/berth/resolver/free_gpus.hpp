// The GPUs that `--gpus free:N` may be judged by. It may take any that are large enough, so that a
// machine of several kinds does where N of them do: those that could not run what is asked for are
// left out; resolve(), locked_decision() and the run that takes them (cli/gpu_reservation.cpp) all
// ask here.
#pragma once

#include <functional>
#include <string>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"

namespace berth {

struct FreeChoice {
  Host host{};
  std::string warning{};  // which are left out; empty: none
};

// `does` says whether a request has an answer on a host; it is asked about one kind of GPU after
// the other, the newest first, and about each together with those that are taken. The host as it is
// for any other request, where all GPUs do together, and where too few do: the conflict is then
// about all of them.
FreeChoice choice_of_free(const ResolveRequest& request, const Host& host,
                          const std::function<bool(const ResolveRequest&, const Host&)>& does);

}  // namespace berth
