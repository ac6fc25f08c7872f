#pragma once

#include <string>
#include <string_view>

#include <sys/socket.h>

namespace offx::net {

/// Why an address is not one of the public Internet, for use in a sentence: `a loopback address`; empty if it is
/// public unicast. After the IANA special-purpose registries (RFC 6890 and what followed). IPv6 is refused unless it is
/// global unicast; IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses count as the IPv4 address inside;
/// 6to4 and Teredo are refused whole. Anything but IPv4 and IPv6 is refused.
[[nodiscard]] std::string_view non_public_kind(const sockaddr& address, socklen_t size) noexcept;

/// The same for a literal as it stands in a URL: `127.0.0.1`, `::1` or `[::1]`. Empty for names.
[[nodiscard]] std::string_view non_public_kind(std::string_view literal) noexcept;

/// `127.0.0.1` or `::1` for a socket address; empty for other families.
[[nodiscard]] std::string to_string(const sockaddr& address, socklen_t size);

/// `host:port` in one form, for comparison: lower case, no trailing dot, IPv6 in its shortest form and brackets.
[[nodiscard]] std::string endpoint(std::string_view host, unsigned port);

}  // namespace offx::net
