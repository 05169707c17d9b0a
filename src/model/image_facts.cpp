#include "berth/model/image_facts.hpp"

namespace berth {

std::string_view name_of(ImageFacts::From from) {
  switch (from) {
    case ImageFacts::From::engine:
      return "engine";
    case ImageFacts::From::registry:
      return "registry";
    case ImageFacts::From::cache:
      return "cache";
  }
  return "registry";
}

std::optional<std::string> value_in(const std::vector<std::string>& environment,
                                    std::string_view name) {
  std::optional<std::string> value;
  for (const std::string& line : environment) {
    const std::size_t equals = line.find('=');
    if (std::string_view(line).substr(0, equals) != name) {
      continue;
    }
    value.reset();
    if (equals != std::string::npos) {
      value = line.substr(equals + 1);
    }
  }
  return value;
}

}  // namespace berth
