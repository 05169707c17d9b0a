// gather(): the whole way from files, variables and flags to the Request.
#include "support/catch.hpp"

#include <filesystem>
#include <string>

#include "berth/spec/gather.hpp"
#include "scratch_folder.hpp"

namespace berth::spec {

namespace {

using testing::ScratchFolder;

Request run(const ScratchFolder& folder, const Flags& flags,
            const std::filesystem::path& below = {}) {
  Result<Request> request = gather_run(flags, folder.surroundings(below));
  INFO((request ? std::string() : request.error().message));
  REQUIRE(request.has_value());
  return std::move(*request);
}

Error run_error(const ScratchFolder& folder, const Flags& flags,
                const std::filesystem::path& below = {}) {
  Result<Request> request = gather_run(flags, folder.surroundings(below));
  REQUIRE_FALSE(request.has_value());
  return request.error();
}

Flags command(std::vector<std::string> words) {
  Flags flags;
  flags.command = std::move(words);
  return flags;
}

}  // namespace

TEST_CASE("a folder with requirements and no spec") {
  const ScratchFolder folder;
  folder.write("requirements.txt", "numpy\n\ntorch==2.3.1 # the framework\n");
  folder.write("train.py", "");
  const Request request = run(folder, command({"train.py", "--epochs", "3"}));
  REQUIRE(request.resolve.requirements.size() == 2);
  REQUIRE(request.resolve.requirements[1].value.name == "torch");
  REQUIRE(request.resolve.requirements[1].value.specifiers.text() == "==2.3.1");
  REQUIRE(request.resolve.requirements[1].origin.text == "requirements.txt:3");
  REQUIRE(request.run.command == std::vector<std::string>{"python", "train.py", "--epochs", "3"});
  REQUIRE(request.run.project == folder.project());
  REQUIRE_FALSE(request.run.workdir.has_value());
  REQUIRE(request.resolve.gpus.value.mode == GpuRequest::Mode::automatic);
  REQUIRE(request.resolve.gpus.origin.text == "default");
  REQUIRE(request.files == std::vector<std::string>{"requirements.txt"});
}

TEST_CASE("the spec of design.md") {
  const ScratchFolder folder;
  folder.write("requirements.txt", "torch>=2\nnumpy\n");
  folder.write("berth.yaml",
               "framework: torch==2.3.1          # or a list\n"
               "python: 3.10\n"
               "packages: { pip: [transformers==4.41.2, -r requirements.txt], apt: [git] }\n"
               "gpus: 2\n"
               "run: python train.py --epochs 3\n"
               "env: { WANDB_MODE: offline }\n"
               "mounts: [ ~/datasets:/data:ro ]\n"
               "shm: 16g\n"
               "timeout: 12h\n"
               "jobs:\n"
               "  eval: { run: python eval.py, gpus: 1 }\n");
  Flags flags;
  const Request request = run(folder, flags);
  REQUIRE(request.resolve.frameworks.size() == 1);
  REQUIRE(request.resolve.frameworks[0].origin.text == "berth.yaml:1");
  REQUIRE(request.resolve.python.size() == 1);
  REQUIRE(request.resolve.python[0].value.text() == "==3.10.*");
  REQUIRE(request.resolve.python[0].origin.text == "berth.yaml:2");
  REQUIRE(request.resolve.gpus.value.count == 2);
  REQUIRE(request.run.command ==
          std::vector<std::string>{"sh", "-c", "python train.py --epochs 3"});
  REQUIRE(request.run.environment.size() == 1);
  REQUIRE(request.run.mounts.at(0).value.source == (folder.home() / "datasets").string());
  REQUIRE(request.run.mounts.at(0).value.read_only);
  REQUIRE(request.run.shm_bytes == 16ull << 30);
  REQUIRE(request.run.timeout == std::chrono::hours(12));
  REQUIRE(request.run.pip_packages.size() == 2);
  REQUIRE(request.run.apt_packages.size() == 1);

  flags.job = "eval";
  const Request eval = run(folder, flags);
  REQUIRE(eval.resolve.gpus.value.count == 1);
  REQUIRE(eval.run.command == std::vector<std::string>{"sh", "-c", "python eval.py"});
  REQUIRE(eval.run.job == "eval");
  REQUIRE(eval.run.shm_bytes == 16ull << 30);

  flags.job = "evla";
  REQUIRE(run_error(folder, flags).message == "berth.yaml has no job `evla`, did you mean `eval`?");
}

}  // namespace berth::spec
