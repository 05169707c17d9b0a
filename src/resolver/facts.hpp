// The facts of a question, one by one, so that they can be left out one by one: what is wanted,
// each line about it, each flag, the driver, each GPU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/machine.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// A bit for each fact.
using FactSet = std::uint64_t;

struct Fact {
  enum class Kind {
    wanted,  // a framework or a library, in whatever release
    line,    // what a line demands of it
    python,
    cuda,
    source,
    devel,
    architecture,  // other than amd64, which nearly every image is for
    driver,
    gpu,
  };
  Kind kind = Kind::wanted;
  const void* about = nullptr;  // the Framework, Library or RequirementLine
  std::size_t index = 0;        // of the Python request, or of the GPU among the machine's
  const void* thing = nullptr;  // of a line: the Framework or Library that it is about
  std::string text{};           // of what is wanted and of lines
};

class Facts {
 public:
  // All arguments must outlive the facts.
  Facts(const ResolveRequest& request, const Host& host, const Machine& machine,
        const std::vector<World>& worlds);

  const std::vector<Fact>& list() const { return list_; }
  // More facts than bits: then nothing can be said of them.
  bool too_many() const { return list_.size() > kMost; }
  FactSet all() const;
  // Whether each GPU is a fact of its own.
  bool tells_gpus_apart() const;

  // The set of one fact; empty for what is none (a GPU like one before it, amd64).
  FactSet bit(Fact::Kind kind, const void* about = nullptr, std::size_t index = 0) const;

  // With what the lines demand of everything that is wanted in the set.
  FactSet with_demands(FactSet kept) const;
  // Each with its origin, what is demanded of a thing in place of the bare thing: "`torch==2.6`
  // (requirements.txt:3)", "GPU 0 (…)".
  std::vector<std::string> texts_of(FactSet kept) const;

  // The question with only these facts. What is left of a line whose demand is not kept is its
  // name.
  ResolveRequest request_of(FactSet kept) const;
  Host host_of(FactSet kept) const;

 private:
  static constexpr std::size_t kMost = 63;

  void add(Fact fact);
  void add_lines(const std::vector<WantedLine>& lines, const void* thing);
  void add_machine(const Machine& machine);
  std::string text_of(const Fact& fact) const;

  const ResolveRequest& request_;
  const Host& host_;
  const Machine& machine_;
  const std::vector<World>& worlds_;
  std::vector<Fact> list_{};
};

}  // namespace berth::resolver
