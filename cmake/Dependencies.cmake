# Libraries come from the system; where one is missing, a pinned release is fetched. libcurl and OpenSSL
# never are: they carry the machine's TLS configuration.
include(FetchContent)

FetchContent_Declare(
  CLI11
  URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
  URL_HASH SHA256=f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a
  SYSTEM FIND_PACKAGE_ARGS 2.1)
FetchContent_Declare(
  nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  URL_HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d
  SYSTEM FIND_PACKAGE_ARGS 3.10)
FetchContent_Declare(
  spdlog
  URL https://github.com/gabime/spdlog/archive/refs/tags/v1.14.1.tar.gz
  URL_HASH SHA256=1586508029a7d0670dfcb2d97575dcdc242d3868a259742b69f100801ab4e16b
  SYSTEM FIND_PACKAGE_ARGS 1.9)
FetchContent_Declare(
  yaml-cpp
  URL https://github.com/jbeder/yaml-cpp/archive/refs/tags/0.8.0.tar.gz
  URL_HASH SHA256=fbe74bbdcee21d656715688706da3c8becfd946d92cd44705cc6098bb23b3a16
  SYSTEM FIND_PACKAGE_ARGS 0.7)
FetchContent_Declare(
  tomlplusplus
  URL https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
  URL_HASH SHA256=8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155
  SYSTEM FIND_PACKAGE_ARGS 3.3)
FetchContent_Declare(
  tl-expected
  URL https://github.com/TartanLlama/expected/archive/refs/tags/v1.1.0.tar.gz
  URL_HASH SHA256=1db357f46dd2b24447156aaf970c4c40a793ef12a8a9c2ad9e096d9801368df6
  SYSTEM FIND_PACKAGE_ARGS 1.0)
set(EXPECTED_BUILD_TESTS OFF)
set(YAML_CPP_BUILD_TOOLS OFF)
FetchContent_MakeAvailable(CLI11 nlohmann_json spdlog yaml-cpp tomlplusplus tl-expected)

# Only its headers: the library is loaded when it is needed (src/runtime/curl_library.hpp).
find_package(CURL 7.86 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto) # SHA-256; libcurl brings it along
find_package(Threads REQUIRED)

if(NOT TARGET yaml-cpp::yaml-cpp AND TARGET yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp) # 0.7 exports the name without a namespace
endif()
if(NOT TARGET tl::expected AND TARGET expected)
  add_library(tl::expected ALIAS expected)
endif()
# With FETCHCONTENT_FULLY_DISCONNECTED a missing library would only fail later and obscurely.
foreach(dependency CLI11::CLI11 nlohmann_json::nlohmann_json spdlog::spdlog yaml-cpp::yaml-cpp
                   tomlplusplus::tomlplusplus tl::expected)
  if(NOT TARGET ${dependency})
    message(FATAL_ERROR "${dependency} is missing: scripts/setup installs what berth is built with")
  endif()
endforeach()
