#include "runtime/private_folder.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <system_error>
#include <vector>

#include "berth/base/text.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

namespace {

// Paths of a folder with that name, in the order in which they are tried.
std::vector<std::string> places(const std::string& name, std::string_view longest) {
  const EnvironmentLookup environment = process_environment();
  std::vector<std::string> folders;
  for (const std::string& base : {environment("XDG_RUNTIME_DIR").value_or(""),
                                  environment("TMPDIR").value_or(""), std::string("/tmp")}) {
    const std::string folder = base + "/" + name;
    if (base.starts_with('/') && folder.size() + longest.size() < sizeof(sockaddr_un::sun_path)) {
      folders.push_back(folder);
    }
  }
  return folders;
}

// `make` gets a path, which it may complete, and returns whether the folder is there.
Result<std::string> make_folder(const std::string& name, std::string_view longest,
                                const std::function<bool(std::string&)>& make) {
  int error_number = ENOENT;
  for (std::string& folder : places(name, longest)) {
    if (make(folder)) {
      return folder;
    }
    error_number = errno;
  }
  const std::string reason = std::error_code(error_number, std::generic_category()).message();
  return fail(Error{Errc::io, "there is no place for a socket: " + lowered(reason)}.note(
      "tried $XDG_RUNTIME_DIR, $TMPDIR and /tmp"));
}

std::string name_of_run(const std::string& run_id) {
  return "berth-run-" + run_id;
}

}  // namespace

Result<std::string> make_private_folder(std::string_view longest) {
  return make_folder("berth-XXXXXX", longest,
                     [](std::string& folder) { return ::mkdtemp(folder.data()) != nullptr; });
}

Result<std::string> make_run_folder(const std::string& run_id, std::string_view longest) {
  return make_folder(name_of_run(run_id), longest,
                     [](std::string& folder) { return ::mkdir(folder.c_str(), 0700) == 0; });
}

void remove_run_folder(const std::string& run_id, std::initializer_list<std::string_view> files) {
  for (const std::string& folder : places(name_of_run(run_id), "")) {
    for (const std::string_view file : files) {
      ::unlink((folder + std::string(file)).c_str());
    }
    ::rmdir(folder.c_str());
  }
}

}  // namespace berth::runtime
