#include "runtime/private_folder.hpp"

#include <stdlib.h>
#include <sys/un.h>

#include <cerrno>
#include <system_error>

#include "berth/base/text.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

Result<std::string> make_private_folder(std::string_view socket) {
  const EnvironmentLookup environment = process_environment();
  int error_number = ENOENT;
  for (const std::string& base : {environment("XDG_RUNTIME_DIR").value_or(""),
                                  environment("TMPDIR").value_or(""), std::string("/tmp")}) {
    std::string folder = base + "/berth-XXXXXX";
    const bool fits = folder.size() + socket.size() < sizeof(sockaddr_un::sun_path);
    if (!base.starts_with('/') || !fits) {
      continue;
    }
    if (::mkdtemp(folder.data()) != nullptr) {
      return folder;
    }
    error_number = errno;
  }
  return fail(Error{Errc::io, "there is no place for a socket: " +
                                  lowered(std::error_code(error_number, std::generic_category())
                                              .message())}
                  .note("tried $XDG_RUNTIME_DIR, $TMPDIR and /tmp"));
}

}  // namespace berth::runtime
