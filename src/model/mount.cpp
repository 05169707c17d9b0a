// Mounts: docker's -v and --mount. Both end in the same checks of source and target.
#include "berth/model/mount.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <vector>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth {

namespace {

constexpr std::size_t kMaxText = 16384;
constexpr std::array<std::string_view, 6> kPropagations = {"rprivate", "private", "rshared",
                                                           "shared",   "rslave",  "slave"};

bool is_propagation(std::string_view word) {
  return std::find(kPropagations.begin(), kPropagations.end(), word) != kPropagations.end();
}

// [a-zA-Z0-9][a-zA-Z0-9_.-]+, as the engine checks it.
bool is_volume_name(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return name.size() >= 2 && alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [&alphanumeric](char c) {
           return alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

// Without `.`, `..`, doubled and trailing slashes. Links are not followed: the path need not exist
// here.
std::string normalised(const std::filesystem::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

// What both grammars have in common: the text for messages, and where relative paths and ~ lead.
class Context {
 public:
  Context(std::string_view text, const std::filesystem::path& base,
          const std::filesystem::path& home)
      : text_(text), base_(base), home_(home) {}

  // "mount `…` what".
  Error malformed(std::string_view what) const {
    return Error{Errc::usage, fmt::format("mount `{}` {}", printable(text_), what)};
  }
  std::string_view text() const { return text_; }

  Result<void> check_text() const;
  Result<std::string> host_path(std::string_view source) const;
  Result<std::string> volume_name(std::string_view source) const;
  Result<std::string> target(std::string_view target) const;

 private:
  std::string_view text_;
  const std::filesystem::path& base_;
  const std::filesystem::path& home_;
};

Result<void> Context::check_text() const {
  if (text_.empty()) {
    return fail(Error{Errc::usage, "mount is empty"}.hint("`-v ./data:/data:ro`"));
  }
  if (text_.size() > kMaxText) {
    return fail(malformed(fmt::format("is longer than {} bytes", kMaxText)));
  }
  const bool control = std::any_of(text_.begin(), text_.end(),
                                   [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
  return control ? Result<void>(fail(malformed("contains a control character"))) : Result<void>();
}

Result<std::string> Context::host_path(std::string_view source) const {
  if (!source.starts_with('~')) {
    return normalised(base_ / source);
  }
  if (source != "~" && !source.starts_with("~/")) {
    return fail(malformed(fmt::format("has the source `{}`: only `~` and `~/…` are expanded",
                                      printable(source)))
                    .hint("give the folder of another user as an absolute path"));
  }
  if (home_.empty()) {
    return fail(malformed("uses `~`, and the home folder is not known")
                    .hint("set HOME, or give an absolute path"));
  }
  return normalised(source.size() > 2 ? home_ / source.substr(2) : home_);
}

Result<std::string> Context::volume_name(std::string_view source) const {
  if (is_volume_name(source)) {
    return std::string(source);
  }
  const bool path = source.starts_with('.') || source.starts_with('/') || source.starts_with('~');
  return fail(
      malformed(fmt::format("has the source `{}`, which is no volume's name", printable(source)))
          .note("a volume's name has two or more of a-z, A-Z, 0-9, _, ., - and begins with "
                "a letter or digit")
          .hint(path ? fmt::format("a folder: `type=bind,source={}`", printable(source))
                     : fmt::format("a folder: `./{}`", printable(source))));
}

Result<std::string> Context::target(std::string_view target) const {
  if (!target.starts_with('/')) {
    return fail(malformed(fmt::format("has the target `{}`, which is not an absolute path",
                                      printable(target)))
                    .hint("a path in the container begins with `/`: `-v ./data:/data`"));
  }
  std::string path = normalised(target);
  if (path == "/") {
    return fail(malformed("has the target `/`, which is the container itself")
                    .hint("mount on a folder in it: `-v ./data:/data`"));
  }
  return path;
}

// One option of -v into the mount; an option may not contradict an earlier one.
Result<void> apply_option(const Context& context, const std::string& option,
                          std::optional<bool>& read_only, Mount& mount) {
  if (option == "ro" || option == "rw") {
    if (read_only && *read_only != (option == "ro")) {
      return fail(context.malformed("says both `ro` and `rw`"));
    }
    read_only = option == "ro";
    return {};
  }
  if (is_propagation(option)) {
    if (mount.type != Mount::Type::bind) {
      return fail(context.malformed(
          fmt::format("has the option `{}`, which only a folder of the host takes", option)));
    }
    if (!mount.propagation.empty() && mount.propagation != option) {
      return fail(
          context.malformed(fmt::format("says both `{}` and `{}`", mount.propagation, option)));
    }
    mount.propagation = option;
    return {};
  }
  if (option == "cached" || option == "delegated" || option == "consistent") {
    return {};  // of Docker Desktop on macOS; without effect on Linux
  }
  if (option == "z" || option == "Z" || option == "nocopy") {
    return fail(context.malformed(
        fmt::format("has the option `{}`, which berth does not support", option)));
  }
  static const std::vector<std::string> known = {"ro",     "rw",      "rprivate", "private",
                                                 "rslave", "rshared", "shared",   "slave"};
  Error error =
      option.empty()
          ? context.malformed("has an empty option")
          : context.malformed(fmt::format("has an unknown option `{}`", printable(option)));
  error.note("the options are " + join(known, ", "));
  if (const std::optional<std::string> meant = nearest(option, known)) {
    error.hint(fmt::format("did you mean `{}`?", *meant));
  }
  return fail(std::move(error));
}

}  // namespace

Result<Mount> parse_volume(std::string_view text, const std::filesystem::path& base,
                           const std::filesystem::path& home) {
  const Context context(text, base, home);
  BERTH_CHECK(context.check_text());
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3) {
    return fail(context.malformed("has too many colons: source, target and options are three parts")
                    .hint("for a path with a colon: `--mount type=bind,source=…,target=…`"));
  }
  constexpr std::array<std::string_view, 3> kNames = {"source", "target", "options"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) {
      return fail(context.malformed(
          fmt::format("has an empty {}", parts.size() == 1 ? "target" : kNames.at(i))));
    }
  }
  Mount mount;
  if (parts.size() == 1) {
    mount.type = Mount::Type::volume;
    if (!text.starts_with('/')) {
      return fail(context.malformed("has no target in the container")
                      .hint(fmt::format("`-v {}:/data`", printable(text))));
    }
    BERTH_TRY(mount.target, context.target(text));
    return mount;
  }
  const bool path = std::string_view("./~").find(parts[0][0]) != std::string_view::npos;
  mount.type = path ? Mount::Type::bind : Mount::Type::volume;
  BERTH_TRY(mount.source, path ? context.host_path(parts[0]) : context.volume_name(parts[0]));
  BERTH_TRY(mount.target, context.target(parts[1]));
  if (parts.size() == 3) {
    std::optional<bool> read_only;
    for (const std::string& option : split(parts[2], ',')) {
      BERTH_CHECK(apply_option(context, option, read_only, mount));
    }
    mount.read_only = read_only.value_or(false);
  }
  return mount;
}

namespace {

// --mount: keys and values of one CSV record.
class RecordReader {
 public:
  explicit RecordReader(const Context& context) : context_(context) {}

  Result<Mount> mount();

 private:
  struct Field {
    std::string key;  // in the spelling that the messages use
    std::optional<std::string> value;
  };
  Result<std::vector<std::string>> fields() const;
  Result<void> read_fields();
  Result<Field> field_of(const std::string& text) const;
  Result<void> set_type(const std::string& value);
  Result<void> apply(const Field& field);
  Result<void> check_type_of(const Field& field) const;
  Result<void> finish();

  const Context& context_;
  std::vector<Field> fields_;
  std::string source_;
  std::string target_;
  Mount mount_;
};

const std::vector<std::string>& mount_keys() {
  static const std::vector<std::string> keys = {
      "type",     "source", "src",         "target",     "destination",     "dst",
      "readonly", "ro",     "consistency", "tmpfs-size", "bind-propagation"};
  return keys;
}

// Of several spellings the first.
std::string canonical_key(const std::string& key) {
  if (key == "src") {
    return "source";
  }
  if (key == "dst" || key == "destination") {
    return "target";
  }
  return key == "ro" ? "readonly" : key;
}

// Fields between commas; one in double quotes may contain commas, and "" in it is a quote.
Result<std::vector<std::string>> RecordReader::fields() const {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool closed = false;
  const std::string_view text = context_.text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      const bool escaped = c == '"' && text.substr(i).starts_with("\"\"");
      i += escaped ? 1U : 0U;
      if (c == '"' && !escaped) {
        quoted = false;
        closed = true;
      } else {
        fields.back() += c;
      }
    } else if (c == ',') {
      fields.emplace_back();
      closed = false;
    } else if (c == '"' && fields.back().empty() && !closed) {
      quoted = true;
    } else if (c == '"' || closed) {
      return fail(context_.malformed(fmt::format("has a misplaced quote at column {}", i + 1))
                      .hint("quotes go around a whole field: `\"source=/a,b\"`"));
    } else {
      fields.back() += c;
    }
  }
  if (quoted) {
    return fail(context_.malformed("lacks the closing \""));
  }
  return fields;
}

Result<RecordReader::Field> RecordReader::field_of(const std::string& text) const {
  const std::size_t equals = text.find('=');
  const std::string written = text.substr(0, equals);
  Field field{canonical_key(lowered(written)), std::nullopt};
  if (equals != std::string::npos) {
    field.value = text.substr(equals + 1);
  }
  if (trimmed(written) != written || (field.value && trimmed(*field.value) != *field.value)) {
    return fail(context_.malformed(fmt::format("has a blank around `{}`", printable(text))));
  }
  const std::vector<std::string>& known = mount_keys();
  if (std::find(known.begin(), known.end(), field.key) == known.end()) {
    Error error = context_.malformed(fmt::format("has an unknown key `{}`", printable(written)));
    error.note(
        "the keys are type, source, target, readonly, bind-propagation, tmpfs-size, consistency");
    if (const std::optional<std::string> meant = nearest(written, known)) {
      error.hint(fmt::format("did you mean `{}`?", *meant));
    }
    return fail(std::move(error));
  }
  if (field.key != "readonly" && !field.value) {
    return fail(context_.malformed(fmt::format("has `{}` without a value", written)));
  }
  if (field.value && field.value->empty()) {
    return fail(context_.malformed(fmt::format("has an empty `{}`", written)));
  }
  return field;
}

Result<void> RecordReader::read_fields() {
  BERTH_TRY(const std::vector<std::string> texts, fields());
  for (const std::string& text : texts) {
    BERTH_TRY(Field field, field_of(text));
    for (const Field& earlier : fields_) {
      if (earlier.key == field.key) {
        return fail(context_.malformed(fmt::format("gives `{}` twice", field.key)));
      }
    }
    fields_.push_back(std::move(field));
  }
  return {};
}

Result<void> RecordReader::set_type(const std::string& value) {
  const std::string type = lowered(value);
  if (type == "bind") {
    mount_.type = Mount::Type::bind;
  } else if (type == "volume") {
    mount_.type = Mount::Type::volume;
  } else if (type == "tmpfs") {
    mount_.type = Mount::Type::tmpfs;
  } else {
    static const std::vector<std::string> known = {"bind", "volume", "tmpfs"};
    Error error = context_.malformed(fmt::format("has an unknown type `{}`", printable(value)))
                      .note("the types are bind, volume and tmpfs");
    if (const std::optional<std::string> meant = nearest(value, known)) {
      error.hint(fmt::format("did you mean `{}`?", *meant));
    }
    return fail(std::move(error));
  }
  return {};
}

Result<void> RecordReader::check_type_of(const Field& field) const {
  const bool bind_only = field.key == "bind-propagation";
  const bool tmpfs_only = field.key == "tmpfs-size";
  const bool misplaced = (bind_only && mount_.type != Mount::Type::bind) ||
                         (tmpfs_only && mount_.type != Mount::Type::tmpfs) ||
                         (field.key == "source" && mount_.type == Mount::Type::tmpfs);
  if (!misplaced) {
    return {};
  }
  return fail(context_.malformed(fmt::format("has `{}`, which its type does not take", field.key))
                  .hint(bind_only    ? "add `type=bind`"
                        : tmpfs_only ? "add `type=tmpfs`"
                                     : "leave `source` out: a tmpfs has none"));
}

Result<void> RecordReader::apply(const Field& field) {
  BERTH_CHECK(check_type_of(field));
  const std::string value = field.value.value_or("true");
  if (field.key == "source") {
    source_ = value;
  } else if (field.key == "target") {
    target_ = value;
  } else if (field.key == "readonly") {
    const std::string word = lowered(value);
    if (word != "true" && word != "false" && word != "1" && word != "0") {
      return fail(context_.malformed(
          fmt::format("has `{}` for `readonly`, which takes true or false", printable(value))));
    }
    mount_.read_only = word == "true" || word == "1";
  } else if (field.key == "bind-propagation") {
    if (!is_propagation(value)) {
      return fail(
          context_.malformed(fmt::format("has an unknown propagation `{}`", printable(value)))
              .note("propagations are rprivate, private, rshared, shared, rslave and slave"));
    }
    mount_.propagation = value;
  } else if (field.key == "tmpfs-size") {
    Result<std::uint64_t> bytes = parse_bytes(value);
    if (!bytes) {
      return fail(
          context_
              .malformed(fmt::format("has the tmpfs-size `{}`, which is no size", printable(value)))
              .hint("`tmpfs-size=16g`"));
    }
    mount_.tmpfs_bytes = *bytes;
  }
  return {};
}

Result<void> RecordReader::finish() {
  if (target_.empty()) {
    return fail(context_.malformed("has no target").hint("add `target=/data`"));
  }
  BERTH_TRY(mount_.target, context_.target(target_));
  if (mount_.type == Mount::Type::bind && source_.empty()) {
    return fail(context_.malformed("has no source").hint("add `source=./data`"));
  }
  if (mount_.type == Mount::Type::bind) {
    BERTH_TRY(mount_.source, context_.host_path(source_));
  } else if (!source_.empty()) {
    BERTH_TRY(mount_.source, context_.volume_name(source_));
  }
  return {};
}

Result<Mount> RecordReader::mount() {
  BERTH_CHECK(context_.check_text());
  BERTH_CHECK(read_fields());
  mount_.type = Mount::Type::volume;  // docker's default
  for (const Field& field : fields_) {
    if (field.key == "type") {
      BERTH_CHECK(set_type(*field.value));
    }
  }
  for (const Field& field : fields_) {
    BERTH_CHECK(apply(field));
  }
  BERTH_CHECK(finish());
  return std::move(mount_);
}

}  // namespace

Result<Mount> parse_mount(std::string_view text, const std::filesystem::path& base,
                          const std::filesystem::path& home) {
  const Context context(text, base, home);
  return RecordReader(context).mount();
}

}  // namespace berth
