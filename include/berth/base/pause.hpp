// A pause that ends early when somebody asks to stop.
#pragma once

#include <chrono>
#include <stop_token>

namespace berth {

// False: a stop was asked for meanwhile, or before.
bool pause_for(std::chrono::milliseconds pause, const std::stop_token& stop);

}  // namespace berth
