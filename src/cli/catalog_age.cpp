#include "cli/catalog_age.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <chrono>
#include <ctime>

namespace berth::cli {

namespace {

constexpr std::int64_t kOldAfterDays = 180;
constexpr std::int64_t kSecondsPerDay = 86400;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() ? std::optional<int>(value) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> catalog_age_days(const std::string& version, std::int64_t now) {
  constexpr std::size_t kDate = 10;  // "2026-11-23"; of a month alone the first day counts
  const std::string date = version.size() == 7 ? version + "-01" : version;
  if (date.size() != kDate) {
    return std::nullopt;
  }
  const auto year = number(std::string_view(date).substr(0, 4));
  const auto month = number(std::string_view(date).substr(5, 2));
  const auto day = number(std::string_view(date).substr(8, 2));
  if (!year || !month || !day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day moment{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
  if (!moment.ok()) {
    return std::nullopt;
  }
  const std::int64_t age =
      now / kSecondsPerDay - std::chrono::sys_days(moment).time_since_epoch().count();
  return age >= 0 ? std::optional<std::int64_t>(age) : std::nullopt;
}

std::optional<std::string> old_catalog_text(const Catalog& catalog,
                                            const spec::Surroundings& surroundings,
                                            std::int64_t now) {
  const std::string limit = surroundings.environment("BERTH_CATALOG_MAX_AGE").value_or("");
  const std::int64_t most = number(limit).value_or(static_cast<int>(kOldAfterDays));
  const std::optional<std::int64_t> age = catalog_age_days(catalog.version, now);
  if (most <= 0 || !age || *age <= most) {
    return std::nullopt;
  }
  return fmt::format(
      "the catalogue is of {}, {} days old: newer releases are not known to it; `berth catalog "
      "update --from URL` or a newer berth brings it up to date",
      catalog.version, *age);
}

void note_old_catalog(const Context& context, const Catalog& catalog) {
  if (const auto text = old_catalog_text(catalog, context.surroundings, std::time(nullptr))) {
    context.messages.note(*text);
  }
}

}  // namespace berth::cli
