// What a request would get, without an explanation: what remedies are tried by.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

struct Outcome {
  std::string image;                      // empty: there is no answer
  std::vector<std::string> frameworks;    // "torch 2.7.1 (cu128)"
  std::vector<pep440::Version> versions;  // of the framework asked about, in all satisfying options
  std::set<DriverVersion> drivers;        // each of which would do, if its option is right
};

// Arguments must be of a valid request; `framework` null: no versions are told.
Outcome outcome_of(const ResolveRequest& request, const Host& host, const Catalog& catalog,
                   const Framework* framework = nullptr);

}  // namespace berth::resolver
