// Records: the same out as in, found again, bounded.
#include "berth/runtime/run_records.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace berth::test;

namespace {

RunRecord example(const std::string& id, const std::string& name) {
  RunRecord record;
  record.run_id = "0123456789abcdef";
  record.container_id = id;
  record.name = name;
  record.mode = "attached";
  record.job = "eval";
  record.command = {"python", "eval.py", "\xff"};
  record.image = "pytorch/pytorch:2.3.1";
  record.image_id = "sha256:aa";
  record.frameworks = {"torch==2.3.1+cu121"};
  record.gpus = {{"GPU-1", "NVIDIA H100"}};
  record.engine = "docker 28.5.1";
  record.started = "2026-01-02T03:04:05.678Z";
  record.seconds = 1.5;
  record.peak_memory_bytes = 12345;
  record.commit = "abc";
  record.dirty = true;
  record.ending = Ending{Ending::Origin::command, 137,      "KILL", "out-of-memory",
                         "it was killed",         "`more`", true};
  return record;
}

}  // namespace

TEST_CASE("a record comes back as it was written") {
  const RunRecord before = example("c0ffee", "eval");
  const Result<RunRecord> after = read_record(record_document(before));
  REQUIRE(after);
  CHECK(record_document(*after) == record_document(before));
  CHECK(after->ending->cause == "out-of-memory");
  CHECK(after->peak_memory_bytes == 12345u);
  CHECK_FALSE(after->memory_limit_bytes);
  CHECK(after->environment.empty());
  RunRecord prepared = before;
  prepared.environment = "berth/env:4f3a";
  prepared.environment_key = "4f3a5b";
  CHECK(read_record(record_document(prepared))->environment == "berth/env:4f3a");
  CHECK(read_record(record_document(prepared))->environment_key == "4f3a5b");
  RunRecord running = before;
  running.ending.reset();
  CHECK_FALSE(read_record(record_document(running))->ending);
}

TEST_CASE("what is no record is refused") {
  const char* text = GENERATE("", "[]", "{}", "{\"schema\":\"berth/run/9\"}",
                              "{\"schema\":\"berth/run/1\",\"origin\":\"moon\"}",
                              "{\"schema\":\"berth/run/1\",\"command\":7}",
                              "{\"schema\":\"berth/run/1\",\"gpus\":[3]}");
  const Result<RunRecord> record = read_record(text);
  REQUIRE_FALSE(record);
  CHECK(record.error().code == Errc::invalid_input);
}

TEST_CASE("a store finds a run by the beginning of its id and by its name") {
  const TemporaryFolder folder;
  const RecordStore store(folder.path() / "state" / "runs");
  REQUIRE(store.save(example("aa11", "first")));
  REQUIRE(store.save(example("aa22", "second")));
  CHECK(store.find("aa1").size() == 1);
  CHECK(store.find("aa").size() == 2);
  REQUIRE(store.find("second").size() == 1);
  CHECK(store.find("second")[0].container_id == "aa22");
  CHECK(store.find("third").empty());
  std::ofstream(folder.path() / "state" / "runs" / "bb.json") << "not JSON";
  CHECK(store.find("first").size() == 1);
}

TEST_CASE("a store keeps the last thousand, and looks for older ones now and then") {
  const TemporaryFolder folder;
  const RecordStore store(folder.path());
  const auto begin = std::filesystem::file_time_type::clock::now() - std::chrono::hours(48);
  for (int i = 0; i < 1002; ++i) {
    const std::filesystem::path path = folder.path() / ("old" + std::to_string(i) + ".json");
    std::ofstream(path) << "{}";
    std::filesystem::last_write_time(path, begin + std::chrono::minutes(i));
  }
  const auto count = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
  };
  REQUIRE(store.save(example("aa11", "first")));
  CHECK(count() == 1003);
  REQUIRE(store.save(example("aa10", "second")));
  CHECK(count() == 1000);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "old3.json"));
  CHECK(std::filesystem::exists(folder.path() / "old4.json"));
  CHECK(store.find("aa").size() == 2);
}

TEST_CASE("a store that cannot be written says so") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "in the way";
  const Result<void> saved = RecordStore(folder.path() / "file" / "runs").save(example("aa", ""));
  REQUIRE_FALSE(saved);
  CHECK(saved.error().code == Errc::io);
}

TEST_CASE("a run that nobody watched is completed from what the engine knows") {
  RunRecord record = example("aa11", "first");
  record.ending.reset();
  ContainerState state;
  state.running = true;
  complete_record(record, state);
  CHECK_FALSE(record.ending);
  state.running = false;
  state.exit_code = 3;
  state.finished_at = "2026-01-02T04:00:00Z";
  complete_record(record, state);
  REQUIRE(record.ending);
  CHECK(record.ending->exit_code == 3);
  CHECK(record.ended == "2026-01-02T04:00:00Z");
}
