// Every torch release on drivers from 390 to 615 and GPUs from sm_35 to sm_121, against outcomes
// that were derived from tables of facts by another program (tests/tables/derive.py).
#include <algorithm>
#include <fstream>

#include "berth/base/text.hpp"
#include "resolver/machine.hpp"
#include "resolver/search.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::resolver;
using namespace berth::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStep = 17;
#else
constexpr std::size_t kStep = 1;
#endif

std::vector<std::vector<std::string>> table(const std::string& name) {
  std::ifstream file(std::string(BERTH_SOURCE_DIR) + "/tests/unit/resolver/data/" + name);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    rows.push_back(split(line, '\t'));
  }
  return rows;
}

// The build that is chosen; "-" where nothing serves. By the search alone: the words of a refusal
// are others' to test.
std::string chosen_build(const Question& question) {
  const ResolveRequest request = request_of(question);
  const Host host = host_of(question);
  const Result<Machine> machine = machine_for(request, host, catalogue());
  if (!machine) {
    REQUIRE(machine.error().id == "gpu-unknown-to-driver");
    return "-";
  }
  const Result<std::vector<World>> worlds = worlds_of(request, catalogue(), machine->architecture);
  REQUIRE(worlds);
  Search search(request, *machine, catalogue());
  search.run(*worlds);
  return search.satisfying().empty() ? "-"
                                     : search.satisfying().front().variants.front()->build->name;
}

}  // namespace

TEST_CASE("outcomes derived from the tables of facts: every torch release, driver and GPU") {
  const std::vector<std::vector<std::string>> rows = table("torch_outcomes.tsv");
  REQUIRE(rows.size() > 800);
  const std::vector<std::string>& drivers = rows.front();
  std::size_t checked = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    REQUIRE(rows[i].size() == drivers.size());
    for (std::size_t j = 2 + i % kStep; j < drivers.size(); j += kStep) {
      const std::string chosen = chosen_build({{"torch==" + rows[i][0]}, drivers[j], {rows[i][1]}});
      const std::vector<std::string> expected = split(rows[i][j], ',');
      INFO("torch " << rows[i][0] << ", driver " << drivers[j] << ", capability " << rows[i][1]
                    << ": one of " << rows[i][j]);
      CHECK(std::find(expected.begin(), expected.end(), chosen) != expected.end());
      ++checked;
    }
  }
  CHECK(checked > 20'000 / kStep);
}

TEST_CASE(
    "outcomes derived from the tables of facts: every container of NVIDIA whose driver is known") {
  const std::vector<std::vector<std::string>> rows = table("ngc_outcomes.tsv");
  REQUIRE(rows.size() > 40);
  const std::vector<std::string>& drivers = rows.front();
  for (std::size_t i = 1; i < rows.size(); ++i) {
    REQUIRE(rows[i].size() == drivers.size());
    for (std::size_t j = 2 + i % 3; j < drivers.size(); j += 3 * kStep) {
      Question question{{}, drivers[j], {rows[i][1]}};
      question.image = rows[i][0];
      INFO(rows[i][0] << ", driver " << drivers[j] << ", capability " << rows[i][1]);
      CHECK(answer(question).has_value() == (rows[i][j] == "yes"));
    }
  }
}
