#include "api/router.h"

#include <algorithm>
#include <thread>

#include "api/accounts.h"
#include "api/assets.h"
#include "api/call.h"
#include "api/finishing.h"
#include "base/log.h"
#include "db/fallback_reads.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t kLoggedMax = 500;  // bytes of a path
constexpr std::size_t kDetailsMax = 1000;
// Requests that anybody can send are stored at this rate, so that nobody fills the disk with them; and of one address
// at less, so that nobody hides the others.
constexpr double kFloodLoggedPerSecond = 1.0;
constexpr double kFloodLoggedAtOnce = 1000.0;
constexpr double kCallerLoggedPerSecond = 0.1;
constexpr double kCallerLoggedAtOnce = 100.0;
constexpr auto kTurnPatience = std::chrono::milliseconds(100);

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

/// Whether nothing may be older than the request, as RFC 9111 lets a caller say.
bool wants_fresh(const HttpRequest& request) {
  return request.header("Cache-Control").value_or("").find("no-cache") != std::string_view::npos;
}

HttpResponse problem_for(const Call& call, int status, std::string_view detail) {
  return problem(status, title_of(status), detail, call.id);
}

HttpResponse wrong_method(const Call& call, std::string allowed) {
  auto response = problem_for(call, 405, "this address has other methods");
  response.headers.push_back({"Allow", std::move(allowed)});
  return response;
}

HttpResponse from_error(const Call& call, const Error& error) {
  const int status = status_of(error.code());
  if (status < 500) {
    json::array errors;
    const bool names_field = error.code() == Errc::invalid_argument && !error.context().empty();
    if (names_field) errors.push_back(json::object{{"field", error.context()}, {"message", error.message()}});
    return problem(status, title_of(status), names_field ? error.to_string() : error.message(), call.id,
                   std::move(errors));
  }
  if (error.code() == Errc::unavailable && error.context() == kBusy) {
    auto response = problem_for(call, status, error.message());
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  // Its message may name files and addresses: that is for whoever runs the server.
  log(LogLevel::error, "request.failed",
      {{"id", call.id},
       {"method", call.http.method},
       {"path", call.target.path},
       {"code", std::string(to_string(error.code()))},
       {"message", error.to_string()}});
  auto response = problem_for(call, status,
                              status == 503   ? "the database is not available now; try again"
                              : status == 504 ? "the database did not answer in time"
                                              : "the server's log says more");
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

/// What is shown again and again: the same for all readers but what is said of themselves.
std::string key_of(const Call& call) {
  return std::to_string(call.identity.caller.user_id) + " " + std::to_string(static_cast<int>(coding_for(call.http))) +
         " " + call.http.target;
}

bool is_kept(const Route& route) { return route.kept || route.counted; }

}  // namespace

Router::Router(RouterOptions options, const Services& services, const Readiness& readiness,
               std::function<void(store::RequestLogEntry)> log)
    : options_(std::move(options)),
      services_(services),
      readiness_(readiness),
      log_(std::move(log)),
      limiter_(options_.requests_per_second, options_.requests_at_once),
      caller_log_limiter_(kCallerLoggedPerSecond, kCallerLoggedAtOnce),
      log_limiter_(kFloodLoggedPerSecond, kFloodLoggedAtOnce),
      metrics_(routes_.all().size()),
      answers_(services.changes),
      turns_(std::max(2U, std::thread::hardware_concurrency()), kTurnPatience) {}

Call Router::begin(const HttpRequest& http) const {
  return read_call(http, services_.clock.now(), routes_, options_.trusted_proxies);
}

/// What keeps a call from its route; nothing if it may run.
std::optional<HttpResponse> Router::check(Call& call) const {
  if (call.match.route == nullptr) {  // nobody asks who it is
    if (auto refusal = check_rate(call, net::caller_network(call.address))) return refusal;
  }
  if (!call.fault.empty()) return problem_for(call, 400, call.fault);
  if (call.match.methods.empty()) return problem_for(call, 404, "there is nothing at this address");
  if (call.match.route == nullptr) {
    std::string allowed = "OPTIONS";
    for (const auto method : call.match.methods) {
      allowed.append(", ").append(method);
      if (method == "GET") allowed += ", HEAD";
    }
    if (call.http.method != "OPTIONS") return wrong_method(call, std::move(allowed));
    return HttpResponse{.status = 204, .headers = {{"Allow", std::move(allowed)}}};
  }
  const auto reason = readiness_.reason();
  if (!reason.empty() && !(call.is_get() && readiness_.is_read_only())) {
    auto response = problem_for(call, 503, reason);
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  return check_caller(call);
}

std::optional<HttpResponse> Router::check_rate(const Call& call, const std::string& caller) const {
  const auto wait = limiter_.take(caller, call.started);
  if (wait.count() == 0) return std::nullopt;
  auto response = problem_for(call, 429, "too many requests; wait a moment");
  response.headers.push_back({"Retry-After", std::to_string((wait.count() + 999) / 1000)});
  return response;
}

std::optional<HttpResponse> Router::check_caller(Call& call) const {
  if (services_.accounts != nullptr) {
    auto identity = services_.accounts->identify(call.http, call.address);
    if (!identity) return from_error(call, identity.error());
    call.identity = std::move(*identity);
  }
  return check_access(call);
}

std::optional<HttpResponse> Router::check_access(const Call& call) const {
  const auto& who = call.identity;
  const std::string key = who.caller.token_id != 0     ? "token " + std::to_string(who.caller.token_id)
                          : who.caller.session_id != 0 ? "session " + std::to_string(who.caller.session_id)
                                                       : net::caller_network(call.address);
  if (auto refusal = check_rate(call, key)) return refusal;
  const Access access = call.match.route->access;
  if (access != Access::open) {
    if (who.caller.user_id == 0) {
      auto response = problem_for(call, 401, "log in, or send a token that is valid");
      response.headers.push_back({"WWW-Authenticate", "Bearer"});
      return response;
    }
    if (access == Access::account && who.caller.session_id == 0) {
      return problem_for(call, 403, "this concerns the account itself: log in, a token will not do");
    }
    if ((access == Access::read && !who.may_read) || (access == Access::write && !who.may_write)) {
      return problem_for(call, 403, "the token lacks the scope for this");
    }
    if (access == Access::admin && !who.caller.may_admin) return problem_for(call, 403, "this is for administrators");
  }
  // Only a token that is good shows that no browser sent this by itself.
  if (!is_safe(call.http.method) && who.caller.token_id == 0 && services_.accounts != nullptr) {
    if (const auto fault = services_.accounts->cross_site_fault(call.http); !fault.empty()) {
      return problem_for(call, 403, fault);
    }
  }
  return std::nullopt;
}

HttpResponse Router::run(Call& call) const {
  const auto stale_reads_before = db::FallbackReads::stale_reads();
  std::optional<db::FallbackReads::PrimaryOnly> what_decides_on_writes;
  if (!call.is_get()) what_decides_on_writes.emplace();
  auto refusal = check(call);
  auto response = refusal ? std::move(*refusal) : run_route(call);
  if (db::FallbackReads::stale_reads() != stale_reads_before) mark_stale(response);
  return response;
}

HttpResponse Router::run_route(Call& call) const {
  const bool may_be_old = call.match.route->counted && call.is_get() && !wants_fresh(call.http);
  auto response = may_be_old ? counted(call) : answered(call);
  if (response) return std::move(*response);
  return from_error(call, response.error());
}

Result<HttpResponse> Router::answered(Call& call) const {
  const Route& route = *call.match.route;
  const Request request(call.http, std::move(call.match.path), std::move(call.target.query), call.identity.caller,
                        call.id, call.address);
  if (!is_kept(route) || !call.is_get()) return route.handler(request, services_);
  return answers_.get(key_of(call), [&] {
    std::optional<Turns::Turn> turn;
    if (services_.changes != nullptr) turn.emplace(turns_);
    auto made = route.handler(request, services_);
    if (made) prepare_to_keep(call.http, *made);
    return made;
  });
}

/// May be made when this call is over.
Result<HttpResponse> Router::counted(Call& call) const {
  const auto http = std::make_shared<const HttpRequest>(call.http);
  const auto request = std::make_shared<const Request>(*http, std::move(call.match.path), std::move(call.target.query),
                                                       call.identity.caller, call.id, call.address);
  return answers_.get_counted(key_of(call), [this, route = call.match.route, http, request] {
    auto made = route->handler(*request, services_);
    if (made) prepare_to_keep(*http, *made);
    return made;
  });
}

/// An answer that is kept, to somebody who is known: nobody has to be waited for.
std::optional<HttpResponse> Router::find_kept(const HttpRequest& request) const {
  if (services_.changes == nullptr) return std::nullopt;
  auto call = begin(request);
  const auto* const route = call.match.route;
  if (route == nullptr || !is_kept(*route) || !call.is_get() || !readiness_.reason().empty()) return std::nullopt;
  if (services_.accounts != nullptr) {
    auto identity = services_.accounts->known(request);
    if (!identity || (route->access != Access::open && !identity->may_read)) return std::nullopt;
    call.identity = std::move(*identity);
  }
  auto response = answers_.find(key_of(call));
  if (!response) return std::nullopt;
  if (auto refusal = check_access(call)) response = std::move(refusal);
  finish(call, *response);
  return response;
}

/// Whether the database answers, and if not why: in JSON for who wants that, as the dashboard does. `tells_details`:
/// who asks may see addresses.
HttpResponse Router::ready(const Call& call, bool tells_details) const {
  const auto reason = readiness_.reason();
  const bool is_ready = reason.empty();
  const bool is_read_only = readiness_.is_read_only();
  const auto details = is_ready || !tells_details ? "" : storable_text(readiness_.details(), kDetailsMax);
  HttpResponse response{.status = is_ready ? 200 : 503, .headers = {{"Cache-Control", "no-store"}}};
  const bool in_json = call.http.header("Accept").value_or("").find("application/json") != std::string_view::npos;
  response.headers.push_back({"Content-Type", in_json ? "application/json" : "text/plain; charset=utf-8"});
  if (in_json) {
    const auto text_or_null = [](const std::string& text) { return text.empty() ? json::value() : json::value(text); };
    response.body = json::serialize(json::object{{"ready", is_ready},
                                                 {"reason", text_or_null(reason)},
                                                 {"advice", text_or_null(is_ready ? "" : readiness_.advice())},
                                                 {"details", text_or_null(details)},
                                                 {"reads", is_ready || is_read_only}});
  } else {
    response.body =
        (is_ready ? "ready" : reason) + (is_read_only ? "; a replica answers those who only read" : "") + "\n";
    if (!details.empty()) response.body += details + "\n";
  }
  return response;
}

/// Health and metrics; nothing for other paths.
std::optional<HttpResponse> Router::special(Call& call) const {
  const auto& path = call.target.path;
  const auto text = [](int status, std::string body) {
    return HttpResponse{.status = status,
                        .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
                        .body = std::move(body)};
  };
  const bool is_special = path == "/healthz" || path == "/readyz" || path == "/metrics";
  if (!is_special) return std::nullopt;
  call.is_logged = false;
  if (!call.is_get()) return wrong_method(call, "GET, HEAD");
  if (path == "/healthz") return text(200, "ok\n");
  // A proxy's own address says nothing of who asks through it.
  const bool is_unknown = call.address == call.http.peer && call.http.header("X-Forwarded-For");
  const bool runs_this = !is_unknown && options_.metrics_allow.contains(call.address);
  if (path == "/readyz") return ready(call, runs_this);
  if (!runs_this) return problem_for(call, 404, "there is nothing at this address");
  auto response = text(200, metrics_.text([this](std::size_t route) {
    const auto& routes = routes_.all();
    if (route >= routes.size()) return std::string("route=\"\"");
    return "method=\"" + std::string(routes[route].method) + "\",route=\"" + std::string(routes[route].path) + "\"";
  }));
  response.headers[0].value = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

HttpResponse Router::file(const Call& call) const {
  const bool is_readable = call.fault.empty();
  if (is_readable && !call.is_get()) return wrong_method(call, "GET, HEAD");
  std::optional<HttpResponse> response;
  if (is_readable) response = dashboard_file(call.http, call.target);
  if (!response && call.is_get()) response = dashboard_not_found(call.http);
  if (response) return std::move(*response);
  return is_readable ? problem_for(call, 404, "there is nothing at this address") : problem_for(call, 400, call.fault);
}

void Router::finish(const Call& call, HttpResponse& response) const {
  add_caching(call.http, response);
  compress(call.http, response);
  if (call.is_api()) add_cors(call.http, options_.cors_origins, response);
  add_common_headers(call.id, !options_.cors_origins.empty(), response);
  record(call, response);
}

void Router::record(const Call& call, const HttpResponse& response) const {
  const auto duration = std::chrono::steady_clock::now() - call.started;
  const std::uint64_t bytes = response.content().size();
  metrics_.count(routes_.number_of(call.match.route), response.status, duration, bytes);
  if (!call.is_logged || !log_) return;
  const auto& caller = call.identity.caller;
  const bool may_be_flood = caller.user_id == 0 || response.status == 429;
  if (may_be_flood && (caller_log_limiter_.take(net::caller_network(call.address), call.started).count() > 0 ||
                       log_limiter_.take("", call.started).count() > 0)) {
    return;
  }
  log_({.time = call.time,
        .request_id = call.id,
        .method = call.http.method.substr(0, kLoggedMax),
        .path = storable_text(call.target.path, kLoggedMax),
        .status = response.status,
        .ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(),
        .user_id = caller.user_id,
        .who = caller.token_id != 0 ? caller.username + "/token" : caller.username,
        .address = call.address,
        .bytes = static_cast<std::int64_t>(bytes)});
}

std::optional<HttpResponse> Router::answer_at_once(const HttpRequest& request) {
  if (request.target.starts_with("/metrics")) return std::nullopt;
  if (request.target.starts_with("/api")) return find_kept(request);
  auto call = begin(request);
  if (call.is_api()) return std::nullopt;
  call.is_logged = false;  // files of the program, the same for everybody
  auto response = special(call);
  if (!response) response = file(call);
  finish(call, *response);
  return response;
}

net::Admission Router::admit(const HttpRequest& head) {
  auto call = begin(head);
  if (!call.is_api()) {
    auto refusal = problem_for(call, 405, "nothing can be sent to this address");
    finish(call, refusal);
    return {std::move(refusal), 0, false};
  }
  if (auto refusal = check(call)) {
    finish(call, *refusal);
    return {std::move(refusal), 0, false};
  }
  return {std::nullopt, is_safe(head.method) ? 0 : call.match.route->body_max_bytes, call.match.route->upload};
}

HttpResponse Router::handle(const HttpRequest& request) {
  auto call = begin(request);
  HttpResponse response;
  if (call.is_api()) {
    response = run(call);
  } else {
    auto answer = special(call);
    response = answer ? std::move(*answer) : file(call);
  }
  finish(call, response);
  return response;
}

HttpResponse Router::refuse(int status, std::string_view reason) {
  static const HttpRequest kNone;
  Call call{kNone};
  call.id = new_request_id();
  call.is_logged = false;
  auto response = problem_for(call, status, reason);
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  finish(call, response);
  return response;
}

}  // namespace offx::api
