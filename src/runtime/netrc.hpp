// netrc: names and passwords by machine.
// Source of the grammar: ftp(1), and Python's netrc module, which pip reads it with.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime {

struct NetrcExcerpt {
  std::string text{};  // a netrc; empty: nothing is there for these hosts
  std::vector<std::string> passwords{};
};

// The entries for these hosts and no others: neither `default`, which would give a password to
// everybody, nor macros. A machine may be said with its port.
NetrcExcerpt netrc_for(std::string_view netrc, const std::set<std::string>& hosts);

}  // namespace berth::runtime
