#include "environment/framework_install.hpp"

#include "support/catch.hpp"

using berth::FrameworkChoice;
using berth::environment::FrameworkInstall;
using berth::environment::install_of;

// Expected texts are those of the projects' installation notes for these releases.
TEST_CASE("framework install: the build that was decided on, and no other") {
  struct Row {
    FrameworkChoice framework;
    std::string requirement;
    FrameworkInstall::Place place;
  };
  const std::string links = "https://storage.googleapis.com/jax-releases/jax_cuda_releases.html";
  const auto made = [](std::string name, std::string version, std::string build, std::string url) {
    return FrameworkChoice{.name = std::move(name),
                           .version = std::move(version),
                           .build = std::move(build),
                           .index_url = std::move(url)};
  };
  const std::vector<Row> rows = {
      {made("torch", "2.3.1", "cu121", "https://download.pytorch.org/whl/cu121"),
       "torch==2.3.1+cu121", FrameworkInstall::Place::index},
      {made("torch", "1.9.0", "cu111", "https://download.pytorch.org/whl/torch_stable.html"),
       "torch==1.9.0+cu111", FrameworkInstall::Place::links},
      {made("torch", "2.3.1", "cpu", "https://download.pytorch.org/whl/cpu"), "torch==2.3.1+cpu",
       FrameworkInstall::Place::index},
      {made("torch", "0.4.0", "cu90", "https://download.pytorch.org/whl/cu90/torch_stable.html"),
       "torch==0.4.0", FrameworkInstall::Place::links},
      {made("torch", "0.4.1", "cu92", ""), "torch==0.4.1", FrameworkInstall::Place::usual},
      {made("tensorflow", "2.16.1", "cu123", ""), "tensorflow==2.16.1",
       FrameworkInstall::Place::usual},
      {made("tensorflow", "2.0.4", "cu100", ""), "tensorflow-gpu==2.0.4",
       FrameworkInstall::Place::usual},
      {made("tensorflow", "1.15.5", "cu100", ""), "tensorflow==1.15.5",
       FrameworkInstall::Place::usual},
      {made("tensorflow", "1.12.0", "cu90", ""), "tensorflow-gpu==1.12.0",
       FrameworkInstall::Place::usual},
      {made("tensorflow", "1.12.0", "cpu", ""), "tensorflow==1.12.0",
       FrameworkInstall::Place::usual},
      {made("jax", "0.4.30", "cuda12", ""), "jax[cuda12]==0.4.30", FrameworkInstall::Place::usual},
      {made("jax", "0.4.20", "cuda11", links), "jax[cuda11_pip]==0.4.20",
       FrameworkInstall::Place::links},
      {made("jax", "0.3.25", "cuda11", links), "jax[cuda]==0.3.25", FrameworkInstall::Place::links},
      {made("jax", "0.4.30", "cpu", ""), "jax==0.4.30", FrameworkInstall::Place::usual},
      {made("onnxruntime-gpu", "1.18.1", "cu118", ""), "onnxruntime-gpu==1.18.1",
       FrameworkInstall::Place::usual},
  };
  for (const Row& row : rows) {
    CAPTURE(row.framework.name, row.framework.version, row.framework.build);
    const FrameworkInstall install = install_of(row.framework);
    REQUIRE(install.requirement == row.requirement);
    REQUIRE(install.place == row.place);
    REQUIRE(install.url == row.framework.index_url);
  }
}
