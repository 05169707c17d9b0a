// Limits of a container: --ulimit, --cpus, the sets of processors and memory nodes, swap.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"

namespace berth {

namespace {

Error malformed(std::string_view text, std::string_view what) {
  return Error{Errc::usage, fmt::format("`{}` {}", printable(text), what)};
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number = 0;
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole ? std::optional<Number>(number) : std::nullopt;
}

// Source: docker/go-units ulimit.go.
const std::vector<std::string>& ulimit_names() {
  static const std::vector<std::string> names = {
      "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  return names;
}

// More than any machine has; a longer set would only be a typing mistake. As in moby's
// pkg/parsers.
constexpr unsigned kMaxCpu = 8192;

}  // namespace

Result<Ulimit> parse_ulimit(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  const std::vector<std::string>& names = ulimit_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    Error error = malformed(text, fmt::format("sets no limit that there is: `{}`", printable(name)))
                      .note("the limits are " + join(names, ", "));
    if (const std::optional<std::string> meant = nearest(name, names)) {
      error.hint(fmt::format("did you mean `{}`?", *meant));
    }
    return fail(std::move(error));
  }
  const std::string_view values =
      equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  const std::size_t colon = values.find(':');
  const std::optional<std::int64_t> soft = whole_number<std::int64_t>(values.substr(0, colon));
  const std::optional<std::int64_t> hard =
      colon == std::string_view::npos ? soft : whole_number<std::int64_t>(values.substr(colon + 1));
  if (!soft || !hard || *soft < -1 || *hard < -1) {
    return fail(malformed(text, "has no number, expected soft[:hard], where -1 is unlimited")
                    .hint("`--ulimit nofile=65536`"));
  }
  const auto height = [](std::int64_t limit) {
    return limit < 0 ? std::numeric_limits<std::int64_t>::max() : limit;
  };
  if (height(*soft) > height(*hard)) {
    return fail(malformed(text, "has a soft limit above the hard one"));
  }
  return Ulimit{name, *soft, *hard};
}

Result<std::uint64_t> parse_cpus(std::string_view text) {
  constexpr std::size_t kDigits = 9;  // of a billionth
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string fraction(dot == std::string_view::npos ? "" : text.substr(dot + 1));
  const auto digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if ((whole.empty() && fraction.empty()) || !digits(whole) || !digits(fraction) ||
      whole.size() > kDigits) {
    return fail(malformed(text, "is no number of processors").hint("`--cpus 1.5`"));
  }
  if (fraction.size() > kDigits) {
    return fail(malformed(text, "is finer than a billionth of a processor"));
  }
  fraction.resize(kDigits, '0');
  return whole_number<std::uint64_t>(std::string(whole) + fraction).value_or(0);
}

Result<void> check_cpu_set(std::string_view text) {
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const std::optional<unsigned> first =
        whole_number<unsigned>(std::string_view(part).substr(0, dash));
    const std::optional<unsigned> last =
        dash == std::string::npos ? first
                                  : whole_number<unsigned>(std::string_view(part).substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMaxCpu) {
      return fail(malformed(text, "is no set of numbers, expected for example `0-3,8`"));
    }
  }
  return {};
}

Result<std::int64_t> parse_memory_swap(std::string_view text) {
  if (text == "-1") {
    return -1;
  }
  const Result<std::uint64_t> bytes = parse_bytes(text);
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!bytes || *bytes == 0 || *bytes > kMost) {
    return fail(
        malformed(text, "is no size, expected for example 96g, or -1 for no limit of swap"));
  }
  return static_cast<std::int64_t>(*bytes);
}

Result<unsigned> parse_swappiness(std::string_view text) {
  const std::optional<unsigned> percent = whole_number<unsigned>(text);
  if (!percent || *percent > 100) {
    return fail(malformed(text, "is no swappiness, expected a number from 0 to 100"));
  }
  return *percent;
}

}  // namespace berth
