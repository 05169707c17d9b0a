// A lock that somebody edited, or merged badly: what cannot be true at once.
#include "berth/resolver/lock.hpp"
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

Lock lock_of(const Question& question) {
  const ResolveRequest request = request_of(question);
  const Host host = host_of(question);
  return make_lock(decided(question), lock_inputs(request, catalogue()), host, catalogue());
}

Lock torch_lock() {
  return lock_of({{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}});
}

}  // namespace

TEST_CASE("a lock that was written contradicts nothing") {
  for (const Question& question : std::vector<Question>{
           {{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}},
           {{"tensorflow==2.15", "torch"}, "535.104.05", {"RTX 3090"}},
           {{"torch==2.6.0", "xformers", "vllm"}, "580.65.06", {"A100"}},
           {{"torch", "flash-attn", "keras"}, "580.65.06", {"A100"}},
           {{"tensorflow"}, "580.65.06", {"GH200"}},
           {{"jax"}, "580.65.06", {"A100"}, "", "12.6"},
           {{"torch"}, "535.104.05", {"A100"}, "", "", "ngc"},
           {{"torch==2.3.1+cpu"}, std::nullopt, {}},
       }) {
    INFO(question.requirements.front());
    CHECK(lock_contradictions(lock_of(question), catalogue()).empty());
  }
}

TEST_CASE("each fact that is not that of the image or the build is told") {
  const auto told = [](void (*edit)(Lock&)) {
    Lock lock = torch_lock();
    edit(lock);
    return lock_contradictions(lock, catalogue()).size();
  };
  CHECK(told([](Lock& lock) { lock.frameworks[0].version = "2.6.0"; }) > 0);
  CHECK(told([](Lock& lock) { lock.frameworks[0].capabilities = {"sm_120"}; }) > 0);
  CHECK(told([](Lock& lock) { lock.frameworks[0].index_url = "https://example.org/cu118"; }) > 0);
  CHECK(told([](Lock& lock) { lock.frameworks[0].cuda = CudaVersion::parse("11.8"); }) > 0);
  CHECK(told([](Lock& lock) { lock.cuda = CudaVersion::parse("11.8"); }) > 0);
  CHECK(told([](Lock& lock) { lock.cudnn = "9"; }) > 0);
  CHECK(told([](Lock& lock) { lock.python = "3.7"; }) > 0);
  CHECK(told([](Lock& lock) { lock.source = ImageSource::ngc; }) > 0);
  CHECK(told([](Lock& lock) { lock.libraries.push_back({"xformers", "0.0.35"}); }) > 0);
}
