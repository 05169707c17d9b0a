// How old the catalogue is. Its facts age: new releases, withdrawn tags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.hpp"

namespace berth::cli {

// Whole days from a catalogue's version ("2026-11-23") to `now`, in seconds since 1970; nullopt for
// a version that is no date, and before it.
std::optional<std::int64_t> catalog_age_days(const std::string& version, std::int64_t now);

// One line about a catalogue that is older than 180 days, or than $BERTH_CATALOG_MAX_AGE days (0:
// never said); nullopt while it is not.
std::optional<std::string> old_catalog_text(const Catalog& catalog,
                                            const spec::Surroundings& surroundings,
                                            std::int64_t now);

// Says it, now.
void note_old_catalog(const Context& context, const Catalog& catalog);

}  // namespace berth::cli
