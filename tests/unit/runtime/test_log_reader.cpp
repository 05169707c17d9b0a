// Logs from the engine's stream to whoever wants them.
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/runtime/log_reader.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth::runtime;
using berth::Errc;
using berth::Result;
using berth::UniqueFd;
using berth::test::FakeEngine;

namespace {

std::string frame(char stream, const std::string& text) {
  std::string header{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())};
  return header + text;
}

// What a reading gives, by run and stream.
struct Heard {
  std::vector<std::array<std::string, 2>> text;
  std::vector<std::string> ends;

  explicit Heard(std::size_t logs) : text(logs), ends(logs, "none") {}

  LogReader reader() {
    return {[this](std::size_t log, OutputStream stream, std::span<const std::byte> bytes) {
              text[log][stream == OutputStream::standard_output ? 0 : 1].append(
                  reinterpret_cast<const char*>(bytes.data()), bytes.size());
              return Result<void>();
            },
            [this](std::size_t log, const Result<void>& how) {
              ends[log] = how ? "well" : how.error().message;
            }};
  }
};

LogSource open(FakeEngine& engine, const std::string& id, bool framed) {
  return {std::move(engine.logs(id, {})).value(), framed};
}

}  // namespace

TEST_CASE("each log's bytes are its own, on the stream that they came from") {
  FakeEngine engine;
  engine.kept_output = {
      {"a", frame(1, "out") + frame(2, "err") + frame(1, std::string("\0\xff", 2))},
      {"b", "raw\r\n"},
      {"c", ""}};
  std::vector<LogSource> sources;
  sources.push_back(open(engine, "a", true));
  sources.push_back(open(engine, "b", false));
  sources.push_back(open(engine, "c", true));
  Heard heard(3);
  REQUIRE(read_logs(sources, STDOUT_FILENO, heard.reader()).value() == LogEnd::complete);
  REQUIRE(heard.text[0][0] == "out" + std::string("\0\xff", 2));
  REQUIRE(heard.text[0][1] == "err");
  REQUIRE(heard.text[1][0] == "raw\r\n");
  REQUIRE(heard.text[2][0].empty());
  REQUIRE(heard.ends == std::vector<std::string>{"well", "well", "well"});
}

TEST_CASE("one log that breaks off does not end the others") {
  FakeEngine engine;
  engine.kept_output = {{"a", frame(3, "the disk is gone")}, {"b", frame(1, "fine")}};
  std::vector<LogSource> sources;
  sources.push_back(open(engine, "a", true));
  sources.push_back(open(engine, "b", true));
  Heard heard(2);
  REQUIRE(read_logs(sources, STDOUT_FILENO, heard.reader()).value() == LogEnd::complete);
  REQUIRE(heard.ends[0] != "well");
  REQUIRE(heard.ends[0] != "none");
  REQUIRE(heard.text[1][0] == "fine");
  REQUIRE(heard.ends[1] == "well");
}

TEST_CASE("a reader that has gone is noticed where nothing is said") {
  FakeEngine engine([](berth::test::FakeContainer&) {});
  std::vector<LogSource> silent;
  silent.push_back({std::move(engine.attach("x", {})).value(), true});
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::pipe(ends.data()) == 0);
  const UniqueFd writing(ends[1]);
  ::close(ends[0]);
  Heard heard(1);
  REQUIRE(read_logs(silent, writing.get(), heard.reader()).value() == LogEnd::nobody_reads);
}

TEST_CASE("an error of the one who takes the bytes ends the reading") {
  FakeEngine engine;
  engine.kept_output = {{"a", frame(1, "out")}};
  std::vector<LogSource> sources;
  sources.push_back(open(engine, "a", true));
  LogReader reader{[](std::size_t, OutputStream, std::span<const std::byte>) -> Result<void> {
                     return berth::fail(Errc::io, "the disk is full");
                   },
                   [](std::size_t, const Result<void>&) {}};
  REQUIRE(read_logs(sources, STDOUT_FILENO, reader).error().code == Errc::io);
}
