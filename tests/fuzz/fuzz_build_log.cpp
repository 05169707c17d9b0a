// Logs of builds: whatever a container says, a log without secrets, and a reason that can be read.
// The first byte chooses the stage and the exit code; the log comes in pieces of its second byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "berth/environment/build_activity.hpp"
#include "berth/environment/build_failure.hpp"
#include "berth/environment/image_packages.hpp"
#include "berth/environment/recorded_recipe.hpp"
#include "require.hpp"

using berth::Errc;
using berth::Error;
using berth::fuzz::require;
using namespace berth::environment;

namespace {

constexpr std::string_view kSecret = "s3cret-of-the-index";

void check_recipe(const Stage& stage, const BuildLog& log) {
  RecordedRecipe recipe{.base = "image"};
  recipe.stages.push_back(record_of(stage, log, {{"six", "1.16.0"}}));
  const berth::Result<RecordedRecipe> read = decode_recipe(encode_recipe(recipe));
  require(read.has_value());
  require(!dockerfile_of(*read, "image").empty());
  require(requirements_of(*read, log.packages()).size() == log.packages().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  BuildActivity activity;
  BuildLog log({.on_line =
                    [&activity](std::string_view line) {
                      require(line.find(kSecret) == std::string_view::npos);
                      activity.take(line);
                      require(activity.total() == 0 || activity.done() <= activity.total());
                    },
                .on_count = [&activity](std::uint64_t done,
                                        std::uint64_t total) { activity.count(done, total); }});
  log.hide({std::string(kSecret), ""});
  const std::size_t piece = std::max<std::size_t>(data[1], 1);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    log.feed(text.substr(at, piece));
  }
  log.finish();
  Stage stage{.kind = static_cast<Stage::Kind>(data[0] % 4), .items = {"numpy<2"}};
  stage.files["requirements.txt"] = "numpy<2\n";
  berth::PackageRequest packages;
  packages.lines = {{.text = "numpy<2", .name = "numpy", .origin = {"requirements.txt:1"}}};
  packages.apt = {{"git", {"--apt"}}};
  const berth::Decision decision;
  const Error error = explain_failure({log,
                                       stage,
                                       packages,
                                       decision,
                                       "image",
                                       "/log",
                                       data[0] / 4 == 0 ? 137 : 1,
                                       {{"torch", "2.3.1"}}});
  require(!error.message.empty() && error.message.find(kSecret) == std::string::npos);
  require(error.code == Errc::no_solution || error.code == Errc::engine_failed);
  static_cast<void>(held_packages(versions_in(log.packages())));
  static_cast<void>(image_packages(log));
  check_recipe(stage, log);
  static_cast<void>(decode_recipe(text));
  return 0;
}
