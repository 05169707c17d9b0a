// Requests with a constraint less: what the remedies try.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// The request as a command can say it: the lines that count, and nothing of the project's files.
ResolveRequest standalone(const ResolveRequest& request, const std::vector<World>& worlds,
                          const Catalog& catalog);

// `text` in place of the lines of its name; what else belongs to the framework keeps its name, and
// demands nothing.
ResolveRequest with_line(ResolveRequest request, const Framework& framework,
                         const std::string& text, const Catalog& catalog);

// Every line with its name alone.
ResolveRequest without_demands(ResolveRequest request);

// "jax[cuda12]": the name with the extras that lines ask for.
std::string name_with_extras(const ResolveRequest& request, const Framework& framework,
                             const Catalog& catalog);

// Which version the lines are about: the one that a pin names, else the newest release that they
// accept; else the bound that shuts all of them out, 0.3 of `torch<0.3`, which may itself do.
struct AskedVersion {
  pep440::Version version;
  bool is_bound = false;
};
std::optional<AskedVersion> asked_version(const Framework& framework,
                                          const std::vector<World>& worlds);

}  // namespace berth::resolver
