// WWW-Authenticate: what a registry wants to know of the caller, and who vouches for him. Source:
// RFC 9110 (11.6.1), distribution's token authentication.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime {

struct AuthChallenge {
  std::string scheme{};                             // in lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters{};  // names in lower case: realm, service, scope
};

// Of one header, which may hold several. What is not of the grammar ends the reading: what came
// before it counts.
std::vector<AuthChallenge> parse_challenges(std::string_view header);

}  // namespace berth::runtime
