#include "berth/environment/local_sources.hpp"

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::environment;
using berth::test::TemporaryFolder;

namespace {

class Project {
 public:
  Project() { folder_.write("lib/pyproject.toml", "[project]\nname = 'lib'\n"); }

  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, std::string_view content = "x") const {
    folder_.write(name, content);
  }
  Result<LocalSources> find(const std::string& text, bool editable = false) const {
    PackageRequest packages;
    packages.lines = {{.kind = PipLine::Kind::path,
                       .text = text,
                       .editable = editable,
                       .origin = {"requirements.txt:3"}}};
    return LocalSources::find(packages, folder_.path(), {{"LIBS", folder_.path().string()}});
  }
  LocalSource one(const std::string& text, bool editable = false) const {
    const Result<LocalSources> found = find(text, editable);
    REQUIRE(found);
    return found->sources().at(text);
  }

 private:
  TemporaryFolder folder_{};
};

}  // namespace

TEST_CASE("local sources: a wheel keeps its name, and counts by its content") {
  const Project project;
  const std::string wheel = project.path("mine-1.0-py3-none-any.whl").string();
  project.write("mine-1.0-py3-none-any.whl", "one");
  const LocalSource before = project.one(wheel);
  REQUIRE(before.name == before.digest.substr(0, 16) + "/mine-1.0-py3-none-any.whl");
  project.write("mine-1.0-py3-none-any.whl", "two");
  REQUIRE(project.one(wheel).digest != before.digest);
}

TEST_CASE("local sources: of a folder counts what may be part of a package") {
  const Project project;
  const std::string lib = project.path("lib").string();
  const std::string before = project.one(lib).digest;
  for (const char* name : {"lib/.git/config", "lib/__pycache__/a.pyc", "lib/build/a.py",
                           "lib/lib.egg-info/PKG-INFO", "lib/env/pyvenv.cfg", "lib/env/a.py"}) {
    project.write(name);
    CAPTURE(name);
    REQUIRE(project.one(lib).digest == before);
  }
  project.write("lib/lib/build/a.py");
  REQUIRE(project.one(lib).digest != before);
}

TEST_CASE("local sources: extras, markers and variables stand around a path") {
  const Project project;
  const LocalSource source = project.one("${LIBS}/lib[dev] ; python_version < '4'");
  REQUIRE(source.after == "[dev] ; python_version < '4'");
  REQUIRE(source.name.ends_with("/lib"));
}

TEST_CASE("local sources: the key of an editable folder is what its metadata depend on") {
  const Project project;
  const std::string lib = project.path("lib").string();
  project.write("lib/src/pkg/model.py", "one");
  const LocalSource before = project.one(lib, true);
  REQUIRE(before.in_project);
  REQUIRE(before.name == "lib");
  project.write("lib/src/pkg/model.py", "two");
  project.write("lib/src/pkg/more.py");
  REQUIRE(project.one(lib, true).digest == before.digest);
  project.write("lib/src/other/new.py");
  REQUIRE(project.one(lib, true).digest != before.digest);
  REQUIRE(project.one(project.path("lib/.").string(), true).name == "lib");
}

TEST_CASE("local sources: what cannot be installed is said with its line") {
  const Project project;
  project.write("empty/readme");
  const auto message = [&](const std::string& text, bool editable) {
    return project.find(text, editable).error().message;
  };
  REQUIRE(message("/no/such.whl", false) == "requirements.txt:3: `/no/such.whl` is not there");
  REQUIRE(message(project.path("empty").string(), false).find("is no package") !=
          std::string::npos);
  const TemporaryFolder outside;
  outside.write("setup.py", "");
  REQUIRE(message(outside.path().string(), true).find("outside of the project") !=
          std::string::npos);
}

TEST_CASE("local sources: a repository of this machine is refused before anything is built") {
  const Project project;
  const Result<LocalSources> found =
      project.find("git+file://" + project.path("lib").string() + "#egg=lib");
  REQUIRE_FALSE(found);
  REQUIRE(found.error().message.find("which a build in a container cannot reach") !=
          std::string::npos);
  REQUIRE(found.error().message.find("requirements.txt:3") != std::string::npos);
  REQUIRE_FALSE(found.error().hints.empty());
}

TEST_CASE("local sources: they are packed below files") {
  const Project project;
  project.write("lib/run.sh");
  const std::string lib = project.path("lib").string();
  TarWriter archive;
  REQUIRE(project.find(lib, true)->pack(archive));
  const std::string bytes = std::move(archive).finish();
  REQUIRE(bytes.find("files/workspace/lib/pyproject.toml") != std::string::npos);
  REQUIRE(bytes.find("files/workspace/lib/run.sh") != std::string::npos);
}
