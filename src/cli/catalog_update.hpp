// `berth catalog update`: a newer catalogue than the embedded one, for this user.
#pragma once

#include <stop_token>
#include <string>

#include "cli/context.hpp"

namespace berth::cli {

struct CatalogUpdate {
  std::string version{};   // of the catalogue that was found
  std::string previous{};  // of the one in use before
  bool installed = false;  // false: what is in use is as new
};

// Fetches `catalog.sha256` from a folder or a URL, and each .json file that it names; checks their
// SHA-256, loads them, and puts them in place all at once. What was in place stays until then.
// Errors:
//   Errc::not_found      no index, or a file that it names is absent
//   Errc::invalid_input  the index is none, a file is not what the index says, the catalogue has
//                        mistakes or lacks a kind of facts
//   Errc::io             the folder or the server cannot be read, or the result not be written
//   Errc::interrupted    a stop was asked for before all was there
Result<CatalogUpdate> update_catalog(const Context& context, const std::string& from,
                                     const std::stop_token& stop);

// Removes what update_catalog() installed. False: nothing was.
Result<bool> reset_catalog(const Context& context);

}  // namespace berth::cli
