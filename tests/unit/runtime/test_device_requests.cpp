// The table of device_requests.hpp: per engine, what a request for GPUs becomes.
#include "berth/runtime/device_requests.hpp"
#include "support/catch.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

using Strings = std::vector<std::string>;

GpuRequest request_of(GpuRequest::Mode mode, unsigned count = 0, Strings devices = {}) {
  GpuRequest request;
  request.mode = mode;
  request.count = count;
  request.devices = std::move(devices);
  return request;
}

const GpuRequest kAll = request_of(GpuRequest::Mode::all);
GpuRequest first(unsigned count) {
  return request_of(GpuRequest::Mode::count, count);
}
GpuRequest devices(Strings names) {
  return request_of(GpuRequest::Mode::devices, 0, std::move(names));
}

Host unknown_host() {
  Host host;
  host.gpus_known = false;
  host.engine = EngineFacts{};
  return host;
}

GpuSupport nvidia_support() {
  GpuSupport support;
  support.nvidia = true;
  return support;
}

GpuSupport cdi_support(Strings listed = {}) {
  GpuSupport support;
  support.cdi = true;
  support.cdi_devices = std::move(listed);
  return support;
}

const Strings kTwoListed = {"nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=GPU-aa",
                            "nvidia.com/gpu=all"};

DeviceRequest made(const GpuRequest& request, const GpuSupport& support) {
  const Result<std::vector<DeviceRequest>> requests =
      make_device_requests(request, unknown_host(), support);
  REQUIRE(requests);
  REQUIRE(requests->size() == 1);
  return requests->front();
}

Error refused(const GpuRequest& request, const Host& host, const GpuSupport& support) {
  const Result<std::vector<DeviceRequest>> requests = make_device_requests(request, host, support);
  REQUIRE_FALSE(requests);
  return requests.error();
}

}  // namespace

TEST_CASE("whether GPUs are wanted: asked for, or there") {
  Host with_gpu;
  with_gpu.gpus.emplace_back();
  const GpuRequest automatic;
  CHECK(wants_gpus(automatic, with_gpu));
  CHECK_FALSE(wants_gpus(automatic, Host{}));
  CHECK_FALSE(wants_gpus(request_of(GpuRequest::Mode::none), with_gpu));
  CHECK_FALSE(wants_gpus(first(0), with_gpu));
  CHECK(wants_gpus(first(1), Host{}));
  CHECK(wants_gpus(kAll, Host{}));
  CHECK(make_device_requests(first(0), with_gpu, {})->empty());
}

TEST_CASE("with the hook: docker's own request") {
  CHECK(made(kAll, nvidia_support()).driver == DeviceRequest::Driver::nvidia);
  CHECK(made(kAll, nvidia_support()).count == -1);
  CHECK(made(kAll, nvidia_support()).capabilities == Strings{"gpu"});
  CHECK(made(first(2), nvidia_support()).count == 2);
  const DeviceRequest ids = made(devices({"0", "GPU-aa", "nvidia.com/gpu=1"}), nvidia_support());
  CHECK(ids.count == 0);
  CHECK(ids.device_ids == Strings{"0", "GPU-aa", "1"});
  GpuRequest with_capabilities = kAll;
  with_capabilities.capabilities = {"gpu", "compute", "video"};
  CHECK(made(with_capabilities, nvidia_support()).capabilities ==
        Strings{"gpu", "compute", "video"});
}

TEST_CASE("with CDI: qualified names, never a count") {
  CHECK(made(kAll, cdi_support(kTwoListed)).driver == DeviceRequest::Driver::cdi);
  CHECK(made(kAll, cdi_support(kTwoListed)).device_ids == Strings{"nvidia.com/gpu=all"});
  CHECK(made(first(1), cdi_support(kTwoListed)).device_ids == Strings{"nvidia.com/gpu=0"});
  CHECK(made(first(2), cdi_support()).device_ids ==
        Strings{"nvidia.com/gpu=0", "nvidia.com/gpu=1"});
  CHECK(made(devices({"1", "GPU-aa", "nvidia.com/gpu=0"}), cdi_support(kTwoListed)).device_ids ==
        Strings{"nvidia.com/gpu=1", "nvidia.com/gpu=GPU-aa", "nvidia.com/gpu=0"});
  CHECK(made(first(2), cdi_support(kTwoListed)).count == 0);
  CHECK(made(first(2), cdi_support(kTwoListed)).capabilities.empty());
}

TEST_CASE("the first N are the lowest indices, counted as numbers") {
  Strings listed;
  for (const int index : {10, 2, 0, 1, 9}) {
    listed.push_back("nvidia.com/gpu=" + std::to_string(index));
  }
  CHECK(made(first(4), cdi_support(listed)).device_ids ==
        Strings{"nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=2", "nvidia.com/gpu=9"});
}

TEST_CASE("with both, the hook is taken, but a qualified name is CDI's") {
  GpuSupport both = cdi_support(kTwoListed);
  both.nvidia = true;
  CHECK(made(kAll, both).driver == DeviceRequest::Driver::nvidia);
  CHECK(made(devices({"nvidia.com/gpu=1"}), both).driver == DeviceRequest::Driver::cdi);
}

TEST_CASE("GPUs that are not there are refused by name") {
  const Error too_many = refused(first(3), unknown_host(), cdi_support(kTwoListed));
  CHECK(too_many.id == "gpu-not-found");
  CHECK(too_many.message == "`--gpus 3` is more than the engine has");
  const Error unknown = refused(devices({"7"}), unknown_host(), cdi_support(kTwoListed));
  CHECK(unknown.message == "the engine has no GPU `7`");
  CHECK(refused(devices({"amd.com/gpu=0"}), unknown_host(), nvidia_support()).id ==
        "gpu-not-found");

  Host one_gpu;
  one_gpu.gpus.emplace_back();
  CHECK(refused(first(2), one_gpu, nvidia_support()).message ==
        "`--gpus 2` is more than this machine has: 1 GPU");
  CHECK(refused(devices({"1"}), one_gpu, nvidia_support()).id == "gpu-not-found");
  CHECK(make_device_requests(devices({"0"}), one_gpu, nvidia_support()));
  CHECK(make_device_requests(devices({"GPU-bb"}), one_gpu, nvidia_support()));
}

TEST_CASE("without support no GPU run is planned") {
  CHECK(refused(kAll, unknown_host(), {}).id == "gpu-not-configured");
}
