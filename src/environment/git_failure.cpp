// What git says where a requirement comes from a repository.
#include <spdlog/fmt/fmt.h>

#include "berth/base/text.hpp"
#include "failure_reading.hpp"

namespace berth::environment {

namespace {

// pip's headline, that of before pip 22, and uv's.
bool git_failed(const FailureReading& log) {
  return !log.line_with_any(
                 {"× git ", "exit status 128: git ", "exit status 1: git ", "Git operation failed"})
              .empty();
}

// git's last word is often that there was none before it: "Could not read from remote repository."
std::string reason_of(const FailureReading& log) {
  for (const std::string& raw : log.lines()) {
    const std::string_view line = trimmed(raw);
    const bool of_git = contains_any(
        line.substr(0, 24),
        {"fatal: ", "error: pathspec ", "error: cannot run ", "cause: failed to find"});
    if (of_git && !contains_any(line, {"Could not read from remote", "could not fetch"})) {
      return std::string(line);
    }
  }
  return log.line_with_any(
      {"Permission denied (publickey", "Host key verification failed", "ssh: "});
}

// "https://host/a.git" of "Cloning https://host/a.git (to revision v9) to /tmp/…": of several the
// last, where pip stopped.
std::string repository_of(const FailureReading& log) {
  constexpr std::string_view kCloning = "Cloning ";
  const std::string line = log.last_line_with(kCloning);
  if (!line.empty()) {
    const std::string rest = line.substr(line.find(kCloning) + kCloning.size());
    return rest.substr(0, rest.find(' '));
  }
  for (const std::string_view text : {"unable to access '", "repository '", "Username for '"}) {
    if (std::string address = log.behind(text, "'"); !address.empty()) {
      return address;
    }
  }
  return {};
}

// The line that names the repository, whatever user stands before its host; nullptr: a package
// wants it.
const PipLine* line_of(const FailureReading& log, std::string_view repository) {
  const std::size_t scheme = repository.find("://");
  const std::size_t host = repository.find('@') == std::string_view::npos
                               ? (scheme == std::string_view::npos ? 0 : scheme + 3)
                               : repository.find('@') + 1;
  const std::string_view place = repository.substr(host);
  for (const PipLine& line : log.build().packages.lines) {
    if (!place.empty() && line.text.find(place) != std::string::npos) {
      return &line;
    }
  }
  return nullptr;
}

Error no_reference(const std::string& where, const std::string& repository) {
  return Error{Errc::no_solution,
               fmt::format("{} has not the branch, tag or commit that is asked for", where)}
      .named("git-reference")
      .hint(fmt::format("`git ls-remote {}` lists its branches and tags",
                        repository.empty() ? "URL" : repository));
}

Error no_keys(const std::string& where) {
  return Error{Errc::engine_failed, fmt::format("{} is asked through ssh, which fails", where)}
      .named("git-ssh")
      .note("a build has no keys: what is in ~/.ssh does not enter an image")
      .hint(
          "write `git+https://…` for it, with a line `machine HOST login NAME password TOKEN` in "
          "~/.netrc, which is used for builds");
}

Error refused(const std::string& where) {
  return Error{Errc::engine_failed, fmt::format("{} is not there, or not for strangers", where)}
      .named("git-refused")
      .hint(kNetrcHint);
}

Error unreachable(const std::string& where) {
  return Error{Errc::engine_failed, fmt::format("{} cannot be reached from the container", where)}
      .named("git-unreachable")
      .hint(kNetworkHint)
      .hint("`berth run --network host …` lets the build use the machine's own network");
}

Error explained(const std::string& reason, const std::string& repository) {
  const std::string where =
      repository.empty() ? "the repository of a requirement" : fmt::format("`{}`", repository);
  if (contains_any(reason, {"pathspec '", "find remote ref", "not our ref", "failed to find branch",
                            "Remote branch "})) {
    return no_reference(where, repository);
  }
  if (contains_any(reason, {"ssh: ", "cannot run ssh", "publickey", "Host key "})) {
    return no_keys(where);
  }
  if (contains_any(reason, {"could not read Username", "could not read Password", "not found",
                            "Authentication failed", "returned error: 401", "returned error: 403",
                            "not appear to be a git repository", "returned error: 404"})) {
    return refused(where);
  }
  if (contains_any(reason, {"unable to access", "unable to connect", "unable to look up"})) {
    return unreachable(where);
  }
  return Error{Errc::engine_failed, fmt::format("git failed on {}", where)}
      .named("git-failed")
      .hint(fmt::format("`git clone {}` on this machine shows whether it is there",
                        repository.empty() ? "URL" : repository));
}

}  // namespace

Verdict explain_git(const FailureReading& log) {
  if (!log.line_with_any({"Cannot find command 'git'", "Git executable not found"}).empty()) {
    return log.finished(Error{Errc::no_solution,
                              "a requirement comes from a git repository, and the image has no git"}
                            .named("package-needs-git")
                            .note(log.line_with_any({"Cloning ", "Git executable not found"}))
                            .hint("`berth run --apt git …` brings it"));
  }
  if (!git_failed(log)) {
    return std::nullopt;
  }
  const std::string reason = reason_of(log);
  const std::string repository = repository_of(log);
  Error error = explained(reason, repository);
  if (!reason.empty()) {
    error.notes.insert(error.notes.begin(), reason);
  }
  if (const PipLine* line = line_of(log, repository)) {
    error.notes.insert(error.notes.begin(), "it is asked for by " + line->origin.text);
  }
  return log.finished(std::move(error));
}

}  // namespace berth::environment
