// docker's --mount: one CSV record of keys and values.
#include "berth/model/mount.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "model/mount_context.hpp"

namespace berth {

namespace {

class RecordReader {
 public:
  explicit RecordReader(const MountContext& context) : context_(context) {}

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

  const MountContext& context_;
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

// Docker's that berth has no use for yet.
bool is_unsupported(const std::string& key) {
  static const std::vector<std::string> keys = {
      "bind-recursive", "bind-nonrecursive", "bind-create-src", "volume-subpath", "volume-nocopy",
      "volume-label",   "volume-driver",     "volume-opt",      "image-subpath",  "tmpfs-mode"};
  return std::find(keys.begin(), keys.end(), key) != keys.end();
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
  if (is_unsupported(field.key)) {
    return fail(context_.malformed(
        fmt::format("has the key `{}`, which berth does not support", field.key)));
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
  const MountContext context(text, base, home);
  return RecordReader(context).mount();
}

}  // namespace berth
