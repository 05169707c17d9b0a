// The --gpus grammar. Docker reads the value as one CSV record, where device=0,1 means device 0 and
// a count of 1; here a list goes on until the next key.
#include "berth/model/gpu_request.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth {

namespace {

constexpr unsigned kMaxCount = 1024;
constexpr std::size_t kMaxText = 16384;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

// A number of GPUs; nullopt for what is none, or more than any machine has.
std::optional<unsigned> small_number(std::string_view text) {
  unsigned number = 0;
  if (!is_number(text)) {
    return std::nullopt;
  }
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || number > kMaxCount) {
    return std::nullopt;
  }
  return number;
}

// A GPU's name in one spelling, so that 0 and 00 are the same; empty for what names none.
std::string device_name(std::string_view text) {
  if (is_number(text)) {
    const std::optional<unsigned> index = small_number(text);
    return index ? std::to_string(*index) : "";
  }
  const std::size_t colon = text.find(':');
  const bool mig_pair = colon != std::string_view::npos && small_number(text.substr(0, colon)) &&
                        small_number(text.substr(colon + 1));
  const bool uuid = (text.starts_with("GPU-") && consists_of(text.substr(4), "-")) ||
                    (text.starts_with("MIG-") && consists_of(text.substr(4), "-/"));
  constexpr std::string_view kVendor = "nvidia.com/";
  const std::size_t equals = text.find('=');
  const bool cdi = text.starts_with(kVendor) && equals != std::string_view::npos &&
                   consists_of(text.substr(kVendor.size(), equals - kVendor.size()), "_.-") &&
                   consists_of(text.substr(equals + 1), "_.:-");
  return mig_pair || uuid || cdi ? std::string(text) : "";
}

// "2,3,4" for 2-4, which people type; an example for anything else.
std::string range_as_list(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const std::optional<unsigned> first = small_number(text.substr(0, dash));
    const std::optional<unsigned> last = small_number(text.substr(dash + 1));
    std::vector<std::string> devices;
    for (unsigned i = first.value_or(1); i <= last.value_or(0); ++i) {
      devices.push_back(std::to_string(i));
    }
    if (first && devices.size() > 1 && devices.size() <= 16) {
      return join(devices, ",");
    }
  }
  return "0,1";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<GpuRequest> request();

 private:
  Result<std::vector<std::string>> fields() const;
  Result<void> add_field(const std::string& field);
  Result<void> add_value(std::string_view value);
  Result<void> add_device(std::string_view value);
  Result<void> add_capability(std::string_view value);
  Result<void> set_count(std::string_view value);
  Result<void> set_free(std::string_view count);
  Result<void> set_memory(std::string_view field);
  Result<void> open_key(const std::string& key);
  bool continues_list(const std::string& field) const;
  bool seen(std::string_view key) const {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  }
  // "GPU request `…`: what".
  Error malformed(std::string_view what) const {
    return Error{Errc::usage, fmt::format("GPU request `{}` {}", printable(text_), what)};
  }

  std::string_view text_;
  GpuRequest request_;
  std::vector<std::string> keys_;  // in the order given
};

// Fields between commas; quotes, which docker needs around a list, are taken off.
Result<std::vector<std::string>> Reader::fields() const {
  std::vector<std::string> fields;
  std::string_view rest = text_;
  while (true) {
    rest = trimmed(rest);
    const char quote = rest.empty() ? '\0' : rest[0];
    std::size_t end = rest.find(',');
    if (quote == '"' || quote == '\'') {
      const std::size_t closing = rest.find(quote, 1);
      if (closing == std::string_view::npos) {
        return fail(malformed(fmt::format("lacks the closing {}", quote)));
      }
      fields.emplace_back(trimmed(rest.substr(1, closing - 1)));
      rest = trimmed(rest.substr(closing + 1));
      if (!rest.empty() && rest[0] != ',') {
        return fail(malformed(fmt::format("goes on behind the closing {} without a comma", quote)));
      }
      end = rest.empty() ? std::string_view::npos : 0;
    } else {
      fields.emplace_back(trimmed(rest.substr(0, end)));
    }
    if (end == std::string_view::npos) {
      return fields;
    }
    rest.remove_prefix(end + 1);
  }
}

bool Reader::continues_list(const std::string& field) const {
  if (keys_.empty() || (keys_.back() != "device" && keys_.back() != "capabilities")) {
    return false;
  }
  const std::size_t equals = field.find('=');
  // nvidia.com/gpu=1 is a device, not a key with a value.
  return equals == std::string::npos || field.find('/') < equals;
}

Result<void> Reader::open_key(const std::string& key) {
  static const std::vector<std::string> known = {"driver", "count", "device", "capabilities"};
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    Error error = malformed(fmt::format("has an unknown key `{}`", printable(key)))
                      .note("the keys are device, count, capabilities and driver");
    if (const std::optional<std::string> meant = nearest(key, known)) {
      error.hint(fmt::format("did you mean `{}`?", *meant));
    }
    return fail(std::move(error));
  }
  if (seen(key)) {
    return fail(malformed(fmt::format("gives `{}` twice", key))
                    .hint(key == "device" || key == "capabilities"
                              ? "several are one list: `--gpus device=0,1`"
                              : "`--gpus all`, `--gpus 2` or `--gpus device=0,1`"));
  }
  keys_.push_back(key);
  if (seen("count") && seen("device")) {
    return fail(malformed("gives a count and devices; one of them says how many")
                    .hint("`--gpus device=0,1` or `--gpus 2`"));
  }
  return {};
}

Result<void> Reader::add_field(const std::string& field) {
  if (continues_list(field)) {
    return add_value(field);
  }
  if (field.starts_with("memory")) {
    return set_memory(trimmed(std::string_view(field).substr(std::string_view("memory").size())));
  }
  const std::size_t equals = field.find('=');
  if (equals == std::string::npos && keys_.empty()) {
    keys_.emplace_back("count");
    return set_count(field);
  }
  if (equals == std::string::npos) {
    return fail(malformed(fmt::format("has `{}` where a key and a value belong", printable(field)))
                    .hint("`--gpus count=2,capabilities=compute,utility`"));
  }
  BERTH_CHECK(open_key(field.substr(0, equals)));
  for (const std::string& value : split(std::string_view(field).substr(equals + 1), ',')) {
    BERTH_CHECK(add_value(trimmed(value)));
  }
  return {};
}

Result<void> Reader::add_value(std::string_view value) {
  const std::string& key = keys_.back();
  if (value.empty()) {
    return fail(malformed(fmt::format("has an empty value of `{}`", key))
                    .hint("`--gpus all`, `--gpus 2` or `--gpus device=0,1`"));
  }
  if (key == "device") {
    return add_device(value);
  }
  if (key == "capabilities") {
    return add_capability(value);
  }
  if (key == "count") {
    return set_count(value);
  }
  if (value != "nvidia" && value != "cdi") {
    return fail(malformed(fmt::format("wants the driver `{}`", printable(value)))
                    .note("berth attaches NVIDIA GPUs: driver=nvidia or driver=cdi")
                    .hint("leave `driver` out: berth takes the one that the engine offers"));
  }
  return {};
}

Result<void> Reader::set_free(std::string_view count) {
  const std::optional<unsigned> number = count.empty() ? 1u : small_number(count.substr(1));
  if (!number || *number == 0 || (!count.empty() && count[0] != ':')) {
    return fail(malformed(fmt::format("has `free{}` where `free:N` belongs", printable(count)))
                    .note(fmt::format("N is from 1 to {}", kMaxCount))
                    .hint("two GPUs that nobody uses: `--gpus free:2`"));
  }
  request_.mode = GpuRequest::Mode::free;
  request_.count = *number;
  return {};
}

// What stands behind `memory`: ">=20g".
Result<void> Reader::set_memory(std::string_view field) {
  constexpr std::string_view kAtLeast = ">=";
  if (request_.mode != GpuRequest::Mode::free) {
    return fail(malformed("has a wish for memory, and does not let berth choose")
                    .hint("`--gpus 'free:1,memory>=20g'`"));
  }
  const Result<std::uint64_t> bytes =
      parse_bytes(trimmed(field.substr(std::min(kAtLeast.size(), field.size()))));
  constexpr std::uint64_t kLeast = 1u << 20;  // `>=20` means twenty gigabytes, and says bytes
  if (!field.starts_with(kAtLeast) || !bytes || *bytes < kLeast) {
    return fail(
        malformed(fmt::format("has `memory{}` where `memory>=SIZE` belongs", printable(field)))
            .hint(fmt::format("`--gpus 'free:{},memory>=20g'`", request_.count)));
  }
  if (request_.memory_bytes) {
    return fail(malformed("gives `memory` twice")
                    .hint(fmt::format("`--gpus 'free:{},memory>=20g'`", request_.count)));
  }
  request_.memory_bytes = *bytes;
  return {};
}

Result<void> Reader::set_count(std::string_view value) {
  if (value == "all" || value == "-1") {
    request_.mode = GpuRequest::Mode::all;
    return {};
  }
  if (value == "auto" || value == "none") {
    request_.mode = value == "auto" ? GpuRequest::Mode::automatic : GpuRequest::Mode::none;
    return {};
  }
  constexpr std::string_view kFree = "free";
  if (value.starts_with(kFree)) {
    return set_free(value.substr(kFree.size()));
  }
  if (const std::optional<unsigned> count = small_number(value)) {
    request_.mode = *count > 0 ? GpuRequest::Mode::count : GpuRequest::Mode::none;
    request_.count = *count;
    return {};
  }
  if (is_number(value)) {
    return fail(malformed(fmt::format("asks for more than {} GPUs", kMaxCount))
                    .hint("all that the machine has: `--gpus all`"));
  }
  Error error = malformed(fmt::format(
      "has `{}` where a number, `all`, `none`, `auto` or `free:N` belongs", printable(value)));
  static const std::vector<std::string> words = {"all", "none", "auto", "free"};
  if (!device_name(value).empty()) {
    error.hint(fmt::format("`--gpus device={}`", value));
  } else if (const std::optional<std::string> meant = nearest(value, words)) {
    error.hint(fmt::format("`--gpus {}`", *meant));
  } else {
    error.hint("`--gpus all`, `--gpus 2` or `--gpus device=0,1`");
  }
  return fail(std::move(error));
}

Result<void> Reader::add_device(std::string_view value) {
  const std::string name = device_name(value);
  if (name.empty() && value == "all") {
    return fail(malformed("names `all` as a device").hint("`--gpus all`"));
  }
  if (name.empty()) {
    return fail(malformed(fmt::format("names no GPU by `{}`", printable(value)))
                    .note("a device is an index (0), a UUID (GPU-…, MIG-…), a MIG pair (0:1) or a "
                          "CDI name (nvidia.com/gpu=0)")
                    .hint(fmt::format("`--gpus device={}`", range_as_list(value))));
  }
  std::vector<std::string>& devices = request_.devices;
  if (std::find(devices.begin(), devices.end(), name) != devices.end()) {
    return fail(malformed(fmt::format("names device `{}` twice", name))
                    .hint(fmt::format("`--gpus device={}`", join(devices, ","))));
  }
  request_.mode = GpuRequest::Mode::devices;
  devices.push_back(name);
  return {};
}

Result<void> Reader::add_capability(std::string_view value) {
  // Source: NVIDIA Container Toolkit, driver capabilities; `gpu` is docker's own and always asked
  // for.
  static const std::vector<std::string> known = {"compute", "utility",  "graphics", "video",
                                                 "display", "compat32", "ngx",      "all"};
  if (value == "gpu") {
    return {};
  }
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    Error error = malformed(fmt::format("has an unknown capability `{}`", printable(value)))
                      .note("the capabilities are " + join(known, ", "));
    if (const std::optional<std::string> meant = nearest(value, known)) {
      error.hint(fmt::format("did you mean `{}`?", *meant));
    }
    return fail(std::move(error));
  }
  std::vector<std::string>& capabilities = request_.capabilities;
  if (std::find(capabilities.begin(), capabilities.end(), value) == capabilities.end()) {
    capabilities.emplace_back(value);
  }
  return {};
}

Result<GpuRequest> Reader::request() {
  if (text_.size() > kMaxText) {
    return fail(malformed(fmt::format("is longer than {} bytes", kMaxText)));
  }
  if (trimmed(text_).empty()) {
    return fail(Error{Errc::usage, "GPU request is empty"}.hint(
        "`--gpus all`, `--gpus 2`, `--gpus device=0,1` or `--gpus none`"));
  }
  BERTH_TRY(const std::vector<std::string> fields, this->fields());
  // `0,1` is what people type who mean devices 0 and 1.
  const auto is_device = [](const std::string& field) { return !device_name(field).empty(); };
  if (fields.size() > 1 && std::all_of(fields.begin(), fields.end(), is_device)) {
    return fail(malformed("lists devices without saying so")
                    .hint(fmt::format("`--gpus device={}`", join(fields, ","))));
  }
  for (const std::string& field : fields) {
    BERTH_CHECK(add_field(field));
  }
  if (request_.mode == GpuRequest::Mode::none && keys_.size() > 1) {
    return fail(malformed("asks for no GPU and says how").hint("`--gpus none`"));
  }
  if (!seen("count") && !seen("device")) {
    request_.mode = GpuRequest::Mode::count;  // as docker has it
    request_.count = 1;
  }
  return std::move(request_);
}

}  // namespace

Result<GpuRequest> parse_gpu_request(std::string_view text) {
  return Reader(text).request();
}

}  // namespace berth
