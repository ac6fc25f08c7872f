// Set-up, sessions, users, tokens, settings and the request log: the API's routes.
#include <array>

#include "api/accounts.h"
#include "api/route.h"
#include "api/shown.h"
#include "base/time_zone.h"
#include "base/version.h"
#include "pipeline/jobs.h"
#include "store/request_log.h"
#include "store/settings.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using net::HttpResponse;

/// A body that holds names and passwords; the password alone may be 1 KiB, and escaped it is longer.
constexpr std::size_t kSmallBody = 16U << 10U;

json::value time_or_null(const std::optional<Timestamp>& time) {
  return time ? json::value(to_iso_time(*time)) : json::value();
}

/// An answer that no cache may keep.
HttpResponse secret_response(const json::value& value, int status = 200) {
  auto response = json_response(value, status);
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

HttpResponse done() { return {.status = 204}; }

HttpResponse refusal(const Request& request, int status, std::string_view detail) {
  return problem(status, title_of(status), detail, request.id());
}

HttpResponse throttled_response(const Request& request, const Accounts::Throttled& throttled) {
  auto response = refusal(request, 429, "too many attempts to log in; wait, or come from where you logged in before");
  response.headers.push_back({"Retry-After", std::to_string(throttled.wait.count())});
  return response;
}

std::string user_agent(const Request& request) { return std::string(request.http().header("User-Agent").value_or("")); }

Result<std::string> needed_text(const json::object& body, std::string_view name) {
  OFFX_ASSIGN(auto text, text_member(body, name));
  if (!text) return fail(Error(Errc::invalid_argument, "is missing").within(name));
  return std::move(*text);
}

/// What GET /session answers, for a browser with this secret.
Result<json::object> session_json(const Services& services, const std::string& secret, const Caller& caller) {
  OFFX_ASSIGN(const bool setup_required, services.accounts->is_setup_required());
  OFFX_ASSIGN(const auto settings, store::read_settings(services.client));
  json::object object;
  object["user"] = caller.user_id == 0
                       ? json::value()
                       : json::value(json::object{
                             {"id", caller.user_id}, {"username", caller.username}, {"is_admin", caller.is_admin}});
  object["csrf_token"] = Accounts::csrf_token(secret);
  object["setup_required"] = setup_required;
  object["version"] = version();
  object["time_zone"] = settings.time_zone;
  return object;
}

Result<HttpResponse> logged_in(const Services& services, const Accounts::LoggedIn& session, int status) {
  OFFX_ASSIGN(auto object, session_json(services, session.secret, session.caller));
  auto response = secret_response(object, status);
  response.headers.push_back(services.accounts->set_cookie(session.secret));
  return response;
}

Result<HttpResponse> get_session(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  const auto cookie = services.accounts->cookie_of(request.http());
  OFFX_ASSIGN(auto object, session_json(services, cookie.secret, request.caller()));
  auto response = secret_response(object);
  if (cookie.is_new) response.headers.push_back(services.accounts->set_cookie(cookie.secret));
  return response;
}

Result<HttpResponse> log_in(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 2> kMembers = {"username", "password"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto username, needed_text(body, "username"));
  OFFX_ASSIGN(const auto password, needed_text(body, "password"));
  if (password.size() > kPasswordMaxBytes) return refusal(request, 413, "the password is too long");
  std::optional<Accounts::Throttled> throttled;
  OFFX_ASSIGN(const auto session,
              services.accounts->log_in(username, password, request.address(), user_agent(request), throttled));
  if (throttled) return throttled_response(request, *throttled);
  if (!session) return refusal(request, 401, "the user name or the password is wrong");
  // The browser's old session, if it had one, ends with the cookie that named it.
  if (request.caller().session_id != 0) {
    if (const auto removed =
            services.accounts->repository().remove_session(request.caller().user_id, request.caller().session_id);
        !removed && removed.error().code() != Errc::not_found) {
      return fail(removed.error());
    }
  }
  return logged_in(services, *session, 200);
}

Result<HttpResponse> log_out(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_TRY(services.accounts->repository().remove_session(request.caller().user_id, request.caller().session_id));
  auto response = done();
  response.headers.push_back(services.accounts->set_cookie(""));
  return response;
}

Result<HttpResponse> set_up(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 3> kMembers = {"token", "username", "password"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto token, needed_text(body, "token"));
  OFFX_ASSIGN(const auto username, needed_text(body, "username"));
  OFFX_ASSIGN(const auto password, needed_text(body, "password"));
  auto session = services.accounts->set_up(token, username, password, request.address(), user_agent(request));
  if (!session) {
    if (session.error().code() != Errc::unsupported) return fail(std::move(session).error());
    return refusal(request, 403, session.error().message());
  }
  return logged_in(services, *session, 201);
}

Result<HttpResponse> change_password(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 2> kMembers = {"current_password", "new_password"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto current, needed_text(body, "current_password"));
  OFFX_ASSIGN(const auto password, needed_text(body, "new_password"));
  std::optional<Accounts::Throttled> throttled;
  OFFX_ASSIGN(const auto session,
              services.accounts->change_password(request.caller(), current, password, request.address(),
                                                 user_agent(request), throttled));
  if (throttled) return throttled_response(request, *throttled);
  if (!session) return fail(Error(Errc::invalid_argument, "is wrong").within("current_password"));
  return logged_in(services, *session, 200);
}

Result<HttpResponse> list_sessions(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  auto& accounts = *services.accounts;
  OFFX_ASSIGN(const auto sessions,
              accounts.repository().sessions_of(request.caller().user_id, accounts.now(), accounts.idle_since()));
  json::array array;
  for (const auto& session : sessions) {
    array.push_back(json::object{{"id", session.id},
                                 {"created_at", to_iso_time(session.created_at)},
                                 {"last_seen_at", to_iso_time(session.last_seen_at)},
                                 {"address", session.address},
                                 {"user_agent", session.user_agent},
                                 {"current", session.id == request.caller().session_id}});
  }
  return secret_response(json::object{{"sessions", std::move(array)}});
}

Result<HttpResponse> remove_session(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(services.accounts->repository().remove_session(request.caller().user_id, id));
  return done();
}

json::object to_json(const store::ApiToken& token) {
  json::array scopes;
  std::string_view words = token.scopes;
  while (!words.empty()) {
    const auto blank = words.find(' ');
    scopes.push_back(json::value(words.substr(0, blank)));
    words.remove_prefix(blank == std::string_view::npos ? words.size() : blank + 1);
  }
  return {{"id", token.id},
          {"name", token.name},
          {"prefix", token.prefix},
          {"scopes", std::move(scopes)},
          {"created_at", to_iso_time(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"last_used_at", time_or_null(token.last_used_at)}};
}

Result<HttpResponse> list_tokens(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto tokens, services.accounts->repository().tokens_of(request.caller().user_id));
  json::array array;
  for (const auto& token : tokens) array.push_back(to_json(token));
  return secret_response(json::object{{"tokens", std::move(array)}});
}

Result<HttpResponse> add_token(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 3> kMembers = {"name", "scopes", "expires_in_days"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto name, needed_text(body, "name"));
  OFFX_ASSIGN(const auto days, number_member(body, "expires_in_days"));
  std::vector<std::string> scopes;
  const auto* const given = body.if_contains("scopes");
  if (given == nullptr || !given->is_array()) {
    return fail(Error(Errc::invalid_argument, "has to be a list of read, write, admin").within("scopes"));
  }
  for (const auto& scope : given->get_array()) {
    if (!scope.is_string()) return fail(Error(Errc::invalid_argument, "are texts").within("scopes"));
    scopes.emplace_back(std::string_view(scope.get_string()));
  }
  OFFX_ASSIGN(const auto made, services.accounts->add_token(request.caller(), name, scopes, days));
  auto object = to_json(made.token);
  object["token"] = made.secret;
  return secret_response(object, 201);
}

Result<HttpResponse> remove_token(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(services.accounts->repository().remove_token(request.caller().user_id, id));
  return done();
}

json::object to_json(const store::User& user) {
  return {{"id", user.id},
          {"username", user.username},
          {"is_admin", user.is_admin},
          {"created_at", to_iso_time(user.created_at)},
          {"last_login_at", time_or_null(user.last_login_at)}};
}

Result<HttpResponse> list_users(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto users, services.accounts->repository().list());
  json::array array;
  for (const auto& user : users) array.push_back(to_json(user));
  return json_response(json::object{{"users", std::move(array)}});
}

Result<HttpResponse> add_user(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 3> kMembers = {"username", "password", "is_admin"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto username, needed_text(body, "username"));
  OFFX_ASSIGN(const auto password, needed_text(body, "password"));
  OFFX_ASSIGN(const auto is_admin, flag_member(body, "is_admin"));
  OFFX_ASSIGN(const auto id, services.accounts->add_user(username, password, is_admin.value_or(false)));
  OFFX_ASSIGN(const auto user, services.accounts->repository().get(id));
  if (!user) return fail(Errc::not_found, "the user was removed meanwhile");
  return json_response(to_json(*user), 201);
}

Result<HttpResponse> remove_user(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(services.accounts->repository().remove(id));
  return done();
}

json::object to_json(const store::Settings& settings) {
  return {{"time_zone", settings.time_zone},
          {"posts_keep_days", settings.posts_keep_days ? json::value(*settings.posts_keep_days) : json::value()},
          {"log_keep_days", settings.log_keep_days},
          {"backups_keep", settings.backups_keep}};
}

Result<HttpResponse> get_settings(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto settings, store::read_settings(services.client));
  return json_response(to_json(settings));
}

Result<void> check_range(std::string_view name, std::int64_t number, std::int64_t min, std::int64_t max) {
  if (number >= min && number <= max) return {};
  return fail(Error(Errc::invalid_argument, "has to be from " + std::to_string(min) + " to " + std::to_string(max))
                  .within(name));
}

Result<HttpResponse> change_settings(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 4> kMembers = {"time_zone", "posts_keep_days", "log_keep_days",
                                                        "backups_keep"};
  constexpr std::int64_t kDaysMax = 36'500;
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(auto settings, store::read_settings(services.client));
  OFFX_ASSIGN(const auto time_zone, text_member(body, "time_zone"));
  const auto zone_before = settings.time_zone;
  if (time_zone) {
    if (const auto zone = TimeZone::find(*time_zone); !zone) {
      return fail(Error(Errc::invalid_argument, zone.error().message()).within("time_zone"));
    }
    settings.time_zone = *time_zone;
  }
  OFFX_ASSIGN(const auto posts_keep, number_member(body, "posts_keep_days"));
  if (body.contains("posts_keep_days")) settings.posts_keep_days = posts_keep;  // null: all are kept
  if (posts_keep) OFFX_TRY(check_range("posts_keep_days", *posts_keep, 1, kDaysMax));
  OFFX_ASSIGN(const auto log_keep, number_member(body, "log_keep_days"));
  settings.log_keep_days = log_keep.value_or(settings.log_keep_days);
  OFFX_TRY(check_range("log_keep_days", settings.log_keep_days, 1, kDaysMax));
  OFFX_ASSIGN(const auto backups, number_member(body, "backups_keep"));
  settings.backups_keep = backups.value_or(settings.backups_keep);
  OFFX_TRY(check_range("backups_keep", settings.backups_keep, 1, 1'000));
  // Before the settings: whoever repeats this because the answer was lost finds the zone of before.
  if (zone_before != settings.time_zone) {
    OFFX_TRY(pipeline::follow_time_zone(services.client, zone_before, settings.time_zone, services.accounts->now()));
  }
  OFFX_TRY(store::write_settings(services.client, settings, services.accounts->now()));
  if (zone_before != settings.time_zone && services.wake_scheduler) services.wake_scheduler();
  return json_response(to_json(settings));
}

Result<HttpResponse> get_log(const Request& request, const Services& services) {
  constexpr std::array<std::string_view, 8> kParameters = {"method", "path",  "status", "user",
                                                           "since",  "until", "after",  "limit"};
  constexpr std::int64_t kLimitMax = 500;
  OFFX_TRY(request.only(kParameters));
  const auto text = [&](std::string_view name) {
    auto value = request.query(name);
    return value.empty() ? std::optional<std::string>() : std::optional(std::move(value));
  };
  store::RequestLogFilter filter{text("method"), text("path"), {}, text("user"), {}, {}, {}};
  OFFX_ASSIGN(const auto status, request.query_number("status", 0, 100, 599));
  if (status != 0) filter.status = status;
  const auto now = services.clock.now();
  OFFX_ASSIGN(filter.since, moment_of(request, "since", now));
  OFFX_ASSIGN(filter.until, moment_of(request, "until", now));
  OFFX_ASSIGN(filter.before_id, request.query_id("after"));
  OFFX_ASSIGN(const auto limit, request.query_number("limit", 100, 1, kLimitMax));
  OFFX_ASSIGN(auto entries, store::read_request_log(services.client, filter, limit + 1));
  const bool has_more = static_cast<std::int64_t>(entries.size()) > limit;
  if (has_more) entries.pop_back();
  json::array array;
  for (const auto& entry : entries) {
    array.push_back(json::object{{"id", entry.id},
                                 {"time", to_iso_time(entry.time)},
                                 {"request_id", entry.request_id},
                                 {"method", entry.method},
                                 {"path", entry.path},
                                 {"status", entry.status},
                                 {"ms", entry.ms},
                                 {"who", entry.who.empty() ? json::value() : json::value(entry.who)},
                                 {"address", entry.address},
                                 {"bytes", entry.bytes}});
  }
  const auto next = has_more ? json::value(std::to_string(entries.back().id)) : json::value();
  return json_response(json::object{{"entries", std::move(array)}, {"next", next}});
}

}  // namespace

std::span<const Route> account_routes() {
  static const std::array<Route, 16> kRoutes = {{
      {"GET", "/api/v1/session", Access::open, &get_session},
      {"POST", "/api/v1/session", Access::open, &log_in, kSmallBody},
      {"DELETE", "/api/v1/session", Access::account, &log_out},
      {"POST", "/api/v1/setup", Access::open, &set_up, kSmallBody},
      {"PUT", "/api/v1/account/password", Access::account, &change_password, kSmallBody},
      {"GET", "/api/v1/account/sessions", Access::account, &list_sessions},
      {"DELETE", "/api/v1/account/sessions/{id}", Access::account, &remove_session},
      {"GET", "/api/v1/tokens", Access::account, &list_tokens},
      {"POST", "/api/v1/tokens", Access::account, &add_token, kSmallBody},
      {"DELETE", "/api/v1/tokens/{id}", Access::account, &remove_token},
      {"GET", "/api/v1/users", Access::admin, &list_users},
      {"POST", "/api/v1/users", Access::admin, &add_user, kSmallBody},
      {"DELETE", "/api/v1/users/{id}", Access::admin, &remove_user},
      {"GET", "/api/v1/log", Access::admin, &get_log},
      {"GET", "/api/v1/settings", Access::read, &get_settings},
      {"PATCH", "/api/v1/settings", Access::admin, &change_settings, kSmallBody},
  }};
  return kRoutes;
}

}  // namespace offx::api
