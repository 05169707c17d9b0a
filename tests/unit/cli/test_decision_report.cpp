#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/decision_report.hpp"
#include "support/catch.hpp"

using namespace berth;

namespace {

Decision sample_decision() {
  Decision decision;
  decision.image = "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime";
  decision.base_image = "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04";
  decision.frameworks.push_back({"torch", "==2.3.1", "2.3.1", "cu121",
                                 "https://download.pytorch.org/whl/cu121", "requirements.txt:3",
                                 true});
  decision.cuda = "12.1";
  decision.cudnn = "8";
  decision.python = "3.10";
  decision.driver = {DriverVersion::parse("535.104.05"), DriverVersion::parse("525.60.13"),
                     DriverMode::native};
  decision.gpus.push_back({"NVIDIA GeForce RTX 3090", ComputeCapability{8, 6}, "sm_86"});
  decision.reasons.push_back({"driver-native", "535 runs CUDA 12.2", "release notes"});
  Candidate other;
  other.image = "pytorch/pytorch:2.3.1-cuda11.8-cudnn8-runtime";
  decision.alternatives.push_back(other);
  other.rejected.push_back({"driver-too-old", "needs 580", "release notes"});
  decision.rejected.push_back(other);
  return decision;
}

}  // namespace

TEST_CASE("the document has the keys that scripts rely on") {
  const nlohmann::json document =
      nlohmann::json::parse(cli::decision_document(sample_decision(), false));
  REQUIRE(document["schema"] == "berth/resolve/1");
  REQUIRE(document["image"] == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  REQUIRE(document["source"] == "official");
  REQUIRE(document["frameworks"][0]["build"] == "cu121");
  REQUIRE(document["frameworks"][0]["origin"] == "requirements.txt:3");
  REQUIRE(document["driver"]["mode"] == "native");
  REQUIRE(document["driver"]["required"] == "525.60.13");
  REQUIRE(document["gpus"][0]["compute_capability"] == "8.6");
  REQUIRE(document["alternatives"].size() == 1);
  REQUIRE_FALSE(document.contains("rejected"));
}

TEST_CASE("what is not known is null in JSON, and a CPU run has no driver") {
  const nlohmann::json document = nlohmann::json::parse(cli::decision_document(Decision{}, true));
  REQUIRE(document["cuda"].is_null());
  REQUIRE(document["python"].is_null());
  REQUIRE(document["driver"]["found"].is_null());
  REQUIRE(document["driver"]["mode"] == "none");
  REQUIRE(document["rejected"].is_array());
}

TEST_CASE("the text names origin, driver and GPU, and explains on demand") {
  std::ostringstream brief;
  const cli::Terminal plain(false, false, 80);
  cli::print_decision(brief, plain, sample_decision(), {});
  REQUIRE(brief.str().find("torch 2.3.1 (cu121), from ==2.3.1 in requirements.txt:3") !=
          std::string::npos);
  REQUIRE(brief.str().find("535.104.05, 525.60.13 or newer needed") != std::string::npos);
  REQUIRE(brief.str().find("driver-native") == std::string::npos);
  std::ostringstream full;
  cli::print_decision(full, plain, sample_decision(), {true, true});
  REQUIRE(full.str().find("[driver-native] 535 runs CUDA 12.2 (release notes)") !=
          std::string::npos);
  REQUIRE(full.str().find("[driver-too-old] needs 580") != std::string::npos);
}
