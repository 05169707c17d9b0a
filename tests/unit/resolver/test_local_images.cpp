// What is already here: among equal answers, with `--prefer local`, and as a note.
#include "berth/resolver/local_images.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "resolve_support.hpp"
#include "support/catch.hpp"

namespace {

using berth::Decision;
using berth::known_images;
using berth::LocalImage;
using berth::Preference;
using berth::substitute_note;
using berth::test::catalogue;
using berth::test::Question;
using Texts = std::vector<std::string>;

constexpr std::uint64_t kGiB = 1ull << 30;

Question on_3090(const Texts& requirements) {
  return {.requirements = requirements, .driver = "535.104.05", .gpus = {"RTX 3090"}};
}

Question on_3090_from_ngc(const std::string& requirement) {
  Question question = on_3090({requirement});
  question.source = "ngc";
  return question;
}

berth::Result<Decision> answer_with(const Question& question, const Texts& images,
                                    Preference preference = Preference::newest) {
  berth::ResolveRequest request = berth::test::request_of(question);
  request.prefer = {preference, berth::Origin{"--prefer"}};
  berth::Host host = berth::test::host_of(question);
  for (const std::string& image : images) {
    host.images.push_back({image, 7 * kGiB});
  }
  return berth::resolve(request, host, catalogue());
}

Decision decided_with(const Question& question, const Texts& images,
                      Preference preference = Preference::newest) {
  return answer_with(question, images, preference).value();
}

bool has_reason(const Decision& decision, const std::string& text) {
  return std::any_of(
      decision.reasons.begin(), decision.reasons.end(),
      [&text](const berth::Reason& reason) { return reason.text.find(text) != std::string::npos; });
}

const std::string kTorch230 = "pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime";
const std::string kTorch231 = "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime";
const std::string kTorch231Cuda118 = "pytorch/pytorch:2.3.1-cuda11.8-cudnn8-runtime";
const std::string kTensorflow = "tensorflow/tensorflow:2.15.0-gpu";
// Of the same release, CUDA, cuDNN and Python.
const std::string kNgcJanuary = "nvcr.io/nvidia/tensorflow:22.01-tf2-py3";
const std::string kNgcFebruary = "nvcr.io/nvidia/tensorflow:22.02-tf2-py3";

}  // namespace

TEST_CASE("among equal answers the image that the engine has wins") {
  const Question question = on_3090_from_ngc("tensorflow==2.7.0");
  REQUIRE(decided_with(question, {}).image == kNgcFebruary);
  const Decision decision = decided_with(question, {kNgcJanuary});
  REQUIRE(decision.image == kNgcJanuary);
  REQUIRE(has_reason(decision, "the engine has it"));
  REQUIRE_FALSE(decision.substitute);
  REQUIRE(decided_with(question, {kNgcJanuary, kNgcFebruary}).image == kNgcFebruary);
}

TEST_CASE("containers of which nobody knows what is in them are not equal") {
  Question question = on_3090_from_ngc("torch");
  question.cuda = "13.3";
  question.driver = "610.43";
  const Decision newest = decided_with(question, {});
  REQUIRE(newest.image == "nvcr.io/nvidia/pytorch:26.07-py3");
  REQUIRE(decided_with(question, {"nvcr.io/nvidia/pytorch:26.06-py3"}).image == newest.image);
}

TEST_CASE("images count by Docker's names and by Podman's, of their own registry alone") {
  const Question question = on_3090({"torch==2.3.1"});
  const auto preferred = [&question](const std::string& name) {
    return decided_with(question, {name}, Preference::local).image;
  };
  REQUIRE(preferred("docker.io/" + kTorch231Cuda118) == kTorch231Cuda118);
  for (const char* other : {"localhost/", "mirror.lab:5000/"}) {
    REQUIRE(preferred(other + kTorch231Cuda118) == kTorch231);
  }
}

TEST_CASE("a slightly older image that is here is not taken, but told of") {
  const Decision decision = decided_with(on_3090({"torch>=2.3,<2.4"}), {kTorch230});
  REQUIRE(decision.image == kTorch231);
  REQUIRE(decision.substitute);
  REQUIRE(decision.substitute->image == kTorch230);
  REQUIRE(decision.substitute->differences == Texts{"torch 2.3.0 instead of 2.3.1"});
  REQUIRE(substitute_note(decision) ==
          "the engine has " + kTorch230 +
              ", which would do (torch 2.3.0 instead of 2.3.1): `--prefer local` takes it and "
              "saves the download, about 7.0 GiB unpacked");
}

TEST_CASE("preferring what is here takes it, and says why") {
  const Decision decision =
      decided_with(on_3090({"torch>=2.3,<2.4"}), {kTorch230}, Preference::local);
  REQUIRE(decision.image == kTorch230);
  REQUIRE(decision.frameworks.at(0).version == "2.3.0");
  REQUIRE(decision.alternatives.at(0).image == kTorch231);
  REQUIRE(has_reason(decision, "in an image that the engine has, which --prefer puts first"));
  REQUIRE_FALSE(has_reason(decision, "newest release"));
  REQUIRE(substitute_note(decision).empty());
}

TEST_CASE("another CUDA that is here is told of, and taken where local ones are preferred") {
  const Question question = on_3090({"torch==2.3.1"});
  const Decision decision = decided_with(question, {kTorch231Cuda118});
  REQUIRE(decision.image == kTorch231);
  REQUIRE(decision.substitute->differences == Texts{"CUDA 11.8 instead of CUDA 12.1"});
  REQUIRE(decided_with(question, {kTorch231Cuda118}, Preference::local).image == kTorch231Cuda118);
}

TEST_CASE("what is demanded goes before what is here") {
  Question question = on_3090({"torch==2.3.1"});
  question.cuda = "12.1";
  REQUIRE(decided_with(question, {kTorch231Cuda118}, Preference::local).image == kTorch231);
  REQUIRE(decided_with(on_3090({"torch==2.3.1"}), {kTorch230}, Preference::local).image ==
          kTorch231);
  const Question blackwell{
      .requirements = {"torch>=2.3"}, .driver = "575.57.08", .gpus = {"RTX 5090"}};
  REQUIRE(decided_with(blackwell, {kTorch231}, Preference::local).image ==
          decided_with(blackwell, {}).image);
  REQUIRE_FALSE(decided_with(blackwell, {kTorch231}).substitute);
}

TEST_CASE("an image of years ago is no substitute, though --prefer local takes it") {
  const std::string old = "pytorch/pytorch:1.13.1-cuda11.6-cudnn8-runtime";
  const Question question = on_3090({"torch"});
  REQUIRE_FALSE(decided_with(question, {old}).substitute);
  REQUIRE(decided_with(question, {old}, Preference::local).image == old);
}

TEST_CASE("a CUDA image on which the framework would be installed is not here") {
  const Question question = on_3090({"torch==2.3.1"});
  Texts bases;
  for (const berth::ImageTag& image : catalogue().images) {
    if (image.source == berth::ImageSource::cuda_base) {
      bases.push_back(image.reference());
    }
  }
  const Decision decision = decided_with(question, bases, Preference::local);
  REQUIRE(decision.image == kTorch231);
  REQUIRE_FALSE(decided_with(question, bases).substitute);
}

TEST_CASE("without a framework any CUDA of the series that is here will do") {
  Question question = on_3090({});
  question.cuda = "12";
  const Decision newest = decided_with(question, {});
  const std::string other = newest.alternatives.at(0).image;
  REQUIRE(decided_with(question, {other}, Preference::local).image == other);
}

TEST_CASE("a tag that is here exists, whatever its naming rule is worth") {
  for (const berth::ImageTag& image : catalogue().images) {
    const auto held = image.frameworks.find("tensorflow");
    if (image.evidence != berth::Evidence::inferred || held == image.frameworks.end() ||
        image.source != berth::ImageSource::official) {
      continue;
    }
    const Question question = on_3090({"tensorflow==" + held->second});
    const auto decision = answer_with(question, {image.reference()}, Preference::local);
    if (decision && decision->image == image.reference()) {
      REQUIRE(std::none_of(decision->warnings.begin(), decision->warnings.end(),
                           [](const std::string& warning) {
                             return warning.find("nobody was seen") != std::string::npos;
                           }));
      return;
    }
  }
  FAIL("no inferred tag was chosen");
}

TEST_CASE("the note names what --prefer local takes, and that satisfies as well") {
  const std::vector<Question> questions = {
      on_3090({"torch>=2.0"}),
      on_3090({"tensorflow>=2.10"}),
      on_3090({"torch>=2.1", "torchvision"}),
      {.requirements = {"torch"}, .driver = "470.86", .gpus = {"RTX 3090", "Tesla V100"}},
      {.requirements = {"torch", "onnxruntime-gpu"}, .driver = "560.28", .gpus = {"A100"}},
      {.requirements = {"torch>=2.1"}, .gpu_request = "none"}};
  std::size_t told = 0;
  for (const Question& question : questions) {
    const Decision usual = decided_with(question, {});
    // The nearest ones, where a note is likely, and of the rest some.
    for (std::size_t i = 0; i < usual.alternatives.size(); i += i < 8 ? 1 : 1 + i / 2) {
      const berth::Candidate& candidate = usual.alternatives[i];
      const Decision with = decided_with(question, {candidate.image});
      const Decision local = decided_with(question, {candidate.image}, Preference::local);
      INFO(candidate.image);
      const bool may_do = local.image == usual.image ||
                          std::any_of(usual.alternatives.begin(), usual.alternatives.end(),
                                      [&local](const berth::Candidate& other) {
                                        return other.image == local.image;
                                      });
      REQUIRE(may_do);
      if (with.substitute) {
        ++told;
        REQUIRE(with.substitute->image == local.image);
        REQUIRE(with.image == usual.image);
        REQUIRE_FALSE(with.substitute->differences.empty());
      }
    }
  }
  REQUIRE(told > questions.size());
}

TEST_CASE("what is saved is the download where its size is known") {
  Decision decision = decided_with(on_3090({"torch>=2.3,<2.4"}), {kTorch230});
  decision.image_facts = berth::ImageFacts{};
  decision.image_facts->from = berth::ImageFacts::From::registry;
  decision.image_facts->download_bytes = 3 * kGiB;
  REQUIRE(substitute_note(decision).ends_with("and saves a download of 3.0 GiB"));
  decision.image_facts->download_bytes.reset();
  decision.substitute->bytes = 0;
  REQUIRE(substitute_note(decision).ends_with("and saves the download"));
  decision.image_facts->from = berth::ImageFacts::From::engine;  // it came in the meantime
  REQUIRE(substitute_note(decision).empty());
}

TEST_CASE("of the engine's images those of the catalogue count, under its names") {
  const std::vector<LocalImage> known = known_images({{"busybox:1", 1},
                                                      {"<none>:<none>", 2},
                                                      {"docker.io/" + kTorch231, 3},
                                                      {"localhost/" + kTensorflow, 4},
                                                      {"docker.io/pytorch/pytorch@sha256:aa", 5},
                                                      {"", 6}},
                                                     catalogue());
  REQUIRE(known.size() == 1);
  REQUIRE(known[0].reference == kTorch231);
  REQUIRE(known[0].bytes == 3);
}
