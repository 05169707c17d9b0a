#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/catalog_report.hpp"
#include "support/catch.hpp"

using namespace berth;
using cli::CatalogQuery;

namespace {

const Catalog& catalog() {
  static const Catalog kCatalog = [] {
    Result<Catalog> loaded = load_catalog(embedded_files());
    return loaded ? std::move(*loaded) : Catalog{};
  }();
  return kCatalog;
}

CatalogQuery topic(const std::string& name, const std::string& release = "") {
  CatalogQuery query;
  query.topic = name;
  query.release = release;
  return query;
}

std::string printed(const CatalogQuery& query) {
  const auto report = cli::make_catalog_report(catalog(), query);
  REQUIRE(report);
  std::ostringstream out;
  cli::print_catalog(out, cli::Terminal(false, false, 80), *report);
  return out.str();
}

nlohmann::json document(const CatalogQuery& query) {
  const auto report = cli::make_catalog_report(catalog(), query);
  REQUIRE(report);
  return nlohmann::json::parse(cli::catalog_document(*report));
}

Error refused(const CatalogQuery& query) {
  const auto report = cli::make_catalog_report(catalog(), query);
  REQUIRE_FALSE(report);
  return report.error();
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the overview counts the files' rows") {
  const nlohmann::json overview = document({});
  REQUIRE(overview["schema"] == "berth/catalog/1");
  REQUIRE(overview["topic"] == "overview");
  REQUIRE(overview["files"].size() == catalog().files.size());
  REQUIRE(overview["files"][0]["rows"] > 0);
  REQUIRE(contains(printed({}), "torch.json"));
}

TEST_CASE("a framework is its releases with their builds, the default one marked") {
  REQUIRE(contains(printed(topic("torch")), "cu118 cu121* cpu"));
  REQUIRE(document(topic("torch"))["releases"].size() >= 54);
  REQUIRE(document(topic("tensorflow-gpu"))["releases"].size() >= 38);  // by a package's name
}

TEST_CASE("a release in full has its builds, images and sources") {
  const nlohmann::json full = document(topic("torch", "2.3.1"));
  REQUIRE(full["releases"][0]["companions"]["torchvision"] == "0.18.1");
  REQUIRE(full["builds"].size() == 3);
  REQUIRE(full["builds"][1]["name"] == "cu121");
  REQUIRE(full["builds"][1]["default"] == true);
  REQUIRE_FALSE(full["builds"][1]["source"].get<std::string>().empty());
  REQUIRE(full["images"].size() == 4);
  const std::string text = printed(topic("torch", "2.3.1"));
  REQUIRE(contains(text, "https://download.pytorch.org/whl/cu121"));
  REQUIRE(contains(text, "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime"));
}

TEST_CASE("a library or companion is its releases, with those of the framework") {
  REQUIRE(contains(printed(topic("torchvision")), " torch==2.3.1 "));
  REQUIRE(contains(printed(topic("vllm")), " torch==2.13.0 "));
  REQUIRE(contains(printed(topic("keras")), "tensorflow==2.15.*"));
  for (const std::string name :
       {"torchaudio", "jaxlib", "xformers", "flash-attn", "torchtext", "onnxruntime-gpu"}) {
    INFO(name);
    REQUIRE_FALSE(document(topic(name))["releases"].empty());
  }
  const nlohmann::json one = document(topic("torchvision", "0.18.1"))["releases"];
  REQUIRE(one.size() == 1);
  REQUIRE(one[0]["goes_with"] == "torch==2.3.1");
  REQUIRE_FALSE(one[0]["source"].get<std::string>().empty());
}

TEST_CASE("a row about a series answers for its patches") {
  REQUIRE(document(topic("keras", "2.15.0"))["releases"][0]["goes_with"] == "tensorflow==2.15.*");
  REQUIRE(document(topic("keras", "2.14.1"))["releases"][0]["version"] == "2.14");
  REQUIRE(refused(topic("keras", "2.1")).code == Errc::not_found);
}

TEST_CASE("a release that is not known is told with its neighbours") {
  REQUIRE(refused(topic("torchvision", "0.18.7")).notes.front() ==
          "the nearest that are known are 0.18.1 (torch==2.3.1) and 0.19.0 (torch==2.4.0)");
  REQUIRE(refused(topic("torch", "2.3.7")).notes.front() ==
          "the nearest that are known are 2.3.1 and 2.4.0");
  REQUIRE(refused(topic("torch", "99")).notes.front().starts_with("the newest that is known is "));
  REQUIRE(
      refused(topic("torch", "0.0.1")).notes.front().starts_with("the oldest that is known is "));
  REQUIRE(refused(topic("vllm", "abc")).notes.front() == "`abc` is no version");
}

TEST_CASE("images are chosen by framework, CUDA and evidence") {
  CatalogQuery query = topic("images");
  query.framework = "torch";
  query.cuda = "12.1";
  const nlohmann::json images = document(query)["images"];
  REQUIRE_FALSE(images.empty());
  for (const nlohmann::json& image : images) {
    REQUIRE(image["frameworks"].contains("torch"));
    REQUIRE(image["cuda"].get<std::string>().starts_with("12.1"));
  }
  query.framework.reset();
  query.evidence = "live";
  const nlohmann::json live = document(query)["images"];
  REQUIRE(live.size() >= 4);
  for (const nlohmann::json& image : live) {
    REQUIRE(image["evidence"] == "live");
  }
}

TEST_CASE("GPUs, drivers and CUDA have their tables") {
  REQUIRE(contains(printed(topic("gpus")), "GeForce RTX 3090"));
  REQUIRE(contains(printed(topic("drivers")), "Long Term Support"));
  REQUIRE(contains(printed(topic("cuda")), "530.30.02"));
  REQUIRE(document(topic("drivers"))["branches"].size() >= 37);
  REQUIRE(document(topic("cuda"))["coverage"].size() >= 30);
}

TEST_CASE("what is not there is refused, with what is") {
  REQUIRE(refused(topic("tourch")).message == "unknown topic `tourch`");
  REQUIRE(refused(topic("tourch")).notes.front() == "did you mean `torch`?");
  REQUIRE(refused(topic("torch", "99.0")).code == Errc::not_found);
  REQUIRE(refused(topic("gpus", "1.0")).code == Errc::usage);
  CatalogQuery query = topic("gpus");
  query.cuda = "12.1";
  REQUIRE(refused(query).code == Errc::usage);
  query = topic("images");
  query.cuda = "twelve";
  REQUIRE(refused(query).message == "`twelve` is no CUDA version");
  query.cuda.reset();
  query.evidence = "seen";
  REQUIRE(refused(query).message == "`seen` is no evidence");
}
