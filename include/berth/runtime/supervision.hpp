// Supervision: a run whose streams do not pass through the engine. Where berth and the engine share
// a machine, a program of berth's own (src/supervisor) is process 1 of the container. It gets pipes
// that berth reads and writes, and tells how the command ended the moment it ends.
//
// What that saves: Docker copies each byte of output three times and hands it on in frames; it
// tells the exit when the container's network is gone, 60 to 90 ms later (docs/performance.md).
//
// Only for runs of which nobody else can want the output: attached ones that leave no log. For any
// other, and wherever the supervisor cannot connect or cannot be mounted, the engine carries the
// streams as it always did.
#pragma once

#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

// Entry point and arguments, as the engine would put them together from both.
std::vector<std::string> whole_command(const ContainerSpec& spec, const ImageFacts& image);

// Why the engine has to carry that container's streams ("the run has a terminal"); empty: it need
// not.
std::string why_through_engine(const ContainerSpec& spec, const EngineFacts& engine);

// One run's: a private folder with the program and the socket, both of which are mounted. Removed
// with the object.
class Supervision {
 public:
  // `command` is whole, and not empty. Errc::io where the folder cannot be made.
  static Result<Supervision> prepare(std::vector<std::string> command, const std::string& run_id);
  // Removes what a prepare() has left whose process was killed.
  static void clear_up(const std::string& run_id);
  Supervision(Supervision&& other) noexcept;
  Supervision& operator=(Supervision&&) = delete;
  ~Supervision();

  // The container that has the supervisor as process 1.
  ContainerSpec container_of(ContainerSpec spec) const;
  // Whether an engine's error is about what we have mounted: a socket that it cannot see, a program
  // that it may not execute. Then the run can do without.
  bool is_blamed_in(const Error& error) const;

  // For poll(2), until take_connection(): readable when the supervisor is there.
  int listener() const { return listener_.get(); }
  // The supervisor's. Nobody else can connect from then on, and nothing stays in the folder.
  UniqueFd take_connection();
  // The same without one: nobody came.
  void close();

 private:
  Supervision(std::vector<std::string> command, std::string folder);
  Result<void> fill_folder();

  std::vector<std::string> command_;
  std::string folder_;  // empty: removed
  UniqueFd listener_{};
};

}  // namespace berth::runtime
