// Which environments go, and in which order.
#include "cli/environment_prune.hpp"

#include "support/catch.hpp"

using namespace berth::cli;
using berth::environment::RecordedRecipe;
using berth::environment::Stage;
using berth::runtime::EnvironmentStore;

namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kNow = 1000 * kDay;

// A stage made so many days ago, on the stages with these keys.
KnownEnvironment made(const std::string& key, std::int64_t days, std::uint64_t bytes,
                      std::vector<std::string> below = {}, bool is_final = true) {
  KnownEnvironment known{.key = key, .tag = key, .image_id = "sha256:" + key};
  known.stage = is_final ? "packages" : "system";
  known.created = kNow - days * kDay;
  known.stage_bytes = bytes;
  RecordedRecipe recipe;
  below.push_back(key);
  for (const std::string& each : below) {
    recipe.stages.push_back({.kind = Stage::Kind::packages, .key = each});
  }
  known.recipe = recipe;
  return known;
}

KnownEnvironment used(KnownEnvironment known, std::int64_t days) {
  known.use = EnvironmentStore::Use{
      .last = EnvironmentStore::Time(std::chrono::seconds(kNow - days * kDay))};
  return known;
}

std::vector<std::string> keys(const std::vector<KnownEnvironment>& environments) {
  std::vector<std::string> keys;
  for (const KnownEnvironment& known : environments) {
    keys.push_back(known.key);
  }
  return keys;
}

std::vector<std::string> removed(const std::vector<KnownEnvironment>& environments,
                                 const PruneLimits& limits,
                                 const std::set<std::string>& in_use = {}) {
  return keys(plan_prune(environments, in_use, limits, kNow).removed);
}

using Keys = std::vector<std::string>;
constexpr std::chrono::hours kMonth{30 * 24};

}  // namespace

TEST_CASE("prune: the last use counts, else the creation") {
  const std::vector<KnownEnvironment> environments = {used(made("fresh", 90, 10), 3),
                                                      used(made("stale", 90, 10), 40),
                                                      made("old", 31, 10), made("new", 29, 10)};
  CHECK(removed(environments, {.older = kMonth}) == Keys{"stale", "old"});
  CHECK(removed(environments, {.older = std::chrono::seconds(0)}).size() == 4);
}

TEST_CASE("prune: with no age at all, what was used or made within this second goes too") {
  CHECK(removed({used(made("used", 9, 10), 0), made("made", 0, 10)},
                {.older = std::chrono::seconds(0)}) == Keys{"made", "used"});
  CHECK(removed({made("stage", 0, 10, {}, false)}, {.older = std::chrono::seconds(0)}) ==
        Keys{"stage"});
}

TEST_CASE("prune: a stage goes behind the last that is built on it, and not before") {
  const std::vector<KnownEnvironment> environments = {made("system", 90, 100, {}, false),
                                                      used(made("stale", 90, 10, {"system"}), 40),
                                                      used(made("fresh", 80, 10, {"system"}), 2)};
  CHECK(removed(environments, {.older = kMonth}) == Keys{"stale"});
  CHECK(removed(environments, {.older = std::chrono::hours(24)}) ==
        Keys{"stale", "fresh", "system"});
}

TEST_CASE("prune: a stage on which nothing is built goes after a day") {
  CHECK(removed({made("lonely", 2, 10, {}, false)}, {.older = kMonth}) == Keys{"lonely"});
  // Its environment may be being built.
  CHECK(removed({made("lonely", 0, 10, {}, false)}, {.older = kMonth}).empty());
  CHECK(removed({made("lower", 2, 10, {}, false), made("upper", 2, 10, {"lower"}, false)},
                {.older = kMonth}) == Keys{"upper", "lower"});
}

TEST_CASE("prune: down to a size, least recently used first, shared stages counted once") {
  const std::vector<KnownEnvironment> environments = {
      made("system", 9, 100, {}, false), used(made("a", 9, 10, {"system"}), 8),
      used(made("b", 9, 20, {"system"}), 5), used(made("c", 9, 30), 1)};
  const auto down_to = [&](std::uint64_t bytes) {
    return removed(environments, {.keep_bytes = bytes});
  };
  CHECK(down_to(160).empty());
  CHECK(down_to(159) == Keys{"a"});
  CHECK(down_to(149) == Keys{"a", "b", "system"});  // the stage has no environment left
  CHECK(down_to(29) == Keys{"a", "b", "system", "c"});
  const PrunePlan plan = plan_prune(environments, {}, {.keep_bytes = 159}, kNow);
  CHECK(plan.removed_bytes == 10);
  CHECK(plan.kept_bytes == 150);
  CHECK(plan.kept.size() == 3);
}

TEST_CASE("prune: what a container uses stays, and what it is built on") {
  const std::vector<KnownEnvironment> environments = {made("system", 90, 100, {}, false),
                                                      made("busy", 90, 10, {"system"}),
                                                      made("idle", 90, 10, {"system"})};
  CHECK(removed(environments, {.older = kMonth}, {"sha256:busy"}) == Keys{"idle"});
  CHECK(removed(environments, {.keep_bytes = 0}, {"sha256:system"}) == Keys{"busy", "idle"});
}

TEST_CASE("prune: an environment of an older berth has no recipe, and goes all the same") {
  KnownEnvironment old = made("old", 40, 10);
  old.recipe.reset();
  CHECK(removed({old}, {.older = kMonth}) == Keys{"old"});
}
