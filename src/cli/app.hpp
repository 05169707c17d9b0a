// The command line as a whole: global options, the table of verbs, and what becomes of an error.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "berth/spec/gather.hpp"

namespace berth::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
};

// Parses, runs one verb, prints its error if it has one; returns the exit code. Never throws.
int run_app(const std::vector<std::string>& arguments, const Streams& streams,
            const spec::Surroundings& surroundings);

}  // namespace berth::cli
