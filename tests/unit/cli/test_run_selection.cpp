// Which run a word means.
#include <string>
#include <vector>

#include "berth/runtime/run_labels.hpp"
#include "cli/run_selection.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth::cli;
using berth::Errc;
using berth::Error;
using berth::Result;
using berth::test::FakeEngine;

namespace {

struct Made {
  std::string id;
  std::string name;
  std::string job{};
  std::string state = "running";
  std::string owner = "1000";
  std::string project = "/home/anna/net";
};

Run make(const Made& made) {
  Run run{.id = made.id, .name = made.name, .state = made.state, .status = "Up 3 minutes"};
  run.labels = {{berth::runtime::kRunLabel, "run-" + made.id},
                {berth::runtime::kOwnerLabel, made.owner},
                {berth::runtime::kProjectLabel, made.project}};
  if (!made.job.empty()) {
    run.labels[berth::runtime::kJobLabel] = made.job;
  }
  return run;
}

// Newest first, as an engine lists them.
std::vector<Run> some_runs() {
  return {make({"abc1", "happy_fox", "train"}),
          make({"abc2", "train-2", "train"}),
          make({"bad0", "old", "eval", "exited"}),
          make({"bad1", "older", "eval", "exited"}),
          make({"cafe", "theirs", "train", "running", "1001"}),
          make({"dead", "elsewhere", "serve", "running", "1000", "/home/anna/other"})};
}

Selection selection(Wanted wanted = Wanted::running) {
  return {"logs", wanted, false, "1000", "/home/anna/net"};
}

std::vector<std::string> ids(const Result<std::vector<Run>>& runs) {
  std::vector<std::string> found;
  for (const Run& run : runs.value()) {
    found.push_back(run.id);
  }
  return found;
}

using Ids = std::vector<std::string>;

std::string all_text(const Error& error) {
  std::string text = error.message;
  for (const auto* lines : {&error.notes, &error.hints}) {
    for (const std::string& line : *lines) {
      text += "\n" + line;
    }
  }
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a run is found by its name, its id, the beginning of that, or its run id") {
  const std::vector<Run> runs = some_runs();
  REQUIRE(ids(find_runs(runs, "happy_fox", selection())) == Ids{"abc1"});
  REQUIRE(ids(find_runs(runs, "abc2", selection())) == Ids{"abc2"});
  REQUIRE(ids(find_runs(runs, "de", selection())) == Ids{"dead"});
  REQUIRE(ids(find_runs(runs, "run-abc1", selection())) == Ids{"abc1"});
  REQUIRE(ids(find_runs(runs, "old", selection())) == Ids{"bad0"});  // whatever its state
}

TEST_CASE("a name goes before a job, and a job before the beginning of an id") {
  std::vector<Run> runs = some_runs();
  runs.push_back(make({"ffff", "train", "eval"}));
  REQUIRE(ids(find_runs(runs, "train", selection())) == Ids{"ffff"});
  runs.push_back(make({"eeee", "x", "abc"}));
  REQUIRE(ids(find_runs(runs, "abc", selection())) == Ids{"eeee"});
}

TEST_CASE("ids that begin alike are listed, not guessed") {
  const Error error = find_runs(some_runs(), "abc", selection()).error();
  REQUIRE(error.id == "run-ambiguous");
  REQUIRE(error.notes.size() == 2);
  REQUIRE(contains(error.notes[0], "happy_fox"));
  REQUIRE(contains(error.notes[1], "train-2"));
}

TEST_CASE("a job stands for those of its runs that the verb is about") {
  const std::vector<Run> runs = some_runs();
  REQUIRE(ids(find_runs(runs, "train", selection())) == Ids{"abc1", "abc2"});
  REQUIRE(find_runs(runs, "eval", selection()).error().id == "run-not-running");
  REQUIRE(ids(find_runs(runs, "eval", selection(Wanted::latest))) == Ids{"bad0"});
  REQUIRE(ids(find_runs(runs, "eval", selection(Wanted::ended))) == Ids{"bad0", "bad1"});
  REQUIRE(ids(find_runs(runs, "train", selection(Wanted::latest))) == Ids{"abc1", "abc2"});
  REQUIRE(ids(find_runs(runs, "eval", selection(Wanted::every))) == Ids{"bad0", "bad1"});
  // The verb then says that they run.
  REQUIRE(ids(find_runs(runs, "train", selection(Wanted::ended))) == Ids{"abc1", "abc2"});
}

TEST_CASE("a job of this project goes before one of another, which is found all the same") {
  std::vector<Run> runs = some_runs();
  REQUIRE(ids(find_runs(runs, "serve", selection())) == Ids{"dead"});
  runs.push_back(make({"beef", "here", "serve"}));
  REQUIRE(ids(find_runs(runs, "serve", selection())) == Ids{"beef"});
}

TEST_CASE("another user's run is named and left alone") {
  const std::vector<Run> runs = some_runs();
  for (const std::string word : {"theirs", "cafe", "caf"}) {
    INFO(word);
    const Error error = find_runs(runs, word, selection()).error();
    REQUIRE(error.id == "not-your-run");
    REQUIRE(contains(all_text(error), "uid 1001"));
    REQUIRE(contains(all_text(error), "berth logs --all-users " + word));
  }
  Selection all = selection();
  all.all_users = true;
  REQUIRE(ids(find_runs(runs, "theirs", all)) == Ids{"cafe"});
  REQUIRE(ids(find_runs(runs, "train", all)) == Ids{"abc1", "abc2", "cafe"});
  // One of theirs does not make an id of ours ambiguous.
  REQUIRE(ids(find_runs({make({"aa1", "a"}), make({"aa2", "b", "", "running", "1001"})}, "aa",
                        selection())) == Ids{"aa1"});
}

TEST_CASE("what is not there is refused with the nearest name and where to look") {
  const Error error = find_runs(some_runs(), "hapy_fox", selection()).error();
  REQUIRE(error.code == Errc::not_found);
  REQUIRE(error.id == "run-not-found");
  REQUIRE(contains(all_text(error), "did you mean `happy_fox`?"));
  REQUIRE(contains(all_text(error), "berth ps --all"));
  REQUIRE(find_runs(some_runs(), "", selection()).error().id == "run-not-found");
  REQUIRE(find_runs({}, "x", selection()).error().id == "run-not-found");
  // Somebody else's names are nobody's business.
  REQUIRE_FALSE(contains(all_text(find_runs(some_runs(), "their", selection()).error()), "theirs"));
}

TEST_CASE("without a word the project's only running run is meant") {
  std::vector<Run> runs = some_runs();
  const Error several = only_run(runs, selection()).error();
  REQUIRE(several.id == "run-ambiguous");
  REQUIRE(several.code == Errc::usage);
  REQUIRE(several.notes.size() == 2);
  runs.erase(runs.begin());
  REQUIRE(only_run(runs, selection())->id == "abc2");
  runs.erase(runs.begin());
  const Error none = only_run(runs, selection()).error();
  REQUIRE(none.id == "run-not-running");
  REQUIRE(contains(all_text(none), "/home/anna/net"));
}

TEST_CASE("of several words each has its own answer, and no run comes twice") {
  FakeEngine engine;
  engine.summaries = some_runs();
  const std::vector<Choice> choices =
      choose_runs(engine, {"nothing", "train", "happy_fox", "old"}, selection()).value();
  REQUIRE(choices.size() == 4);
  REQUIRE(choices[0].run.error().id == "run-not-found");
  REQUIRE(choices[1].run->id == "abc1");
  REQUIRE(choices[2].run->id == "abc2");
  REQUIRE(choices[3].run->id == "bad0");
}

TEST_CASE("a verb that takes one refuses a job with several, and names them") {
  FakeEngine engine;
  engine.summaries = some_runs();
  const Error error = choose_run(engine, "train", selection()).error();
  REQUIRE(error.id == "run-ambiguous");
  REQUIRE(error.notes.size() == 2);
  REQUIRE(choose_run(engine, "serve", selection())->id == "dead");
}

TEST_CASE("a container that is not berth's is not touched, and docker's command is given") {
  FakeEngine engine;
  engine.summaries = some_runs();
  engine.states["database"] = {.running = true};
  const Error error = choose_run(engine, "database", selection()).error();
  REQUIRE(error.id == "not-a-run");
  REQUIRE(contains(all_text(error), "`docker logs database`"));
  engine.engine_facts.kind = berth::EngineFacts::Kind::podman;
  REQUIRE(contains(all_text(choose_run(engine, "database", selection()).error()),
                   "`podman logs database`"));
}

TEST_CASE("what no container can be called is not asked for") {
  FakeEngine engine;
  for (const std::string word : {"", "../images", "a/b"}) {
    REQUIRE(choose_run(engine, word, selection()).error().id == "run-not-found");
  }
  REQUIRE(engine.count("inspect") == 0);
}

TEST_CASE("an engine that cannot be asked is the error of the whole, not of each") {
  FakeEngine engine;
  engine.failures.emplace("list", Error{Errc::engine_unreachable, "nobody answers"});
  REQUIRE(choose_runs(engine, {"a", "b"}, selection()).error().code == Errc::engine_unreachable);
}
