// Verb: one subcommand of berth. It declares its options, calls one thing of a layer below, and
// prints; it neither decides about images nor speaks HTTP. One file per verb: cmd_<name>.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace berth::cli {

class Verb {
 public:
  virtual ~Verb() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;  // one line, for `berth --help`
  // Adds options and positionals. The values live in the verb, which outlives the parser.
  virtual void declare(CLI::App& app) = 0;
  // The exit code, or an error that the caller prints and turns into one.
  virtual Result<int> run(Context& context) = 0;
  // A verb that ends in somebody else's command: its options stop at the first word that is none,
  // and the rest is given to set_command() untouched.
  virtual bool runs_command() const { return false; }
  // NOLINTNEXTLINE(performance-unnecessary-value-param): a verb that overrides it keeps them
  virtual void set_command(std::vector<std::string>) {}
  // Its exit code is a command's: its own failures are answered with 125, as docker's users know
  // them.
  virtual bool ends_as_command() const { return runs_command(); }
  // Its standard output belongs to a command, also when that never started: errors are text on
  // standard error, even with --json.
  virtual bool prints_for_command() const { return ends_as_command(); }
};

std::unique_ptr<Verb> make_attach_verb();
std::unique_ptr<Verb> make_catalog_verb();
std::unique_ptr<Verb> make_doctor_verb();
std::unique_ptr<Verb> make_env_verb();
std::unique_ptr<Verb> make_exec_verb();
std::unique_ptr<Verb> make_gpus_verb();
std::unique_ptr<Verb> make_inspect_verb();
std::unique_ptr<Verb> make_kill_verb();
std::unique_ptr<Verb> make_lock_verb();
std::unique_ptr<Verb> make_logs_verb();
std::unique_ptr<Verb> make_ps_verb();
std::unique_ptr<Verb> make_resolve_verb();
std::unique_ptr<Verb> make_rm_verb();
std::unique_ptr<Verb> make_run_verb();
std::unique_ptr<Verb> make_stats_verb();
std::unique_ptr<Verb> make_stop_verb();
std::unique_ptr<Verb> make_version_verb();
std::unique_ptr<Verb> make_wait_verb();

// In the order of `berth --help`.
std::vector<std::unique_ptr<Verb>> make_verbs();

}  // namespace berth::cli
