// ssh as a socket forwarder, -L of ssh(1): its own channels carry each of our connections, with the
// end of either direction, over one connection to the other machine. docker's client runs
// `docker system dial-stdio` there instead, once per connection.
#include "runtime/ssh_tunnel.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <string_view>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

std::vector<std::string> ssh_command(const SshTarget& target, const std::string& socket) {
  // The options of the command line come before those of the user's configuration. A connection
  // that is shared would outlive us, a command or forwardings configured for the host are not ours.
  std::vector<std::string> words{"ssh", "-N", "-T", "-x", "-a"};
  for (const char* option : {"ConnectTimeout=30", "ServerAliveInterval=30", "ControlMaster=no",
                             "ControlPath=none", "ExitOnForwardFailure=no", "RemoteCommand=none",
                             "PermitLocalCommand=no", "LogLevel=INFO"}) {
    words.insert(words.end(), {"-o", option});
  }
  words.insert(words.end(), {"-L", socket + ":" + target.socket});
  if (!target.user.empty()) {
    words.insert(words.end(), {"-l", target.user});
  }
  if (!target.port.empty()) {
    words.insert(words.end(), {"-p", target.port});
  }
  words.insert(words.end(), {"--", target.host});
  return words;
}

struct SshFailure {
  std::string_view words;  // of OpenSSH, in sshconnect.c, sshconnect2.c, misc.c
  std::string_view reason;
  std::string_view id;
  std::string_view hint;  // `{}`: "ssh me@host"
};

constexpr std::array<SshFailure, 9> kFailures{{
    {"Could not resolve hostname", "ssh does not know that host", "ssh-host-unknown",
     "`{}` must work first: ~/.ssh/config can give the host another name"},
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", "the host's key is not the one that ssh knows",
     "ssh-host-key", "`{}` shows both: only go on if the machine was really set up anew"},
    {"Host key verification failed", "ssh does not know the host's key", "ssh-host-key",
     "`{}` shows it and asks whether to trust it"},
    {"Permission denied (", "ssh is not let in", "ssh-permission-denied",
     "`{} docker version` must work first: `ssh-copy-id` puts a key there, `ssh-add` unlocks one"},
    {"Too many authentication failures", "ssh is not let in", "ssh-permission-denied",
     "`{} docker version` must work first: `IdentitiesOnly yes` in ~/.ssh/config offers fewer "
     "keys"},
    {"Connection refused", "nobody listens for ssh there", "ssh-unreachable",
     "`{} docker version` must work first; a port stands in the address: ssh://HOST:PORT"},
    {"timed out", "the host does not answer", "ssh-unreachable",
     "`{} docker version` must work first"},
    {"No route to host", "there is no way to that host", "ssh-unreachable",
     "`{} docker version` must work first"},
    {"", "ssh has ended", "ssh-failed", "`{} docker version` must work first"},
}};

// What matters comes last; a banner or a warning may come before it.
std::string last_words(const std::string& said) {
  constexpr std::size_t kLines = 3;
  std::vector<std::string> lines;
  for (const std::string& line : split(said, '\n')) {
    if (!trimmed(line).empty()) {
      lines.emplace_back(trimmed(line));
    }
  }
  if (lines.size() > kLines) {
    lines.erase(lines.begin(), lines.end() - kLines);
  }
  return lines.empty() ? "ssh says nothing" : "ssh says: " + excerpt(join(lines, "; "), 600);
}

Error unreachable(const Endpoint& endpoint, std::string_view reason) {
  Error error{Errc::engine_unreachable,
              fmt::format("no container engine answers at {}: {}", endpoint.address, reason)};
  error.note(fmt::format("the address is from {}", endpoint.origin));
  return error;
}

Error ssh_error(const Endpoint& endpoint, const std::string& said) {
  const SshFailure* failure = kFailures.data();
  while (said.find(failure->words) == std::string::npos) {
    ++failure;  // the last one matches anything
  }
  return unreachable(endpoint, failure->reason)
      .note(last_words(said))
      .hint(fmt::format(fmt::runtime(failure->hint), endpoint.ssh.command()))
      .named(std::string(failure->id));
}

}  // namespace

Result<std::shared_ptr<const SocketProgram>> open_ssh_tunnel(const Endpoint& endpoint,
                                                             const std::stop_token& stop) {
  const SshTarget target = endpoint.ssh;
  Result<std::shared_ptr<SocketProgram>> program = SocketProgram::start(
      {.command = [target](const std::string& socket) { return ssh_command(target, socket); },
       .on_our_terminal = true});
  if (!program) {
    return fail(std::move(program)
                    .error()
                    .note(fmt::format("{} is reached through it", endpoint.address))
                    .hint("`sudo apt-get install openssh-client` installs it"));
  }
  BERTH_TRY(const bool ready, (*program)->wait_until_ready(stop));
  if (!ready) {
    return fail(ssh_error(endpoint, (*program)->said()));
  }
  return *program;
}

Error ssh_channel_error(const Endpoint& endpoint) {
  const std::string said = endpoint.program ? endpoint.program->said() : "";
  const std::string try_it = "`" + endpoint.ssh.command() + " docker version` must work first";
  if (said.find("open failed") != std::string::npos) {
    // sshd gives the same answer to all of it.
    return unreachable(endpoint, fmt::format("{} cannot be opened there", endpoint.ssh.socket))
        .note(last_words(said))
        .note(
            "the engine does not run there, or its socket is closed to you: Docker's is open to "
            "root and to the group `docker`")
        .note(
            "or sshd forwards no sockets: AllowStreamLocalForwarding and DisableForwarding in its "
            "sshd_config decide, `restrict` in authorized_keys")
        .note(fmt::format("another socket stands at the end of the address: ssh://{}/run/user/1000/"
                          "podman/podman.sock",
                          endpoint.ssh.host))
        .hint(try_it)
        .named("ssh-no-socket");
  }
  return unreachable(endpoint, "the connection of ssh broke")
      .note(last_words(said))
      .hint(try_it)
      .named("connection-lost");
}

}  // namespace berth::runtime
