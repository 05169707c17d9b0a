#include "resolver/catalog_row_checks.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "berth/base/dotted_version.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "resolver/catalog_rows.hpp"

namespace berth::detail {

namespace {

using Level = CatalogFinding::Level;

unsigned number_at(std::string_view text, std::size_t from, std::size_t length) {
  unsigned number = 0;
  for (const char c : text.substr(from, length)) {
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

// That it is digits and dashes is load_catalog()'s to say.
bool has_form(std::string_view text) {
  const bool whole = text.size() == std::string_view("2024-06-05").size();
  return (whole || text.size() == std::string_view("2024-06").size()) && text[4] == '-' &&
         (!whole || text[7] == '-') &&
         text.find_first_not_of("0123456789-") == std::string_view::npos;
}

bool is_day(std::string_view text) {
  using namespace std::chrono;
  const unsigned day_of_month = text.size() > 7 ? number_at(text, 8, 2) : 1;
  return year_month_day(year(static_cast<int>(number_at(text, 0, 4))), month(number_at(text, 5, 2)),
                        day(day_of_month))
      .ok();
}

class RowChecks {
 public:
  RowChecks(const std::string& name, const JsonNode& document, const std::string& today)
      : name_(name), updated_(text_of(document, "updated")) {
    check_date("updated", updated_);
    if (!today.empty() && has_form(updated_) && updated_ > today) {
      tell(Level::warning, "date-in-future",
           fmt::format("`updated` is {}, and today is {}", updated_, today));
    }
    for_each_row(document,
                 [this](const std::string& table, std::size_t index, const JsonNode& row) {
                   row_ = fmt::format("{}[{}]", table, index);
                   check_dates(row);
                   check_ranges(row);
                   check_tag(table, row);
                   check_order(table, row);
                 });
  }

  std::vector<CatalogFinding> findings() && { return std::move(findings_); }

 private:
  void tell(Level level, std::string code, std::string text) {
    findings_.push_back({level, std::move(code), name_, row_, std::move(text)});
  }

  bool check_date(std::string_view key, const std::string& date) {
    if (!has_form(date) || is_day(date)) {
      return has_form(date);
    }
    tell(Level::error, "date-impossible", fmt::format("`{}` is {}, which is no day", key, date));
    return false;
  }

  void check_dates(const JsonNode& row) {
    check_date("end_of_life", text_of(row, "end_of_life"));  // often lies ahead
    const std::string released = text_of(row, "released");
    if (check_date("released", released) && has_form(updated_) && released > updated_) {
      tell(Level::error, "date-after-update",
           fmt::format("`released` is {}, and the file is of {}", released, updated_));
    }
  }

  template <class Version>
  void check_range(const JsonNode& row, const char* low, const char* high, Level level) {
    const std::optional<Version> from = Version::parse(text_of(row, low));
    const std::optional<Version> to = Version::parse(text_of(row, high));
    if (from && to && *to < *from) {
      tell(level, "range-inverted",
           fmt::format("`{}` is {}, and `{}` is {}", low, from->text(), high, to->text()));
    }
  }

  void check_ranges(const JsonNode& row) {
    check_range<PythonVersion>(row, "python_min", "python_max", Level::error);
    // NVIDIA's tables were corrected after the fact: a note says where that is so.
    if (text_of(row, "note").empty()) {
      check_range<DriverVersion>(row, "driver", "bundled_driver", Level::error);
    }
  }

  // "2.3.1-cuda12.1-cudnn8-runtime".
  void check_tag(const std::string& table, const JsonNode& row) {
    constexpr std::string_view kMark = "cuda";
    const std::string tag = table == "images" ? text_of(row, "tag") : std::string();
    const std::size_t at = tag.find(kMark);
    const auto cuda = CudaVersion::parse(text_of(row, "cuda"));
    if (at == std::string::npos || !cuda) {
      return;
    }
    const std::string rest = tag.substr(at + kMark.size());
    const auto said = CudaVersion::parse(rest.substr(0, rest.find_first_not_of("0123456789.")));
    if (said && !said->covers(*cuda) && !cuda->covers(*said)) {
      tell(Level::error, "tag-contradicts",
           fmt::format("the tag `{}` says CUDA {}, the row {}", printable(tag), said->text(),
                       cuda->text()));
    }
  }

  // A newer driver branch runs what an older one does, and a newer toolkit needs no older driver.
  void check_order(const std::string& table, const JsonNode& row) {
    if (table == "branches") {
      order_by<DriverVersion, CudaVersion>(table, row, "branch", "cuda");
    } else if (table == "toolkits") {
      order_by<CudaVersion, DriverVersion>(table, row, "cuda", "driver");
    }
  }

  template <class Key, class Value>
  void order_by(const std::string& table, const JsonNode& row, const char* key, const char* value) {
    const auto at = Key::parse(text_of(row, key));
    const auto here = Value::parse(text_of(row, value));
    if (!at || !here) {
      return;
    }
    for (const auto& [other_row, texts] : seen_[table]) {
      const auto other_at = Key::parse(texts.first);
      const auto other = Value::parse(texts.second);
      if ((*other_at < *at && *here < *other) || (*at < *other_at && *other < *here)) {
        tell(Level::error, "range-inverted",
             fmt::format("{} {} has {} {}, and {} {} has {} ({})", key, at->text(), value,
                         here->text(), key, other_at->text(), other->text(), other_row));
        return;  // one wrong row contradicts many
      }
    }
    seen_[table].emplace_back(row_, std::pair(at->text(), here->text()));
  }

  const std::string& name_;
  const std::string updated_;
  std::string row_{};
  // By table: the rows that agree with each other so far.
  std::map<std::string, std::vector<std::pair<std::string, std::pair<std::string, std::string>>>>
      seen_{};
  std::vector<CatalogFinding> findings_{};
};

}  // namespace

std::vector<CatalogFinding> check_rows(const std::string& name, const JsonNode& document,
                                       const std::string& today) {
  return RowChecks(name, document, today).findings();
}

std::string contradiction(const JsonNode& first, const JsonNode& second) {
  constexpr std::array<std::string_view, 4> kWords = {"source", "note", "uncertain", "flavors"};
  std::vector<std::string> parts;
  for (const auto& [key, value] : first.members) {
    const JsonNode* other = member_of(second, key);
    const bool words = std::find(kWords.begin(), kWords.end(), key) != kWords.end();
    if (other == nullptr || words || key == "os" || shown_value(*other) == shown_value(value)) {
      continue;
    }
    parts.push_back(fmt::format("{} is {} and {}", printable(key), printable(shown_value(value)),
                                printable(shown_value(*other))));
  }
  return join(parts, ", ");
}

}  // namespace berth::detail
