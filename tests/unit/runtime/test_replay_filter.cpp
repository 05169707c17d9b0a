// What is passed on of a replayed stream: each byte that was not delivered, none that was.
#include "runtime/replay_filter.hpp"

#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace berth::runtime;

namespace {

OutputTail delivered(std::string_view text, std::size_t window = 1024) {
  OutputTail tail(window);
  tail.append(std::as_bytes(std::span(text)));
  return tail;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What of `replay`, cut into pieces of `step` bytes, is new.
std::string fresh(const OutputTail& tail, std::string_view replay, std::size_t step) {
  ReplayFilter filter(tail);
  std::string passed;
  while (!replay.empty()) {
    const std::string_view piece = replay.substr(0, step);
    const ReplayFilter::Fresh part = filter.pass(std::as_bytes(std::span(piece)));
    passed += text_of(part.held);
    passed += text_of(part.rest);
    replay.remove_prefix(piece.size());
  }
  return passed;
}

}  // namespace

TEST_CASE("a replay that contains what was delivered goes on behind it") {
  const std::size_t step = GENERATE(1u, 3u, 7u, 1000u);
  CHECK(fresh(delivered("step 1\nstep 2\n"), "step 1\nstep 2\nstep 3\n", step) == "step 3\n");
  CHECK(fresh(delivered("step 1\nst"), "step 1\nstep 2\n", step) == "ep 2\n");
  CHECK(fresh(delivered(""), "step 1\n", step) == "step 1\n");
  CHECK(fresh(delivered("step 1\n"), "step 1\n", step).empty());
}

TEST_CASE("lines that the log has lost are not missed, those behind them are whole") {
  const std::size_t step = GENERATE(1u, 3u, 7u, 1000u);
  CHECK(fresh(delivered("step 1\nstep 2\n"), "step 1\nstep 3\n", step) == "step 3\n");
  CHECK(fresh(delivered("step 1\nstep 2\nstep 3\n"), "step 1\nstep 4\nstep 5\n", step) ==
        "step 4\nstep 5\n");
  CHECK(fresh(delivered("step 1\nhalf a li"), "step 1\nne\nstep 2\n", step) == "ne\nstep 2\n");
  CHECK(fresh(delivered("x"), "y", step) == "y");
}

TEST_CASE("only the end of what was delivered is held against the replay") {
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    all += "line " + std::to_string(i) + "\n";
  }
  const OutputTail tail = delivered(all, 64);
  CHECK(tail.total() == all.size());
  CHECK(tail.text().size() == 64);
  CHECK(fresh(tail, all + "more\n", 100) == "more\n");
}

TEST_CASE("any cut of any stream comes out whole") {
  std::mt19937 random(4711);
  for (int round = 0; round < 200; ++round) {
    std::string stream;
    const std::size_t size = random() % 3000;
    while (stream.size() < size) {
      stream += static_cast<char>(random() % 7 == 0 ? '\n' : random() % 256);
    }
    const std::size_t cut = size == 0 ? 0 : random() % size;
    const OutputTail tail = delivered(std::string_view(stream).substr(0, cut), 1 + random() % 500);
    INFO("round " << round);
    REQUIRE(fresh(tail, stream, 1 + random() % 700) == stream.substr(cut));
  }
}

TEST_CASE("a tail is the last bytes, however they came") {
  OutputTail tail(5);
  for (const std::string_view piece : {"a", "bc", "", "defghij", "k", "lm"}) {
    tail.append(std::as_bytes(std::span(piece)));
  }
  CHECK(tail.text() == "ijklm");
  CHECK(tail.total() == 13);
}
