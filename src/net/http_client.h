#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/version.h"

namespace offx::net {

/// One header field. Names are compared without case; values hold no line breaks.
struct Header {
  std::string name;
  std::string value;
};

/// What one fetch may cost. The times cover every redirect together.
struct Limits {
  std::chrono::milliseconds connect_timeout{10'000};  ///< name lookup, connection and TLS of one hop; up to 24 h, > 0
  std::chrono::milliseconds total_timeout{20'000};    ///< from the call to the last byte; up to 24 h, > 0
  std::size_t body_max_bytes = 15U << 20U;            ///< after decompression
  std::size_t headers_max_bytes = 256U << 10U;        ///< of one answer
  int redirects_max = 5;                              ///< 0: a redirect is an error
};

/// A GET request. A user name and password in the address are sent as Basic authentication, to that origin only.
struct Request {
  std::string url;  ///< http or https, at most 16 KiB
  std::vector<Header> headers;
  Limits limits;
};

/// The answer at the end of the redirects, whatever its status. Owns its bytes.
struct Response {
  int status = 0;  ///< 100 to 599
  std::vector<Header> headers;
  std::string body;       ///< decompressed (gzip, deflate, brotli, zstd)
  std::string final_url;  ///< absolute, without user name, password and fragment

  /// The first header of that name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// Nothing for 2xx; otherwise an error that fits: `not_found` for 404 and 410, `unavailable` for 408, 429 and 5xx,
/// `invalid_argument` for the rest. The message names status and host, never the whole address.
[[nodiscard]] Result<void> require_success(const Response& response);

/// The address without what may be secret: no user name, password or fragment, and `?…` for the query. For logs and
/// messages. Takes any text; what is no address comes back as `(invalid address)`.
[[nodiscard]] std::string redacted_url(std::string_view url);

struct HttpClientOptions {
  /// The user's own services, `host:port` or `[v6]:port`: these may have any address. Host is a name or an address.
  std::vector<std::string> allow_hosts;
  /// `http://host:port` or `socks5h://host:port`. Empty: none; the environment's proxies are never used. A proxy is
  /// trusted: it may have any address, and what names resolve to is then its business; literal addresses are
  /// still checked.
  std::string proxy;
  std::string user_agent = std::string("OffX/") + version();
  std::stop_token stop = {};  ///< ends all its fetches with `cancelled`
};

/// The one way out: fetches addresses that strangers may have chosen, without becoming their way into the local
/// network.
///
/// Refused are other schemes than http and https, and connections to any address that is not public unicast (private,
/// loopback, link-local, shared, multicast, reserved, documentation, and IPv6 forms that carry such an IPv4
/// address) unless `allow_hosts` names it. The check is made on the address each socket connects to, after name
/// resolution, at every hop. Redirects to another origin carry no credentials and only harmless headers. No cookies,
/// no .netrc, certificates are verified.
///
/// libcurl is loaded at the first fetch, not with the program: that keeps 7 ms out of every start. Immutable after
/// creation and thread-safe: each fetch has its own connection.
class HttpClient {
 public:
  /// `invalid_argument` if an entry of `allow_hosts` is not `host:port`.
  [[nodiscard]] static Result<HttpClient> create(HttpClientOptions options = {});

  /// Blocks until the answer is whole, a limit is passed or a stop is requested, here or of all (noticed at once).
  /// Errors: `invalid_argument` address, header or target not allowed, or a size or redirect limit passed;
  /// `unavailable` no connection, or cut off; `timeout`; `cancelled`; `corrupt` undecodable body; `unsupported` libcurl
  /// missing or too old. Messages name the host, never path, query or credentials.
  [[nodiscard]] Result<Response> fetch(const Request& request, const std::stop_token& stop = {}) const;

 private:
  explicit HttpClient(HttpClientOptions options) : options_(std::move(options)) {}

  HttpClientOptions options_;  // allow_hosts in the form of `endpoint()`
};

}  // namespace offx::net
