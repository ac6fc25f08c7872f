#include "api/router.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

#include <boost/beast/core/string.hpp>

#include "api/accounts.h"
#include "api/assets.h"
#include "api/events.h"
#include "base/log.h"
#include "db/fallback_reads.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t kCompressedFrom = 1024;
constexpr std::size_t kLoggedMax = 500;  // bytes of a path
// Requests that anybody can send are stored at this rate, so that nobody fills the disk with them; and of one address
// at less, so that nobody hides the others.
constexpr double kFloodLoggedPerSecond = 1.0;
constexpr double kFloodLoggedAtOnce = 1000.0;
constexpr double kCallerLoggedPerSecond = 0.1;
constexpr double kCallerLoggedAtOnce = 100.0;
constexpr std::string_view kStaleHeader = "OffX-Stale";
constexpr std::size_t kNoRoute = static_cast<std::size_t>(-1);

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

/// GET answers HEAD too.
std::string_view method_of_route(std::string_view method) { return method == "HEAD" ? "GET" : method; }

bool has_header(const HttpResponse& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const net::Header& header) { return header.name == name; });
}

void set_if_absent(HttpResponse& response, std::string_view name, std::string_view value) {
  if (!has_header(response, name)) response.headers.push_back({std::string(name), std::string(value)});
}

std::string header_value(const HttpResponse& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [&](const net::Header& header) { return header.name == name; });
  return found == response.headers.end() ? std::string() : found->value;
}

void add_vary(HttpResponse& response, std::string_view name) {
  for (auto& header : response.headers) {
    if (header.name != "Vary") continue;
    if (header.value.find(name) == std::string::npos) header.value.append(", ").append(name);
    return;
  }
  response.headers.push_back({"Vary", std::string(name)});
}

bool is_text(std::string_view content_type) {
  return content_type.starts_with("application/json") || content_type.starts_with("application/problem+json") ||
         content_type.starts_with("text/");
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

/// Unique among all processes: a random number for each, and a counter.
std::string new_request_id() {
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

bool is_request_id(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

Coding coding_for(const HttpRequest& request) {
  return preferred_coding(request.header("Accept-Encoding").value_or(""));
}

/// Of what may be behind nothing is kept, or a 304 would later say that it still holds.
void mark_stale(HttpResponse& response) {
  response.headers.push_back({std::string(kStaleHeader), "true"});
  set_if_absent(response, "Cache-Control", "no-store");
}

/// Makes a body that is worth it smaller, in the way that its reader prefers.
void compress(const HttpRequest& request, HttpResponse& response) {
  if (response.body.size() <= kCompressedFrom || !is_text(header_value(response, "Content-Type")) ||
      has_header(response, "Content-Encoding")) {
    return;
  }
  add_vary(response, "Accept-Encoding");
  const auto coding = coding_for(request);
  auto smaller = compressed(response.body, coding);
  if (smaller.empty()) return;
  response.body = std::move(smaller);
  response.headers.push_back({"Content-Encoding", coding == Coding::brotli ? "br" : "gzip"});
}

/// Whether nothing may be older than the request, as RFC 9111 lets a caller say.
bool wants_fresh(const HttpRequest& request) {
  return request.header("Cache-Control").value_or("").find("no-cache") != std::string_view::npos;
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

/// A request on its way.
struct Router::Call {
  const HttpRequest& http;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  Timestamp time;
  std::string id;
  std::string address;
  TargetParts target;
  std::string fault;  ///< what is wrong with the target; empty: nothing
  const Route* route = nullptr;
  std::size_t route_number = kNoRoute;
  std::vector<std::string_view> allowed;  ///< methods, if the path is one of the API's
  std::vector<std::pair<std::string, std::string>> path;
  Identity identity;
  bool is_logged = true;

  [[nodiscard]] bool is_get() const { return http.method == "GET" || http.method == "HEAD"; }
  [[nodiscard]] bool is_api() const { return target.path == "/api" || target.path.starts_with("/api/"); }
};

Router::Router(RouterOptions options, const Services& services, const Readiness& readiness,
               std::function<void(store::RequestLogEntry)> log)
    : options_(std::move(options)),
      services_(services),
      readiness_(readiness),
      log_(std::move(log)),
      routes_([] {
        std::vector<Route> all;
        for (const auto routes : {account_routes(), topic_routes(), post_routes(), summary_routes(), source_routes(),
                                  database_routes(), job_routes(), event_routes(), document_routes()}) {
          all.insert(all.end(), routes.begin(), routes.end());
        }
        return all;
      }()),
      limiter_(options_.requests_per_second, options_.requests_at_once),
      caller_log_limiter_(kCallerLoggedPerSecond, kCallerLoggedAtOnce),
      log_limiter_(kFloodLoggedPerSecond, kFloodLoggedAtOnce),
      metrics_(routes_.size()),
      answers_(services.changes) {
  for (const auto& route : routes_) patterns_.push_back({split_path(route.path), &route});
}

Router::Call Router::begin(const HttpRequest& http) const {
  Call call{http};
  call.time = services_.clock.now();
  call.address = client_address(http, options_.trusted_proxies);
  const auto given_id = http.header("X-Request-Id");
  const bool keeps_id = given_id && is_request_id(*given_id) && options_.trusted_proxies.contains(http.peer);
  call.id = keeps_id ? std::string(*given_id) : new_request_id();
  auto target = take_apart(http.target);
  if (!target) {
    call.fault = target.error().message();
    call.target.path = http.target.substr(0, http.target.find('?'));
    return call;
  }
  call.target = std::move(*target);
  if (!call.is_api()) return call;
  for (const auto& pattern : patterns_) {
    const auto& segments = call.target.segments;
    const bool same = pattern.segments.size() == segments.size() &&
                      std::equal(segments.begin(), segments.end(), pattern.segments.begin(),
                                 [](const std::string& segment, std::string_view expected) {
                                   return is_parameter(expected) ? !segment.empty() : segment == expected;
                                 });
    if (!same) continue;
    call.allowed.push_back(pattern.route->method);
    if (pattern.route->method != method_of_route(http.method) || call.route != nullptr) continue;
    call.route = pattern.route;
    call.route_number = static_cast<std::size_t>(pattern.route - routes_.data());
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto expected = pattern.segments[i];
      if (is_parameter(expected)) call.path.emplace_back(expected.substr(1, expected.size() - 2), segments[i]);
    }
  }
  return call;
}

/// What keeps a call from its route; nothing if it may run.
std::optional<HttpResponse> Router::check(Call& call) const {
  if (call.route == nullptr) {  // nobody asks who it is
    if (auto refusal = check_rate(call, net::caller_network(call.address))) return refusal;
  }
  if (!call.fault.empty()) return problem_for(call, 400, call.fault);
  if (call.allowed.empty()) return problem_for(call, 404, "there is nothing at this address");
  if (call.route == nullptr) {
    const bool asks = call.http.method == "OPTIONS";
    auto response = asks ? HttpResponse{.status = 204} : problem_for(call, 405, "this address has other methods");
    std::string allow = "OPTIONS";
    for (const auto method : call.allowed) {
      allow.append(", ").append(method);
      if (method == "GET") allow += ", HEAD";
    }
    response.headers.push_back({"Allow", allow});
    return response;
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
  const Access access = call.route->access;
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
  auto response = call.route->counted && call.is_get() && !wants_fresh(call.http) ? counted(call) : answered(call);
  if (response) return std::move(*response);
  return from_error(call, response.error());
}

Result<HttpResponse> Router::answered(Call& call) const {
  const Request request(call.http, std::move(call.path), std::move(call.target.query), call.identity.caller, call.id,
                        call.address);
  if (!(call.route->kept || call.route->counted) || !call.is_get()) return call.route->handler(request, services_);
  return answers_.get(key_of(call), [&] {
    auto made = call.route->handler(request, services_);
    if (made) make_to_keep(call.http, *made);
    return made;
  });
}

/// May be made when this call is over.
Result<HttpResponse> Router::counted(Call& call) const {
  const auto http = std::make_shared<const HttpRequest>(call.http);
  const auto request = std::make_shared<const Request>(*http, std::move(call.path), std::move(call.target.query),
                                                       call.identity.caller, call.id, call.address);
  return answers_.get_counted(key_of(call), [this, route = call.route, http, request] {
    auto made = route->handler(*request, services_);
    if (made) make_to_keep(*http, *made);
    return made;
  });
}

/// What is shown again and again: the same for all readers but what is said of themselves.
std::string Router::key_of(const Call& call) {
  return std::to_string(call.identity.caller.user_id) + " " + std::to_string(static_cast<int>(coding_for(call.http))) +
         " " + call.http.target;
}

/// With its tag, and as small as it will be sent.
void Router::make_to_keep(const HttpRequest& request, HttpResponse& response) {
  if (response.status != 200) return;
  response.headers.push_back({"ETag", entity_tag(response.body)});
  compress(request, response);
}

/// An answer that is kept, to somebody who is known: nobody has to be waited for.
std::optional<HttpResponse> Router::find_kept(const HttpRequest& request) const {
  if (services_.changes == nullptr) return std::nullopt;
  auto call = begin(request);
  const bool may_be_kept =
      call.fault.empty() && call.route != nullptr && (call.route->kept || call.route->counted) && call.is_get();
  if (!may_be_kept || !readiness_.reason().empty()) return std::nullopt;
  if (services_.accounts != nullptr) {
    auto identity = services_.accounts->known(request);
    if (!identity || (call.route->access != Access::open && !identity->may_read)) return std::nullopt;
    call.identity = std::move(*identity);
  }
  auto response = answers_.find(key_of(call));
  if (!response) return std::nullopt;
  if (auto refusal = check_access(call)) response = std::move(refusal);
  finish(call, *response);
  return response;
}

HttpResponse Router::problem_for(const Call& call, int status, std::string_view detail) const {
  return problem(status, title_of(status), detail, call.id);
}

HttpResponse Router::from_error(const Call& call, const Error& error) const {
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
  if (!call.is_get()) {
    auto response = problem_for(call, 405, "this address has other methods");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  if (path == "/healthz") return text(200, "ok\n");
  if (path == "/readyz") {
    const auto reason = readiness_.reason();
    if (reason.empty()) return text(200, "ready\n");
    return text(503, reason + (readiness_.is_read_only() ? "; a replica answers those who only read\n" : "\n"));
  }
  // A proxy's own address says nothing of who asks through it.
  const bool is_unknown = call.address == call.http.peer && call.http.header("X-Forwarded-For");
  if (is_unknown || !options_.metrics_allow.contains(call.address))
    return problem_for(call, 404, "there is nothing at this address");
  auto response = text(200, metrics_.text([this](std::size_t route) {
    if (route >= routes_.size()) return std::string("route=\"\"");
    return "method=\"" + std::string(routes_[route].method) + "\",route=\"" + std::string(routes_[route].path) + "\"";
  }));
  response.headers[0].value = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

/// The dashboard. It finds its own way from the address: whatever is no file, and looks like a page, is its index.
HttpResponse Router::file(Call& call) const {
  if (!call.fault.empty()) return problem_for(call, 400, call.fault);
  if (!call.is_get()) {
    auto response = problem_for(call, 405, "this address has other methods");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  auto asset = find_asset(call.target.path);
  if (!asset) {
    const auto& segments = call.target.segments;
    const bool looks_like_page = call.http.header("Accept").value_or("").find("text/html") != std::string_view::npos &&
                                 std::none_of(segments.begin(), segments.end(), [](const std::string& segment) {
                                   return segment.find('.') != std::string::npos;
                                 });
    if (looks_like_page) asset = find_asset("/index.html");
  }
  if (!asset) return problem_for(call, 404, "there is nothing at this address");
  HttpResponse response;
  response.headers = {{"Content-Type", std::string(asset->content_type)},
                      {"ETag", std::string(asset->etag)},
                      {"Vary", "Accept-Encoding"},
                      {"Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (names_tag(call.http.header("If-None-Match").value_or(""), asset->etag)) {
    response.status = 304;
    return response;
  }
  response.asset = asset->content;
  const auto coding = preferred_coding(call.http.header("Accept-Encoding").value_or(""));
  if (coding == Coding::brotli && !asset->content_brotli.empty()) {
    response.asset = asset->content_brotli;
    response.headers.push_back({"Content-Encoding", "br"});
  } else if (coding != Coding::none && !asset->content_gzip.empty()) {
    response.asset = asset->content_gzip;
    response.headers.push_back({"Content-Encoding", "gzip"});
  }
  return response;
}

void Router::add_cors(const Call& call, HttpResponse& response) const {
  if (options_.cors_origins.empty() || !call.is_api()) return;
  add_vary(response, "Origin");
  const auto origin = call.http.header("Origin");
  if (!origin) return;
  const auto& known = options_.cors_origins;
  const bool any = std::find(known.begin(), known.end(), "*") != known.end();
  if (!any && std::find(known.begin(), known.end(), *origin) == known.end()) return;
  // Never with credentials: from elsewhere one calls with a token.
  response.headers.push_back({"Access-Control-Allow-Origin", any ? "*" : std::string(*origin)});
  response.headers.push_back({"Access-Control-Expose-Headers", "ETag, OffX-Stale, Retry-After, X-Request-Id"});
  if (call.http.method != "OPTIONS" || !call.http.header("Access-Control-Request-Method")) return;
  response.headers.push_back({"Access-Control-Allow-Methods", header_value(response, "Allow")});
  response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match"});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
}

/// What every answer has, whoever made it.
void Router::finish(Call& call, HttpResponse& response) const {
  const auto policy = header_value(response, "Cache-Control");
  const bool is_body =
      !response.content().empty() && response.asset.empty() && response.file.empty() && !response.on_events;
  if (policy.empty()) {
    response.headers.push_back(
        {"Cache-Control", response.status == 200 && call.is_get() ? "private, no-cache" : "no-store"});
  }
  if (is_body && response.status == 200 && call.is_get() && policy != "no-store") {
    if (!has_header(response, "ETag")) response.headers.push_back({"ETag", entity_tag(response.content())});
    const auto known = call.http.header("If-None-Match");
    if (known && names_tag(*known, header_value(response, "ETag"))) {
      response.status = 304;
      response.body.clear();
      response.shared_body.reset();
      std::erase_if(response.headers, [](const net::Header& header) { return header.name == "Content-Encoding"; });
    }
  }
  compress(call.http, response);
  add_cors(call, response);
  response.headers.push_back({"X-Request-Id", call.id});
  set_if_absent(response, "Content-Security-Policy", kContentSecurityPolicy);
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.headers.push_back({"Referrer-Policy", "no-referrer"});
  response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  set_if_absent(response, "Cross-Origin-Resource-Policy",
                options_.cors_origins.empty() ? "same-origin" : "cross-origin");
  record(call, response);
}

void Router::record(const Call& call, const HttpResponse& response) const {
  const auto duration = std::chrono::steady_clock::now() - call.started;
  const std::uint64_t bytes = response.content().size();
  metrics_.count(std::min(call.route_number, routes_.size()), response.status, duration, bytes);
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
  return {std::nullopt, is_safe(head.method) ? 0 : call.route->body_max_bytes, call.route->upload};
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
