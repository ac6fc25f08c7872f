#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::store {

struct User {
  std::int64_t id = 0;
  std::string username;
  std::string password_hash;  ///< a PHC string
  bool is_admin = false;
  Timestamp created_at{};
  std::optional<Timestamp> last_login_at;
};

/// A browser that is logged in.
struct Session {
  std::int64_t id = 0;
  std::string token_hash;  ///< SHA-256 of its cookie, in hex; not read back
  std::int64_t user_id = 0;
  Timestamp created_at{};
  Timestamp last_seen_at{};
  Timestamp expires_at{};
  std::string address;
  std::string user_agent;
};

/// A token for programs.
struct ApiToken {
  std::int64_t id = 0;
  std::string token_hash;  ///< SHA-256 of the whole of it, in hex; not read back
  std::int64_t user_id = 0;
  std::string name;
  std::string prefix;  ///< its first characters, for people to tell tokens apart
  std::string scopes;  ///< `read write`
  Timestamp created_at{};
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> last_used_at;
};

/// How many attempts to log in may fail within a window.
struct LoginLimits {
  std::chrono::minutes window{15};
  std::int64_t per_account_and_address = 10;
  std::int64_t per_address = 30;
  /// From everywhere together; whoever comes from an address where the account was logged in before is let in still,
  /// so that nobody can lock another out.
  std::int64_t per_account = 100;
};

/// Users, their sessions and tokens, and who tried to log in. Thread-safe as its client is. Every call may be repeated.
class AccountRepository {
 public:
  explicit AccountRepository(db::DatabaseClient& client) : client_(client) {}

  // --- Users

  /// Stores a new user and gives its id. Errc::conflict if the name is taken, without regard to case.
  Result<std::int64_t> add(const User& user, Timestamp now);
  /// The same if there is no user at all yet, else Errc::conflict; of any number of processes one succeeds.
  Result<std::int64_t> add_first(const User& user, Timestamp now);
  Result<bool> has_users();
  Result<std::vector<User>> list();                               ///< by name
  Result<std::optional<User>> find(const std::string& username);  ///< without regard to case
  Result<std::optional<User>> get(std::int64_t id);
  /// Removes a user with everything that is theirs. Errc::not_found; Errc::conflict for the last administrator.
  Result<void> remove(std::int64_t id);
  /// Sets the password's hash and ends every session of the user. Errc::not_found.
  Result<void> set_password(std::int64_t id, const std::string& hash, Timestamp now);
  /// Sets the hash of the same password, made with stronger parameters, unless it is no longer `before`.
  Result<void> renew_hash(std::int64_t id, const std::string& before, const std::string& hash, Timestamp now);

  // --- Sessions

  /// Stores it, and notes that the user logged in. Its id.
  Result<std::int64_t> add_session(const Session& session);
  struct Known {
    std::int64_t id = 0;  ///< of the session or token
    User user;            ///< without password_hash
    std::string scopes;   ///< of a token
    Timestamp seen_at{};  ///< as far as it was noted; the epoch if never
  };
  /// The session with this hash, if it is neither older than it may be nor was idle since before `idle_since`.
  Result<std::optional<Known>> find_session(const std::string& token_hash, Timestamp now, Timestamp idle_since);
  Result<void> note_session_seen(std::int64_t id, const std::string& address, Timestamp now);
  Result<std::vector<Session>> sessions_of(std::int64_t user_id, Timestamp now,
                                           Timestamp idle_since);      ///< newest first
  Result<void> remove_session(std::int64_t user_id, std::int64_t id);  ///< Errc::not_found

  // --- Tokens

  Result<std::int64_t> add_token(const ApiToken& token);
  /// The token with this hash, if it has not expired.
  Result<std::optional<Known>> find_token(const std::string& token_hash, Timestamp now);
  Result<void> note_token_used(std::int64_t id, Timestamp now);
  Result<std::vector<ApiToken>> tokens_of(std::int64_t user_id);     ///< newest first
  Result<void> remove_token(std::int64_t user_id, std::int64_t id);  ///< Errc::not_found

  // --- Attempts to log in

  /// Notes an attempt before the password is looked at, and gives its id; nothing if there were too many: then this one
  /// does not count. In one statement, so that attempts at once are counted too.
  Result<std::optional<std::int64_t>> begin_attempt(const std::string& account, const std::string& address,
                                                    const LoginLimits& limits, Timestamp now);
  /// False if begin_attempt() would refuse one more from this address for what came from there. Changes nothing.
  Result<bool> may_attempt(const std::string& account, const std::string& address, const LoginLimits& limits,
                           Timestamp now);
  /// When the oldest of the attempts that count leaves the window.
  Result<Timestamp> attempts_until(const std::string& account, const std::string& address, const LoginLimits& limits,
                                   Timestamp now);
  /// It succeeded: those of this account from this address count no more.
  Result<void> forget_attempts(const std::string& account, const std::string& address);

  /// Removes what has no effect any more: sessions that ended, attempts of long ago. For the clean-up.
  Result<void> remove_expired(Timestamp now, Timestamp idle_since, const LoginLimits& limits = {});

 private:
  db::DatabaseClient& client_;
};

}  // namespace offx::store
