// gather(): the whole way from files, variables and flags to the Request.
#include "support/catch.hpp"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

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
  REQUIRE(request.run.packages.lines.size() == 3);
  REQUIRE(request.run.packages.apt.size() == 1);

  flags.job = "eval";
  const Request eval = run(folder, flags);
  REQUIRE(eval.resolve.gpus.value.count == 1);
  REQUIRE(eval.run.command == std::vector<std::string>{"sh", "-c", "python eval.py"});
  REQUIRE(eval.run.job == "eval");
  REQUIRE(eval.run.shm_bytes == 16ull << 30);

  flags.job = "evla";
  REQUIRE(run_error(folder, flags).message == "berth.yaml has no job `evla`, did you mean `eval`?");
}

TEST_CASE("precedence: flag, variable, job, spec, project, user, default") {
  ScratchFolder folder;
  folder.write("environment.yml", "dependencies: [python=3.8, pytorch-cuda=11.3]\n");
  const std::string user = "../.config/berth/config.yaml";
  const auto cuda = [&](const Flags& flags) {
    const Request request = run(folder, flags);
    return request.resolve.cuda
               ? request.resolve.cuda->value.text() + " " + request.resolve.cuda->origin.text
               : "none";
  };
  Flags flags = command({"true"});
  folder.write("environment.yml", "name: x\n");
  REQUIRE(cuda(flags) == "none");
  folder.write(user, "cuda: 10.2\n");
  REQUIRE(cuda(flags) == "10.2 ~/.config/berth/config.yaml:1");
  folder.write("environment.yml", "dependencies: [pytorch-cuda=11.3]\n");
  REQUIRE(cuda(flags) == "11.3 environment.yml:1");
  folder.write("berth.yaml", "cuda: 11.8\njobs:\n  eval: { cuda: 12.1 }\n");
  REQUIRE(cuda(flags) == "11.8 berth.yaml:1");
  flags.job = "eval";
  REQUIRE(cuda(flags) == "12.1 berth.yaml:3");
  folder.set("BERTH_CUDA", "12.4");
  REQUIRE(cuda(flags) == "12.4 BERTH_CUDA");
  flags.cuda = "12.6";
  REQUIRE(cuda(flags) == "12.6 --cuda");
}

TEST_CASE("two CUDA versions of a project are an error, until something decides") {
  const ScratchFolder folder;
  folder.write("environment.yml", "dependencies: [pytorch-cuda=12.1, cudatoolkit=11.8]\n");
  Flags flags = command({"true"});
  REQUIRE(run_error(folder, flags).message ==
          "CUDA 12.1 (environment.yml:1) and CUDA 11.8 (environment.yml:1) contradict each other");
  flags.cuda = "11.8";
  REQUIRE(run(folder, flags).resolve.cuda->value.text() == "11.8");
}

TEST_CASE("every variable of the environment has an effect") {
  ScratchFolder folder;
  folder.set("BERTH_FRAMEWORK", "jax");
  folder.set("BERTH_PYTHON", "3.11");
  folder.set("BERTH_IMAGE", "a:b");
  folder.set("BERTH_SOURCE", "ngc");
  folder.set("BERTH_DEVEL", "1");
  folder.set("BERTH_PREFER", "local");
  folder.set("BERTH_OFFLINE", "yes");
  folder.set("BERTH_GPUS", "none");
  folder.set("BERTH_WORKDIR", "/w");
  folder.set("BERTH_USER", "1:2");
  folder.set("BERTH_NETWORK", "host");
  folder.set("BERTH_IPC", "private");
  folder.set("BERTH_SHM", "1g");
  folder.set("BERTH_MEMORY", "2g");
  folder.set("BERTH_TIMEOUT", "1m");
  folder.set("BERTH_CUDA", "");
  const Request request = run(folder, command({"true"}));
  REQUIRE(request.resolve.frameworks.at(0).origin.text == "BERTH_FRAMEWORK");
  REQUIRE(request.resolve.python.at(0).value.text() == "==3.11.*");
  REQUIRE_FALSE(request.resolve.cuda.has_value());
  REQUIRE(request.resolve.image->value == "a:b");
  REQUIRE(request.resolve.source->value == ImageSource::ngc);
  REQUIRE(request.resolve.devel);
  REQUIRE(request.resolve.prefer.value == Preference::local);
  REQUIRE(request.resolve.prefer.origin.text == "BERTH_PREFER");
  REQUIRE(request.resolve.offline);
  REQUIRE(request.resolve.gpus.value.mode == GpuRequest::Mode::none);
  REQUIRE(request.run.workdir == "/w");
  REQUIRE(request.run.user == "1:2");
  REQUIRE(request.run.network == "host");
  REQUIRE(request.run.ipc == "private");
  REQUIRE(request.run.shm_bytes == 1ull << 30);
  REQUIRE(request.run.memory_bytes == 2ull << 30);
  REQUIRE(request.run.timeout == std::chrono::minutes(1));
  folder.set("BERTH_GPUS", "lots");
  const Error error = run_error(folder, command({"true"}));
  REQUIRE(error.code == Errc::invalid_input);
  REQUIRE(error.message.find("`BERTH_GPUS`: ") == 0);
}

TEST_CASE("python: claims always hold, choices give way") {
  const ScratchFolder folder;
  folder.write("pyproject.toml", "[project]\nrequires-python = '>=3.9'\n");
  folder.write(".python-version", "3.12\n");
  Flags flags = command({"true"});
  Request request = run(folder, flags);
  REQUIRE(request.resolve.python.size() == 2);
  REQUIRE(request.resolve.python[1].origin.text == ".python-version:1");
  flags.python = "3.10";
  request = run(folder, flags);
  REQUIRE(request.resolve.python.size() == 2);
  REQUIRE(request.resolve.python[0].value.text() == ">=3.9");
  REQUIRE(request.resolve.python[1].origin.text == "--python");
}

TEST_CASE("frameworks: -f replaces the spec's; the user's counts where nothing is required") {
  const ScratchFolder folder;
  folder.write("../.config/berth/config.yaml", "framework: jax\n");
  REQUIRE(run(folder, command({"true"})).resolve.frameworks.at(0).value.name == "jax");
  folder.write("requirements.txt", "torch\n");
  REQUIRE(run(folder, command({"true"})).resolve.frameworks.empty());
  folder.write("berth.yaml", "framework: [torch==2.3.1, jax]\n");
  Flags flags = command({"true"});
  flags.frameworks = {"tensorflow==2.16.1"};
  const Request request = run(folder, flags);
  REQUIRE(request.resolve.frameworks.size() == 1);
  REQUIRE(request.resolve.frameworks[0].origin.text == "-f");
  REQUIRE(request.resolve.requirements.size() == 1);
}

TEST_CASE("packages of the spec stand above the project's files") {
  const ScratchFolder folder;
  folder.write("requirements.txt", "torch==2.1\nnumpy\n");
  folder.write("berth.yaml", "packages:\n  pip:\n  - torch==2.3.1\n  - -r more.txt\n");
  folder.write("more.txt", "scipy\n");
  const Request request = run(folder, command({"true"}));
  std::vector<std::string> origins;
  for (const RequirementLine& line : request.resolve.requirements) {
    origins.push_back(line.value.name + " " + line.origin.text);
  }
  REQUIRE(origins == std::vector<std::string>{"numpy requirements.txt:2", "torch berth.yaml:3",
                                              "scipy more.txt:1"});
  folder.write("berth.yaml", "packages: { pip: [torch=2] }\n");
  REQUIRE(run_error(folder, command({"true"})).message.find("berth.yaml:1: ") == 0);
}

TEST_CASE("a package that is asked for by name stands beside the framework of the spec") {
  const ScratchFolder folder;
  folder.write("requirements.txt", "torch==2.1\n");
  folder.write("berth.yaml", "framework: torch==2.3.1\npackages:\n  pip:\n  - torch==2.4\n");
  const auto frameworks = [&](const Flags& flags) {
    std::vector<std::string> lines;
    for (const RequirementLine& line : run(folder, flags).resolve.frameworks) {
      lines.push_back(line.value.text() + " " + line.origin.text);
    }
    return lines;
  };
  Flags flags = command({"true"});
  REQUIRE(frameworks(flags) ==
          std::vector<std::string>{"torch==2.3.1 berth.yaml:1", "torch==2.4 berth.yaml:4"});
  flags.pip = {"torch==2.5", "numpy"};
  REQUIRE(frameworks(flags) ==
          std::vector<std::string>{"torch==2.3.1 berth.yaml:1", "torch==2.5 --pip"});
  // A file's lines give way, as the project's do.
  folder.write("more.txt", "torch==2.2\n");
  flags.pip.clear();
  flags.requirement_files = {"more.txt"};
  folder.write("berth.yaml", "framework: torch==2.3.1\n");
  REQUIRE(frameworks(flags) == std::vector<std::string>{"torch==2.3.1 berth.yaml:1"});
}

TEST_CASE("what apt would take for something else than a package is refused") {
  const ScratchFolder folder;
  for (const char* good :
       {"git", "g++", "jq=1.6-2.1", "libc6:amd64", "python3.11-dev", "jq/stable"}) {
    INFO(good);
    Flags flags = command({"true"});
    flags.apt = {good};
    REQUIRE(run(folder, flags).run.packages.apt.size() == 1);
  }
  for (const char* bad : {"-o=Foo", "six jq", "jq; touch /x", "", "jq-", "/tmp/x.deb", "$(x)"}) {
    INFO(bad);
    Flags flags = command({"true"});
    flags.apt = {bad};
    const Error error = run_error(folder, flags);
    REQUIRE(error.message.find("is no package of a distribution") != std::string::npos);
    REQUIRE(error.notes.front().find("--apt") != std::string::npos);
  }
}

TEST_CASE("variables of the container: spec, then files, then -e") {
  ScratchFolder folder;
  folder.set("TOKEN", "secret");
  folder.write("berth.yaml", "env: { A: spec, B: spec, C: spec, D: spec }\n");
  folder.write("one.env", "B=one\nC=one\nTOKEN\nNOBODY\n");
  folder.write("two.env", "C=two\n");
  Flags flags = command({"true"});
  flags.env_files = {"one.env", "two.env"};
  flags.environment = {"D=flag", "E", "F="};
  const Request request = run(folder, flags);
  std::string all;
  for (const EnvironmentVariable& variable : request.run.environment) {
    all += variable.name + (variable.value ? "=" + *variable.value : "") + "@" +
           variable.origin.text + " ";
  }
  REQUIRE(
      all ==
      "A=spec@berth.yaml:1 B=one@one.env:1 TOKEN@one.env:3 C=two@two.env:1 D=flag@-e E@-e F=@-e ");
  flags.environment = {"=x"};
  REQUIRE(run_error(folder, flags).code == Errc::usage);
  flags.environment.clear();
  flags.env_files = {"absent.env"};
  REQUIRE(run_error(folder, flags).message.find("`--env-file`: ") == 0);
}

TEST_CASE("mounts: the spec's relative to its folder, the flags' to the working directory") {
  const ScratchFolder folder;
  folder.write("sub/x", "");
  folder.write("berth.yaml", "mounts: ['./data:/data', './a:/a']\nrun: x\n");
  Flags flags;
  flags.volumes = {"./mine:/data:ro"};
  flags.mounts = {"type=bind,source=/abs,target=/b"};
  const Request request = run(folder, flags, "sub");
  REQUIRE(request.run.mounts.size() == 3);
  REQUIRE(request.run.mounts[0].value.source == (folder.project() / "a").string());
  REQUIRE(request.run.mounts[1].value.source == (folder.project() / "sub" / "mine").string());
  REQUIRE(request.run.mounts[1].origin.text == "-v");
  flags.volumes = {""};
  REQUIRE(run_error(folder, flags).code == Errc::usage);
}

TEST_CASE("the spec is found above the working directory") {
  const ScratchFolder folder;
  folder.write("berth.yaml", "run: x\n");
  folder.write("requirements.txt", "torch\n");
  folder.write("a/b/train.py", "");
  Request request = run(folder, command({"train.py"}), "a/b");
  REQUIRE(request.run.project == folder.project());
  REQUIRE(request.run.workdir == "/workspace/a/b");
  REQUIRE(request.run.command.at(0) == "python");
  REQUIRE(request.resolve.requirements.at(0).origin.text == "../../requirements.txt:1");

  // A repository ends the search.
  folder.write("a/.git/HEAD", "");
  request = run(folder, command({"train.py"}), "a/b");
  REQUIRE(request.run.project == folder.project() / "a" / "b");
  REQUIRE(request.resolve.requirements.empty());

  // The home folder is not a project of what is below it.
  folder.write("../berth.yaml", "run: home\n");
  std::filesystem::remove(folder.project() / "berth.yaml");
  std::filesystem::remove_all(folder.project() / "a" / ".git");
  REQUIRE(run(folder, command({"x"}), "a/b").run.project == folder.project() / "a" / "b");
}

TEST_CASE("the option --spec names another file, and its folder is the project") {
  const ScratchFolder folder;
  folder.write("berth.yaml", "run: one\n");
  folder.write("other/mine.yaml", "run: two\nworkdir: src\n");
  folder.write("other/requirements.txt", "jax\n");
  Flags flags;
  flags.spec_file = "other/mine.yaml";
  const Request request = run(folder, flags);
  REQUIRE(request.run.project == folder.project() / "other");
  REQUIRE(request.run.command.at(2) == "two");
  REQUIRE(request.run.workdir == "/workspace/src");
  REQUIRE(request.resolve.requirements.at(0).value.name == "jax");
  REQUIRE(request.files == std::vector<std::string>{"other/mine.yaml", "other/requirements.txt"});
  flags.spec_file = "absent.yaml";
  REQUIRE(run_error(folder, flags).code == Errc::not_found);
}

TEST_CASE("commands: what is run, and what is not") {
  const ScratchFolder folder;
  folder.write("train.py", "");
  folder.write("scripts/x.py", "");
  std::filesystem::create_directory(folder.project() / "folder.py");
  using Words = std::vector<std::string>;
  REQUIRE(run(folder, command({"scripts/x.py"})).run.command == Words{"python", "scripts/x.py"});
  REQUIRE(run(folder, command({"absent.py"})).run.command == Words{"absent.py"});
  REQUIRE(run(folder, command({"folder.py"})).run.command == Words{"folder.py"});
  REQUIRE(run(folder, command({"echo", "train.py"})).run.command == Words{"echo", "train.py"});

  Error error = run_error(folder, Flags{});
  REQUIRE(error.code == Errc::usage);
  REQUIRE(error.message == "no command is given");
  folder.write("berth.yaml", "jobs: { 'the eval': { run: x }, plain: { gpus: 1 } }\n");
  error = run_error(folder, Flags{});
  REQUIRE(error.notes == Words{"berth.yaml has no `run:`"});
  REQUIRE(error.hints == Words{"berth run --job 'the eval'"});
  Flags flags;
  flags.entrypoint = "";
  REQUIRE(run(folder, flags).run.command.empty());
  flags.job = "nothing";
  error = run_error(folder, flags);
  REQUIRE(error.code == Errc::usage);
  REQUIRE(error.message == "berth.yaml has no job `nothing`");
  REQUIRE(error.notes == Words{"its jobs are the eval, plain"});
}

TEST_CASE("flags that only a command line has") {
  const ScratchFolder folder;
  Flags flags = command({"true"});
  flags.name = "a-name";
  flags.labels = {"k=v", "bare", "x=a=b"};
  flags.pull = "never";
  flags.terminal = TerminalMode::never;
  flags.connect_stdin = false;
  flags.timeout = "0";
  const RunRequest request = run(folder, flags).run;
  REQUIRE(request.name == "a-name");
  REQUIRE(request.labels ==
          std::map<std::string, std::string>{{"k", "v"}, {"bare", ""}, {"x", "a=b"}});
  REQUIRE(request.pull == PullPolicy::never);
  REQUIRE(request.terminal == TerminalMode::never);
  REQUIRE_FALSE(request.connect_stdin);
  REQUIRE_FALSE(request.timeout.has_value());

  const auto refused = [&](const auto& change) {
    Flags bad = command({"true"});
    change(bad);
    const Error error = run_error(folder, bad);
    REQUIRE(error.code == Errc::usage);
    return error.message.substr(0, error.message.find(':'));
  };
  REQUIRE(refused([](Flags& f) { f.name = "-x"; }) == "`--name`");
  REQUIRE(refused([](Flags& f) { f.labels = {"=v"}; }) == "`--label`");
  REQUIRE(refused([](Flags& f) { f.pull = "often"; }) == "`--pull`");
  REQUIRE(refused([](Flags& f) { f.python = "three"; }) == "`--python`");
  REQUIRE(refused([](Flags& f) { f.cuda = "new"; }) == "`--cuda`");
  REQUIRE(refused([](Flags& f) { f.gpus = "lots"; }) == "`--gpus`");
  REQUIRE(refused([](Flags& f) { f.source = "x"; }) == "`--source`");
  REQUIRE(refused([](Flags& f) { f.shm = "x"; }) == "`--shm-size`");
  REQUIRE(refused([](Flags& f) { f.image = ""; }) == "`--image`");
  REQUIRE(refused([](Flags& f) { f.frameworks = {"torch=2"}; }) == "-f");
}

TEST_CASE("resolve: requirements on the command line stand alone") {
  ScratchFolder folder;
  folder.write("requirements.txt", "jax\n");
  folder.write("berth.yaml", "cuda: 11.8\n");
  Flags flags;
  flags.requirements = {"torch==2.3.1", "numpy"};
  const Result<ResolveRequest> alone = gather_resolve(flags, folder.surroundings());
  REQUIRE(alone.has_value());
  REQUIRE(alone->requirements.size() == 2);
  REQUIRE(alone->requirements[0].origin.text == "command line");
  REQUIRE_FALSE(alone->cuda.has_value());

  const Result<ResolveRequest> project = gather_resolve(Flags{}, folder.surroundings());
  REQUIRE(project.has_value());
  REQUIRE(project->requirements.at(0).value.name == "jax");
  REQUIRE(project->cuda->value.text() == "11.8");

  flags.requirements = {"torch=2"};
  const Result<ResolveRequest> bad = gather_resolve(flags, folder.surroundings());
  REQUIRE_FALSE(bad.has_value());
  REQUIRE(bad.error().code == Errc::usage);
}

TEST_CASE("files that cannot be read are one clear error") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.project() / "requirements.txt");
  REQUIRE(run_error(folder, command({"true"})).message == "`requirements.txt` is no regular file");
  std::filesystem::remove(folder.project() / "requirements.txt");
  REQUIRE(::mkfifo((folder.project() / "uv.lock").c_str(), 0600) == 0);
  REQUIRE(run_error(folder, command({"true"})).message == "`uv.lock` is no regular file");
  std::filesystem::remove(folder.project() / "uv.lock");
  folder.write("berth.yaml", "gpus: 1\n");
  folder.write("berth.json", "{}\n");
  REQUIRE(run_error(folder, command({"true"})).message.find("has both berth.yaml and berth.json") !=
          std::string::npos);
}

TEST_CASE("berth.yml is not read, and berth says so") {
  const ScratchFolder folder;
  folder.write("berth.yml", "run: x\n");
  const Request request = run(folder, command({"true"}));
  REQUIRE(request.warnings.size() == 1);
  REQUIRE(request.warnings[0].find("the name is berth.yaml") != std::string::npos);
  folder.write(".python-version", "pypy3.9\n");
  std::vector<std::string> warnings;
  REQUIRE(gather_resolve(Flags{}, folder.surroundings(), &warnings).has_value());
  REQUIRE(warnings.size() == 2);
  REQUIRE(warnings[1] == ".python-version:1: `pypy3.9` is no version of Python and has no effect");
}

}  // namespace berth::spec
