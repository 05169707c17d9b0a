// `berth doctor`: looks at the engine, the GPUs, the disk and the surroundings, and says what keeps
// runs from working.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>

#include "berth/runtime/caller.hpp"
#include "berth/runtime/docker_engine.hpp"
#include "berth/runtime/host_facts_json.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/catalog_age.hpp"
#include "cli/clock_text.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/doctor_deep.hpp"
#include "cli/doctor_report.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/local_images.hpp"
#include "cli/machine.hpp"
#include "cli/verb.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

using runtime::Engine;
using runtime::HostProbe;

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::array<char, sizeof("9999-12-31")> text{};
  const std::size_t length = ::gmtime_r(&now, &parts) == nullptr
                                 ? 0
                                 : std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return std::string(text.data(), length);
}

using OpenedEngine = Result<std::unique_ptr<Engine>>;

void observe_engine(const OpenedEngine& engine, Observations& seen) {
  seen.engine = engine ? (*engine)->facts() : Result<EngineFacts>(Failure(engine.error()));
  if (!seen.engine) {
    return;
  }
  runtime::add_engine(seen.probe, *seen.engine);
  seen.gpu_support = runtime::find_gpu_support(**engine, *seen.engine);
  const std::int64_t now = std::time(nullptr);
  Result<runtime::EngineDetails> details = (*engine)->details();
  if (!details) {
    return;  // it has just answered the same question: what it said then is worth more
  }
  const Result<std::string> theirs = parse_moment("SystemTime", details->system_time, now);
  if (theirs && !details->system_time.empty()) {
    seen.engine_clock_ahead = std::strtoll(theirs->c_str(), nullptr, 10) - now;
  }
  seen.details = *std::move(details);
}

// Where the user has named the engine, and which socket that is, if it is one of this machine.
void observe_address(const Context& context, Observations& seen, runtime::SiteQuery& query) {
  const Result<runtime::Endpoint> endpoint = find_engine(context);
  if (!endpoint || endpoint->origin == "default socket") {
    return;
  }
  seen.named_engine = endpoint->origin;
  if (endpoint->local() && endpoint->through == runtime::Endpoint::Through::nothing) {
    query.named_socket = endpoint->socket_path;
  }
}

void observe_machine(const Context& context, Observations& seen) {
  runtime::ProbeRoots roots;
  roots.environment = context.surroundings.environment;
  runtime::SiteQuery query{.rights = runtime::current_rights(),
                           .ca_bundle = seen.private_ca_bundle};
  if (seen.engine) {
    query.rootless = seen.engine->rootless;
    query.nvidia_runtime = seen.details ? seen.details->nvidia_runtime : std::string();
  }
  observe_address(context, seen, query);
  seen.user = query.rights.name;
  seen.is_root = query.rights.uid == 0;
  seen.sudo_user = roots.environment("SUDO_USER").value_or("");
  seen.site = runtime::probe_engine_site(roots, query);
  seen.wiring = runtime::probe_gpu_wiring(roots, query.rights);
}

void observe_surroundings(const Context& context, Observations& seen) {
  const auto& environment = context.surroundings.environment;
  seen.cuda_visible_devices = environment("CUDA_VISIBLE_DEVICES");
  seen.api_pinned = environment("DOCKER_API_VERSION").has_value();
  for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"}) {
    if (!environment(name).value_or("").empty()) {
      seen.shell_proxies.emplace_back(name);
    }
  }
  const runtime::DockerConfig config = runtime::load_docker_config(environment);
  const std::string address = seen.engine ? seen.engine->address : std::string();
  seen.container_proxies = !runtime::proxy_variables(config, address).empty();
  std::map<std::string, std::string> certificates;
  if (const std::optional<std::string> file = environment("SSL_CERT_FILE")) {
    certificates.emplace("SSL_CERT_FILE", *file);
  }
  seen.private_ca_bundle = runtime::private_ca_bundle(certificates);
}

class DoctorVerb : public Verb {
 public:
  std::string_view name() const override { return "doctor"; }
  std::string_view summary() const override { return "check the machine, and say how to mend it"; }

  void declare(CLI::App& app) override {
    CLI::Option* facts =
        app.add_flag("--facts", facts_,
                     "Print what was found about the machine, for --host of `resolve` and `run`");
    app.add_flag("--deep", deep_,
                 "Run a small container on the CPU, then one with the GPUs, and say what works")
        ->excludes(facts);
    app.footer(
        "Examples:\n"
        "  berth doctor\n"
        "  berth doctor --deep                  with two trial runs, of a program of berth's own\n"
        "  berth doctor --facts > host.json     then: berth resolve --host host.json\n\n"
        "Exit code: 0 no problem, 1 problems, 4 the engine cannot be reached. Whether the engine "
        "attaches GPUs is\n"
        "tried with a container of an empty image, which is removed again.");
  }

  Result<int> run(Context& context) override {
    return facts_ ? print_facts(context) : examine_machine(context);
  }

 private:
  static Result<int> print_facts(Context& context) {
    HostProbe probe = probe_here(context);
    const Result<std::unique_ptr<Engine>> engine = open_engine(context);
    const Result<EngineFacts> facts =
        engine ? (*engine)->facts() : Result<EngineFacts>(Failure(engine.error()));
    if (facts) {
      runtime::add_engine(probe, *facts);
      if (const Result<Catalog> catalog = context.catalog()) {
        probe.host.images = local_images(**engine, *catalog, context);
      }
    } else if (facts.error().code == Errc::usage) {
      return fail(facts.error());
    } else {
      context.messages.note("without the engine's facts: " + facts.error().message);
    }
    context.out << runtime::host_facts_document(probe.host);
    return kDone;
  }

  Result<int> examine_machine(Context& context) const {
    const runtime::SignalWatcher signals;  // whatever comes, the trial containers are removed
    const OpenedEngine engine = open_engine(context, signals.stop_token());
    Observations seen;
    seen.probe = probe_here(context);
    observe_engine(engine, seen);
    if (!seen.engine && seen.engine.error().code == Errc::usage) {
      return fail(seen.engine.error());
    }
    seen.catalog = context.catalog();
    if (seen.catalog) {
      note_old_catalog(context, *seen.catalog);
    }
    seen.today = today();
    observe_surroundings(context, seen);
    observe_machine(context, seen);

    std::vector<Finding> findings = examine(seen);
    if (deep_ && seen.engine) {
      BERTH_TRY(const std::vector<Finding> more, try_and_examine(**engine, seen, signals));
      findings.insert(findings.end(), more.begin(), more.end());
    }
    if (signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    return report(context, seen, findings);
  }

  static Result<std::vector<Finding>> try_and_examine(Engine& engine, const Observations& seen,
                                                      const runtime::SignalWatcher& signals) {
    const runtime::Caller caller = runtime::probe_caller({}, *seen.engine, kVersion);
    const Result<DeepObservations> deep = try_runs(engine, seen, caller, signals.stop_token());
    if (!deep) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    return examine_deep(seen, *deep);
  }

  static int report(Context& context, const Observations& seen,
                    const std::vector<Finding>& findings) {
    if (context.options.json) {
      context.out << findings_document(findings) << '\n';
    } else {
      print_findings(context.out, context.terminal, findings, {context.options.quiet});
    }
    if (!seen.engine && seen.engine.error().code == Errc::engine_unreachable) {
      return kEngineUnreachable;
    }
    return count_problems(findings) == 0 ? kDone : kFailed;
  }

  bool facts_ = false;
  bool deep_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_doctor_verb() {
  return std::make_unique<DoctorVerb>();
}

}  // namespace berth::cli
