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
#include "api/route.h"
#include "api/route_table.h"
#include "api/turns.h"
#include "net/http_server.h"
#include "net/network.h"
#include "store/request_log.h"

namespace offx::api {

/// Whether the database answers; said by who watches it, read by every request. Thread-safe.
class Readiness {
 public:
  /// Empty: it is ready.
  void set(std::string reason) {
    const std::scoped_lock lock(mutex_);
    reason_ = std::move(reason);
  }
  /// The database is asked now; if no answered() follows for some seconds, it is not ready: a server that hangs is
  /// noticed before the deadline of the call.
  void asked() {
    const std::scoped_lock lock(mutex_);
    asked_ = std::chrono::steady_clock::now();
  }
  void answered() {
    const std::scoped_lock lock(mutex_);
    asked_.reset();
  }
  /// From now on a replica can show what there is while the database is away.
  void set_has_replica() {
    const std::scoped_lock lock(mutex_);
    has_replica_ = true;
  }
  /// Why not, or nothing if it is.
  [[nodiscard]] std::string reason() const {
    const std::scoped_lock lock(mutex_);
    return reason_now();
  }
  /// It is not ready, and a replica answers those who only read.
  [[nodiscard]] bool is_read_only() const {
    const std::scoped_lock lock(mutex_);
    return has_replica_ && !reason_now().empty();
  }

 private:
  static constexpr std::chrono::seconds kSilenceMax{10};

  [[nodiscard]] std::string reason_now() const {
    if (reason_.empty() && asked_ && std::chrono::steady_clock::now() - *asked_ > kSilenceMax) {
      return "the database does not answer";
    }
    return reason_;
  }

  mutable std::mutex mutex_;
  bool has_replica_ = false;
  std::string reason_ = "the server is starting";
  std::optional<std::chrono::steady_clock::time_point> asked_;
};

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
