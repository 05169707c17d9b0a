#include "cli/signal_option.hpp"

#include <string_view>

#include "berth/model/container_options.hpp"

namespace berth::cli {

Result<std::optional<std::string>> parse_signal_option(const std::optional<std::string>& text) {
  constexpr std::string_view kPrefix = "SIG";
  if (!text) {
    return std::nullopt;
  }
  BERTH_TRY(const std::string name, parse_signal(*text));
  return name.substr(kPrefix.size());
}

}  // namespace berth::cli
