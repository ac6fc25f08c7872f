#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace offx::db::http {

/// The address of a database server, taken apart: `scheme://user:password@host:port,host:port?name=value&…`.
struct ServerUrl {
  std::string scheme;  ///< in lower case
  std::string user;
  std::string password;
  std::vector<std::string> hosts;  ///< `host`, `host:port`, `[v6]:port` as written; at least one
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The value of a parameter, which is then no longer among them.
  [[nodiscard]] std::optional<std::string> take(std::string_view name);
  /// The hosts, with a comma between them.
  [[nodiscard]] std::string places() const;
};

/// Errc::invalid_argument, with a message that does not repeat the address: it holds secrets.
[[nodiscard]] Result<ServerUrl> parse_server_url(std::string_view url);

/// `url` as it may be shown: without user, password and parameters. What is no server's address stays as it is.
[[nodiscard]] std::string without_secrets(std::string_view url);

/// The parameters that all engines behind a server have in common.
struct ServerOptions {
  std::chrono::milliseconds timeout{30'000};  ///< `timeout_ms`: for one call, 10 ms to 1 h
  bool tls = true;                            ///< `tls=0` or `tls=1`
  std::string secret;  ///< parameter `authToken`, else OFFX_DB_AUTH_TOKEN or OFFX_DB_AUTH_TOKEN_FILE
};

/// Takes them from `url`; `tls` is what holds if the address does not say. Anything that is left among the parameters
/// afterwards is unknown: see refuse_unknown().
[[nodiscard]] Result<ServerOptions> take_options(ServerUrl& url, bool tls);
[[nodiscard]] Result<void> refuse_unknown(const ServerUrl& url);

}  // namespace offx::db::http
