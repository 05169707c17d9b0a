// The names of the model's enumerations, as JSON and messages spell them.
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/model/run_record.hpp"

namespace berth {

std::string_view name_of(ImageSource source) {
  switch (source) {
    case ImageSource::official:
      return "official";
    case ImageSource::ngc:
      return "ngc";
    case ImageSource::cuda_base:
      return "cuda-base";
    case ImageSource::given:
      return "given";
  }
  return "given";
}

std::string_view name_of(Preference preference) {
  return preference == Preference::local ? "local" : "newest";
}

std::string_view name_of(DriverMode mode) {
  switch (mode) {
    case DriverMode::native:
      return "native";
    case DriverMode::minor:
      return "minor";
    case DriverMode::forward:
      return "forward";
    case DriverMode::unknown:
      return "unknown";
    case DriverMode::none:
      return "none";
  }
  return "none";
}

std::string_view name_of(Mount::Type type) {
  switch (type) {
    case Mount::Type::bind:
      return "bind";
    case Mount::Type::volume:
      return "volume";
    case Mount::Type::tmpfs:
      return "tmpfs";
    case Mount::Type::image:
      return "image";
  }
  return "bind";
}

std::string_view name_of(Ending::Origin origin) {
  switch (origin) {
    case Ending::Origin::command:
      return "command";
    case Ending::Origin::engine:
      return "engine";
    case Ending::Origin::berth:
      return "berth";
  }
  return "berth";
}

std::string_view name_of(Mount::Recursion recursion) {
  switch (recursion) {
    case Mount::Recursion::enabled:
      return "enabled";
    case Mount::Recursion::disabled:
      return "disabled";
    case Mount::Recursion::writable:
      return "writable";
    case Mount::Recursion::readonly:
      return "readonly";
  }
  return "enabled";
}

}  // namespace berth
