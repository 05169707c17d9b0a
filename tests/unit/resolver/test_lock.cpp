// Locks: what goes into one, what comes out, and when one no longer stands.
#include "berth/resolver/lock.hpp"

#include <algorithm>
#include <string>

#include "resolve_support.hpp"
#include "support/catch.hpp"

namespace {

using berth::Lock;
using berth::test::catalogue;

berth::ResolveRequest torch_request(const std::string& requirement) {
  berth::ResolveRequest request;
  request.requirements = {berth::test::line_of(requirement, "requirements.txt:3"),
                          berth::test::line_of("numpy>=1.20", "requirements.txt:4")};
  return request;
}

berth::Host host_with(const std::string& driver, const std::string& gpu) {
  return berth::described_host(driver, {gpu}, catalogue()).value();
}

Lock lock_of(const berth::ResolveRequest& request, const berth::Host& host) {
  const berth::Decision decision = berth::resolve(request, host, catalogue()).value();
  return berth::make_lock(decision, berth::lock_inputs(request, catalogue()), host, catalogue());
}

Lock torch_lock() {
  return lock_of(torch_request("torch==2.3.1"), host_with("535.104.05", "RTX 3090"));
}

Lock lock_with_packages() {
  Lock lock = torch_lock();
  lock.environment = berth::LockedPackages{
      {{"numpy", "numpy<2", "requirements.txt:1"}},
      {{"numpy", "1.26.4", "packages", "https://host/numpy", {"sha256:" + std::string(64, 'c')}}}};
  return lock;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  text.replace(text.find(what), what.size(), with);
  return text;
}

std::string message_of(const std::string& content) {
  const auto lock = berth::read_lock(content, "berth.lock");
  REQUIRE_FALSE(lock);
  REQUIRE(lock.error().code == berth::Errc::invalid_input);
  return lock.error().message;
}

}  // namespace

TEST_CASE("a lock has what the image holds and what it demands of a machine") {
  const Lock lock = torch_lock();
  REQUIRE(lock.image == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  REQUIRE(lock.frameworks.size() == 1);
  REQUIRE(lock.frameworks[0].build == "cu121");
  REQUIRE(lock.frameworks[0].capabilities.front() == "sm_50");
  REQUIRE(lock.min_driver->text() == "525.60.13");
  REQUIRE(lock.architecture == "amd64");
  REQUIRE(lock.catalog == catalogue().version);
}

TEST_CASE("what does not decide the image is no input of the lock") {
  const auto inputs = berth::lock_inputs(torch_request("torch==2.3.1"), catalogue());
  REQUIRE(inputs.size() == 1);
  REQUIRE(inputs[0].text == "torch==2.3.1");
  REQUIRE(inputs[0].origin == "requirements.txt:3");
}

TEST_CASE("a lock is the same after it was written and read") {
  Lock lock = torch_lock();
  lock.digest = "sha256:" + std::string(64, 'a');
  const std::string text = berth::write_lock(lock);
  const Lock read = berth::read_lock(text, "berth.lock").value();
  REQUIRE(berth::write_lock(read) == text);
  REQUIRE(read.reference() == lock.image + "@" + lock.digest);
  REQUIRE(berth::lock_changes(lock, read).empty());
}

TEST_CASE("a requirement that moved within its file leaves the lock standing") {
  const Lock lock = torch_lock();
  auto now = lock.inputs;
  now[0].origin = "pyproject.toml:12";
  REQUIRE(berth::changed_inputs(lock.inputs, now).empty());
  REQUIRE(berth::inputs_hash(now) == berth::inputs_hash(lock.inputs));
}

TEST_CASE("an input that changed is named with what it was") {
  const Lock lock = torch_lock();
  const auto now = berth::lock_inputs(torch_request("torch==2.4.0"), catalogue());
  REQUIRE(berth::changed_inputs(lock.inputs, now) ==
          std::vector<std::string>{"`torch==2.4.0` (requirements.txt:3) was `torch==2.3.1` "
                                   "(requirements.txt:3)"});
  REQUIRE(berth::changed_inputs(lock.inputs, {}) ==
          std::vector<std::string>{"`torch==2.3.1` (requirements.txt:3) is gone"});
  REQUIRE(berth::inputs_hash(now) != berth::inputs_hash(lock.inputs));
}

TEST_CASE("what the lock was told on its command line stands while nothing else is told there") {
  Lock lock = torch_lock();
  lock.inputs.push_back({"--cuda", "12.1", "--cuda"});
  auto now = torch_lock().inputs;
  REQUIRE(berth::changed_inputs(lock.inputs, now).empty());
  now.push_back({"--devel", "true", "--devel"});
  REQUIRE(berth::changed_inputs(lock.inputs, now) ==
          std::vector<std::string>{"`true` (--devel) is new", "`12.1` (--cuda) is gone"});
}

TEST_CASE("a locked decision is checked against the machine") {
  const Lock lock = torch_lock();
  const auto request = torch_request("torch==2.3.1");
  const auto decide = [&](const berth::Host& host) {
    return berth::locked_decision(lock, request, host, catalogue());
  };
  const auto fits = decide(host_with("550.54.14", "RTX 4090"));
  REQUIRE(fits);
  REQUIRE(fits->image == lock.image);
  REQUIRE(fits->driver.mode == berth::DriverMode::native);
  REQUIRE(fits->gpus.at(0).covered_by == "sm_86");

  const auto old_driver = decide(host_with("470.86", "RTX 3090"));
  REQUIRE_FALSE(old_driver);
  REQUIRE(old_driver.error().id == "lock-machine");
  REQUIRE(old_driver.error().code == berth::Errc::no_solution);

  const auto new_gpu = decide(host_with("575.57.08", "RTX 5090"));
  REQUIRE_FALSE(new_gpu);
  REQUIRE(new_gpu.error().message.find("sm_120") != std::string::npos);
  // torch 2.3.1 has no build for it at all: a choice made anew is refused, too.
  for (const std::string& hint : new_gpu.error().hints) {
    REQUIRE(hint.find("berth lock --update") == std::string::npos);
    REQUIRE(hint.find("--no-lock") == std::string::npos);
  }
  REQUIRE_FALSE(new_gpu.error().hints.empty());

  berth::Host arm = host_with("550.54.14", "H100");
  arm.architecture = "aarch64";
  REQUIRE(decide(arm).error().message.find("arm64") != std::string::npos);
}

TEST_CASE("pins keep a framework where it is, except the one that is to move") {
  auto request = torch_request("torch>=2.0");
  request.requirements.push_back(berth::test::line_of("tensorflow>=2.10", "requirements.txt:5"));
  const auto host = host_with("535.104.05", "RTX 3090");
  auto older = request;
  older.requirements[0] = berth::test::line_of("torch==2.2.0", "requirements.txt:3");
  const Lock lock = lock_of(older, host);
  const auto version = [&](const std::vector<std::string>& except, std::size_t index) {
    const auto pinned = berth::pinned_request(request, lock, except);
    return berth::resolve(pinned, host, catalogue()).value().frameworks.at(index).version;
  };
  const std::size_t torch = lock.frameworks[0].name == "torch" ? 0 : 1;
  const std::size_t tensorflow = 1 - torch;
  REQUIRE(version({}, torch) == "2.2.0");
  REQUIRE(version({"torch"}, torch) != "2.2.0");
  REQUIRE(version({"torch"}, tensorflow) == lock.frameworks[tensorflow].version);
}

TEST_CASE("each fact that changed is a line") {
  const Lock before = torch_lock();
  const Lock after = lock_of(torch_request("torch==2.4.0"), host_with("535.104.05", "RTX 3090"));
  const auto lines = berth::lock_changes(before, after);
  const auto has = [&](const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  REQUIRE(has("torch: 2.3.1 (cu121) -> 2.4.0 (" + after.frameworks[0].build + ")"));
  REQUIRE(has("input torch: torch==2.3.1 -> torch==2.4.0"));
}

TEST_CASE("what is no lock is refused with a sentence") {
  const std::string text = berth::write_lock(torch_lock());
  REQUIRE(message_of("") != "");
  REQUIRE(message_of("[]") == "`berth.lock` is no lock of berth");
  REQUIRE(message_of(R"({"lockfileVersion": 3})") == "`berth.lock` is no lock of berth");
  REQUIRE(message_of(replaced(text, "berth/lock/1", "berth/lock/9")) ==
          "`berth.lock` has the schema `berth/lock/9`, and this berth reads `berth/lock/1`");
  REQUIRE(message_of(replaced(text, "\"cudnn\"", "\"cudn\"")).find("`cudnn` is missing") !=
          std::string::npos);
  REQUIRE(message_of(replaced(text, "\"image\":", "\"imagine\":")).find("`image` is missing") !=
          std::string::npos);
  REQUIRE(message_of(replaced(text, "\"in_image\": true", "\"in_image\": 1")) != "");
  REQUIRE(message_of(replaced(text, "\"sm_50\"", "\"fast\"")) ==
          "`berth.lock`, frameworks[0]: `capabilities`: `fast` is no compute capability");
  REQUIRE(message_of(replaced(text, "pytorch/pytorch:", "--privileged ")) != "");
  REQUIRE(message_of(text.substr(0, text.size() / 2)) != "");
}

TEST_CASE("a lock that has lost a key is refused, also where null would do") {
  const std::string text = berth::write_lock(torch_lock());
  const std::string pair = "  \"";
  for (const char* key : {"architecture", "base_image", "catalog", "cuda_compat", "cudnn", "digest",
                          "image", "python"}) {
    INFO(key);
    const std::size_t begin = text.find(pair + key + "\"");
    const std::size_t end = text.find('\n', begin);
    REQUIRE(message_of(text.substr(0, begin) + text.substr(end + 1)) ==
            "`berth.lock`: `" + std::string(key) + "` is missing");
  }
  REQUIRE(message_of(replaced(text, "      \"in_image\": true,\n", "")) ==
          "`berth.lock`, frameworks[0]: `in_image` is missing");
}

TEST_CASE("a lock's digest is one that a registry gives") {
  Lock lock = torch_lock();
  for (const std::string& digest : {std::string("sha256:zz"), "sha256:" + std::string(63, 'a'),
                                    "md5:" + std::string(64, 'a')}) {
    lock.digest = digest;
    REQUIRE(message_of(berth::write_lock(lock)) ==
            "`berth.lock`: `digest` is no digest, expected sha256: and 64 hexadecimal digits");
  }
}

TEST_CASE("the lock of a framework's image names the framework") {
  Lock lock = torch_lock();
  lock.frameworks.clear();
  REQUIRE(message_of(berth::write_lock(lock)) ==
          "`berth.lock`: `frameworks` is empty, and images of `source` official have one");
  lock.source = berth::ImageSource::given;
  REQUIRE(berth::read_lock(berth::write_lock(lock), "berth.lock"));
}

TEST_CASE("the packages of a lock are the same after they were written and read") {
  const Lock lock = lock_with_packages();
  const std::string text = berth::write_lock(lock);
  const Lock read = berth::read_lock(text, "berth.lock").value();
  REQUIRE(berth::write_lock(read) == text);
  REQUIRE(read.environment->packages[0].text() == "numpy==1.26.4");
  REQUIRE(read.environment->packages[0].hashes == lock.environment->packages[0].hashes);
  REQUIRE(berth::lock_changes(lock, read).empty());
}

TEST_CASE("a change of packages is a line for each, and for each fact of it") {
  const Lock before = lock_with_packages();
  Lock after = before;
  after.environment->packages[0].version = "2.0.0";
  after.environment->packages[0].hashes = {"sha256:" + std::string(64, 'd')};
  after.environment->packages.push_back({"six", "1.16.0", "packages", "https://host/six", {}});
  REQUIRE(berth::lock_changes(before, after) ==
          std::vector<std::string>{"package numpy: 1.26.4 -> 2.0.0",
                                   "package numpy hash: sha256:" + std::string(64, 'c') +
                                       " -> sha256:" + std::string(64, 'd'),
                                   "package six: 1.16.0 (new)"});
  after.environment.reset();
  REQUIRE(berth::lock_changes(before, after) ==
          std::vector<std::string>{"package numpy: 1.26.4 (gone)", "input numpy: numpy<2 (gone)"});
}

TEST_CASE("a lock that has lost its packages, or their hashes, is refused") {
  const std::string text = berth::write_lock(lock_with_packages());
  REQUIRE(message_of(replaced(text, "\"environment\"", "\"environments\"")) ==
          "`berth.lock`: `environment` is missing");
  REQUIRE(message_of(replaced(text, "\"hashes\"", "\"hash\"")) ==
          "`berth.lock`, environment.packages[0]: `hashes` is missing");
  REQUIRE(message_of(replaced(text, "\"numpy<2\"", "\"numpy<3\"")) ==
          "`berth.lock`: `inputs_sha256` is not that of its `inputs`");
}

TEST_CASE("inputs that do not have their hash are a bad merge") {
  const std::string text = berth::write_lock(torch_lock());
  REQUIRE(message_of(replaced(text, "\"torch==2.3.1\"", "\"torch==2.4.0\"")) ==
          "`berth.lock`: `inputs_sha256` is not that of its `inputs`");
}
