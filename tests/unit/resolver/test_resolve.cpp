// resolve() with the embedded catalogue: the answers that berth promises, source by source and flag
// by flag.
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

TEST_CASE("torch 2.3.1 on driver 535 and an RTX 3090 is the default build, natively") {
  const Decision decision = decided({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}});
  CHECK(decision.image == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  CHECK(decision.source == ImageSource::official);
  CHECK(decision.base_image == "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04");
  CHECK(decision.cuda == "12.1");
  CHECK(decision.cudnn == "8");
  CHECK(decision.python == "3.10");
  REQUIRE(decision.frameworks.size() == 1);
  CHECK(decision.frameworks[0].version == "2.3.1");
  CHECK(decision.frameworks[0].requirement == "==2.3.1");
  CHECK(decision.frameworks[0].build == "cu121");
  CHECK(decision.frameworks[0].index_url == "https://download.pytorch.org/whl/cu121");
  CHECK(decision.frameworks[0].origin == "requirements.txt:1");
  CHECK(decision.frameworks[0].in_image);
  CHECK(decision.driver.found->text() == "535.104.05");
  CHECK(decision.driver.required->text() == "525.60.13");
  CHECK(decision.driver.mode == DriverMode::native);
  REQUIRE(decision.gpus.size() == 1);
  CHECK(decision.gpus[0].covered_by == "sm_86");
  CHECK(decision.gpus[0].compute_capability->text() == "8.6");
  for (const std::string rule :
       {"newest-release", "default-build", "driver-native", "gpu-cubin", "image", "base-image"}) {
    INFO(rule);
    CHECK(has_rule(decision.reasons, rule));
  }
}

TEST_CASE("an older driver gets the build that it can run") {
  const Decision decision = decided({{"torch==2.3.1"}, "470.86", {"RTX 3090"}});
  CHECK(decision.image == "pytorch/pytorch:2.3.1-cuda11.8-cudnn8-runtime");
  CHECK(decision.frameworks[0].build == "cu118");
  CHECK(decision.driver.mode == DriverMode::minor);
  CHECK(decision.driver.required->text() == "450.80.02");
  CHECK(has_rule(decision.reasons, "driver-minor"));
  CHECK(has_rule(decision.reasons, "other-build"));
}

TEST_CASE("tensorflow 1.12 is the Python 3 image with CUDA 9.0") {
  for (const Question& question :
       {Question{{"tensorflow==1.12"}},
        Question{{"tensorflow-gpu==1.12.0"}, "535.104.05", {"Tesla V100"}}}) {
    const Decision decision = decided(question);
    CHECK(decision.image == "tensorflow/tensorflow:1.12.0-gpu-py3");
    CHECK(decision.cuda == "9.0");
    CHECK(decision.frameworks[0].name == "tensorflow");
    CHECK(decision.frameworks[0].build == "cu90");
    CHECK(decision.base_image.empty());
    CHECK(any_contains(decision.warnings, "CUDA 9.0"));
  }
}

TEST_CASE("tensorflow 1.12 for Python 2 is the image without the suffix") {
  CHECK(decided({{"tensorflow==1.12"}, "535.104.05", {"V100"}, "2.7"}).image ==
        "tensorflow/tensorflow:1.12.0-gpu");
}

TEST_CASE("the default build is preferred to a tag that was seen, a runtime to a devel image") {
  const Decision decision = decided({{"torch==2.11.0"}, "580.65.06", {"RTX 3090"}});
  CHECK(decision.image == "pytorch/pytorch:2.11.0-cuda13.0-cudnn9-runtime");
  CHECK(any_contains(decision.warnings, "nobody was seen using this tag"));
  const Decision only = decided({{"torch==2.1.1"}, "535.104.05", {"RTX 3090"}});
  CHECK(only.image == "pytorch/pytorch:2.1.1-cuda12.1-cudnn8-runtime");
  CHECK(any_contains(only.warnings, "nobody was seen using this tag"));
}

TEST_CASE("jax has no official image: CUDA base, newest release, in one minor-compatible CUDA") {
  const Decision decision = decided({{"jax"}, "545.23.06", {"RTX 4090"}});
  CHECK(decision.source == ImageSource::cuda_base);
  CHECK(decision.image.starts_with("nvidia/cuda:12."));
  CHECK(decision.base_image == decision.image);
  CHECK_FALSE(decision.frameworks[0].in_image);
  CHECK(decision.driver.mode == DriverMode::minor);
  CHECK(any_contains(decision.warnings, "NVIDIA_DISABLE_REQUIRE=1"));
  // NVIDIA lets data-centre GPUs of that driver through.
  const Decision data_center = decided({{"jax"}, "550.54.14", {"A100"}});
  CHECK(data_center.driver.mode == DriverMode::minor);
  CHECK_FALSE(any_contains(data_center.warnings, "NVIDIA_DISABLE_REQUIRE"));
}

TEST_CASE("an extra names the CUDA major") {
  CHECK(decided({{"jax[cuda13]"}, "580.65.06", {"A100"}}).cuda.starts_with("13."));
  CHECK(decided({{"jax[cuda12]"}, "580.65.06", {"A100"}}).cuda.starts_with("12."));
}

TEST_CASE("two frameworks share one CUDA base, one cuDNN and one Python") {
  for (const Question& question :
       {Question{{"tensorflow==2.15", "torch"}},
        Question{{"torch", "tensorflow==2.15"}, "535.104.05", {"RTX 3090"}}}) {
    const Decision decision = decided(question);
    CHECK(decision.source == ImageSource::cuda_base);
    CHECK(decision.image == "nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04");
    CHECK(decision.python == "3.10");  // Ubuntu 22.04's own
    REQUIRE(decision.frameworks.size() == 2);
    CHECK(decision.frameworks[0].name == "tensorflow");
    CHECK(decision.frameworks[0].version == "2.15.0");
    CHECK(decision.frameworks[1].name == "torch");
    CHECK(decision.frameworks[1].build == "cu121");
    CHECK_FALSE(decision.frameworks[1].in_image);
  }
}

TEST_CASE("a local version demands its build") {
  const Decision decision = decided({{"torch==2.0.1+cu118"}, "535.104.05", {"RTX 3090"}});
  CHECK(decision.frameworks[0].build == "cu118");
  CHECK(decision.cuda == "11.8");
  const Error error = refused({{"torch==2.0.1+cu121"}, "535.104.05", {"RTX 3090"}});
  CHECK(error.code == Errc::no_solution);
  CHECK(any_contains(error.hints, "torch==2.0.1"));
}

TEST_CASE("the wheel's name in a URL is a pin") {
  const Decision decision = decided(
      {{"torch @ "
        "https://download.pytorch.org/whl/cu118/torch-2.3.1%2Bcu118-cp310-cp310-linux_x86_64.whl"},
       "535.104.05",
       {"RTX 3090"}});
  CHECK(decision.frameworks[0].version == "2.3.1");
  CHECK(decision.frameworks[0].build == "cu118");
}

TEST_CASE("companions restrict the release, or imply the framework") {
  CHECK(decided({{"torch", "torchvision==0.18.1"}, "535.104.05", {"RTX 3090"}})
            .frameworks[0]
            .version == "2.3.1");
  const Decision implied = decided({{"torchvision==0.18.1"}, "535.104.05", {"RTX 3090"}});
  CHECK(implied.frameworks[0].name == "torch");
  CHECK(implied.frameworks[0].version == "2.3.1");
  const Decision unknown =
      decided({{"torch==2.3.1", "torchvision==0.99.0"}, "535.104.05", {"RTX 3090"}});
  CHECK(unknown.frameworks[0].version == "2.3.1");
  CHECK(any_contains(unknown.warnings, "torchvision==0.99.0"));
  CHECK(any_contains(
      refused({{"torch==2.4.0", "torchvision==0.18.1"}, "535.104.05", {"RTX 3090"}}).notes,
      "0.19.0"));
  CHECK(decided({{"jax", "jaxlib==0.11.0"}, "535.104.05", {"A100"}}).frameworks[0].version ==
        "0.11.0");
  // jax's CUDA extras demand one jaxlib each.
  CHECK(decided({{"jaxlib==0.4.30"}, "535.104.05", {"A100"}}).frameworks[0].version == "0.4.30");
  CHECK(
      decided({{"jaxlib==0.4.23+cuda12.cudnn89"}, "535.104.05", {"A100"}}).frameworks[0].version ==
      "0.4.23");
  CHECK(any_contains(refused({{"jax==0.4.30", "jaxlib==0.4.23"}, "535.104.05", {"A100"}}).notes,
                     "jaxlib 0.4.23 needs jax==0.4.23"));
}

TEST_CASE("all lines of one name must hold, and -f replaces them") {
  const Decision both = decided({{"torch>=2.2", "torch<2.4"}, "535.104.05", {"RTX 3090"}});
  CHECK(both.frameworks[0].version == "2.3.1");
  CHECK(both.frameworks[0].requirement == "<2.4,>=2.2");
  const Error error = refused({{"torch==2.3.1", "torch==2.4.0"}, "535.104.05", {"RTX 3090"}});
  CHECK(any_contains(error.notes, "requirements.txt:2"));
  Question replaced{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  replaced.frameworks = {"torch==2.4.1"};
  CHECK(decided(replaced).frameworks[0].version == "2.4.1");
}

TEST_CASE("markers are evaluated with the Python of the image") {
  const Question question{
      {"torch==2.3.1; python_version < '3.11'", "torch==2.4.1; python_version >= '3.11'"},
      "535.104.05",
      {"RTX 3090"}};
  CHECK(decided(question).frameworks[0].version == "2.4.1");
  Question older = question;
  older.python = "3.10";
  CHECK(decided(older).frameworks[0].version == "2.3.1");
  CHECK(answer({{"torch; sys_platform == 'win32'"}}).error().code == Errc::not_found);
}

TEST_CASE("the options --cuda, --source, --devel and --python hold") {
  CHECK(decided({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}, "", "11.8"}).cuda == "11.8");
  CHECK(decided({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}, "", "11"}).cuda == "11.8");
  const Decision base =
      decided({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}, "", "", "cuda-base"});
  CHECK(base.image == "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04");
  CHECK(base.python == "3.10");  // Ubuntu's own
  Question devel{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  devel.devel = true;
  CHECK(decided(devel).image == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-devel");
  CHECK(decided(devel).base_image == "nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04");
  CHECK(decided({{"torch"}, "535.104.05", {"RTX 3090"}, "<3.11"}).python == "3.10");
  const Decision other = decided({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}, "3.12"});
  CHECK(other.source == ImageSource::cuda_base);
  CHECK(other.python == "3.12");
  const Error error = refused({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}, "3.6"});
  CHECK(any_contains(error.notes, "--python"));
}

TEST_CASE("the option --cuda alone is a CUDA image, and nothing at all is an error") {
  CHECK(decided({{}, "535.104.05", {"RTX 3090"}, "", "12.1"}).image ==
        "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04");
  const Result<Decision> none = answer({});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::not_found);
  CHECK_FALSE(none.error().hints.empty());
}

TEST_CASE("unknown names and versions say what is known") {
  Question misspelt;
  misspelt.frameworks = {"torhc==2.3.1"};
  const Result<Decision> unknown = answer(misspelt);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::not_found);
  CHECK(any_contains(unknown.error().hints, "berth resolve torch==2.3.1"));
  const Error error = refused({{"torch==9.9"}});
  CHECK(error.code == Errc::no_solution);
  CHECK(any_contains(error.notes, "the nearest release that is known is torch"));
}

TEST_CASE(
    "a machine without a GPU runs on the CPU and says so; the CPU asked for takes the CPU image") {
  const Decision automatic = decided({{"torch==2.3.1"}});
  CHECK(automatic.driver.mode == DriverMode::none);
  CHECK(any_contains(automatic.warnings, "runs on the CPU"));
  Question cpu{{"tensorflow==2.15"}};
  cpu.gpu_request = "none";
  CHECK(decided(cpu).image == "tensorflow/tensorflow:2.15.0");
  CHECK(decided(cpu).cuda.empty());
  cpu.requirements = {"tensorflow==2.3.0"};
  CHECK(decided(cpu).image == "tensorflow/tensorflow:2.3.0");
  Question demanded{{"torch==2.3.1"}};
  demanded.gpu_request = "all";
  const Error error = refused(demanded);
  CHECK(error.code == Errc::no_solution);
  CHECK(error.id == "gpu-not-there");
}

TEST_CASE("GPUs by count and index; one that is not there is an error") {
  Host host;
  host.driver = DriverVersion::parse("580.65.06");
  host.gpus = {{0, "NVIDIA GeForce GTX 1080", "GPU-aaaa", ComputeCapability{6, 1}, {}},
               {1, "NVIDIA GeForce RTX 5090", "GPU-bbbb", ComputeCapability{12, 0}, {}}};
  const auto ask = [&](const std::string& requirement, const std::string& gpus) {
    Question question{{requirement}};
    question.gpu_request = gpus;
    return resolve(request_of(question), host, catalogue());
  };
  CHECK(ask("torch==2.8", "device=0")->frameworks[0].build == "cu126");
  CHECK(ask("torch==2.8", "device=GPU-bbbb")->frameworks[0].build == "cu128");
  CHECK(ask("torch==2.8", "device=1")->gpus.size() == 1);
  CHECK(ask("torch==2.8", "1")->gpus[0].compute_capability == ComputeCapability{6, 1});
  const Result<Decision> mixed = ask("torch==2.8", "all");
  REQUIRE_FALSE(mixed);
  CHECK(any_contains(mixed.error().hints, "device=0"));
  CHECK(ask("torch==2.8", "device=7").error().code == Errc::invalid_input);
  CHECK(ask("torch==2.8", "3").error().code == Errc::invalid_input);
}

TEST_CASE("a driver alone: the GPU is not checked, and that is said") {
  const Decision decision = decided({{"torch==2.3.1"}, "535.104.05"});
  CHECK(decision.image == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  CHECK(any_contains(decision.warnings, "the GPU is not checked"));
  CHECK(any_contains(decided({{"torch==2.3.1"}, std::nullopt, {"RTX 3090"}}).warnings,
                     "the driver is not checked"));
}

TEST_CASE("a given image is taken; what the catalogue knows of it is checked") {
  Question question{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  question.image = "docker.io/pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime";
  const Decision decision = decided(question);
  CHECK(decision.image == question.image);
  CHECK(decision.source == ImageSource::given);
  CHECK(decision.cuda == "12.1");
  question.image = "pytorch/pytorch:2.4.1-cuda12.1-cudnn9-runtime";
  CHECK(any_contains(refused(question).notes, "2.4.1"));
  question.image = "example.org/mine:1";
  CHECK(any_contains(decided(question).warnings, "not in the catalogue"));
  Question blackwell{{}, "580.65.06", {"RTX 5090"}};
  blackwell.image = "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime";
  CHECK(refused(blackwell).code == Errc::no_solution);
}

TEST_CASE("only data-centre GPUs get forward compatibility, and only where nothing else works") {
  Question question{{"jax[cuda13]"}, "535.104.05", {"H100"}};
  const Decision decision = decided(question);
  CHECK(decision.driver.mode == DriverMode::forward);
  CHECK(any_contains(decision.warnings, "forward compatibility"));
  question.requirements = {"jax"};
  CHECK(decided(question).driver.mode == DriverMode::minor);
  CHECK(refused({{"jax[cuda13]"}, "535.104.05", {"RTX 4090"}}).code == Errc::no_solution);
}

TEST_CASE("an ARM machine gets no image that exists for x86 alone") {
  Host host = host_of({{}, "580.65.06", {"GH200"}});
  host.architecture = "aarch64";
  const Result<Decision> decision = resolve(request_of({{"torch==2.8"}}), host, catalogue());
  REQUIRE(decision);
  CHECK(decision->source != ImageSource::official);
}

TEST_CASE("a build for the CPU goes onto a plain base where no GPU is used, and nowhere else") {
  const Decision alone = decided({{"torch==2.3.1+cpu"}});
  CHECK(alone.source == ImageSource::cuda_base);
  CHECK(alone.image.find("-base-ubuntu") != std::string::npos);
  CHECK(alone.cuda.empty());
  CHECK(alone.frameworks[0].build == "cpu");
  CHECK(alone.frameworks[0].index_url == "https://download.pytorch.org/whl/cpu");
  CHECK(alone.python == "3.12");  // of Ubuntu 24.04, and torch 2.3.1 has wheels for it
  const auto about_build = [](const Reason& reason) { return reason.rule == "other-build"; };
  const auto why = std::find_if(alone.reasons.begin(), alone.reasons.end(), about_build);
  REQUIRE(why != alone.reasons.end());
  CHECK(why->text.find("`torch==2.3.1+cpu` (requirements.txt:1) asks for it") != std::string::npos);
  CHECK(decided({{"torch==1.10.0+cpu"}}).python == "3.9");
  CHECK(decided({{"torch==2.3.1+cpu", "tensorflow-cpu==2.15"}}).frameworks.size() == 2);
  Question jax{{"jax"}};
  jax.gpu_request = "none";
  CHECK(decided(jax).frameworks[0].build == "cpu");
  CHECK(decided({{"torch==2.3.1"}}).image == "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  CHECK(any_contains(refused({{"torch==2.3.1+cpu"}, "535.104.05", {"A100"}}).hints,
                     "another build: `berth resolve torch==2.3.1 "));
}

TEST_CASE("companions of two releases exclude each other, whatever containers hold") {
  const Error error = refused({{"torchvision==0.19.0", "torchaudio==2.3.1"}});
  CHECK(any_contains(error.notes, "these exclude each other: `torchaudio==2.3.1` (req"));
  CHECK_FALSE(answer({{"torchaudio==2.4.0+cu124"}, "470.86", {"RTX 3090"}}));
  // NVIDIA's pre-release of the release that it belongs to may have it.
  CHECK(decided({{"torchvision==0.19.0"}, "550.54.14", {"A100"}, "", "", "ngc"})
            .image.find("nvcr.io/nvidia/pytorch:24.") == 0);
}

TEST_CASE("what a library's wheels demand holds for every release of it") {
  CHECK(decided({{"vllm==0.6.3"}, "535.104.05", {"A100"}}).frameworks[0].version == "2.4.0");
  CHECK(decided({{"xformers==0.0.21"}, "535.104.05", {"A100"}}).frameworks[0].version == "2.0.1");
  CHECK_FALSE(answer({{"vllm"}, "535.104.05", {"GTX 1080"}}));
}

TEST_CASE("GPUs that the wheels' libraries have left behind") {
  CHECK(decided({{"torch"}, "470.86", {"Tesla K80"}}).cudnn == "8");
  CHECK_FALSE(answer({{"torch==2.4.0"}, "470.86", {"Tesla K80"}}));
  CHECK(decided({{"tensorflow"}, "580.65.06", {"GTX 980"}})
            .frameworks[0]
            .version.starts_with("2.16"));
}

TEST_CASE("an ARM machine may have NVIDIA's containers") {
  CHECK(decided({{"torch"}, "580.65.06", {"GH200"}, "", "", "ngc"}).source == ImageSource::ngc);
}

TEST_CASE("a build for the CPU on a machine with a GPU is refused with that reason") {
  CHECK(any_contains(refused({{"torch==2.3.1+cpu"}, "535.104.05", {"A100"}}).notes,
                     "is built for the CPU, and the run uses GPUs"));
}
