#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace offx::db::http {

/// What a server answered, whatever its status.
struct Response {
  int status = 0;
  std::string body;
  std::string location;   ///< absolute; of a redirect, which is not followed
  std::string served_by;  ///< the field X-Rqlite-Served-By: the node to which rqlite forwarded the request, if it did
  bool closes = false;    ///< the connection is not kept
};

/// Why there is no answer.
struct Failure {
  Error error;
  bool sent = false;  ///< the server may have got the request; false: it certainly has not
};

using Deadline = std::chrono::steady_clock::time_point;

/// HTTP/1.1 to the servers of one database, over connections that are kept: each call borrows an idle one or makes
/// another. Never sends a request twice on its own account, however a connection ends: what arrived once may be applied
/// once. libcurl makes the connections; what goes over them is ours, as its own handling of a request costs more than a
/// short read does. Certificates are verified, redirects not followed, proxies not used. Calls end when
/// stop_calls_when() says so, with Errc::cancelled. Thread-safe.
class Transport {
 public:
  struct Options {
    std::vector<std::string> headers;  ///< of every request, each `Name: value`
    std::chrono::milliseconds connect_timeout{3'000};
    std::size_t response_max_bytes = std::size_t{256} << 20U;
    std::string authorities;                ///< a file of certificates to trust in place of the system's; empty: those
    std::chrono::seconds silence_max{300};  ///< of get(), whose deadline may be far: so long may nothing come
  };

  /// Errc::unsupported if libcurl is missing.
  static Result<std::unique_ptr<Transport>> create(Options options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Sends `json` to `url` and waits for the whole answer, at most until `deadline`. Errc::unavailable if there is
  /// none; unsupported if it is larger than the limit; corrupt if it is not HTTP. Messages name host and port only.
  tl::expected<Response, Failure> post(const std::string& url, std::string_view json, Deadline deadline);

  /// The body goes to `take`, piece by piece, which may stop the transfer (Errc::cancelled) with `false`; that of an
  /// answer other than 200 comes back in the response, cut off after 64 KiB.
  using Take = std::function<bool(std::string_view piece)>;
  tl::expected<Response, Failure> get(const std::string& url, Deadline deadline, const Take& take);

  /// How many connections to `origin` (`http://host:port`) could not be made, had ended before an answer was whole, or
  /// ended while they were kept, or were no longer used for their age. A server that is started anew makes it grow, at
  /// the latest with the next call, but where no connection was kept.
  [[nodiscard]] std::uint64_t lost_connections(std::string_view origin) const;

 private:
  struct Connections;
  explicit Transport(std::unique_ptr<Connections> connections);

  std::unique_ptr<Connections> connections_;
};

/// What to add to the message of a write that may have been applied although it failed.
inline constexpr std::string_view kMayBeApplied = "; the write may have been applied all the same";

/// A server's message as it may be shown: one line, of bounded length.
[[nodiscard]] std::string shown_message(std::string_view text);

}  // namespace offx::db::http
