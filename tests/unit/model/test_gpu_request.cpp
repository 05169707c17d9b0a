#include "berth/model/gpu_request.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using berth::GpuRequest;
using berth::parse_gpu_request;

namespace {

using Mode = GpuRequest::Mode;
using Names = std::vector<std::string>;

GpuRequest request(const std::string& text) {
  INFO(text);
  const berth::Result<GpuRequest> parsed = parse_gpu_request(text);
  REQUIRE(parsed);
  return *parsed;
}

berth::Error refusal(const std::string& text) {
  INFO(text);
  const berth::Result<GpuRequest> parsed = parse_gpu_request(text);
  REQUIRE_FALSE(parsed);
  REQUIRE(parsed.error().code == berth::Errc::usage);
  return parsed.error();
}

bool hints(const berth::Error& error, const std::string& hint) {
  for (const std::string& given : error.hints) {
    UNSCOPED_INFO("hint: " << given);
    if (given.find(hint) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("single words say how many GPUs") {
  REQUIRE(request("all").mode == Mode::all);
  REQUIRE(request("-1").mode == Mode::all);
  REQUIRE(request("count=all").mode == Mode::all);
  REQUIRE(request("none").mode == Mode::none);
  REQUIRE(request("0").mode == Mode::none);
  REQUIRE(request("auto").mode == Mode::automatic);
  REQUIRE(request(" 2 ").mode == Mode::count);
  REQUIRE(request("2").count == 2);
  REQUIRE(request("count=2").count == 2);
}

TEST_CASE("only all, a count and devices require a GPU") {
  REQUIRE(request("all").required());
  REQUIRE(request("1").required());
  REQUIRE(request("device=0").required());
  REQUIRE_FALSE(request("auto").required());
  REQUIRE_FALSE(request("none").required());
}

TEST_CASE("a list of devices needs no quotes, and docker's are taken") {
  for (const char* text : {"device=0,1", "\"device=0,1\"", "'device=0,1'", " device=0 , 1 "}) {
    INFO(text);
    REQUIRE(request(text).mode == Mode::devices);
    REQUIRE(request(text).devices == Names{"0", "1"});
  }
  const GpuRequest mixed = request("\"device=0,1\",capabilities=utility,compute");
  REQUIRE(mixed.devices == Names{"0", "1"});
  REQUIRE(mixed.capabilities == Names{"utility", "compute"});
  REQUIRE(request("capabilities=utility,device=3,4").devices == Names{"3", "4"});
}

TEST_CASE("devices are indices, UUIDs, MIG devices and CDI names") {
  const std::string uuid = "GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77";
  REQUIRE(request("device=" + uuid).devices == Names{uuid});
  REQUIRE(request("device=MIG-GPU-5d5ba0d6/1/0,MIG-3c9b").devices ==
          Names{"MIG-GPU-5d5ba0d6/1/0", "MIG-3c9b"});
  REQUIRE(request("device=0:1").devices == Names{"0:1"});
  REQUIRE(request("driver=cdi,device=nvidia.com/gpu=0,nvidia.com/gpu=GPU-1").devices ==
          Names{"nvidia.com/gpu=0", "nvidia.com/gpu=GPU-1"});
  for (const char* bad : {"device=GPU-", "device=x", "device=-1", "device=1.5", "device=0:",
                          "device=nvidia.com/gpu=", "device=GPU-1;rm", "device=99999999999"}) {
    refusal(bad);
  }
}

TEST_CASE("capabilities without a number mean one GPU, as with docker") {
  REQUIRE(request("capabilities=video").count == 1);
  REQUIRE(request("driver=nvidia").count == 1);
  REQUIRE(request("all,capabilities=gpu,compute,compute").capabilities == Names{"compute"});
  REQUIRE(hints(refusal("capabilities=compute,utilty"), "`utility`"));
}

TEST_CASE("free GPUs are asked for by number, and by memory") {
  REQUIRE(request("free").mode == Mode::free);
  REQUIRE(request("free").count == 1);
  REQUIRE(request("free").required());
  REQUIRE(request("free:2").count == 2);
  REQUIRE_FALSE(request("free:2").memory_bytes);
  REQUIRE(request("free:2,memory>=20g").memory_bytes == 20ULL << 30);
  REQUIRE(request(" free:2 , memory >= 1536m ").memory_bytes == 1536ULL << 20);
  REQUIRE(request("free:1,memory>=20g,capabilities=compute,video").capabilities ==
          Names{"compute", "video"});
  for (const char* bad : {"free:0",
                          "free:",
                          "free:x",
                          "free:-1",
                          "free:2000",
                          "freeze",
                          "free=2",
                          "free:1,memory=20g",
                          "free:1,memory>20g",
                          "free:1,memory>=",
                          "free:1,memory>=0",
                          "free:1,memory>=20",
                          "free:1,memory>=x",
                          "free:1,memory",
                          "free:1,memory>=2g,memory>=3g",
                          "2,memory>=20g",
                          "memory>=20g",
                          "all,memory>=20g",
                          "free:1,device=0",
                          "device=0,free:1",
                          "device=0,memory>=2g",
                          "free:1,free:2"}) {
    INFO(bad);
    REQUIRE(refusal(bad).message.starts_with("GPU request "));
  }
  REQUIRE(hints(refusal("fre"), "`--gpus free`"));
  REQUIRE(hints(refusal("2,memory>=20g"), "`--gpus 'free:1,memory>=20g'`"));
}

TEST_CASE("a request prints as one that means the same") {
  for (const char* text :
       {"auto", "none", "all", "2", "device=0,1", "free:2", "free:2,memory>=20g",
        "free:1,memory>=1500m,capabilities=compute", "free:1,memory>=1048577",
        "all,capabilities=compute", "device=0:1,nvidia.com/gpu=1,capabilities=video,all"}) {
    INFO(text);
    REQUIRE(request(text).text() == text);
  }
  REQUIRE(GpuRequest{}.text() == "auto");
}

TEST_CASE("bare lists are refused with what they mean") {
  REQUIRE(refusal("0,1").hints == Names{"`--gpus device=0,1`"});
  REQUIRE(hints(refusal("GPU-12,GPU-34"), "`--gpus device=GPU-12,GPU-34`"));
  REQUIRE(hints(refusal("GPU-12"), "`--gpus device=GPU-12`"));
  REQUIRE(hints(refusal("device=2-4"), "`--gpus device=2,3,4`"));
  REQUIRE(hints(refusal("device=0-1"), "`--gpus device=0,1`"));
}

TEST_CASE("mistyped words and keys are recognised") {
  REQUIRE(hints(refusal("al"), "`--gpus all`"));
  REQUIRE(hints(refusal("devices=0"), "`device`"));
  REQUIRE(hints(refusal("Device=0"), "`device`"));
  REQUIRE(refusal("options=a").notes.size() == 1);
}

TEST_CASE("contradictions, repetitions and gaps are refused") {
  for (const char* bad : {"",
                          " ",
                          ",",
                          "device=",
                          "count=",
                          "device=0,",
                          "driver=",
                          "count=1,count=2",
                          "1,count=2",
                          "device=0,device=1",
                          "device=0,0",
                          "device=0,00",
                          "count=2,device=0",
                          "device=0,count=2",
                          "2,device=0",
                          "none,capabilities=video",
                          "0,driver=nvidia",
                          "count=2,3",
                          "device=all",
                          "driver=amd",
                          "count=-2",
                          "count=1025",
                          "count=1.5",
                          "\"device=0",
                          "\"device=0\"x",
                          "=0",
                          "device=0,all,1"}) {
    INFO(bad);
    REQUIRE(refusal(bad).message.starts_with("GPU request "));
  }
  REQUIRE(hints(refusal("count=2,device=0"), "`--gpus 2`"));
  REQUIRE(hints(refusal("device=0,0"), "`--gpus device=0`"));
  REQUIRE(hints(refusal("device=all"), "`--gpus all`"));
}

TEST_CASE("a refusal shows hostile bytes harmlessly and shortly") {
  REQUIRE(refusal(std::string("a\0\x1b", 3)).message.find("a\\x00\\x1b") != std::string::npos);
  REQUIRE(refusal(std::string(1u << 20, 'x')).message.size() < 400);
}
