#include "cli/global_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

namespace berth::cli {

namespace {

// CLI11 reads an enumeration from its number; its own transformers would list the numbers in their
// complaints, and accept them.
std::string color_number(std::string& word) {
  const std::map<std::string, ColorMode> colors = {
      {"auto", ColorMode::automatic}, {"always", ColorMode::always}, {"never", ColorMode::never}};
  const auto color = colors.find(word);
  if (color == colors.end()) {
    return "`" + word + "` is not auto, always or never";
  }
  word = std::to_string(static_cast<int>(color->second));
  return {};
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& options) {
  constexpr const char* kGroup = "Global options";
  app.add_flag("--json", options.json, "One JSON document on standard output, errors too")
      ->group(kGroup);
  app.add_flag("-q,--quiet", options.quiet, "No warnings and no progress")->group(kGroup);
  // To docker's users `run -v` is a volume: there only the long form is verbose, or `berth -v run`.
  const bool short_is_taken = app.get_option_no_throw("-v") != nullptr;
  app.add_flag(short_is_taken ? "--verbose" : "-v,--verbose", options.verbosity,
               "Say what is done; twice adds every engine call")
      ->group(kGroup);
  app.add_option("--color", options.color, "auto, always or never")
      ->transform(CLI::Validator(color_number, ""))
      ->option_text("WHEN")
      ->group(kGroup);
  app.add_option("--engine", options.engine, "Engine to use, e.g. unix:///run/docker.sock")
      ->option_text("URL")
      ->group(kGroup);
  app.add_option("--context", options.context, "Docker context whose engine is used")
      ->option_text("NAME")
      ->group(kGroup);
  app.add_option("--catalog", options.catalog, "Folder whose files replace those of the catalogue")
      ->option_text("DIR")
      ->group(kGroup);
}

bool wants_json(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), end, "--json") != end;
}

}  // namespace berth::cli
