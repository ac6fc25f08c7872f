#include "base/curl_library.h"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <string>

#include <dlfcn.h>

namespace offx {
namespace {

constexpr const char* kSoname = "libcurl.so.4";
constexpr std::uint32_t kOldestVersion = 0x075700;  // 7.87.0: CURLOPT_QUICK_EXIT

/// Looks up one function; false if the library has none of that name.
template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

Result<CurlLibrary> load() {
  void* library = dlopen(kSoname, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    return fail(Errc::unsupported, std::string("this needs libcurl; install it (Debian: apt install libcurl4): ") +
                                       (reason != nullptr ? reason : kSoname));
  }
  CurlLibrary curl{};
  const bool complete =
      find(library, "curl_global_init", curl.global_init) && find(library, "curl_version_info", curl.version_info) &&
      find(library, "curl_free", curl.free) && find(library, "curl_easy_init", curl.easy_init) &&
      find(library, "curl_easy_cleanup", curl.easy_cleanup) && find(library, "curl_easy_setopt", curl.easy_setopt) &&
      find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      find(library, "curl_easy_strerror", curl.easy_strerror) &&
      find(library, "curl_easy_perform", curl.easy_perform) && find(library, "curl_easy_send", curl.easy_send) &&
      find(library, "curl_easy_recv", curl.easy_recv) && find(library, "curl_multi_init", curl.multi_init) &&
      find(library, "curl_multi_cleanup", curl.multi_cleanup) &&
      find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
      find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
      find(library, "curl_multi_perform", curl.multi_perform) && find(library, "curl_multi_poll", curl.multi_poll) &&
      find(library, "curl_multi_wakeup", curl.multi_wakeup) &&
      find(library, "curl_multi_info_read", curl.multi_info_read) &&
      find(library, "curl_slist_append", curl.slist_append) &&
      find(library, "curl_slist_free_all", curl.slist_free_all) && find(library, "curl_url", curl.url) &&
      find(library, "curl_url_cleanup", curl.url_cleanup) && find(library, "curl_url_set", curl.url_set) &&
      find(library, "curl_url_get", curl.url_get);
  if (!complete || curl.version_info(CURLVERSION_NOW)->version_num < kOldestVersion) {
    return fail(Errc::unsupported, "this needs libcurl 7.87 or newer; the one installed is older");
  }
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(Errc::internal, "libcurl does not start");
  return curl;
}

}  // namespace

Result<const CurlLibrary*> load_curl() {
  static const Result<CurlLibrary> kLoaded = load();
  if (!kLoaded) return fail(kLoaded.error());
  return &*kLoaded;
}

SigpipeBlock::SigpipeBlock() noexcept {
  sigemptyset(&pipe_);
  sigaddset(&pipe_, SIGPIPE);
  sigset_t pending{};
  sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
}

SigpipeBlock::~SigpipeBlock() {
  const timespec no_wait{};
  if (!was_pending_) sigtimedwait(&pipe_, nullptr, &no_wait);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace offx
