#include "model/mount_record.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth {

namespace {

std::string canonical_key(const std::string& key) {
  if (key == "src") {
    return "source";
  }
  if (key == "dst" || key == "destination") {
    return "target";
  }
  return key == "ro" ? "readonly" : key;
}

// One in double quotes may contain commas, and "" in it is a quote.
Result<std::vector<std::string>> split_fields(const MountContext& context) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool closed = false;
  const std::string_view text = context.text();
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
      return fail(context.malformed(fmt::format("has a misplaced quote at column {}", i + 1))
                      .hint("quotes go around a whole field: `\"source=/a,b\"`"));
    } else {
      fields.back() += c;
    }
  }
  if (quoted) {
    return fail(context.malformed("lacks the closing \""));
  }
  return fields;
}

}  // namespace

Result<std::vector<MountField>> read_mount_record(const MountContext& context) {
  BERTH_TRY(const std::vector<std::string> texts, split_fields(context));
  std::vector<MountField> fields;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    MountField field{text.substr(0, equals), {}, std::nullopt};
    field.key = canonical_key(lowered(field.written));
    if (equals != std::string::npos) {
      field.value = text.substr(equals + 1);
    }
    if (trimmed(field.written) != field.written ||
        (field.value && trimmed(*field.value) != *field.value)) {
      return fail(context.malformed(fmt::format("has a blank around `{}`", printable(text))));
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace berth
