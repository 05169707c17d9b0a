// Conflicts: the facts that are named do exclude each other, none of them is idle, and what the
// table of exclusions says is what the search finds. On random questions of up to four things.
#include <random>

#include "resolver/smallest_conflict.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::resolver;
using namespace berth::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kQuestions = 40;
#else
constexpr int kQuestions = 400;
#endif

template <class T>
const T& one_of(const std::vector<T>& choices, std::mt19937& random) {
  return choices[random() % choices.size()];
}

// Mostly what people ask, often more than can be had.
Question random_question(std::mt19937& random) {
  static const std::vector<std::string> kThings{
      "torch==2.3.1", "torch==2.6",         "torch>=2.8",         "torch==1.8.0",
      "torch",        "tensorflow==2.4",    "tensorflow==2.15",   "tensorflow",
      "jax",          "jax==0.4.30",        "jax[cuda13]",        "torchvision==0.18.1",
      "torchaudio",   "xformers==0.0.30",   "vllm==0.9.0",        "keras<3",
      "flash-attn",   "torchtext==0.16.0",  "onnxruntime-gpu",    "onnxruntime-gpu==1.18.1",
      "torch<2",      "tensorflow==1.12.0", "torch==2.0.1+cu118", "onnxruntime-gpu==1.16.3"};
  static const std::vector<std::string> kDrivers{"390.46",    "418.39",     "450.80.02", "470.86",
                                                 "525.60.13", "535.104.05", "570.86.10", "590.10"};
  static const std::vector<std::string> kGpus{"Tesla K80", "GTX 1080", "Tesla V100", "Tesla T4",
                                              "A100",      "RTX 3090", "H100",       "RTX 5090"};
  Question question;
  for (std::size_t count = 1 + random() % 4; count > 0; --count) {
    question.requirements.push_back(one_of(kThings, random));
  }
  if (random() % 5 != 0) {
    question.driver = one_of(kDrivers, random);
  }
  for (std::size_t count = random() % 3; count > 0; --count) {
    question.gpus.push_back(one_of(kGpus, random));
  }
  question.python = one_of<std::string>({"", "", "", "3.8", ">=3.12", "3.10"}, random);
  question.cuda = one_of<std::string>({"", "", "", "", "12.1", "11"}, random);
  question.source = one_of<std::string>({"", "", "", "", "official", "cuda-base"}, random);
  question.devel = random() % 6 == 0;
  return question;
}

std::string text_of(const Question& question) {
  std::string text;
  for (const std::string& requirement : question.requirements) {
    text += requirement + " ";
  }
  for (const std::string& gpu : question.gpus) {
    text += "--gpu " + gpu + " ";
  }
  return text + "--driver " + question.driver.value_or("-") + " --python " + question.python +
         " --cuda " + question.cuda + " --source " + question.source +
         (question.devel ? " --devel" : "");
}

// A host that names neither a driver nor a GPU is this machine's to fill in; here nothing is. And a
// machine that somebody has seen: its driver knows its GPUs, whatever the catalogue says.
Host machine_of(const Question& question) {
  Host host = host_of(question);
  host.gpus_known = false;
  host.origin.text = "host.json";
  return host;
}

bool resolves(const ResolveRequest& request, const Host& host) {
  return resolve(request, host, catalogue()).has_value();
}

}  // namespace

TEST_CASE("the facts of a conflict exclude each other alone, and without any of them do not") {
  std::mt19937 random(20261125);
  std::size_t conflicts = 0;
  for (int i = 0; i < kQuestions; ++i) {
    const Question question = random_question(random);
    INFO(text_of(question));
    const ResolveRequest request = request_of(question);
    const Host host = machine_of(question);
    const Result<Machine> machine = machine_for(request, host, catalogue());
    REQUIRE(machine);
    const Result<std::vector<World>> worlds =
        worlds_of(request, catalogue(), machine->architecture);
    REQUIRE(worlds);
    const Facts facts(request, host, *machine, *worlds);
    const Exclusions exclusions(request, *machine, catalogue(), *worlds, facts);
    REQUIRE(exclusions.solvable(facts.all()) == resolves(request, host));
    if (exclusions.solvable(facts.all())) {
      continue;
    }
    ++conflicts;
    const FactSet conflict = smallest_conflict(facts, exclusions);
    for (const std::string& text : facts.texts_of(conflict)) {
      UNSCOPED_INFO("  " << text);
    }
    CHECK_FALSE(resolves(facts.request_of(conflict), facts.host_of(conflict)));
    for (FactSet rest = conflict; rest != 0; rest &= rest - 1) {
      CHECK(exclusions.solvable(conflict & ~(rest & (~rest + 1))));
    }
    if (const FactSet change = smallest_change(facts, exclusions); change != 0) {
      const FactSet kept = facts.all() & ~change;
      CHECK(resolves(facts.request_of(kept), facts.host_of(kept)));
    }
  }
  CHECK(conflicts > static_cast<std::size_t>(kQuestions / 8));
  CHECK(conflicts < static_cast<std::size_t>(kQuestions));
}

TEST_CASE("leaving out a requirement, a flag or a part of the machine never loses an answer") {
  std::mt19937 random(4);
  for (int i = 0; i < kQuestions / 2; ++i) {
    const Question question = random_question(random);
    if (!resolves(request_of(question), machine_of(question))) {
      continue;
    }
    INFO(text_of(question));
    std::vector<Question> fewer;
    // With a source asked for, what is wanted beside a framework needs that framework's image.
    const bool may_drop = question.requirements.size() > 1 && question.source.empty();
    for (std::size_t at = 0; may_drop && at < question.requirements.size(); ++at) {
      fewer.push_back(question);
      fewer.back().requirements.erase(fewer.back().requirements.begin() +
                                      static_cast<std::ptrdiff_t>(at));
    }
    for (const auto change : std::initializer_list<void (*)(Question&)>{
             [](Question& q) { q.python.clear(); }, [](Question& q) { q.cuda.clear(); },
             [](Question& q) { q.source.clear(); }, [](Question& q) { q.devel = false; },
             [](Question& q) { q.driver.reset(); }, [](Question& q) { q.gpus.clear(); }}) {
      fewer.push_back(question);
      change(fewer.back());
    }
    for (const Question& one : fewer) {
      INFO("without: " << text_of(one));
      CHECK(resolves(request_of(one), machine_of(one)));
    }
  }
}

TEST_CASE("a conflict names what excludes each other, and what is not in the way") {
  const Error three =
      refused({{"torch==2.6", "tensorflow==2.6", "jax==0.4.30"}, "535.104.05", {"RTX 3090"}});
  CHECK(any_contains(three.notes,
                     "these exclude each other: `jax==0.4.30` (requirements.txt:3); "
                     "`tensorflow==2.6` (requirements.txt:2)"));
  CHECK_FALSE(any_contains(three.notes, "torch==2.6"));

  const Error any_release = refused({{"torch==2.8"}, "580.65.06", {"GTX 1080"}, "", "12.9"});
  CHECK(any_contains(any_release.notes, "without `torch==2.8` (requirements.txt:1) it would be"));

  const Error two = refused({{"torch==2.6", "tensorflow==2.4"}, "570.86.10", {"RTX 5090"}});
  CHECK(any_contains(two.notes, "without both of these there is an answer: "));
}
