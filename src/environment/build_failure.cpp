#include "berth/environment/build_failure.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "failure_reading.hpp"

namespace berth::environment {

namespace {

// --- the machine and the network ----------------------------------------------------------------

// Of "1024 716800", KiB, as build.sh says it: "1.0 MiB are free of 700.0 MiB, at /var/lib/docker".
std::string space_left(const FailedBuild& build) {
  const auto said = build.log.facts().find("disk");
  const std::vector<std::string> words =
      said == build.log.facts().end() ? std::vector<std::string>() : split(said->second, ' ');
  const auto bytes = [](const std::string& kibibytes) { return parse_bytes(kibibytes + "k"); };
  const std::string where = build.storage_root.empty() ? "" : ", at " + build.storage_root;
  if (words.size() != 2 || !bytes(words[0]) || !bytes(words[1])) {
    return where.empty() ? where : "the engine keeps its images" + where.substr(1);
  }
  return fmt::format("by now {} are free of {}{}", format_bytes(*bytes(words[0])),
                     format_bytes(*bytes(words[1])), where);
}

Verdict disk_full(const FailureReading& log) {
  const std::string line = log.line_with_any({"No space left on device", "Disk quota exceeded",
                                              "You don't have enough free space", "ENOSPC"});
  if (line.empty()) {
    return std::nullopt;
  }
  Error error{Errc::engine_failed, "the engine's disk is full: the environment does not fit"};
  error.id = "disk-full";
  error.note(line);
  if (const std::string left = space_left(log.build()); !left.empty()) {
    error.note(left);
  }
  error.hint(
      "`berth env prune --older 7d --cache` removes environments that were not used for a week, "
      "and what was downloaded");
  error.hint("`docker system df` shows what else takes it, `docker system prune` frees some");
  return log.finished(std::move(error));
}

Verdict killed(const FailureReading& log) {
  constexpr int kKilled = 137;
  const bool said = !log.line_with_any({"Killed signal terminated program",
                                        "died with <Signals.SIGKILL", "MemoryError"})
                         .empty();
  if (log.build().exit_code != kKilled && !said) {
    return std::nullopt;
  }
  Error error{Errc::engine_failed,
              "the build of the environment was killed: its memory did not do"};
  error.id = "build-killed";
  error.note("what was being done: " + log.build().log.step());
  error.hint(
      "`free -h` shows what is left; compilers take several GB each, and a release with a "
      "wheel needs none");
  return log.finished(std::move(error));
}

Verdict certificate(const FailureReading& log) {
  const std::string line =
      log.line_with_any({"CERTIFICATE_VERIFY_FAILED", "certificate verify failed",
                         "invalid peer certificate", "server certificate verification failed",
                         "SSLCertVerificationError", "Certificate verification failed"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::engine_failed, "the index cannot be trusted: its certificate is not known"}
          .named("index-certificate")
          .note(line)
          .note("a network that looks into TLS needs its own CA in the container; berth passes the "
                "machine's on where certificates were added to it")
          .hint("`SSL_CERT_FILE=/path/to/bundle.pem berth run …` names the bundle"));
}

Verdict untrusted(const FailureReading& log) {
  const std::string host = log.behind("The repository located at ", " ");
  if (host.empty() || log.line_with("is not a trusted or secure host").empty()) {
    return std::nullopt;
  }
  return log.finished(
      Error{Errc::engine_failed,
            fmt::format("pip ignores the index at `{}`: it is neither encrypted nor trusted", host)}
          .named("index-untrusted")
          .hint(fmt::format("`PIP_TRUSTED_HOST={} berth run …` trusts it", host)));
}

Verdict credentials(const FailureReading& log) {
  const std::string line =
      log.line_with_any({"401 Client Error", "403 Client Error", "HTTP error 401", "HTTP error 403",
                         "401 Error", "(401 Unauthorized)", "403 Forbidden", "401 Unauthorized"});
  if (line.empty()) {
    return std::nullopt;
  }
  return log.finished(Error{Errc::engine_failed, "the index refuses the access"}
                          .named("index-refused")
                          .note(line)
                          .hint(kNetrcHint));
}

// A try that failed is no failure while another follows: pip counts down to 0.
std::string last_broken_connection(const FailureReading& log) {
  if (!log.line_with("(from versions: none)").empty()) {
    if (std::string line = log.line_with("Retry(total=0,"); !line.empty()) {
      return line.substr(std::min(line.find("after connection"), line.size()));
    }
  }
  for (const std::string& raw : log.lines()) {
    const std::string_view line = trimmed(raw);
    const bool final_word = line.starts_with("ERROR:") || line.starts_with("error:") ||
                            line.starts_with("cause:") || line.starts_with("Could not fetch URL") ||
                            line.starts_with("pip._vendor.urllib3.exceptions.");  // in mid-download
    for (const std::string_view text :
         {"Max retries exceeded", "Temporary failure in name resolution", "Could not resolve host",
          "Name or service not known", "Connection refused", "Network is unreachable",
          "Read timed out", "timed out", "tunnel error", "error sending request for url",
          "Connection reset by peer", "Request failed after", "Tunnel connection failed",
          "ProtocolError"}) {
      if (final_word && line.find(text) != std::string::npos) {
        return std::string(line);
      }
    }
  }
  return log.line_with_any({"Download failed after"});
}

// "nosuch.invalid" of uv's address, pip's pool of connections or pip's list of indexes.
std::string host_in(const FailureReading& log) {
  for (const std::string_view text :
       {"Failed to fetch: ", "Could not fetch URL ", "Looking in indexes: ", "╰─> URL: "}) {
    const std::string address = log.behind(text, ", '");
    if (const std::size_t at = address.find("://"); at != std::string::npos) {
      const std::string host = address.substr(at + 3, address.find('/', at + 3) - at - 3);
      return host.substr(host.rfind('@') + 1);  // npos + 1 is 0
    }
  }
  for (const std::string_view text : {"Failed to resolve '", "ConnectionPool(host='"}) {
    if (std::string host = log.behind(text, "'"); !host.empty()) {
      return host;
    }
  }
  return "PyPI";
}

Verdict unreachable(const FailureReading& log) {
  const std::string line = last_broken_connection(log);
  if (line.empty()) {
    return std::nullopt;
  }
  Error error{Errc::engine_failed,
              fmt::format("the index at `{}` cannot be reached from the container", host_in(log))};
  error.id = "index-unreachable";
  error.note(line);
  if (!log.line_with_any({"proxy", "Tunnel connection failed", "tunnel error"}).empty()) {
    error.note(
        "the machine's proxy is between; one at 127.0.0.1 is none to a container with a "
        "network of its own");
    error.hint("`berth run --network host …` lets the build use the machine's own network");
  }
  error.hint(kNetworkHint);
  error.hint("`PIP_INDEX_URL=https://mirror.example/simple berth run …` takes another index");
  return log.finished(std::move(error));
}

// --- the distribution ---------------------------------------------------------------------------

Error no_system_package(const FailureReading& log) {
  std::string package = log.behind("E: Unable to locate package ");
  if (package.empty()) {
    package = log.behind("E: Package '", "'");
  }
  if (package.empty()) {
    package = log.behind("E: Version '", " ");
    package = package.empty() ? std::string() : log.behind("' for '", "'");
  }
  const std::string version = log.behind("E: Version '", "'");
  Error error{
      Errc::no_solution,
      package.empty()
          ? fmt::format("apt cannot install the packages of `{}`'s distribution", log.build().base)
      : version.empty()
          ? fmt::format("the distribution of `{}` has no package `{}`", log.build().base, package)
          : fmt::format("the distribution of `{}` has no version `{}` of `{}`", log.build().base,
                        version, package)};
  error.id = package.empty() ? "system-package" : "system-package-not-found";
  for (const std::string& line : log.lines()) {
    if (line.starts_with("E: ") || line.find(" : Depends: ") != std::string::npos) {
      error.note(line);
    }
  }
  error.hint(
      "`berth run --no-packages cat /etc/os-release` says which distribution it is; "
      "https://packages.debian.org and https://packages.ubuntu.com know its names");
  return log.finished(std::move(error), package);
}

Error no_system_lists(const FailureReading& log) {
  const std::string key = log.behind("NO_PUBKEY ", " ");
  const std::string& base = log.build().base;
  Error error{Errc::engine_failed,
              key.empty()
                  ? fmt::format("the lists of packages of `{}`'s distribution cannot be read", base)
                  : fmt::format("the lists of packages of `{}`'s distribution are signed "
                                "with a key that it does not know",
                                base)};
  error.id = "system-index";
  for (const std::string_view text : {"Could not connect to", "Temporary failure resolving",
                                      "NO_PUBKEY", "W: Failed", "E: ", "W: GPG"}) {
    if (const std::string line = log.last_line_with(text); !line.empty()) {
      error.note(line);
      break;
    }
  }
  if (const std::string kept = log.last_line_with("archive.debian.org"); !kept.empty()) {
    error.note("its release is no longer served, and its archive does not answer: " + kept);
    error.hint(
        "an image of a release that is served has no need of the archive; `berth resolve` finds "
        "one");
  }
  if (key.empty()) {
    error.hint(kNetworkHint);
  } else {
    error.note(fmt::format("the key is {}", key));
    error.hint("`berth resolve --explain` shows newer images that fit");
  }
  return log.finished(std::move(error));
}

// --- what build.sh says itself: `@berth failed REASON DETAIL` ------------------------------------

struct Said {
  std::string_view reason;
  std::string_view id;
  std::string_view message;  // {0} the image, {1} the detail, {2} the Python of the plan
  std::string_view hint;
};

constexpr std::array<Said, 6> kSaid = {{
    {"no-apt", "no-apt", "`{0}` has no apt: berth cannot install the distribution's packages in it",
     "an image of Debian or Ubuntu has it; `berth resolve` without `--image` finds one"},
    {"no-python", "no-python", "`{0}` has no Python to install packages for",
     "`berth run --no-packages …` runs the image as it is"},
    {"other-python", "no-python", "`{0}` has Python {1}, and the plan says {2}",
     "`berth run --python {1} …` takes the image's"},
    {"no-such-python", "no-python", "the distribution of `{0}` has no {1}",
     "`berth resolve --explain` shows images that bring a Python along"},
    {"editable-extension", "editable-extension",
     "`{1}` is compiled, and an editable package cannot hold it: it would have to be in the "
     "project",
     "`.` in place of `-e .` installs the package with it"},
    {"no-pip", "no-pip", "`{0}` has no pip, and none can be installed",
     "`berth run --apt python3-pip …` installs the distribution's"},
}};

Verdict said_reason(const FailureReading& log) {
  const std::string& failure = log.build().log.failure();
  const std::size_t blank = std::min(failure.find(' '), failure.size());
  const std::string_view reason = std::string_view(failure).substr(0, blank);
  const std::string_view detail = trimmed(std::string_view(failure).substr(blank));
  if (reason == "system-package") {
    return no_system_package(log);
  }
  if (reason == "system-index") {
    return no_system_lists(log);
  }
  if (reason == "framework") {
    Error error{Errc::no_solution, "the framework is not what the plan says"};
    error.id = "framework-wrong";
    error.notes = log.build().log.wrong();
    error.hint("`berth resolve --explain` shows how it was chosen, and what else there is");
    return log.finished(std::move(error));
  }
  for (const Said& said : kSaid) {
    if (said.reason == reason) {
      const auto filled = [&](std::string_view text) {
        return fmt::format(fmt::runtime(text), log.build().base, detail,
                           log.build().decision.python);
      };
      return log.finished(Error{Errc::no_solution, filled(said.message)}
                              .named(std::string(said.id))
                              .hint(filled(said.hint)));
    }
  }
  return std::nullopt;
}

Verdict no_archiver(const FailureReading& log) {
  if (log.line_with("tar: not found").empty()) {
    return std::nullopt;
  }
  return log.finished(Error{
      Errc::no_solution,
      fmt::format("`{}` has no tar, which berth needs to install anything in it", log.build().base)}
                          .named("no-tar")
                          .hint("`berth run --no-packages …` runs the image as it is"));
}

// The last lines that look like the reason.
Error last_words(const FailureReading& log) {
  Error error{Errc::no_solution,
              fmt::format("the environment cannot be built: {} ended with code {}",
                          log.build().log.step().empty() ? "the build" : log.build().log.step(),
                          log.build().exit_code)};
  error.id = "build-failed";
  std::vector<std::string> lines;
  for (const std::string& line : log.lines()) {
    if (line.find("rror") != std::string::npos || line.starts_with("E: ")) {
      lines.emplace_back(trimmed(line));
    }
  }
  if (lines.empty()) {
    lines = log.lines();
  }
  constexpr std::size_t kShown = 3;
  for (std::size_t i = lines.size() - std::min(lines.size(), kShown); i < lines.size(); ++i) {
    error.note(lines[i]);
  }
  return log.finished(std::move(error));
}

}  // namespace

Error explain_failure(const FailedBuild& build) {
  const FailureReading log(build);
  // From causes to consequences: an index that cannot be reached has no package either. What the
  // distribution's half says is not read as pip's.
  const bool system = build.log.failure().starts_with("system-");
  constexpr std::array kMachine = {disk_full, killed};
  constexpr std::array kNetwork = {certificate, untrusted, explain_git, credentials, unreachable};
  std::vector<Verdict (*)(const FailureReading&)> rules(kMachine.begin(), kMachine.end());
  if (!system) {
    rules.insert(rules.end(), kNetwork.begin(), kNetwork.end());
    rules.push_back(explain_python);
  }
  rules.push_back(said_reason);
  rules.push_back(no_archiver);
  for (const auto& rule : rules) {
    if (Verdict verdict = rule(log)) {
      return *std::move(verdict);
    }
  }
  return last_words(log);
}

}  // namespace berth::environment
