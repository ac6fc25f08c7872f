#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/route.h"
#include "api/secrets.h"
#include "db/sqlite/change_watch.h"
#include "store/accounts.h"

namespace offx::api {

/// Who sends a request, and what that entitles to.
struct Identity {
  Caller caller;
  bool may_read = false;
  bool may_write = false;
};

struct AccountOptions {
  bool cookie_secure = true;  ///< the cookie is `__Host-offx`, for HTTPS and localhost; otherwise `offx`
  /// `https://offx.example.org`: where browsers reach us, if the Host header that arrives does not say so.
  std::vector<std::string> public_origins;
  std::chrono::hours session_idle{12};
  std::chrono::hours session_age{24 * 30};
  store::LoginLimits login_limits;
  /// Whose passwords are being hashed, or wait for that. Fewer than the workers, or logging in stops everything else.
  std::size_t log_ins_at_once = 4;
  /// If given, whoever was found is known again for a second, or until the database changes. Must live longer.
  db::sqlite::ChangeWatch* changes = nullptr;
  /// If given, it is written with this client that a session or token was used. A client whose reads are answered by a
  /// replica gets none that lacks what this client wrote, and nobody has to see that note. Must live longer.
  db::DatabaseClient* notes = nullptr;
};

/// Users, sessions and tokens. A browser carries a random secret in its cookie from its first visit on: it proves, by
/// the token derived from it, that a form is ours, and it names the session once one is made, which always gets a new
/// secret. Thread-safe.
class Accounts {
 public:
  Accounts(db::DatabaseClient& client, const Clock& clock, AccountOptions options)
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
        hasher_(std::chrono::seconds(5), options_.log_ins_at_once) {}

  /// Nobody's identity if the request has no valid credentials; with a Bearer token, good or bad, cookies do not count.
  /// Errc::unavailable if the database does not answer.
  [[nodiscard]] Result<Identity> identify(const net::HttpRequest& request, const std::string& address);
  /// Whoever was found a moment ago by the credentials of this request; nothing if the database has to be asked.
  /// Waits for nobody.
  [[nodiscard]] std::optional<Identity> known(const net::HttpRequest& request);
  /// Whether identify() is cheap for those who were found a moment ago; behind a server it asks the database each time.
  [[nodiscard]] bool knows_again() const { return mark().has_value(); }

  /// Why a request that changes something, sent by a browser, is not to be believed; empty if it is: it must bring the
  /// token that GET /session gave, and come from our own pages.
  [[nodiscard]] std::string cross_site_fault(const net::HttpRequest& request) const;

  /// A browser's secret, and whether it has to be set.
  struct Cookie {
    std::string secret;
    bool is_new = false;
  };
  [[nodiscard]] Cookie cookie_of(const net::HttpRequest& request) const;
  [[nodiscard]] static std::string csrf_token(const std::string& secret) { return derived(secret, "offx csrf"); }
  /// The Set-Cookie header that gives a browser this secret; an empty one takes it away.
  [[nodiscard]] net::Header set_cookie(const std::string& secret) const;

  struct LoggedIn {
    std::string secret;  ///< for the cookie
    Caller caller;
  };
  struct Throttled {
    std::chrono::seconds wait;
  };
  /// A session for whoever knows the password. Nothing if name or password is wrong, which take equally long;
  /// `throttled` is set if there were too many attempts. Errc::unavailable within kBusy if too many log in at once.
  [[nodiscard]] Result<std::optional<LoggedIn>> log_in(const std::string& username, const std::string& password,
                                                       const std::string& address, const std::string& user_agent,
                                                       std::optional<Throttled>& throttled);
  [[nodiscard]] Result<LoggedIn> start_session(const store::User& user, const std::string& address,
                                               const std::string& user_agent);

  // --- The first user

  [[nodiscard]] Result<bool> is_setup_required();
  /// A new token for setting up, good for an hour; earlier ones end.
  [[nodiscard]] Result<std::string> make_setup_token();
  /// Errc::unsupported: the token is wrong or its hour has passed; Errc::conflict: there is a user.
  [[nodiscard]] Result<LoggedIn> set_up(const std::string& token, const std::string& username,
                                        const std::string& password, const std::string& address,
                                        const std::string& user_agent);

  // --- Users and passwords

  /// Errc::invalid_argument, Errc::conflict.
  [[nodiscard]] Result<std::int64_t> add_user(const std::string& username, const std::string& password, bool is_admin);
  /// Ends all sessions of the user. Errc::not_found.
  [[nodiscard]] Result<void> set_password(const store::User& user, const std::string& password);
  /// Nothing if `current` is wrong; throttled as logging in is.
  [[nodiscard]] Result<std::optional<LoggedIn>> change_password(const Caller& caller, const std::string& current,
                                                                const std::string& password, const std::string& address,
                                                                const std::string& user_agent,
                                                                std::optional<Throttled>& throttled);

  struct NewToken {
    store::ApiToken token;
    std::string secret;  ///< `offx_…`, to be shown this once
  };
  [[nodiscard]] Result<NewToken> add_token(const Caller& caller, const std::string& name,
                                           const std::vector<std::string>& scopes,
                                           std::optional<std::int64_t> expires_in_days);

  [[nodiscard]] store::AccountRepository repository() const { return store::AccountRepository(client_); }
  [[nodiscard]] Timestamp now() const { return clock_.now(); }
  [[nodiscard]] Timestamp idle_since() const { return clock_.now() - options_.session_idle; }

 private:
  /// The hash of a session's or token's secret; empty: the request has none.
  struct Credentials {
    std::string hash;
    bool is_token = false;
  };
  /// The secret in the browser's cookie; empty: there is none that may be one of ours.
  [[nodiscard]] std::string sent_secret(const net::HttpRequest& request) const;
  [[nodiscard]] Credentials credentials_of(const net::HttpRequest& request) const;
  [[nodiscard]] std::optional<std::int64_t> mark() const;
  [[nodiscard]] std::optional<Identity> find_known(const std::string& hash, std::optional<std::int64_t> mark);
  void remember(const std::string& hash, const Identity& identity, std::int64_t mark);

  [[nodiscard]] Result<std::string> hashed(const std::string& password);
  [[nodiscard]] std::string_view cookie_name() const { return options_.cookie_secure ? "__Host-offx" : "offx"; }
  [[nodiscard]] Result<std::optional<store::User>> verified(const std::string& username, const std::string& password,
                                                            const std::string& address,
                                                            std::optional<Throttled>& throttled);
  [[nodiscard]] store::AccountRepository notes() const {
    return store::AccountRepository(options_.notes == nullptr ? client_ : *options_.notes);
  }
  /// True once a minute for each session or token: that it was used is noted no oftener.
  [[nodiscard]] bool is_due(Timestamp seen_at) const { return clock_.now() - seen_at >= std::chrono::minutes(1); }

  db::DatabaseClient& client_;
  const Clock& clock_;
  const AccountOptions options_;
  PasswordHasher hasher_;

  struct Known {
    Identity identity;
    std::int64_t mark = 0;
    Timestamp found{};
  };
  std::mutex known_mutex_;
  std::unordered_map<std::string, Known> known_;  ///< by hash
};

}  // namespace offx::api
