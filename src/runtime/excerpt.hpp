// excerpt(): foreign bytes made fit for a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::runtime {

// One line: control characters and bytes that are not UTF-8 as \xNN, newlines as \n, cut after
// `limit` bytes.
std::string excerpt(std::string_view bytes, std::size_t limit = 300);

}  // namespace berth::runtime
