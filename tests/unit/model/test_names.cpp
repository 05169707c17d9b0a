#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "support/catch.hpp"

TEST_CASE("enumerations have the names that JSON and flags use") {
  REQUIRE(berth::name_of(berth::ImageSource::official) == "official");
  REQUIRE(berth::name_of(berth::ImageSource::ngc) == "ngc");
  REQUIRE(berth::name_of(berth::ImageSource::cuda_base) == "cuda-base");
  REQUIRE(berth::name_of(berth::ImageSource::given) == "given");
  REQUIRE(berth::name_of(berth::DriverMode::native) == "native");
  REQUIRE(berth::name_of(berth::DriverMode::minor) == "minor");
  REQUIRE(berth::name_of(berth::DriverMode::forward) == "forward");
  REQUIRE(berth::name_of(berth::DriverMode::none) == "none");
}
