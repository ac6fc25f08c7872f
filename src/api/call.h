#pragma once

#include <chrono>
#include <string>

#include "api/accounts.h"
#include "api/encoding.h"
#include "api/route_table.h"
#include "base/time.h"
#include "net/http_server.h"
#include "net/network.h"

namespace offx::api {

/// A request on its way through the router: what it says, and by and by who it comes from. Its own thread's.
struct Call {
  const net::HttpRequest& http;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  Timestamp time;
  std::string id;       ///< for logs and the X-Request-Id header
  std::string address;  ///< of who asks, looking through proxies that are trusted
  TargetParts target;
  std::string fault;        ///< what is wrong with the target; empty: nothing
  RouteTable::Match match;  ///< only of addresses of the API
  Identity identity;        ///< nobody until that is looked up
  bool is_logged = true;

  [[nodiscard]] bool is_get() const { return http.method == "GET" || http.method == "HEAD"; }
  [[nodiscard]] bool is_api() const { return target.path == "/api" || target.path.starts_with("/api/"); }
};

/// What `http`, which must outlive the call, says. Proxies that are trusted may name its id and its client.
[[nodiscard]] Call read_call(const net::HttpRequest& http, Timestamp time, const RouteTable& routes,
                             const net::NetworkList& trusted_proxies);

/// One that no other request of any process has.
[[nodiscard]] std::string new_request_id();

}  // namespace offx::api
