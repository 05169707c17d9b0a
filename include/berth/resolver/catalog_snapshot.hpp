// The catalogue in the form in which a berth carries its own: what load_catalog() made of the JSON
// files, field after field, so that no run parses half a megabyte of text. Made at build time by
// make_snapshot.cpp; the files stay the source, and are embedded, too, for those that look at them.
//
// The form is nobody's business but this berth's: it has no version, and a snapshot is read by the
// berth that wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "berth/resolver/catalog.hpp"

namespace berth {

std::string write_snapshot(const Catalog& catalog);

// nullopt for what is none, or is cut short. The images are read when they are looked at: until
// then the snapshot must be there.
std::optional<Catalog> read_snapshot(std::string_view snapshot);

}  // namespace berth
