#pragma once

#include <string>
#include <string_view>

#include "base/curl_library.h"
#include "base/error.h"
#include "net/address.h"

namespace offx::net {

/// One hop's address, taken apart by libcurl's own parser so that what is checked is what is connected to.
struct Target {
  std::string url;  ///< without user name, password and fragment
  std::string scheme;
  std::string host;
  unsigned port = 0;
  std::string user;
  std::string password;

  /// `host:port` as `endpoint()` writes it.
  [[nodiscard]] std::string shown() const { return endpoint(host, port); }
  [[nodiscard]] bool same_origin(const Target& other) const {
    return scheme == other.scheme && shown() == other.shown();
  }
};

/// Takes an absolute http or https address apart; anything else is `invalid_argument`. The message quotes nothing of it
/// but the scheme.
[[nodiscard]] Result<Target> parse_target(const CurlLibrary& curl, const std::string& url);

/// What lies between `://` and the path; empty if there is no `://`.
[[nodiscard]] std::string_view authority_of(std::string_view url) noexcept;

}  // namespace offx::net
