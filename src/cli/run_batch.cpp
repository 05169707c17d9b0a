#include "cli/run_batch.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "berth/runtime/run_labels.hpp"
#include "cli/error_json.hpp"
#include "cli/exit_code.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

// As many calls at once as an engine takes without trouble.
constexpr std::size_t kAtOnce = 16;

}  // namespace

Json item_json(const Choice& choice, const Result<Json>& details) {
  Json item = {{"run", choice.word}, {"id", nullptr}, {"name", nullptr}};
  if (choice.run) {
    item["id"] = choice.run->id;
    item["name"] = choice.run->name;
  }
  if (details && details->is_object()) {
    item.update(*details);
  }
  item["error"] = details ? Json(nullptr) : error_json(details.error());
  return item;
}

void print_items(Context& context, const std::string& schema, Json items) {
  const Json document = {{"schema", schema}, {"items", std::move(items)}};
  context.out << document.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

int worse(int code, const Error& error) {
  return error.code == Errc::engine_unreachable ? kEngineUnreachable : std::max(code, kFailed);
}

void for_each_run(const std::vector<Choice>& choices, const RunAction& action,
                  const std::function<void(const Choice&, const Result<BatchLine>&)>& tell) {
  std::vector<std::future<Result<BatchLine>>> under_way;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    while (under_way.size() < std::min(choices.size(), i + kAtOnce)) {
      const Choice& next = choices[under_way.size()];
      under_way.push_back(std::async(std::launch::async, [&next, &action]() -> Result<BatchLine> {
        if (!next.run) {
          return fail(next.run.error());
        }
        return action(*next.run);
      }));
    }
    tell(choices[i], under_way[i].get());
  }
}

int act_on_each(Context& context, const std::string& schema, const std::vector<Choice>& choices,
                const RunAction& action) {
  int code = kDone;
  Json items = Json::array();
  for_each_run(choices, action, [&](const Choice& choice, const Result<BatchLine>& result) {
    if (!result) {
      code = worse(code, result.error());
    }
    if (context.options.json) {
      items.push_back(item_json(
          choice, result ? Result<Json>(result->details) : Result<Json>(fail(result.error()))));
    } else if (!result) {
      context.messages.error(result.error());
    } else if (!result->text.empty()) {
      context.out << result->text << '\n' << std::flush;
    }
  });
  if (context.options.json) {
    print_items(context, schema, std::move(items));
  }
  return code;
}

}  // namespace berth::cli
