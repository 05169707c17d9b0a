// AttachedCommand: what a session is connected to, as far as it asks the engine about it: a
// container's own command, or one that exec started beside it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// The ways to a command; what is not needed is null.
struct Connection {
  std::unique_ptr<AttachedStream> output{};
  // Standard error, where it has a stream of its own. Then both are bare bytes; null: `output`
  // carries both, in frames unless there is a terminal.
  std::unique_ptr<AttachedStream> error{};
  std::unique_ptr<AttachedStream> input{};  // null: `output` takes it, too
  std::unique_ptr<PendingExit> exit{};      // null: state() has to be asked once the output ended
  // Where `exit` is not the engine's: the engine's, for an exit with the error kSupervisorGone.
  std::unique_ptr<PendingExit> engine_exit{};
  // The supervisor, for signals; empty: there is none.
  UniqueFd supervisor{};
};

class AttachedCommand {
 public:
  virtual ~AttachedCommand() = default;

  virtual const std::string& container_id() const = 0;
  // Names without SIG.
  virtual Result<void> signal(const std::string& name) = 0;
  virtual Result<void> resize(ContainerSpec::ConsoleSize size) = 0;
  // nullopt: the engine knows it no more.
  virtual Result<std::optional<ContainerState>> state() = 0;
  // The exit of a running command once more, after a wait that broke off.
  virtual Result<std::unique_ptr<PendingExit>> wait() = 0;

  // Whether all that it has printed can be read again.
  virtual bool keeps_output() const = 0;
  // A new connection after a broken one: its output from the very beginning, to the end where it
  // has ended.
  virtual Result<Connection> reopen(bool running, bool with_input) = 0;
  // What it prints from now on, beside a stream that has ended.
  virtual Result<std::unique_ptr<AttachedStream>> listen() = 0;
};

class ContainerCommand final : public AttachedCommand {
 public:
  // `supervisor` passes signals on, if there is one and it is still there; else the engine does.
  ContainerCommand(Engine& engine, std::string id, bool keeps_output, UniqueFd supervisor = {})
      : engine_(engine),
        id_(std::move(id)),
        keeps_output_(keeps_output),
        supervisor_(std::move(supervisor)) {}

  const std::string& container_id() const override { return id_; }
  Result<void> signal(const std::string& name) override;
  Result<void> resize(ContainerSpec::ConsoleSize size) override {
    return engine_.resize(id_, size);
  }
  Result<std::optional<ContainerState>> state() override { return engine_.inspect_container(id_); }
  Result<std::unique_ptr<PendingExit>> wait() override {
    return engine_.wait(id_, WaitCondition::next_exit);
  }
  bool keeps_output() const override { return keeps_output_; }
  Result<Connection> reopen(bool running, bool with_input) override;
  Result<std::unique_ptr<AttachedStream>> listen() override;

 private:
  Engine& engine_;
  const std::string id_;
  const bool keeps_output_;
  const UniqueFd supervisor_;
};

class ExecCommand final : public AttachedCommand {
 public:
  // `marker` is a line of its environment that no other process of the container has; `user` is
  // whom it runs as.
  ExecCommand(Engine& engine, std::string container_id, std::string exec_id, std::string marker,
              std::string user)
      : engine_(engine),
        container_id_(std::move(container_id)),
        exec_id_(std::move(exec_id)),
        marker_(std::move(marker)),
        user_(std::move(user)) {}

  const std::string& container_id() const override { return container_id_; }
  Result<void> signal(const std::string& name) override;
  Result<void> resize(ContainerSpec::ConsoleSize size) override {
    return engine_.resize_exec(exec_id_, size);
  }
  Result<std::optional<ContainerState>> state() override;
  Result<std::unique_ptr<PendingExit>> wait() override {
    return fail(Errc::engine_failed, "the engine cannot wait for a command of exec");
  }
  bool keeps_output() const override { return false; }
  Result<Connection> reopen(bool, bool) override {
    return fail(Errc::engine_failed, "the output of a command of exec is not kept");
  }
  Result<std::unique_ptr<AttachedStream>> listen() override {
    return fail(Errc::engine_failed, "a command of exec has one stream only");
  }

 private:
  Engine& engine_;
  const std::string container_id_;
  const std::string exec_id_;
  const std::string marker_;
  const std::string user_;
};

// Whether the engine can replay what a container with that log driver printed.
bool is_readable_log(const std::string& log_driver);

}  // namespace berth::runtime
