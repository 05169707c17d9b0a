#include "runtime/curl_library.hpp"

#include <dlfcn.h>
#include <spdlog/fmt/fmt.h>

#include <string>

namespace berth::runtime {

namespace {

// The name that Debian and Ubuntu, Fedora and Arch have for the library with OpenSSL; tls_error.cpp
// knows OpenSSL's words.
constexpr const char* kFile = "libcurl.so.4";

// Stays loaded: threads of libcurl's and handlers of OpenSSL's may outlive us.
struct Loaded {
  CurlLibrary functions{};
  std::string failure{};  // in the loader's words

  Loaded() {
    handle_ = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) {
      failure = ::dlerror();
      return;
    }
    find_functions();
    if (failure.empty() && functions.global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
      failure = "curl_global_init() fails";
    }
  }

 private:
  void find_functions() {
    find(functions.global_init, "curl_global_init");
    find(functions.free, "curl_free");
    find(functions.easy_init, "curl_easy_init");
    find(functions.easy_cleanup, "curl_easy_cleanup");
    find(functions.easy_reset, "curl_easy_reset");
    find(functions.easy_setopt, "curl_easy_setopt");
    find(functions.easy_getinfo, "curl_easy_getinfo");
    find(functions.easy_header, "curl_easy_header");
    find(functions.easy_perform, "curl_easy_perform");
    find(functions.easy_recv, "curl_easy_recv");
    find(functions.easy_send, "curl_easy_send");
    find(functions.easy_strerror, "curl_easy_strerror");
    find(functions.multi_init, "curl_multi_init");
    find(functions.multi_cleanup, "curl_multi_cleanup");
    find(functions.multi_add_handle, "curl_multi_add_handle");
    find(functions.multi_remove_handle, "curl_multi_remove_handle");
    find(functions.multi_perform, "curl_multi_perform");
    find(functions.multi_poll, "curl_multi_poll");
    find(functions.multi_wakeup, "curl_multi_wakeup");
    find(functions.multi_info_read, "curl_multi_info_read");
    find(functions.slist_append, "curl_slist_append");
    find(functions.slist_free_all, "curl_slist_free_all");
    find(functions.url, "curl_url");
    find(functions.url_cleanup, "curl_url_cleanup");
    find(functions.url_set, "curl_url_set");
    find(functions.url_get, "curl_url_get");
  }

  template <class Function>
  void find(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(::dlsym(handle_, symbol));
    if (function == nullptr && failure.empty()) {
      failure = fmt::format("it has no {}()", symbol);
    }
  }

  void* handle_ = nullptr;
};

// Once per process, thread-safe by the language. TLS sets itself up where a connection needs it:
// libcurl's flag for it is without meaning since 7.57.
const Loaded& loaded() {
  static const Loaded library;
  return library;
}

}  // namespace

Result<void> load_curl(std::string_view purpose) {
  if (loaded().failure.empty()) {
    return {};
  }
  return fail(Error{Errc::io, fmt::format("{} needs libcurl, which cannot be loaded", purpose)}
                  .note(fmt::format("{}: {}", kFile, loaded().failure))
                  .note("needed is 7.86 or newer")
                  .hint("`sudo apt install libcurl4` installs it")
                  .named("libcurl-missing"));
}

const CurlLibrary& curl() {
  return loaded().functions;
}

}  // namespace berth::runtime
