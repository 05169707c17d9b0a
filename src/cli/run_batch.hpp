// One thing done to each of several runs: side by side, told in the order in which they were named,
// and to the others even where one fails.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/run_selection.hpp"

namespace berth::cli {

struct BatchLine {
  std::string text{};                // on standard output; empty: none
  nlohmann::ordered_json details{};  // of the item in the document: an object, or null
};

// Called from several threads at once.
using RunAction = std::function<Result<BatchLine>(const Run&)>;

// With --json one document: `schema`, and `items` with an entry per run, of `run` (the word), `id`,
// `name`, what the action says, and `error` (null where there is none). Otherwise the lines, and
// the errors on standard error. The exit code: kDone, kFailed where any failed, kEngineUnreachable
// where the engine was lost.
int act_on_each(Context& context, const std::string& schema, const std::vector<Choice>& choices,
                const RunAction& action);

// An entry of `items`; `details` is what the action says.
nlohmann::ordered_json item_json(const Choice& choice,
                                 const Result<nlohmann::ordered_json>& details);
void print_items(Context& context, const std::string& schema, nlohmann::ordered_json items);
// The exit code after a further error, where it was `code` before.
int worse(int code, const Error& error);

// Called with each result, in order, as soon as those before it are there.
void for_each_run(const std::vector<Choice>& choices, const RunAction& action,
                  const std::function<void(const Choice&, const Result<BatchLine>&)>& tell);

}  // namespace berth::cli
