// The logs of runs on their way out.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "cli/log_writer.hpp"
#include "support/catch.hpp"

using namespace berth::cli;
using berth::UniqueFd;
using berth::runtime::OutputStream;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    REQUIRE(::pipe(ends.data()) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  // What was written so far; less than a pipe holds.
  std::string text() {
    writing.reset();
    std::string all(60000, '\0');
    const ssize_t count = ::read(reading.get(), all.data(), all.size());
    all.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return all;
  }
  UniqueFd reading;
  UniqueFd writing;
};

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

constexpr OutputStream kOut = OutputStream::standard_output;
constexpr OutputStream kErr = OutputStream::standard_error;

}  // namespace

TEST_CASE("one log is written byte for byte, each stream to its own") {
  Pipe out;
  Pipe err;
  PlainLogWriter writer({"fox"}, out.writing.get(), err.writing.get());
  const std::string raw("no newline \xff\0\r", 14);
  REQUIRE(writer.piece(0, kOut, bytes(raw)));
  REQUIRE(writer.piece(0, kErr, bytes("oops\n")));
  REQUIRE(writer.end(0));
  REQUIRE(out.text() == raw);
  REQUIRE(err.text() == "oops\n");
}

TEST_CASE("of several logs a heading says whose words follow") {
  Pipe out;
  Pipe err;
  PlainLogWriter writer({"fox", "owl"}, out.writing.get(), err.writing.get());
  REQUIRE(writer.piece(0, kOut, bytes("a\n")));
  REQUIRE(writer.piece(0, kOut, bytes("b\n")));
  REQUIRE(writer.piece(1, kErr, bytes("c\n")));
  REQUIRE(writer.piece(0, kOut, bytes("d\n")));
  REQUIRE(out.text() == "==> fox <==\na\nb\n\n==> owl <==\n\n==> fox <==\nd\n");
  REQUIRE(err.text() == "c\n");
}

TEST_CASE("a line of JSON is a line of output, wherever the pieces end") {
  Pipe out;
  Run run{.id = "abc", .name = "fox"};
  JsonLogWriter writer({run}, false, out.writing.get());
  REQUIRE(writer.piece(0, kOut, bytes("one\ntw")));
  REQUIRE(writer.piece(0, kErr, bytes("err \xff\n")));
  REQUIRE(writer.piece(0, kOut, bytes("o\n\nlast")));
  REQUIRE(writer.end(0));
  REQUIRE(writer.end(0));
  const std::vector<std::string> lines = berth::split(out.text(), '\n');
  const std::vector<std::pair<std::string, std::string>> expected = {{"stdout", "one"},
                                                                     {"stderr", "err \xef\xbf\xbd"},
                                                                     {"stdout", "two"},
                                                                     {"stdout", ""},
                                                                     {"stdout", "last"}};
  REQUIRE(lines.size() == expected.size() + 1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const nlohmann::json line = nlohmann::json::parse(lines[i]);
    REQUIRE(line["run"] == "fox");
    REQUIRE(line["id"] == "abc");
    REQUIRE(line["stream"] == expected[i].first);
    REQUIRE(line["text"] == expected[i].second);
    REQUIRE_FALSE(line.contains("time"));
  }
}

TEST_CASE("the engine's time at the beginning of a line becomes a value of its own") {
  Pipe out;
  JsonLogWriter writer({Run{.id = "abc"}}, true, out.writing.get());
  REQUIRE(writer.piece(0, kOut, bytes("2026-08-01T12:00:00Z a b\n2026-08-01T12:00:01Z \n")));
  const std::vector<std::string> lines = berth::split(out.text(), '\n');
  REQUIRE(nlohmann::json::parse(lines[0])["time"] == "2026-08-01T12:00:00Z");
  REQUIRE(nlohmann::json::parse(lines[0])["text"] == "a b");
  REQUIRE(nlohmann::json::parse(lines[1])["text"] == "");
}

TEST_CASE("a line without end comes in parts, not out of memory") {
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  JsonLogWriter writer({Run{.id = "abc"}}, false, nowhere.get());
  const std::string much(3u << 20, 'x');
  REQUIRE(writer.piece(0, kOut, bytes(much)));
}

TEST_CASE("a reader that has gone is told from a disk that is full") {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe out;
  out.reading.reset();
  REQUIRE(write_fully(out.writing.get(), bytes("x")).error().id == "output-closed");
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const berth::Error error = write_fully(full.get(), bytes("x")).error();
  REQUIRE(error.code == berth::Errc::io);
  REQUIRE(error.id.empty());
}
