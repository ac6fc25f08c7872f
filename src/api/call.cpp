#include "api/call.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <random>

#include <boost/beast/core/string.hpp>

namespace offx::api {
namespace {

using net::HttpRequest;

bool is_request_id(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

/// All X-Forwarded-For headers as the one list that they are: some proxies add a line of their own instead of extending
/// that of the client.
std::string forwarded_for(const HttpRequest& request) {
  std::string list;
  for (const auto& header : request.headers) {
    if (!boost::beast::iequals(header.name, "X-Forwarded-For")) continue;
    if (!list.empty()) list += ", ";
    list += header.value;
  }
  return list;
}

/// Who is meant, behind proxies that are trusted: the last address in X-Forwarded-For that is none of theirs.
std::string client_address(const HttpRequest& request, const net::NetworkList& trusted) {
  std::string address = request.peer;
  const std::string forwarded = forwarded_for(request);
  std::string_view left = forwarded;
  while (!left.empty() && trusted.contains(address)) {
    const auto comma = left.rfind(',');
    std::string_view last = comma == std::string_view::npos ? left : left.substr(comma + 1);
    left = comma == std::string_view::npos ? std::string_view() : left.substr(0, comma);
    while (last.starts_with(' ')) last.remove_prefix(1);
    while (last.ends_with(' ')) last.remove_suffix(1);
    if (net::caller_network(std::string(last)).find_first_not_of("0123456789abcdef.:/") != std::string::npos) break;
    address = std::string(last);
  }
  return address;
}

}  // namespace

std::string new_request_id() {
  // A random number of the process, and a counter.
  static const std::uint64_t kProcess = [] {
    std::random_device random;
    return (std::uint64_t{random()} << 32U) | random();
  }();
  static std::atomic<std::uint64_t> counter = 0;
  std::array<char, 40> text{};
  char* out = std::to_chars(text.data(), text.data() + 16, kProcess, 36).ptr;
  *out++ = '-';
  out = std::to_chars(out, text.data() + text.size(), ++counter, 36).ptr;
  return {text.data(), out};
}

Call read_call(const HttpRequest& http, Timestamp time, const RouteTable& routes,
               const net::NetworkList& trusted_proxies) {
  Call call{.http = http, .time = time};
  call.address = client_address(http, trusted_proxies);
  const auto given_id = http.header("X-Request-Id");
  const bool keeps_id = given_id && is_request_id(*given_id) && trusted_proxies.contains(http.peer);
  call.id = keeps_id ? std::string(*given_id) : new_request_id();
  auto target = take_apart(http.target);
  if (!target) {
    call.fault = target.error().message();
    call.target.path = http.target.substr(0, http.target.find('?'));
    return call;
  }
  call.target = std::move(*target);
  if (call.is_api()) call.match = routes.match(http.method, call.target.segments);
  return call;
}

}  // namespace offx::api
