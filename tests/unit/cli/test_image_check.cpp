// Who is asked about an image, and what becomes of the answer. The registries themselves are in
// tests/integration/test_registry.py.
#include "cli/image_check.hpp"

#include <algorithm>
#include <set>

#include "berth/base/embedded.hpp"
#include "berth/resolver/described_host.hpp"
#include "berth/resolver/resolve.hpp"
#include "support/catch.hpp"

using namespace berth;
using namespace berth::cli;

namespace {

const Catalog& catalogue() {
  static const Catalog catalog = load_catalog(embedded_files()).value();
  return catalog;
}

ResolveRequest torch_request() {
  ResolveRequest request;
  request.requirements.push_back(
      {pep508::Requirement::parse("torch==2.3.1").value(), Origin{"requirements.txt:1"}});
  return request;
}

Host machine() {
  return described_host("535.104.05", {"RTX 3090"}, catalogue()).value();
}

Result<Decision> decided(const ResolveRequest& request, const AskImage& ask) {
  const Decide decide = [&request](const Catalog& catalog) {
    return resolve(request, machine(), catalog);
  };
  return decide_with_image(decide, request.image.has_value(), machine(), catalogue(), ask, {});
}

Error verdict() {
  return Error{Errc::not_found, "the registry has no image `it`"}.named("image-not-found");
}

bool mentions(const std::vector<std::string>& texts, std::string_view words) {
  return std::any_of(texts.begin(), texts.end(), [words](const std::string& text) {
    return text.find(words) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("an image that its registry does not have is passed over, and the next is asked") {
  std::vector<std::string> asked;
  const AskImage ask = [&asked](const std::string& reference) -> Result<ImageFacts> {
    asked.push_back(reference);
    return asked.size() < 3 ? Result<ImageFacts>(fail(verdict())) : ImageFacts{};
  };
  const Result<Decision> decision = decided(torch_request(), ask);
  REQUIRE(decision);
  CHECK(decision->image == asked.back());
  CHECK(decision->image_facts);
  CHECK(std::set<std::string>(asked.begin(), asked.end()).size() == 3);
  CHECK(mentions(decision->warnings, "the registry has no image"));
}

TEST_CASE("it does not go on for ever") {
  int asked = 0;
  const AskImage ask = [&asked](const std::string&) -> Result<ImageFacts> {
    ++asked;
    return fail(verdict());
  };
  const Result<Decision> decision = decided(torch_request(), ask);
  REQUIRE_FALSE(decision);
  CHECK(asked <= 4);
}

TEST_CASE("an image that was given is not replaced: the error names the nearest") {
  ResolveRequest request = torch_request();
  request.image =
      Sourced<std::string>{"pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtim", Origin{"--image"}};
  const AskImage ask = [](const std::string&) -> Result<ImageFacts> { return fail(verdict()); };
  const Result<Decision> decision = decided(request, ask);
  REQUIRE_FALSE(decision);
  CHECK(decision.error().id == "image-not-found");
  CHECK(mentions(decision.error().hints, "--image pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime"));
}

TEST_CASE("where nobody answers the catalogue decides, and says so") {
  const AskImage ask = [](const std::string&) -> Result<ImageFacts> {
    return fail(Error{Errc::io, "`https://x`: it cannot be reached"}.named("registry-unreachable"));
  };
  const Result<Decision> decision = decided(torch_request(), ask);
  REQUIRE(decision);
  CHECK(mentions(decision->warnings, "the catalogue alone decided"));
  const AskImage interrupted = [](const std::string&) -> Result<ImageFacts> {
    return fail(Errc::interrupted, "stopped");
  };
  CHECK(decided(torch_request(), interrupted).error().code == Errc::interrupted);
}

TEST_CASE("NVIDIA's hook judges requests of driver nvidia, and no others") {
  DeviceRequest nvidia;
  nvidia.driver = DeviceRequest::Driver::nvidia;
  DeviceRequest cdi;
  cdi.driver = DeviceRequest::Driver::cdi;
  const auto docker = [](const char* version) {
    EngineFacts facts;
    facts.version = version;
    return facts;
  };
  CHECK(require_check({nvidia}, docker("20.10.24+dfsg1")) == RequireCheck::made);
  CHECK(require_check({nvidia}, docker("28.5.1")) == RequireCheck::made);
  CHECK(require_check({nvidia}, docker("29.2.0")) == RequireCheck::possible);
  CHECK(require_check({nvidia}, docker("dev")) == RequireCheck::possible);
  CHECK(require_check({cdi}, docker("28.5.1")) == RequireCheck::none);
  EngineFacts podman = docker("5.4.0");
  podman.kind = EngineFacts::Kind::podman;
  CHECK(require_check({nvidia}, podman) == RequireCheck::none);
}

TEST_CASE("a variable without a value is the caller's") {
  RunRequest run;
  run.environment = {{"A", "1", Origin{"-e"}},
                     {"B", std::nullopt, Origin{"-e"}},
                     {"C", std::nullopt, Origin{"-e"}}};
  spec::Surroundings caller;
  caller.environment = [](const std::string& name) {
    return name == "B" ? std::optional<std::string>("2") : std::nullopt;
  };
  CHECK(run_environment(run, caller) == std::vector<std::string>{"A=1", "B=2", "C"});
}
