#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer_cache.h"
#include "api/metrics.h"
#include "api/rate_limit.h"
#include "api/readiness.h"
#include "api/route.h"
#include "api/route_table.h"
#include "api/turns.h"
#include "net/http_server.h"
#include "net/network.h"
#include "store/request_log.h"

namespace offx::api {

struct RouterOptions {
  std::vector<std::string> cors_origins;  ///< others' pages that may call with a token; `*` for any
  net::NetworkList trusted_proxies;       ///< whose X-Forwarded-For is believed
  net::NetworkList metrics_allow;         ///< others get 404 for /metrics
  double requests_per_second = 100.0;     ///< of one caller, for long; 0: no limit
  double requests_at_once = 2000.0;       ///< of one caller, saved up
};

struct Call;

/// From a request to its answer: finds the route, checks who calls, runs the handler, and makes of what it gives an
/// answer with all its headers. Outside /api/ it serves health, metrics and the dashboard's files. Thread-safe.
class Router final : public net::HttpHandler {
 public:
  /// The services must outlive the router. `log` is told of every request of a user that got an answer,
  /// of those of strangers and of refused floods as many as a log can bear, and must not wait.
  Router(RouterOptions options, const Services& services, const Readiness& readiness,
         std::function<void(store::RequestLogEntry)> log);

  std::optional<net::HttpResponse> answer_at_once(const net::HttpRequest& request) override;
  net::Admission admit(const net::HttpRequest& head) override;
  net::HttpResponse handle(const net::HttpRequest& request) override;
  net::HttpResponse refuse(int status, std::string_view reason) override;

  [[nodiscard]] Metrics& metrics() noexcept { return metrics_; }

 private:
  Call begin(const net::HttpRequest& http) const;
  std::optional<net::HttpResponse> check(Call& call) const;
  std::optional<net::HttpResponse> check_rate(const Call& call, const std::string& caller) const;
  std::optional<net::HttpResponse> check_caller(Call& call) const;
  std::optional<net::HttpResponse> check_access(const Call& call) const;
  [[nodiscard]] Result<net::HttpResponse> answered(Call& call) const;
  [[nodiscard]] Result<net::HttpResponse> counted(Call& call) const;
  std::optional<net::HttpResponse> find_kept(const net::HttpRequest& request) const;
  [[nodiscard]] net::HttpResponse run(Call& call) const;
  [[nodiscard]] net::HttpResponse run_route(Call& call) const;
  [[nodiscard]] std::optional<net::HttpResponse> special(Call& call) const;
  [[nodiscard]] net::HttpResponse ready(const Call& call, bool tells_details) const;
  [[nodiscard]] net::HttpResponse file(const Call& call) const;
  void finish(const Call& call, net::HttpResponse& response) const;
  void record(const Call& call, const net::HttpResponse& response) const;

  const RouterOptions options_;
  const Services& services_;
  const Readiness& readiness_;
  const std::function<void(store::RequestLogEntry)> log_;
  const RouteTable routes_;
  mutable RateLimiter limiter_;
  mutable RateLimiter caller_log_limiter_;  // of each address
  mutable RateLimiter log_limiter_;         // of all that anybody can send
  mutable Metrics metrics_;
  mutable AnswerCache answers_;
  mutable Turns turns_;  // of those who make an answer to keep, from a file: work of a processor
};

}  // namespace offx::api
