// EnvironmentPlan: what is installed on the image before the run, as far as that is known without a
// look into the image.
#pragma once

#include <string>
#include <vector>

namespace berth {

struct EnvironmentPlan {
  std::string base{};              // the image that it is installed on
  std::vector<std::string> pip{};  // lines as pip reads them, or what is locked; no credentials
  std::vector<std::string> apt{};  // the distribution's packages
  std::string key{};               // empty: that depends on what is in the image
  std::string image{};             // "berth/env:…"; empty likewise
  bool locked = false;             // berth.lock says what is installed
  bool exists = false;             // the engine has it
};

}  // namespace berth
