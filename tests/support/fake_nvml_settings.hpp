// Sets the variables that support/fake_nvml.cpp reads, and unsets them at the end of a test.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace berth::test {

class FakeNvml {
 public:
  using Setting = std::pair<std::string, std::string>;

  FakeNvml(std::initializer_list<Setting> settings) : settings_(settings) {
    for (const Setting& setting : settings_) {
      ::setenv(setting.first.c_str(), setting.second.c_str(), 1);
    }
  }
  FakeNvml(const FakeNvml&) = delete;
  FakeNvml& operator=(const FakeNvml&) = delete;
  ~FakeNvml() {
    for (const Setting& setting : settings_) {
      ::unsetenv(setting.first.c_str());
    }
  }

 private:
  std::vector<Setting> settings_;
};

}  // namespace berth::test
