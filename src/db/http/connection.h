#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/curl_library.h"
#include "db/stop.h"

namespace offx::db::http {

/// A connection to one server. libcurl makes it: it finds the name, tries the addresses and, for TLS, verifies the
/// certificate. What goes over it is the caller's. For one thread at a time.
class Connection {
 public:
  /// What a call did. Once a connection has ended or is broken it stays so.
  enum class Io : std::uint8_t { some, nothing_yet, ended, broken };

  /// Where to, and how long that may take.
  struct Goal {
    std::string origin;       ///< `http://host:port` or `https://host:port`
    std::string authorities;  ///< see Transport::Options
    std::chrono::milliseconds at_most;
  };
  /// CURLE_ABORTED_BY_CALLBACK if `stop` asked for it.
  static tl::expected<std::unique_ptr<Connection>, CURLcode> make(const CurlLibrary& curl, const Goal& goal,
                                                                  const CallStop& stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Gives the system as much of `bytes` as it takes at once, and removes that from them.
  Io send(std::string_view& bytes) noexcept;
  /// Returns when bytes may be sent or received, and after `at_most`.
  void wait_to_send(std::chrono::milliseconds at_most) const noexcept;

  /// Waits for bytes, for `at_most` and never longer than a second; they are added to received().
  Io receive(std::chrono::milliseconds at_most) noexcept;
  [[nodiscard]] std::string_view received() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }

  /// Whether a connection that waits for its next request still can take it: nothing comes unasked but its end.
  [[nodiscard]] bool is_usable() noexcept { return received().empty() && receive({}) == Io::nothing_yet; }

  /// What received() holds at most; when that much waits, nothing more is received.
  static constexpr std::size_t kReceivedMax = std::size_t{64} << 10U;

 private:
  Connection(const CurlLibrary& curl, CURL* easy, bool tls) noexcept : curl_(curl), easy_(easy), tls_(tls) {}
  bool prepare(const Goal& goal, const CallStop& stop) noexcept;
  bool take_socket();
  Io receive_now(int flags) noexcept;

  const CurlLibrary& curl_;
  CURL* const easy_;
  const bool tls_;  ///< or else the socket is used as it is: what libcurl would add is a twentieth of a short read
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace offx::db::http
