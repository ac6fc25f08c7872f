#include "net/network.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace offx::net {

bool NetworkList::read(const std::string& text, Bytes& bytes, bool& is_v4) {
  bytes = {};
  in_addr v4{};
  is_v4 = inet_pton(AF_INET, text.c_str(), &v4) == 1;
  if (is_v4) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &v4, 4);
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

Result<NetworkList> NetworkList::parse(std::string_view text) {
  NetworkList list;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(", \t\n"), text.size()));
    if (text.empty()) return list;
    const auto entry = std::string(text.substr(0, text.find_first_of(", \t\n")));
    text.remove_prefix(entry.size());
    const auto slash = entry.find('/');
    Network network{};
    bool is_v4 = false;
    bool good = read(entry.substr(0, slash), network.prefix, is_v4);
    const unsigned most = is_v4 ? 32 : 128;
    network.bits = most;
    if (slash != std::string::npos) {
      const auto* const begin = entry.data() + slash + 1;
      const auto* const end = entry.data() + entry.size();
      const auto read_bits = std::from_chars(begin, end, network.bits);
      good = good && read_bits.ec == std::errc{} && read_bits.ptr == end && network.bits <= most;
    }
    if (!good) {
      return fail(Errc::invalid_argument,
                  "\"" + entry + "\" is no address and no network; write them like 10.0.0.0/8, ::1");
    }
    if (is_v4) network.bits += 96;
    list.networks_.push_back(network);
  }
}

bool NetworkList::contains(const std::string& address) const {
  Bytes bytes{};
  bool is_v4 = false;
  if (networks_.empty() || !read(address, bytes, is_v4)) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const auto whole = static_cast<std::ptrdiff_t>(network.bits / 8);
    if (!std::equal(bytes.begin(), bytes.begin() + whole, network.prefix.begin())) return false;
    const unsigned left = network.bits % 8;
    if (left == 0) return true;
    const auto at = static_cast<std::size_t>(whole);
    return ((bytes[at] ^ network.prefix[at]) >> (8U - left)) == 0;
  });
}

std::string caller_network(const std::string& address) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  std::fill(std::begin(v6.s6_addr) + 8, std::end(v6.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &v6, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace offx::net
