#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace offx::net {

/// Networks as an operator lists them: `127.0.0.0/8, ::1, 10.1.2.3`. Immutable after parse(), thread-safe.
class NetworkList {
 public:
  NetworkList() = default;  ///< none
  /// Addresses and networks (ADDRESS/BITS), separated by commas or blanks. Errc::invalid_argument names the one that is
  /// none.
  [[nodiscard]] static Result<NetworkList> parse(std::string_view text);

  /// True if the address is in one of them. IPv4-mapped addresses count as IPv4; what is no address is in none.
  [[nodiscard]] bool contains(const std::string& address) const;
  [[nodiscard]] bool empty() const noexcept { return networks_.empty(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Network {
    Bytes prefix;
    unsigned bits;
  };
  static bool read(const std::string& text, Bytes& bytes, bool& is_v4);

  std::vector<Network> networks_;
};

/// What counts as one caller's address: an IPv4 address as it is, of an IPv6 address its /64, as a host has all of
/// that.
[[nodiscard]] std::string caller_network(const std::string& address);

}  // namespace offx::net
