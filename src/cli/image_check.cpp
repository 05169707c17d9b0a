#include "cli/image_check.hpp"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <utility>

#include "berth/base/dotted_version.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"
#include "berth/runtime/image_registry.hpp"
#include "cli/engine_access.hpp"
#include "cli/obtain_image.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

// More than this many tags of one answer that are gone: the catalogue is too old to go on with.
constexpr int kMostTries = 4;

constexpr std::string_view kNotAsked = "not-asked";

std::string platform_of(const ImageInquiry& inquiry, const Host& host) {
  if (!inquiry.platform.empty()) {
    return inquiry.platform;
  }
  const bool known = host.engine && !host.engine->architecture.empty();
  return "linux/" + (known ? host.engine->architecture : host.architecture);
}

runtime::RegistryAccess access_of(const ImageInquiry& inquiry, const Host& host,
                                  const Context& context) {
  runtime::RegistryAccess access;
  access.environment = context.surroundings.environment;
  if (host.engine) {
    access.insecure_registries = host.engine->insecure_registries;
    access.elsewhere = !on_this_machine(*host.engine);
  }
  access.user_agent = std::string("berth/") + kVersion;
  access.stop = inquiry.stop;
  access.log = context.log;
  return access;
}

Error not_there(const std::string& image, const Error& verdict, const Catalog& catalog) {
  Error error = verdict;
  if (verdict.id == "image-not-found") {
    if (const std::string near = nearest_image(catalog, image); !near.empty()) {
      error.note(fmt::format("the catalogue's nearest is `{}`", near));
      error.hint(fmt::format("`berth run --image {} …`", shell_quoted(near)));
    }
    error.hint("`berth catalog images` lists the tags that are known");
  }
  return error;
}

}  // namespace

AskImage ask_image(const ImageInquiry& inquiry, const Host& host, const Context& context) {
  return
      [inquiry, platform = platform_of(inquiry, host), access = access_of(inquiry, host, context)](
          const std::string& reference) -> Result<ImageFacts> {
        if (inquiry.engine != nullptr && inquiry.pull != PullPolicy::always) {
          BERTH_TRY(std::optional<ImageFacts> local, inquiry.engine->inspect_image(reference));
          if (local && is_for(*local, platform)) {
            return std::move(*local);
          }
        }
        if (!inquiry.registry || inquiry.pull == PullPolicy::never) {
          return fail(
              Error{Errc::not_found, "the engine does not have it, and no registry is asked"}.named(
                  std::string(kNotAsked)));
        }
        return runtime::ask_registry(reference, platform, access);
      };
}

RequireCheck require_check(const std::vector<DeviceRequest>& devices, const EngineFacts& engine) {
  const bool by_cdi = !devices.empty() && devices.front().driver == DeviceRequest::Driver::cdi;
  if (by_cdi || engine.kind == EngineFacts::Kind::podman) {
    return RequireCheck::none;
  }
  // "20.10.24+dfsg1": what is behind the numbers is the distribution's.
  const auto version = DottedVersion<struct DockerTag>::parse(
      engine.version.substr(0, engine.version.find_first_not_of("0123456789.")));
  static const auto kCdiFirst = DottedVersion<struct DockerTag>::parse("29.2");
  const bool hook_alone = version && version < kCdiFirst;
  return hook_alone && !devices.empty() ? RequireCheck::made : RequireCheck::possible;
}

std::vector<std::string> run_environment(const RunRequest& run, const spec::Surroundings& caller) {
  std::vector<std::string> lines;
  for (const EnvironmentVariable& variable : run.environment) {
    const std::optional<std::string> value =
        variable.value ? variable.value : caller.environment(variable.name);
    lines.push_back(value ? variable.name + "=" + *value : variable.name);
  }
  return lines;
}

Result<Decision> decide_with_image(const Decide& decide, bool fixed, const Host& host,
                                   const Catalog& catalog, const AskImage& ask,
                                   const ImageUse& use) {
  std::optional<Catalog> rest;  // without what is gone
  std::vector<std::string> gone;
  for (int attempt = 1;; ++attempt) {
    Result<Decision> decision = decide(rest ? *rest : catalog);
    if (!decision) {
      Error error = std::move(decision).error();
      for (const std::string& text : gone) {
        error.note(text);
      }
      return fail(std::move(error));
    }
    decision->warnings.insert(decision->warnings.end(), gone.begin(), gone.end());
    const std::string image = decision->image;
    Result<ImageFacts> facts = ask(image);
    if (facts) {
      ImageUse this_use = use;
      this_use.to_be_pulled = use.to_be_pulled && facts->from != ImageFacts::From::engine;
      BERTH_CHECK(apply_image_facts(*decision, std::move(*facts), this_use, host, catalog));
      return decision;
    }
    const Error& error = facts.error();
    if (error.code == Errc::interrupted || error.code == Errc::engine_unreachable) {
      return fail(error);
    }
    if (!runtime::is_verdict(error)) {
      decision->warnings.push_back(fmt::format(
          "{}; nobody has asked {} itself, the catalogue alone decided", error.message, image));
      return decision;
    }
    if (fixed || attempt == kMostTries) {
      return fail(not_there(image, error, catalog));
    }
    gone.push_back(fmt::format("{}: the catalogue of {} is out of date there, the next was taken",
                               error.message, catalog.version));
    rest = without_image(rest ? *rest : catalog, image);
  }
}

}  // namespace berth::cli
