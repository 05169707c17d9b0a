// A minimal HTTP/1.1 server over a Unix socket. Blocking, with a thread per connection: shutdown(2)
// on the sockets ends them.
#include "support/fake_engine_server.hpp"

#include "berth/runtime/docker_engine.hpp"
#include "berth/runtime/endpoint.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::test {

std::string FakeRequest::key() const {
  std::string path = target.substr(0, target.find('?'));
  if (path.starts_with("/v1.")) {
    path.erase(0, path.find('/', 1));
  }
  return method + " " + path;
}

void FakeConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      closed_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FakeConnection::reply(int status, std::string_view body, std::string_view extra_headers) {
  send(fmt::format(
      "HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
      status, body.size(), extra_headers, body));
}

void FakeConnection::upgrade() {
  send(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
      "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
}

std::string FakeConnection::receive() {
  if (!buffer_.empty()) {
    return std::exchange(buffer_, {});
  }
  std::array<char, 65536> bytes{};
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  return count <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(count));
}

std::string FakeConnection::receive_all() {
  std::string all;
  for (std::string piece = receive(); !piece.empty(); piece = receive()) {
    all += piece;
  }
  return all;
}

void FakeConnection::close() {
  ::shutdown(fd_, SHUT_RDWR);
  closed_ = true;
}

bool FakeConnection::read_request(FakeRequest& request) {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    std::string held = std::exchange(buffer_, {});
    const std::string piece = receive();
    if (piece.empty()) {
      return false;
    }
    buffer_ = std::move(held) + piece;
  }
  const std::vector<std::string> lines = split(buffer_.substr(0, end), '\n');
  buffer_.erase(0, end + 4);
  const std::vector<std::string> words = split(trimmed(lines.front()), ' ');
  request.method = words.front();
  request.target = words.size() > 1 ? words[1] : "";
  for (const std::string& line : lines) {
    if (const std::size_t colon = line.find(':');
        colon != std::string::npos && &line != &lines.front()) {
      request.headers[lowered(line.substr(0, colon))] =
          trimmed(std::string_view(line).substr(colon + 1));
    }
  }
  const auto length = request.headers.find("content-length");
  const std::size_t size =
      length == request.headers.end() ? 0 : std::strtoul(length->second.c_str(), nullptr, 10);
  while (buffer_.size() < size) {
    std::string held = std::exchange(buffer_, {});
    const std::string piece = receive();
    if (piece.empty()) {
      return false;
    }
    buffer_ = std::move(held) + piece;
  }
  request.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return true;
}

FakeEngineServer::FakeEngineServer() : path_((folder_.path() / "engine.sock").string()) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) {
    throw std::runtime_error("the temporary folder's path is too long for a socket: " + path_);
  }
  std::copy(path_.begin(), path_.end(), static_cast<char*>(address.sun_path));
  listening_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listening_.get(), 64) != 0) {
    throw std::runtime_error("the fake engine cannot listen on " + path_);
  }
  answer("GET /_ping", 200, "OK", "Api-Version: 1.41\r\n");
  accepting_ = std::jthread([this] { accept_connections(); });
}

FakeEngineServer::~FakeEngineServer() {
  stopping_ = true;
  ::shutdown(listening_.get(), SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
  serving_.clear();
}

void FakeEngineServer::script(const std::string& key, Script script) {
  const std::lock_guard lock(mutex_);
  scripts_[key] = std::move(script);
}

void FakeEngineServer::answer(const std::string& key, int status, const std::string& body,
                              const std::string& extra_headers) {
  script(key, [=](const FakeRequest&, FakeConnection& connection) {
    connection.reply(status, body, extra_headers);
  });
}

void FakeEngineServer::answer_raw(const std::string& key, const std::string& bytes) {
  script(key, [bytes](const FakeRequest&, FakeConnection& connection) {
    connection.send(bytes);
    connection.close();
  });
}

void FakeEngineServer::hang(const std::string& key) {
  script(key, [](const FakeRequest&, FakeConnection& connection) {
    connection.receive_all();
    connection.close();
  });
}

std::vector<FakeRequest> FakeEngineServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

FakeRequest FakeEngineServer::last(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(requests_.rbegin(), requests_.rend(),
                   [&key](const FakeRequest& request) { return request.key() == key; });
  return found == requests_.rend() ? FakeRequest() : *found;
}

void FakeEngineServer::accept_connections() {
  while (!stopping_) {
    const int fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      continue;  // shut down, or interrupted
    }
    ++connection_count_;
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
    }
    serving_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeEngineServer::serve(int fd) {
  FakeConnection connection(fd);
  FakeRequest request;
  while (!stopping_ && !connection.closed() && connection.read_request(request)) {
    find_script(request)(request, connection);
    request = {};
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

FakeEngineServer::Script FakeEngineServer::find_script(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  if (const auto found = scripts_.find(request.key()); found != scripts_.end()) {
    return found->second;
  }
  return [](const FakeRequest& unknown, FakeConnection& connection) {
    connection.reply(404,
                     fmt::format(R"({{"message":"nothing is scripted for {}"}})", unknown.key()));
  };
}

std::unique_ptr<runtime::Engine> client_of(const FakeEngineServer& server,
                                           std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds kPatience{20'000};
  runtime::EngineOptions options;
  options.timeouts = {.connect = kPatience, .ping = kPatience, .query = limit, .action = kPatience};
  return runtime::make_docker_engine(runtime::parse_endpoint(server.address(), "test").value(),
                                     options);
}

}  // namespace berth::test
