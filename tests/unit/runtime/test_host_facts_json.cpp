// Host facts as JSON: what is written is read again, and what is wrong is named.
#include <string>

#include "berth/runtime/host_facts_json.hpp"
#include "support/catch.hpp"

using berth::Errc;
using berth::Host;
using berth::Result;
using berth::runtime::host_facts_document;
using berth::runtime::read_host_facts;

namespace {

Host full_host() {
  Host host;
  host.architecture = "arm64";
  host.driver = berth::DriverVersion::parse("535.104.05");
  host.driver_cuda = berth::CudaVersion::parse("12.2");
  host.gpus = {
      {.index = 0,
       .name = "NVIDIA GeForce RTX 3090",
       .uuid = "GPU-82523fd8-3897-f599-d088-ccd04ae45ec1",
       .compute_capability = berth::ComputeCapability{8, 6},
       .memory_bytes = 25769803776ULL},
      {.index = 3, .name = "NVIDIA T4"},
  };
  host.memory_bytes = 135000000000ULL;
  host.free_disk_bytes = 42;
  host.engine = berth::EngineFacts{.kind = berth::EngineFacts::Kind::podman,
                                   .address = "unix:///run/podman.sock",
                                   .version = "5.4.2",
                                   .api_version = "1.41",
                                   .architecture = "arm64",
                                   .storage_root = "/var/lib/containers",
                                   .memory_bytes = 8589934592ULL,
                                   .runtimes = {"runc", "crun"},
                                   .cdi_devices = {"nvidia.com/gpu=0"},
                                   .cdi_spec_dirs = true,
                                   .rootless = true,
                                   .live_restore = true};
  host.images = {{"pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime", 7612345678ULL},
                 {"nvcr.io/nvidia/pytorch:24.05-py3", 0}};
  host.remarks = {"this is WSL2: the driver is the one of Windows"};
  return host;
}

// The error's message for a document that must be refused.
std::string refusal(const std::string& document) {
  const Result<Host> host = read_host_facts(document, "host.json");
  REQUIRE_FALSE(host);
  REQUIRE(host.error().code == Errc::invalid_input);
  return host.error().message;
}

std::string with(const std::string& members) {
  return R"({"schema": "berth/host/1", )" + members + "}";
}

}  // namespace

TEST_CASE("facts survive being written and read", "[host_facts]") {
  const std::string document = host_facts_document(full_host());
  const Result<Host> read = read_host_facts(document, "host.json");
  REQUIRE(read);
  REQUIRE(read->origin.text == "host.json");
  REQUIRE(read->driver->text() == "535.104.05");  // with its leading zero
  REQUIRE(read->gpus.at(0).compute_capability == berth::ComputeCapability{8, 6});
  REQUIRE(read->gpus.at(1).index == 3);
  REQUIRE_FALSE(read->gpus.at(1).memory_bytes);
  REQUIRE(read->engine->kind == berth::EngineFacts::Kind::podman);
  REQUIRE(read->engine->cdi_devices == std::vector<std::string>{"nvidia.com/gpu=0"});
  REQUIRE(read->images.size() == 2);
  REQUIRE(read->images[0].reference == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  REQUIRE(read->images[0].bytes == 7612345678ULL);
  REQUIRE(read->images[1].bytes == 0);
  REQUIRE(read->engine->memory_bytes == 8589934592ULL);
  REQUIRE(read->engine->rootless);
  REQUIRE(read->engine->live_restore);
  REQUIRE_FALSE(read->engine->nvidia_hook);
  REQUIRE(host_facts_document(*read) == document);
}

TEST_CASE("a lost GPU, of which nothing is known, is written and read", "[host_facts]") {
  Host host = full_host();
  host.gpus.push_back({.index = 4});
  const Result<Host> read = read_host_facts(host_facts_document(host), "host.json");
  REQUIRE(read);
  REQUIRE(read->gpus.back().index == 4);
  REQUIRE(read->gpus.back().name.empty());
}

TEST_CASE("an empty machine is a document, too", "[host_facts]") {
  const std::string document = host_facts_document(Host());
  REQUIRE(document ==
          "{\n  \"schema\": \"berth/host/1\",\n  \"architecture\": \"amd64\",\n"
          "  \"gpus\": [],\n  \"remarks\": []\n}\n");
  REQUIRE(host_facts_document(*read_host_facts(document, "host.json")) == document);
}

TEST_CASE("a short document by hand is enough", "[host_facts]") {
  const Result<Host> host = read_host_facts(
      with(R"("driver": "550.54.15", "gpus": [{"name": "H100"}, {"compute_capability": "sm_90"}])"),
      "-");
  REQUIRE(host);
  REQUIRE(host->architecture == "amd64");
  REQUIRE(host->gpus.at(1).index == 1);
  REQUIRE(host->gpus.at(1).compute_capability == berth::ComputeCapability{9, 0});
}

TEST_CASE("without a list of GPUs they are unknown, with an empty one there are none",
          "[host_facts]") {
  const Result<Host> unknown = read_host_facts(with(R"("driver": "550.54.15")"), "host.json");
  REQUIRE_FALSE(unknown->gpus_known);
  REQUIRE(host_facts_document(*unknown).find("gpus") == std::string::npos);
  REQUIRE(read_host_facts(with(R"("gpus": [])"), "host.json")->gpus_known);
}

TEST_CASE("images of a host file have a reference", "[host_facts]") {
  REQUIRE(read_host_facts(with(R"("images": [{"reference": "a:1"}])"), "h")->images.at(0).bytes ==
          0);
  REQUIRE(refusal(with(R"("images": {})")) == "host.json: `images` must be a list");
  REQUIRE(refusal(with(R"("images": ["a:1"])")) == "host.json: `images[0]` is not an object");
  REQUIRE(refusal(with(R"("images": [{"bytes": 1}])")) ==
          "host.json: `images[0].reference` must be a text");
  REQUIRE(refusal(with(R"("images": [{"reference": "a:1", "bytes": -1}])")) ==
          "host.json: `images[0].bytes` must be a whole number, not negative");
  REQUIRE(refusal(with(R"("images": [{"reference": "a:1", "size": 1}])")) ==
          "host.json: unknown key `images[0].size`");
}

TEST_CASE("a name that is not UTF-8 does not cost the document", "[host_facts]") {
  Host host;
  host.gpus = {{.index = 0, .name = "NVIDIA \xff"}};
  REQUIRE(read_host_facts(host_facts_document(host), "host.json"));
}

TEST_CASE("each mistake in a facts file is named with its place", "[host_facts]") {
  struct Case {
    std::string document;
    const char* message;
  };
  const Case cases[] = {
      {"", "host.json:1:1: not valid JSON"},
      {"{\n  \"schema\": berth\n}", "host.json:2:13: not valid JSON"},
      {"[]", "host.json: the document is not an object"},
      {"{}", "host.json: `schema` is absent, expected `berth/host/1`"},
      {R"({"schema": "berth/host/2"})",
       "host.json: `schema` is `berth/host/2`, expected `berth/host/1`"},
      {with(R"("drivr": "535.54")"), "host.json: unknown key `drivr`"},
      {with(R"("driver": 535)"), "host.json: `driver` must be a text"},
      {with(R"("driver": "newest")"),
       "host.json: `driver` is `newest`, expected something like `535.104.05`"},
      {with(R"("driver_cuda": "12.x")"),
       "host.json: `driver_cuda` is `12.x`, expected something like `12.2`"},
      {with(R"("gpus": {})"), "host.json: `gpus` must be a list"},
      {with(R"("gpus": [7])"), "host.json: `gpus[0]` is not an object"},
      {with(R"("gpus": [{}])"), "host.json: `gpus[0]` has neither a name nor a compute capability"},
      {with(R"("gpus": [{"name": "T4"}, {"name": "T4", "memory_bytes": -1}])"),
       "host.json: `gpus[1].memory_bytes` must be a whole number, not negative"},
      {with(R"("gpus": [{"name": "T4", "index": 1}, {"name": "T4"}])"),
       "host.json: `gpus` has two GPUs of index 1"},
      {with(R"("gpus": [{"name": "T4", "compute_capability": 7.5}])"),
       "host.json: `gpus[0].compute_capability` must be a text"},
      {with(R"("gpus": [{"name": "T4", "sm": "75"}])"), "host.json: unknown key `gpus[0].sm`"},
      {with(R"("engine": [])"), "host.json: `engine` is not an object"},
      {with(R"("engine": {"kind": "lxc"})"),
       "host.json: `engine.kind` must be `docker` or `podman`"},
      {with(R"("engine": {"rootless": "no"})"),
       "host.json: `engine.rootless` must be true or false"},
      {with(R"("engine": {"runtimes": ["runc", 1]})"),
       "host.json: `engine.runtimes` must be a list of texts"},
      {with(R"("memory_bytes": 1e999)"), "host.json: a number is out of range"},
      {with(R"("remarks": "none")"), "host.json: `remarks` must be a list of texts"},
  };
  for (const Case& one : cases) {
    INFO(one.document);
    REQUIRE(refusal(one.document) == one.message);
  }
}

TEST_CASE("a mistyped key is answered with the one that was meant", "[host_facts]") {
  const Result<Host> host = read_host_facts(with(R"("drivr": "535.54")"), "host.json");
  REQUIRE(host.error().hints == std::vector<std::string>{"did you mean `driver`?"});
}
