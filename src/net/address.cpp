#include "net/address.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace offx::net {
namespace {

using V6 = std::array<std::uint8_t, 16>;

struct V4Range {
  std::uint32_t prefix;
  int bits;
  std::string_view kind;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

constexpr std::string_view kReserved = "a reserved address";
constexpr std::string_view kDocumentation = "an address for documentation only";
constexpr std::string_view kMulticast = "a multicast address";
constexpr std::string_view kPrivate = "a private address";
constexpr std::string_view kLoopback = "a loopback address";
constexpr std::string_view kLinkLocal = "a link-local address";
constexpr std::string_view kUnspecified = "the unspecified address";
constexpr std::string_view kTunnel = "an address of an IPv6 transition tunnel";

constexpr std::array kV4Ranges{
    V4Range{v4(0, 0, 0, 0), 8, kUnspecified},
    V4Range{v4(10, 0, 0, 0), 8, kPrivate},
    V4Range{v4(100, 64, 0, 0), 10, "a shared (carrier-grade NAT) address"},
    V4Range{v4(127, 0, 0, 0), 8, kLoopback},
    V4Range{v4(169, 254, 0, 0), 16, kLinkLocal},
    V4Range{v4(172, 16, 0, 0), 12, kPrivate},
    V4Range{v4(192, 0, 0, 0), 24, kReserved},
    V4Range{v4(192, 0, 2, 0), 24, kDocumentation},
    V4Range{v4(192, 88, 99, 0), 24, kTunnel},
    V4Range{v4(192, 168, 0, 0), 16, kPrivate},
    V4Range{v4(198, 18, 0, 0), 15, kPrivate},
    V4Range{v4(198, 51, 100, 0), 24, kDocumentation},
    V4Range{v4(203, 0, 113, 0), 24, kDocumentation},
    V4Range{v4(224, 0, 0, 0), 4, kMulticast},
    V4Range{v4(240, 0, 0, 0), 4, kReserved},
};

std::string_view kind_of_v4(std::uint32_t address) noexcept {
  for (const V4Range& range : kV4Ranges) {
    if ((address ^ range.prefix) >> static_cast<unsigned>(32 - range.bits) == 0) return range.kind;
  }
  return {};
}

/// True if the first `bits` of the address are those of `prefix`; what `prefix` leaves out is zero.
bool in_prefix(const V6& address, std::span<const std::uint8_t> prefix, unsigned bits) noexcept {
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned byte = bit / 8;
    const unsigned expected = byte < prefix.size() ? prefix[byte] : 0U;
    if (((address[byte] ^ expected) >> (7U - bit % 8U) & 1U) != 0) return false;
  }
  return true;
}

struct V6Range {
  std::array<std::uint8_t, 6> prefix;
  unsigned bits;
  std::string_view kind;
};

constexpr std::array kV6Ranges{
    V6Range{{0xfe, 0x80}, 10, kLinkLocal},
    V6Range{{0xfe, 0xc0}, 10, kPrivate},  // site-local, deprecated by RFC 3879
    V6Range{{0xfc, 0x00}, 7, kPrivate},
    V6Range{{0xff, 0x00}, 8, kMulticast},
    V6Range{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, kPrivate},  // local-use NAT64, RFC 8215
    V6Range{{0x20, 0x01, 0x0d, 0xb8}, 32, kDocumentation},
    V6Range{{0x3f, 0xff}, 20, kDocumentation},
    V6Range{{0x20, 0x01, 0x00, 0x00}, 32, kTunnel},  // Teredo
    V6Range{{0x20, 0x02}, 16, kTunnel},              // 6to4
    V6Range{{0x20, 0x01, 0x00, 0x00}, 23, kReserved},
};

std::string_view kind_of_v6(const V6& address) noexcept {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::array<std::uint8_t, 4> kNat64{0x00, 0x64, 0xff, 0x9b};
  static constexpr std::array<std::uint8_t, 1> kGlobalUnicast{0x20};
  if (in_prefix(address, kMapped, 96) || in_prefix(address, kNat64, 96)) {
    return kind_of_v4(v4(address[12], address[13], address[14], address[15]));
  }
  if (in_prefix(address, {}, 128)) return kUnspecified;
  if (in_prefix(address, {}, 127)) return kLoopback;
  for (const V6Range& range : kV6Ranges) {
    if (in_prefix(address, range.prefix, range.bits)) return range.kind;
  }
  return in_prefix(address, kGlobalUnicast, 3) ? std::string_view{} : kReserved;
}

V6 bytes_of(const in6_addr& address) noexcept {
  V6 bytes{};
  std::memcpy(bytes.data(), address.s6_addr, bytes.size());
  return bytes;
}

std::string_view without_brackets(std::string_view host) noexcept {
  return host.size() >= 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

template <class Address>
bool parse(int family, std::string_view text, Address& address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size()) return false;
  text.copy(buffer.data(), text.size());
  return inet_pton(family, buffer.data(), &address) == 1;
}

std::string write(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(family, address, buffer.data(), buffer.size()) != nullptr ? buffer.data() : "";
}

}  // namespace

std::string_view non_public_kind(const sockaddr& address, socklen_t size) noexcept {
  if (address.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return kind_of_v4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return kind_of_v6(bytes_of(in.sin6_addr));
  }
  return "no Internet address";
}

std::string_view non_public_kind(std::string_view literal) noexcept {
  const std::string_view host = without_brackets(literal);
  if (in_addr in{}; parse(AF_INET, host, in)) return kind_of_v4(ntohl(in.s_addr));
  // A zone (`fe80::1%eth0`) only ever stands behind a link-local address.
  if (in6_addr in{}; parse(AF_INET6, host.substr(0, host.find('%')), in)) return kind_of_v6(bytes_of(in));
  return {};
}

std::string to_string(const sockaddr& address, socklen_t size) {
  if (address.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return write(AF_INET, &in.sin_addr);
  }
  if (address.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return write(AF_INET6, &in.sin6_addr);
  }
  return {};
}

std::string endpoint(std::string_view host, unsigned port) {
  host = without_brackets(host);
  std::string name;
  if (in6_addr in{}; parse(AF_INET6, host, in)) {
    name = '[' + write(AF_INET6, &in) + ']';
  } else {
    name = host;
    if (name.ends_with('.')) name.pop_back();
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return name + ':' + std::to_string(port);
}

}  // namespace offx::net
