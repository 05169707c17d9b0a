#include "resolver/catalog_findings.hpp"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <string>
#include <utility>

namespace berth::detail {

std::vector<CatalogFinding> summed_up(std::vector<CatalogFinding> findings) {
  std::vector<CatalogFinding> kept;
  std::map<std::string, std::pair<std::size_t, std::size_t>> places;  // in `kept`, and how many
  for (CatalogFinding& finding : findings) {
    const auto [known, is_new] =
        places.try_emplace(finding.code + " " + finding.text, kept.size(), 1);
    if (is_new) {
      kept.push_back(std::move(finding));
    } else {
      ++known->second.second;
    }
  }
  for (const auto& [text, place] : places) {
    const std::size_t more = place.second - 1;
    if (more > 0 && !kept[place.first].row.empty()) {
      kept[place.first].text += fmt::format(" (and {} more row{})", more, more == 1 ? "" : "s");
    }
  }
  return kept;
}

}  // namespace berth::detail
