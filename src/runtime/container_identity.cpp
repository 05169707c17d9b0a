#include "runtime/container_identity.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A login name as a path component: "LAB\anna" and "anna@lab" are real ones.
std::string path_component(std::string name) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  for (char& c : name) {
    c = kPlain.find(c) == std::string_view::npos ? '_' : c;
  }
  return name;
}

Identity root_identity(std::string user) {
  return {std::move(user), "root", "/root", true, {}, {}};
}

Identity user_identity(const std::string& user, const std::string& name) {
  Identity identity{user, name, "/home/" + path_component(name), false, {}, {}};
  const std::vector<std::string> ids = split(user, ':');
  if (ids.size() == 2 && is_number(ids[0]) && is_number(ids[1])) {
    identity.uid = ids[0];
    identity.gid = ids[1];
  }
  return identity;
}

}  // namespace

Identity find_identity(const RunRequest& request, const Host& host, const Caller& caller) {
  if (request.user.has_value()) {
    const std::string uid = split(*request.user, ':').front();
    if (uid == "0" || uid == "root") {
      return root_identity(*request.user);
    }
    if (!is_number(uid)) {
      return {*request.user, {}, {}, false, {}, {}};
    }
    return user_identity(*request.user, uid == std::to_string(caller.uid) ? caller.user : "user");
  }
  // A rootless engine maps root of the container to the caller: files that root writes there are
  // the caller's. Any other uid would be a subordinate one, which cannot even enter the project's
  // folder.
  if (caller.uid == 0 || (host.engine.has_value() && host.engine->rootless)) {
    return root_identity("0:0");
  }
  return user_identity(std::to_string(caller.uid) + ":" + std::to_string(caller.gid), caller.user);
}

}  // namespace berth::runtime
