// FakeEngineServer: a container engine as far as its socket goes. A thread per connection reads
// HTTP requests and plays what a test has scripted for them: good answers, error objects, garbage,
// half answers, silence.
//
// GET /_ping answers by itself with API 1.41 unless it is scripted. What is not scripted is
// answered with 404.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/runtime/engine.hpp"
#include "support/temporary_folder.hpp"

namespace berth::test {

struct FakeRequest {
  std::string method{};
  std::string target{};                          // "/v1.41/containers/create?name=x"
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};

  // "POST /containers/create": without the API version and the query, as scripts are looked up.
  std::string key() const;
};

// The engine's side of one connection.
class FakeConnection {
 public:
  explicit FakeConnection(int fd) : fd_(fd) {}

  void send(std::string_view bytes);
  // A whole answer with a Content-Length.
  void reply(int status, std::string_view body, std::string_view extra_headers = {});
  // The header of a hijacked stream.
  void upgrade();
  // What the client sends next; empty at its end.
  std::string receive();
  // Until the client has closed its side; what it sent meanwhile.
  std::string receive_all();
  // No further request is read from this connection.
  void close();
  bool closed() const { return closed_; }

 private:
  friend class FakeEngineServer;
  bool read_request(FakeRequest& request);

  int fd_;
  bool closed_ = false;
  std::string buffer_{};
};

class FakeEngineServer {
 public:
  using Script = std::function<void(const FakeRequest&, FakeConnection&)>;

  FakeEngineServer();
  ~FakeEngineServer();
  FakeEngineServer(const FakeEngineServer&) = delete;
  FakeEngineServer& operator=(const FakeEngineServer&) = delete;

  std::string socket_path() const { return path_; }
  std::string address() const { return "unix://" + path_; }

  // `key` as in FakeRequest::key(). A later script for a key replaces an earlier one.
  void script(const std::string& key, Script script);
  // A plain answer.
  void answer(const std::string& key, int status, const std::string& body,
              const std::string& extra_headers = {});
  // These bytes instead of an answer; then the connection is closed.
  void answer_raw(const std::string& key, const std::string& bytes);
  // Nothing, until the client gives up.
  void hang(const std::string& key);

  // All requests so far, in the order of arrival.
  std::vector<FakeRequest> requests() const;
  // The last one with that key; empty where there was none.
  FakeRequest last(const std::string& key) const;
  std::size_t connection_count() const { return connection_count_; }

 private:
  void accept_connections();
  void serve(int fd);
  Script find_script(const FakeRequest& request);

  TemporaryFolder folder_{};
  std::string path_{};
  UniqueFd listening_{};
  mutable std::mutex mutex_{};
  std::map<std::string, Script> scripts_{};
  std::vector<FakeRequest> requests_{};
  std::vector<int> open_{};
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> connection_count_ = 0;
  std::vector<std::jthread> serving_{};  // touched by the accepting thread, then by the destructor
  std::jthread accepting_{};
};

// The real client, connected to it; `limit` is that of its questions. A loaded machine must not
// fail a test, so only those of silence set a short one.
std::unique_ptr<runtime::Engine> client_of(
    const FakeEngineServer& server, std::chrono::milliseconds limit = std::chrono::seconds(20));

}  // namespace berth::test
