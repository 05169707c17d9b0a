#include "resolver/facts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace berth::resolver {

namespace {

// Two GPUs of one generation and class say the same.
bool alike(const MachineGpu& a, const MachineGpu& b) {
  return a.capability == b.capability && a.data_center == b.data_center;
}

RequirementLine without_demand(RequirementLine line) {
  line.value.specifiers = {};
  line.value.extras.clear();
  line.value.url.clear();
  return line;
}

}  // namespace

Facts::Facts(const ResolveRequest& request, const Host& host, const Machine& machine,
             const std::vector<World>& worlds)
    : request_(request), host_(host), machine_(machine), worlds_(worlds) {
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      if (!wanted.lines.empty() || !wanted.companions.empty()) {
        add({Fact::Kind::wanted, wanted.framework, 0, nullptr,
             fmt::format("any release of `{}` ({})", wanted.framework->name, wanted.origins())});
      }
      add_lines(wanted.lines, wanted.framework);
      add_lines(wanted.companions, wanted.framework);
      for (const WantedLibrary& library : wanted.libraries) {
        add({Fact::Kind::wanted, library.library, 0, nullptr,
             fmt::format("any release of `{}` ({})", library.library->name, library.origins())});
        add_lines(library.lines, library.library);
      }
    }
  }
  for (std::size_t i = 0; i < request.python.size(); ++i) {
    add({Fact::Kind::python, nullptr, i});
  }
  if (request.cuda) {
    add({Fact::Kind::cuda});
  }
  if (request.source) {
    add({Fact::Kind::source});
  }
  if (request.devel) {
    add({Fact::Kind::devel});
  }
  add_machine(machine);
}

void Facts::add_machine(const Machine& machine) {
  if (machine.architecture != "amd64") {
    add({Fact::Kind::architecture});
  }
  if (!machine.uses_gpu) {
    return;
  }
  if (machine.driver || machine.native_cuda) {
    add({Fact::Kind::driver});
  }
  for (std::size_t i = 0; i < machine.gpus.size(); ++i) {
    const bool seen =
        std::any_of(machine.gpus.begin(), machine.gpus.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const MachineGpu& gpu) { return alike(gpu, machine.gpus[i]); });
    if (!seen) {
      add({Fact::Kind::gpu, nullptr, i});
    }
  }
}

void Facts::add(Fact fact) {
  const bool there = std::any_of(list_.begin(), list_.end(), [&](const Fact& other) {
    return other.kind == fact.kind && other.about == fact.about && other.index == fact.index;
  });
  if (!there) {
    list_.push_back(std::move(fact));
  }
}

void Facts::add_lines(const std::vector<WantedLine>& lines, const void* thing) {
  for (const WantedLine& line : lines) {
    if (!line.specifiers.empty() || !line.source->value.extras.empty()) {
      add({Fact::Kind::line, line.source, 0, thing, line.text()});
    }
  }
}

FactSet Facts::with_demands(FactSet kept) const {
  FactSet all = kept;
  // What a library is compiled against is told in the releases that were asked for.
  for (const World& world : worlds_) {
    for (const Wanted& wanted : world.frameworks) {
      const bool by_library = std::any_of(
          wanted.libraries.begin(), wanted.libraries.end(), [&](const WantedLibrary& library) {
            return (kept & bit(Fact::Kind::wanted, library.library)) != 0;
          });
      kept |= by_library ? bit(Fact::Kind::wanted, wanted.framework) : 0;
    }
  }
  for (const Fact& fact : list_) {
    if (fact.kind == Fact::Kind::line && (kept & bit(Fact::Kind::wanted, fact.thing)) != 0) {
      all |= bit(Fact::Kind::line, fact.about);
    }
  }
  return all;
}

std::vector<std::string> Facts::texts_of(FactSet kept) const {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const Fact& fact = list_[i];
    const bool demanded = std::any_of(list_.begin(), list_.end(), [&](const Fact& line) {
      return line.kind == Fact::Kind::line && line.thing == fact.about &&
             (kept & bit(Fact::Kind::line, line.about)) != 0;
    });
    if ((kept & (FactSet{1} << i)) != 0 && (fact.kind != Fact::Kind::wanted || !demanded)) {
      texts.push_back(text_of(fact));
    }
  }
  return texts;
}

std::string Facts::text_of(const Fact& fact) const {
  switch (fact.kind) {
    case Fact::Kind::wanted:
    case Fact::Kind::line:
      return fact.text;
    case Fact::Kind::python:
      return fmt::format("Python `{}` ({})", request_.python[fact.index].value.text(),
                         request_.python[fact.index].origin.text);
    case Fact::Kind::cuda:
      return fmt::format("CUDA {} ({})", request_.cuda->value.text(), request_.cuda->origin.text);
    case Fact::Kind::source:
      return fmt::format("source {} ({})", name_of(request_.source->value),
                         request_.source->origin.text);
    case Fact::Kind::devel:
      return "`--devel`";
    case Fact::Kind::architecture:
      return fmt::format("{} ({})", machine_.architecture, machine_.origin);
    case Fact::Kind::driver:
      return machine_.driver
                 ? fmt::format("driver {} ({})", machine_.driver->text(), machine_.origin)
                 : fmt::format("the driver ({})", machine_.origin);
    case Fact::Kind::gpu:
      return describe(machine_.gpus[fact.index]);
  }
  return {};
}

FactSet Facts::all() const {
  return (FactSet{1} << list_.size()) - 1;
}

bool Facts::tells_gpus_apart() const {
  const auto gpus = std::count_if(list_.begin(), list_.end(),
                                  [](const Fact& fact) { return fact.kind == Fact::Kind::gpu; });
  return static_cast<std::size_t>(gpus) == machine_.gpus.size();
}

FactSet Facts::bit(Fact::Kind kind, const void* about, std::size_t index) const {
  if (kind == Fact::Kind::gpu) {
    for (std::size_t i = 0; i <= index; ++i) {
      if (alike(machine_.gpus[i], machine_.gpus[index])) {
        index = i;
      }
    }
  }
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (list_[i].kind == kind && list_[i].about == about && list_[i].index == index) {
      return FactSet{1} << i;
    }
  }
  return 0;
}

ResolveRequest Facts::request_of(FactSet kept) const {
  ResolveRequest request = request_;
  request.requirements.clear();
  request.frameworks.clear();
  std::vector<const RequirementLine*> seen;
  const auto add = [&](const WantedLine& line, const void* thing) {
    const bool twice = std::find(seen.begin(), seen.end(), line.source) != seen.end();
    const bool demanded = (kept & bit(Fact::Kind::line, line.source)) != 0;
    if (twice || (!demanded && (kept & bit(Fact::Kind::wanted, thing)) == 0)) {
      return;
    }
    seen.push_back(line.source);
    request.requirements.push_back(demanded ? *line.source : without_demand(*line.source));
  };
  for (const World& world : worlds_) {
    for (const Wanted& wanted : world.frameworks) {
      for (const std::vector<WantedLine>* lines : {&wanted.lines, &wanted.companions}) {
        for (const WantedLine& line : *lines) {
          add(line, wanted.framework);
        }
      }
      for (const WantedLibrary& library : wanted.libraries) {
        for (const WantedLine& line : library.lines) {
          add(line, library.library);
        }
      }
    }
  }
  request.python.clear();
  for (std::size_t i = 0; i < request_.python.size(); ++i) {
    if ((kept & bit(Fact::Kind::python, nullptr, i)) != 0) {
      request.python.push_back(request_.python[i]);
    }
  }
  if ((kept & bit(Fact::Kind::cuda)) == 0) {
    request.cuda.reset();
  }
  if ((kept & bit(Fact::Kind::source)) == 0) {
    request.source.reset();
  }
  request.devel = (kept & bit(Fact::Kind::devel)) != 0;
  if (!machine_.cpu_wanted) {
    request.gpus.value = GpuRequest{};  // of the host below, all
  }
  return request;
}

Host Facts::host_of(FactSet kept) const {
  Host host = host_;
  if ((kept & bit(Fact::Kind::architecture)) == 0) {
    host.architecture = "amd64";
    if (host.engine) {
      host.engine->architecture = "amd64";
    }
  }
  if (!machine_.uses_gpu) {
    return host;
  }
  if ((kept & bit(Fact::Kind::driver)) == 0) {
    host.driver.reset();
    host.driver_cuda.reset();
  }
  host.gpus.clear();
  host.gpus_known = false;
  for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
    const unsigned index = machine_.gpus[i].index;
    const bool stands_for_others = (kept & bit(Fact::Kind::gpu, nullptr, i)) != 0;
    for (const Gpu& gpu : host_.gpus) {
      if (gpu.index == index && stands_for_others) {
        host.gpus.push_back(gpu);
      }
    }
  }
  return host;
}

}  // namespace berth::resolver
