#include "berth/base/dotted_version.hpp"
#include "support/catch.hpp"

using berth::ComputeCapability;
using berth::CudaVersion;
using berth::DriverVersion;

TEST_CASE("a dotted version is numbers between dots and nothing else") {
  REQUIRE(DriverVersion::parse("535.104.05"));
  REQUIRE(DriverVersion::parse("535.104.05")->text() == "535.104.05");
  REQUIRE(DriverVersion::parse("535.104.05")->part(2) == 5);
  for (const char* bad : {"", ".", "1.", ".1", "1..2", "1.2a", "v1", "-1", " 1", "1.2.3.4.5.6.7",
                          "99999999999", "1.99999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(CudaVersion::parse(bad));
  }
}

TEST_CASE("dotted versions compare by number, and missing parts are zero") {
  REQUIRE(*CudaVersion::parse("12.10") > *CudaVersion::parse("12.9"));
  REQUIRE(*CudaVersion::parse("12.4") == *CudaVersion::parse("12.4.0"));
  REQUIRE(*DriverVersion::parse("450.80.02") < *DriverVersion::parse("450.119.03"));
  REQUIRE(*DriverVersion::parse("470.86") < *DriverVersion::parse("525.60.13"));
}

TEST_CASE("a series covers its members") {
  REQUIRE(CudaVersion::parse("12")->covers(*CudaVersion::parse("12.1.1")));
  REQUIRE(CudaVersion::parse("12.1")->covers(*CudaVersion::parse("12.1")));
  REQUIRE_FALSE(CudaVersion::parse("12.1")->covers(*CudaVersion::parse("12.10")));
  REQUIRE_FALSE(CudaVersion::parse("12.1.1")->covers(*CudaVersion::parse("12.1")));
}

TEST_CASE("a compute capability is read in each of its spellings") {
  REQUIRE(ComputeCapability::parse("8.6") == ComputeCapability{8, 6});
  REQUIRE(ComputeCapability::parse("sm_86") == ComputeCapability{8, 6});
  REQUIRE(ComputeCapability::parse("sm_90a") == ComputeCapability{9, 0});
  REQUIRE(ComputeCapability::parse("compute_120") == ComputeCapability{12, 0});
  REQUIRE(ComputeCapability::parse("sm_103f") == ComputeCapability{10, 3});
  for (const char* bad : {"", "8", "8.6.0", "sm_", "sm_8", "sm_8x", "sm_99999", "8.10", "ampere"}) {
    INFO(bad);
    REQUIRE_FALSE(ComputeCapability::parse(bad));
  }
}
