// docker's --mount: one table says of each key which type takes it and what it sets. Source:
// docker/cli opts/mount.go.
#include "berth/model/mount.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "model/mount_context.hpp"
#include "model/mount_record.hpp"

namespace berth {

namespace {

using Type = Mount::Type;

// What a key's setter sees; paths and names are checked when all keys are known.
struct Reading {
  const MountContext& context;
  Mount mount{};
};

struct Key {
  std::string_view name;
  std::optional<Type> only;  // the type that takes it; absent: all
  bool bare;                 // may stand without a value, and means true then
  bool repeatable;
  Result<void> (*set)(Reading&, const Key&, const std::string& value);
};

Failure bad_value(const Reading& reading, const Key& key, const std::string& value,
                  std::string_view expected) {
  return fail(reading.context.malformed(
      fmt::format("has `{}` for `{}`, which takes {}", printable(value), key.name, expected)));
}

Result<void> nothing(Reading&, const Key&, const std::string&) {
  return {};
}

template <std::string Mount::*member>
Result<void> set_text(Reading& reading, const Key&, const std::string& value) {
  reading.mount.*member = value;
  return {};
}

template <bool Mount::*member>
Result<void> set_flag(Reading& reading, const Key& key, const std::string& value) {
  const std::string word = lowered(value);
  if (word != "true" && word != "false" && word != "1" && word != "0") {
    return bad_value(reading, key, value, "true or false");
  }
  reading.mount.*member = word == "true" || word == "1";
  return {};
}

template <std::map<std::string, std::string> Mount::*member>
Result<void> set_pair(Reading& reading, const Key& key, const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals == 0) {
    return bad_value(reading, key, value, "a name and a value");
  }
  (reading.mount.*member)[value.substr(0, equals)] =
      equals == std::string::npos ? "" : value.substr(equals + 1);
  return {};
}

Result<void> set_propagation(Reading& reading, const Key&, const std::string& value) {
  const std::string word = lowered(value);
  if (!is_propagation(word)) {
    return fail(
        reading.context.malformed(fmt::format("has an unknown propagation `{}`", printable(value)))
            .note("propagations are rprivate, private, rshared, shared, rslave and slave"));
  }
  reading.mount.propagation = word;
  return {};
}

Result<void> set_recursion(Reading& reading, const Key& key, const std::string& value) {
  for (const Mount::Recursion recursion :
       {Mount::Recursion::enabled, Mount::Recursion::disabled, Mount::Recursion::writable,
        Mount::Recursion::readonly}) {
    if (lowered(value) == name_of(recursion)) {
      reading.mount.recursion = recursion;
      return {};
    }
  }
  return bad_value(reading, key, value, "enabled, disabled, writable or readonly");
}

Result<void> refuse_nonrecursive(Reading& reading, const Key&, const std::string&) {
  return fail(reading.context.malformed("has `bind-nonrecursive`, which docker has given up")
                  .hint("`bind-recursive=disabled` says the same"));
}

Result<void> set_tmpfs_size(Reading& reading, const Key&, const std::string& value) {
  const Result<std::uint64_t> bytes = parse_bytes(value);
  if (!bytes) {
    return fail(
        reading.context
            .malformed(fmt::format("has the tmpfs-size `{}`, which is no size", printable(value)))
            .hint("`tmpfs-size=16g`"));
  }
  reading.mount.tmpfs_bytes = *bytes;
  return {};
}

Result<void> set_tmpfs_mode(Reading& reading, const Key& key, const std::string& value) {
  constexpr std::uint32_t kMost = 07777;
  std::uint32_t mode = 0;
  const std::from_chars_result read =
      std::from_chars(value.data(), value.data() + value.size(), mode, 8);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size() || mode > kMost) {
    return bad_value(reading, key, value, "an octal mode such as 1777");
  }
  reading.mount.tmpfs_mode = mode;
  return {};
}

const std::vector<Key>& mount_keys() {
  static const std::vector<Key> keys = {
      {"type", {}, false, false, nothing},  // read before the others
      {"source", {}, false, false, set_text<&Mount::source>},
      {"target", {}, false, false, set_text<&Mount::target>},
      {"readonly", {}, true, false, set_flag<&Mount::read_only>},
      {"consistency", {}, false, false, nothing},  // of Docker Desktop on macOS
      {"bind-propagation", Type::bind, false, false, set_propagation},
      {"bind-recursive", Type::bind, false, false, set_recursion},
      {"bind-create-src", Type::bind, true, false, set_flag<&Mount::create_source>},
      {"bind-nonrecursive", Type::bind, true, false, refuse_nonrecursive},
      {"volume-nocopy", Type::volume, true, false, set_flag<&Mount::no_copy>},
      {"volume-subpath", Type::volume, false, false, set_text<&Mount::subpath>},
      {"volume-label", Type::volume, false, true, set_pair<&Mount::volume_labels>},
      {"volume-driver", Type::volume, false, false, set_text<&Mount::volume_driver>},
      {"volume-opt", Type::volume, false, true, set_pair<&Mount::volume_options>},
      {"image-subpath", Type::image, false, false, set_text<&Mount::subpath>},
      {"tmpfs-size", Type::tmpfs, false, false, set_tmpfs_size},
      {"tmpfs-mode", Type::tmpfs, false, false, set_tmpfs_mode}};
  return keys;
}

Result<const Key*> find_key(const MountContext& context, const MountField& field) {
  const std::vector<Key>& keys = mount_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == field.key; });
  if (found != keys.end()) {
    return &*found;
  }
  std::vector<std::string> known = {"src", "dst", "destination", "ro"};
  std::vector<std::string> shown;
  for (const Key& key : keys) {
    known.emplace_back(key.name);
    shown.emplace_back(key.name);
  }
  Error error = context.malformed(fmt::format("has an unknown key `{}`", printable(field.written)));
  error.note("the keys are " + join(shown, ", "));
  if (const std::optional<std::string> meant = nearest(field.written, known)) {
    error.hint(fmt::format("did you mean `{}`?", *meant));
  }
  return fail(std::move(error));
}

Result<Type> parse_type(const MountContext& context, const std::string& value) {
  static const std::vector<std::string> known = {"bind", "volume", "tmpfs", "image"};
  const std::string word = lowered(value);
  for (const Type type : {Type::bind, Type::volume, Type::tmpfs, Type::image}) {
    if (word == name_of(type)) {
      return type;
    }
  }
  Error error = context.malformed(fmt::format("has an unknown type `{}`", printable(value)))
                    .note("the types are bind, volume, tmpfs and image");
  if (const std::optional<std::string> meant = nearest(value, known)) {
    error.hint(fmt::format("did you mean `{}`?", *meant));
  }
  return fail(std::move(error));
}

Result<void> check_field(const MountContext& context, const Key& key, const MountField& field) {
  if (!key.bare && !field.value) {
    return fail(context.malformed(fmt::format("has `{}` without a value", field.written)));
  }
  if (field.value && field.value->empty()) {
    return fail(context.malformed(fmt::format("has an empty `{}`", field.written)));
  }
  return {};
}

Result<void> apply(Reading& reading, const Key& key, const MountField& field) {
  const Type type = reading.mount.type;
  if (key.only && *key.only != type) {
    return fail(
        reading.context.malformed(fmt::format("has `{}`, which its type does not take", field.key))
            .hint(fmt::format("add `type={}`", name_of(*key.only))));
  }
  if (field.key == "source" && type == Type::tmpfs) {
    return fail(reading.context.malformed("has `source`, which its type does not take")
                    .hint("leave `source` out: a tmpfs has none"));
  }
  return key.set(reading, key, field.value.value_or("true"));
}

// Docker's rules, so that what cannot be is refused before an image is pulled.
Result<void> check_recursion(const Reading& reading) {
  const Mount& mount = reading.mount;
  const bool about_read_only = mount.recursion == Mount::Recursion::writable ||
                               mount.recursion == Mount::Recursion::readonly;
  if (about_read_only && !mount.read_only) {
    return fail(
        reading.context
            .malformed(fmt::format("has `bind-recursive={}`, which is for a read-only mount",
                                   name_of(mount.recursion)))
            .hint("add `readonly`"));
  }
  if (mount.recursion == Mount::Recursion::readonly && mount.propagation != "rprivate") {
    return fail(
        reading.context.malformed("has `bind-recursive=readonly`, which needs private propagation")
            .hint("add `bind-propagation=rprivate`"));
  }
  return {};
}

Result<void> check_subpath(const Reading& reading) {
  const std::string& subpath = reading.mount.subpath;
  for (const std::string& part : split(subpath, '/')) {
    if (part == ".." || subpath.starts_with('/')) {
      return fail(reading.context.malformed(fmt::format(
          "has the subpath `{}`, which does not lie below its source", printable(subpath))));
    }
  }
  return {};
}

Result<void> finish(Reading& reading) {
  const MountContext& context = reading.context;
  Mount& mount = reading.mount;
  if (mount.target.empty()) {
    return fail(context.malformed("has no target").hint("add `target=/data`"));
  }
  BERTH_TRY(mount.target, context.target(mount.target));
  if (mount.source.empty() && (mount.type == Type::bind || mount.type == Type::image)) {
    return fail(context.malformed("has no source")
                    .hint(mount.type == Type::bind ? "add `source=./data`"
                                                   : "add `source=IMAGE`, a reference"));
  }
  if (mount.type == Type::bind) {
    BERTH_TRY(mount.source, context.host_path(mount.source));
  } else if (mount.type == Type::volume && !mount.source.empty()) {
    BERTH_TRY(mount.source, context.volume_name(mount.source));
  }
  BERTH_CHECK(check_subpath(reading));
  return check_recursion(reading);
}

}  // namespace

Result<Mount> parse_mount(std::string_view text, const std::filesystem::path& base,
                          const std::filesystem::path& home) {
  const MountContext context(text, base, home);
  BERTH_CHECK(context.check_text());
  BERTH_TRY(const std::vector<MountField> fields, read_mount_record(context));
  Reading reading{context};
  reading.mount.type = Type::volume;  // docker's default
  std::vector<const Key*> keys;
  for (const MountField& field : fields) {
    BERTH_TRY(const Key* key, find_key(context, field));
    BERTH_CHECK(check_field(context, *key, field));
    if (!key->repeatable && std::find(keys.begin(), keys.end(), key) != keys.end()) {
      return fail(context.malformed(fmt::format("gives `{}` twice", field.key)));
    }
    keys.push_back(key);
    if (field.key == "type") {
      BERTH_TRY(reading.mount.type, parse_type(context, *field.value));
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    BERTH_CHECK(apply(reading, *keys[i], fields[i]));
  }
  BERTH_CHECK(finish(reading));
  return std::move(reading.mount);
}

}  // namespace berth
