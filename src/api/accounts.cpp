#include "api/accounts.h"

#include <algorithm>
#include <array>

#include "api/encoding.h"
#include "base/log.h"
#include "net/network.h"
#include "store/settings.h"
#include "text/ascii.h"
#include "text/characters.h"
#include "text/clean.h"
#include "text/utf8.h"

namespace offx::api {
namespace {

using net::HttpRequest;

constexpr const char* kSetupSetting = "setup.token";
constexpr std::size_t kUserAgentMaxBytes = 200;
constexpr std::size_t kUsernameMaxBytes = 64;
constexpr std::string_view kSchedule = "schedule";  ///< the `created_by` of runs that come at their times
// Who was found is known again for so long, by the clock that says when sessions end.
constexpr auto kKnownFor = std::chrono::seconds(1);
constexpr std::size_t kKnownMax = 256;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string lower_ascii(std::string name) {
  for (char& c : name) c = text::ascii_lower(c);
  return name;
}

/// Of any script, so nothing that is not seen, and nothing that makes other text look otherwise.
bool is_of_name(char32_t c) {
  if (c < 0x80 && std::string_view("-_.@+").find(static_cast<char>(c)) != std::string_view::npos) return true;
  return (text::CharTables::get(text::NormalForm::exact).flags(c) & text::kCharWord) != 0;
}

/// Errc::invalid_argument: a name is letters, digits and a few signs, so that it can stand in logs and addresses.
Result<void> check_username(const std::string& name) {
  if (lower_ascii(name) == kSchedule) {
    return fail(Error(Errc::invalid_argument, "is how runs say that nobody asked for them; take another name")
                    .within("username"));
  }
  bool fits = !name.empty() && name.size() <= kUsernameMaxBytes;
  for (std::size_t at = 0; fits && at < name.size();) fits = is_of_name(text::next_char(name, at));
  if (fits) return {};
  return fail(Error(Errc::invalid_argument, "has to be 1 to 64 letters, digits or -_.@+").within("username"));
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto blank = words.find(' ');
    if (words.substr(0, blank) == word) return true;
    words.remove_prefix(blank == std::string_view::npos ? words.size() : blank + 1);
  }
  return false;
}

/// `host[:port]` of an origin; empty for `null` and what is none.
std::string_view host_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

Accounts::Credentials Accounts::credentials_of(const HttpRequest& request) const {
  constexpr std::string_view kScheme = "bearer ";
  const auto authorization = request.header("Authorization");
  // Schemes are written in any case. Another one is meant for a proxy before us.
  if (authorization && lower_ascii(std::string(authorization->substr(0, kScheme.size()))) == kScheme) {
    const auto secret = trimmed(authorization->substr(kScheme.size()));
    return {secret.starts_with("offx_") ? sha256_hex(secret) : std::string(), true};
  }
  const auto secret = sent_secret(request);
  return {secret.empty() ? std::string() : sha256_hex(secret), false};
}

std::optional<std::int64_t> Accounts::mark() const {
  return options_.changes == nullptr ? std::nullopt : options_.changes->mark();
}

std::optional<Identity> Accounts::find_known(const std::string& hash, std::optional<std::int64_t> mark) {
  if (!mark) return std::nullopt;
  const auto now = clock_.now();
  const std::scoped_lock lock(known_mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end()) return std::nullopt;
  const auto& known = found->second;
  const bool holds = known.mark == *mark && now >= known.found && now - known.found < kKnownFor;
  return holds ? std::optional(known.identity) : std::nullopt;
}

void Accounts::remember(const std::string& hash, const Identity& identity, std::int64_t mark) {
  const auto now = clock_.now();
  const std::scoped_lock lock(known_mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  known_[hash] = {identity, mark, now};
}

std::optional<Identity> Accounts::known(const HttpRequest& request) {
  const auto credentials = credentials_of(request);
  if (credentials.hash.empty()) return Identity();
  return find_known(credentials.hash, options_.changes == nullptr ? std::nullopt : options_.changes->try_mark());
}

Result<Identity> Accounts::identify(const HttpRequest& request, const std::string& address) {
  Identity identity;
  const auto credentials = credentials_of(request);
  if (credentials.hash.empty()) return identity;
  const auto mark = this->mark();  // before the database is asked: what changes meanwhile is seen next time
  if (auto known = find_known(credentials.hash, mark)) return std::move(*known);
  auto accounts = repository();
  const auto now = clock_.now();
  if (credentials.is_token) {
    OFFX_ASSIGN(const auto known, accounts.find_token(credentials.hash, now));
    if (!known) return identity;
    identity.caller = {known->user.id, known->user.username, known->user.is_admin, 0, known->id};
    identity.caller.may_admin = has_word(known->scopes, "admin") && known->user.is_admin;
    identity.may_write = has_word(known->scopes, "write");
    identity.may_read = identity.may_write || has_word(known->scopes, "read");
    if (is_due(known->seen_at)) {
      // Whether it is noted decides nothing: no reason to refuse.
      if (const auto noted = notes().note_token_used(known->id, now); !noted && !noted.error().retryable()) {
        log(LogLevel::warning, "token.not_noted", {{"message", noted.error().to_string()}});
      }
    }
  } else {
    OFFX_ASSIGN(const auto known, accounts.find_session(credentials.hash, now, idle_since()));
    if (!known) return identity;
    identity.caller = {known->user.id, known->user.username, known->user.is_admin, known->id, 0};
    identity.may_read = identity.may_write = true;
    identity.caller.may_admin = known->user.is_admin;
    if (is_due(known->seen_at)) {
      const auto noted = notes().note_session_seen(known->id, net::caller_network(address), now);
      if (!noted && !noted.error().retryable()) {
        log(LogLevel::warning, "session.not_noted", {{"message", noted.error().to_string()}});
      }
    }
  }
  if (mark) remember(credentials.hash, identity, *mark);
  return identity;
}

std::string Accounts::sent_secret(const HttpRequest& request) const {
  std::string_view cookies = request.header("Cookie").value_or("");
  while (!cookies.empty()) {
    const auto end = cookies.find(';');
    const auto cookie = trimmed(cookies.substr(0, end));
    cookies.remove_prefix(end == std::string_view::npos ? cookies.size() : end + 1);
    const auto equals = cookie.find('=');
    if (equals == std::string_view::npos || cookie.substr(0, equals) != cookie_name()) continue;
    const auto secret = cookie.substr(equals + 1);
    if (secret.size() == kSecretSize) return std::string(secret);
  }
  return {};
}

Accounts::Cookie Accounts::cookie_of(const HttpRequest& request) const {
  auto secret = sent_secret(request);
  if (!secret.empty()) return {std::move(secret), false};
  return {random_secret(), true};
}

net::Header Accounts::set_cookie(const std::string& secret) const {
  std::string value = std::string(cookie_name()) + "=" + secret + "; Path=/; HttpOnly; SameSite=Lax";
  if (options_.cookie_secure) value += "; Secure";
  const auto age = secret.empty() ? std::chrono::seconds(0) : std::chrono::seconds(options_.session_age);
  return {"Set-Cookie", value + "; Max-Age=" + std::to_string(age.count())};
}

std::string Accounts::cross_site_fault(const HttpRequest& request) const {
  const auto site = request.header("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return "this was sent by a page of another site";
  if (const auto origin = request.header("Origin")) {
    const auto& ours = options_.public_origins;
    const bool is_public = std::find(ours.begin(), ours.end(), *origin) != ours.end();
    const bool is_host = !host_of(*origin).empty() && host_of(*origin) == request.header("Host").value_or("");
    if (!is_public && !is_host) return "this was sent by a page of another site";
  }
  const auto cookie = cookie_of(request);
  const auto token = request.header("X-CSRF-Token").value_or("");
  if (cookie.is_new || !same_secret(token, csrf_token(cookie.secret))) {
    return "the header X-CSRF-Token has to hold the csrf_token of GET /api/v1/session; load the page again";
  }
  return {};
}

Result<std::string> Accounts::hashed(const std::string& password) {
  OFFX_ASSIGN(const auto place, hasher_.enter());
  return place.hash(password);
}

Result<std::optional<store::User>> Accounts::verified(const std::string& username, const std::string& password,
                                                      const std::string& address, std::optional<Throttled>& throttled) {
  auto accounts = repository();
  const auto now = clock_.now();
  OFFX_ASSIGN(auto user, accounts.find(username));
  // A name that is nobody's may be a password in the wrong field: neither the log nor the database gets to see it. It
  // counts in any case, as a known one does, or counting would tell which names are known.
  const std::string account = user ? user->username : "?" + sha256_hex(lower_ascii(username)).substr(0, 32);
  const std::string from = net::caller_network(address);
  const auto refused = [&]() -> Result<std::optional<store::User>> {
    OFFX_ASSIGN(const auto until, accounts.attempts_until(account, from, options_.login_limits, now));
    throttled = Throttled{std::max(std::chrono::ceil<std::chrono::seconds>(until - now), std::chrono::seconds(1))};
    log(LogLevel::warning, "login.throttled", {{"address", address}});
    return std::optional<store::User>();
  };
  // Before there is a place: an address that may not try takes none from others.
  OFFX_ASSIGN(const bool may_try, accounts.may_attempt(account, from, options_.login_limits, now));
  if (!may_try) return refused();
  // Before the attempt counts: whoever is sent away because others log in has not tried.
  OFFX_ASSIGN(const auto place, hasher_.enter());
  OFFX_ASSIGN(const auto attempt, accounts.begin_attempt(account, from, options_.login_limits, now));
  if (!attempt) return refused();
  OFFX_ASSIGN(const auto verdict, place.verify(password, user ? std::optional(user->password_hash) : std::nullopt));
  if (!user || !verdict.right) {
    log(LogLevel::warning, "login.failed", {{"account", user ? account : "(unknown)"}, {"address", address}});
    return std::optional<store::User>();
  }
  if (verdict.needs_new_hash) {
    OFFX_ASSIGN(const auto hash, place.hash(password));
    OFFX_TRY(accounts.renew_hash(user->id, user->password_hash, hash, now));
  }
  OFFX_TRY(accounts.forget_attempts(account, from));
  return user;
}

Result<Accounts::LoggedIn> Accounts::start_session(const store::User& user, const std::string& address,
                                                   const std::string& user_agent) {
  const auto now = clock_.now();
  LoggedIn result;
  result.secret = random_secret();
  store::Session session;
  session.token_hash = sha256_hex(result.secret);
  session.user_id = user.id;
  session.created_at = now;
  session.expires_at = now + options_.session_age;
  session.address = net::caller_network(address);
  session.user_agent = storable_text(user_agent, kUserAgentMaxBytes);
  OFFX_ASSIGN(const auto id, repository().add_session(session));
  result.caller = {user.id, user.username, user.is_admin, id, 0};
  return result;
}

Result<std::optional<Accounts::LoggedIn>> Accounts::log_in(const std::string& username, const std::string& password,
                                                           const std::string& address, const std::string& user_agent,
                                                           std::optional<Throttled>& throttled) {
  OFFX_ASSIGN(const auto user, verified(username, password, address, throttled));
  if (!user) return std::optional<LoggedIn>();
  OFFX_ASSIGN(auto session, start_session(*user, address, user_agent));
  return std::optional<LoggedIn>(std::move(session));
}

Result<bool> Accounts::is_setup_required() {
  OFFX_ASSIGN(const bool has_users, repository().has_users());
  return !has_users;
}

Result<std::string> Accounts::make_setup_token() {
  auto token = random_secret();
  const auto now = clock_.now();
  OFFX_TRY(store::write_setting(client_, kSetupSetting,
                                sha256_hex(token) + " " + to_sql_time(now + std::chrono::hours(1)), now));
  return token;
}

Result<Accounts::LoggedIn> Accounts::set_up(const std::string& token, const std::string& username,
                                            const std::string& password, const std::string& address,
                                            const std::string& user_agent) {
  OFFX_ASSIGN(const bool required, is_setup_required());
  if (!required) return fail(Errc::conflict, "OffX was set up already: log in");
  OFFX_ASSIGN(const auto stored, store::read_setting(client_, kSetupSetting));
  const std::string_view setting = stored ? std::string_view(*stored) : std::string_view();
  const auto blank = setting.find(' ');
  const auto until = blank == std::string_view::npos ? std::nullopt : parse_time(setting.substr(blank + 1));
  const bool right = until && clock_.now() < *until && same_secret(sha256_hex(token), setting.substr(0, blank));
  if (!right) {
    return fail(Errc::unsupported,
                "this set-up link is not valid, or its hour has passed; start the server again for a new one");
  }
  OFFX_TRY(check_username(username));
  OFFX_TRY(check_password(password, username));
  store::User user;
  user.username = username;
  user.is_admin = true;
  OFFX_ASSIGN(user.password_hash, hashed(password));
  OFFX_ASSIGN(user.id, repository().add_first(user, clock_.now()));
  OFFX_TRY(store::write_setting(client_, kSetupSetting, "", clock_.now()));
  return start_session(user, address, user_agent);
}

Result<std::int64_t> Accounts::add_user(const std::string& username, const std::string& password, bool is_admin) {
  OFFX_TRY(check_username(username));
  OFFX_TRY(check_password(password, username));
  store::User user;
  user.username = username;
  user.is_admin = is_admin;
  OFFX_ASSIGN(user.password_hash, hashed(password));
  return repository().add(user, clock_.now());
}

Result<void> Accounts::set_password(const store::User& user, const std::string& password) {
  OFFX_TRY(check_password(password, user.username));
  OFFX_ASSIGN(const auto hash, hashed(password));
  return repository().set_password(user.id, hash, clock_.now());
}

Result<std::optional<Accounts::LoggedIn>> Accounts::change_password(const Caller& caller, const std::string& current,
                                                                    const std::string& password,
                                                                    const std::string& address,
                                                                    const std::string& user_agent,
                                                                    std::optional<Throttled>& throttled) {
  OFFX_TRY(check_password(password, caller.username));
  OFFX_ASSIGN(const auto user, verified(caller.username, current, address, throttled));
  if (!user) return std::optional<LoggedIn>();
  OFFX_TRY(set_password(*user, password));
  OFFX_ASSIGN(auto session, start_session(*user, address, user_agent));
  return std::optional<LoggedIn>(std::move(session));
}

Result<Accounts::NewToken> Accounts::add_token(const Caller& caller, const std::string& name,
                                               const std::vector<std::string>& scopes,
                                               std::optional<std::int64_t> expires_in_days) {
  constexpr std::array<std::string_view, 3> kScopes = {"read", "write", "admin"};
  constexpr std::int64_t kDaysMax = 3650;
  constexpr std::size_t kNameMaxBytes = 100;
  if (name.empty() || name.size() > kNameMaxBytes) {
    return fail(Error(Errc::invalid_argument, "has to be 1 to 100 bytes").within("name"));
  }
  if (!text::is_one_line(name)) {
    return fail(Error(Errc::invalid_argument, "may not have line breaks or other control characters").within("name"));
  }
  NewToken made;
  for (const auto& scope : scopes) {
    if (std::find(kScopes.begin(), kScopes.end(), scope) == kScopes.end()) {
      return fail(Error(Errc::invalid_argument, "are read, write and admin").within("scopes"));
    }
    if (scope == "admin" && !caller.is_admin) {
      return fail(Error(Errc::invalid_argument, "admin is for tokens of administrators").within("scopes"));
    }
    if (!has_word(made.token.scopes, scope)) made.token.scopes += (made.token.scopes.empty() ? "" : " ") + scope;
  }
  if (made.token.scopes.empty()) return fail(Error(Errc::invalid_argument, "has to name one").within("scopes"));
  if (expires_in_days && (*expires_in_days < 1 || *expires_in_days > kDaysMax)) {
    return fail(Error(Errc::invalid_argument, "has to be from 1 to 3650").within("expires_in_days"));
  }
  constexpr std::size_t kPrefixSize = 9;
  made.secret = "offx_" + random_secret();
  made.token.token_hash = sha256_hex(made.secret);
  made.token.user_id = caller.user_id;
  made.token.name = name;
  made.token.prefix = made.secret.substr(0, kPrefixSize);
  made.token.created_at = clock_.now();
  if (expires_in_days) made.token.expires_at = made.token.created_at + std::chrono::hours(24 * *expires_in_days);
  OFFX_ASSIGN(made.token.id, repository().add_token(made.token));
  return made;
}

}  // namespace offx::api
