#include "store/accounts.h"

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

std::optional<Timestamp> time_or_nothing(const db::Value& value) {
  if (db::is_null(value)) return std::nullopt;
  return to_time(value);
}

db::Value time_or_null(const std::optional<Timestamp>& time) { return time ? stored_time(*time) : db::Value{}; }

User row_to_user(std::span<const db::Value> row) {
  return {.id = db::to_integer(row[0]),
          .username = db::to_text(row[1]),
          .password_hash = db::to_text(row[2]),
          .is_admin = db::to_integer(row[3]) != 0,
          .created_at = to_time(row[4]),
          .last_login_at = time_or_nothing(row[5])};
}

/// id, user_id, username, is_admin, scopes, seen_at
std::optional<AccountRepository::Known> known_of(const db::QueryResult& rows) {
  if (rows.rows() == 0) return std::nullopt;
  const auto row = rows.row(0);
  AccountRepository::Known known;
  known.id = db::to_integer(row[0]);
  known.user.id = db::to_integer(row[1]);
  known.user.username = db::to_text(row[2]);
  known.user.is_admin = db::to_integer(row[3]) != 0;
  known.scopes = db::to_text(row[4]);
  known.seen_at = time_or_nothing(row[5]).value_or(Timestamp{});
  return known;
}

Error no_such(std::string_view what) { return {Errc::not_found, "there is no such " + std::string(what)}; }

}  // namespace

Result<std::int64_t> AccountRepository::add(const User& user, Timestamp now) {
  OFFX_TRY(client_.execute(sql(Query::user_insert),
                           {user.username, user.password_hash, std::int64_t{user.is_admin}, stored_time(now)}));
  OFFX_ASSIGN(const auto stored, find(user.username));
  if (!stored) return fail(Errc::internal, "a user that was just stored is not there");
  if (stored->password_hash != user.password_hash) {
    return fail(Errc::conflict, "there is a user \"" + stored->username + "\" already");
  }
  return stored->id;
}

Result<std::int64_t> AccountRepository::add_first(const User& user, Timestamp now) {
  OFFX_TRY(client_.execute(sql(Query::user_insert_first),
                           {user.username, user.password_hash, std::int64_t{user.is_admin}, stored_time(now)}));
  OFFX_ASSIGN(const auto stored, find(user.username));
  if (!stored || stored->password_hash != user.password_hash) return fail(Errc::conflict, "there is a user already");
  return stored->id;
}

Result<bool> AccountRepository::has_users() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::user_any)));
  return rows.rows() > 0;
}

Result<std::vector<User>> AccountRepository::list() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::user_list)));
  std::vector<User> users;
  for (std::size_t i = 0; i < rows.rows(); ++i) users.push_back(row_to_user(rows.row(i)));
  return users;
}

Result<std::optional<User>> AccountRepository::find(const std::string& username) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::user_find), {username}));
  if (rows.rows() == 0) return std::optional<User>();
  return std::optional<User>(row_to_user(rows.row(0)));
}

Result<std::optional<User>> AccountRepository::get(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::user_get), {id}));
  if (rows.rows() == 0) return std::optional<User>();
  return std::optional<User>(row_to_user(rows.row(0)));
}

Result<void> AccountRepository::remove(std::int64_t id) {
  // What is theirs goes first, explicitly, for databases in which foreign keys do not cascade; all of it only if the
  // user may go.
  const std::vector<db::Statement> statements = {{sql(Query::user_sessions_delete_leaving), {id}},
                                                 {sql(Query::user_tokens_delete), {id}},
                                                 {sql(Query::user_delete), {id}},
                                                 {sql(Query::user_get), {id}}};
  OFFX_ASSIGN(const auto before, get(id));
  if (!before) return fail(no_such("user"));
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[3].rows() > 0) {
    return fail(Errc::conflict, "the last administrator cannot be removed; make another one first");
  }
  return {};
}

Result<void> AccountRepository::set_password(std::int64_t id, const std::string& hash, Timestamp now) {
  const std::vector<db::Statement> statements = {{sql(Query::user_password_set), {id, hash, stored_time(now)}},
                                                 {sql(Query::user_sessions_delete), {id}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[0].rows_affected() == 0) return fail(no_such("user"));
  return {};
}

Result<void> AccountRepository::renew_hash(std::int64_t id, const std::string& before, const std::string& hash,
                                           Timestamp now) {
  OFFX_TRY(client_.execute(sql(Query::user_hash_renew), {id, before, hash, stored_time(now)}));
  return {};
}

Result<std::int64_t> AccountRepository::add_session(const Session& session) {
  const db::Value now = stored_time(session.created_at);
  const std::vector<db::Statement> statements = {
      {sql(Query::session_insert),
       {session.token_hash, session.user_id, now, stored_time(session.expires_at), session.address,
        session.user_agent}},
      {sql(Query::user_logged_in), {session.user_id, now}},
      {sql(Query::session_id), {session.token_hash}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[2].rows() == 0) return fail(no_such("user"));
  return db::to_integer(results[2].row(0)[0]);
}

Result<std::optional<AccountRepository::Known>> AccountRepository::find_session(const std::string& token_hash,
                                                                                Timestamp now, Timestamp idle_since) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::session_find), {token_hash, stored_time(now), stored_time(idle_since)}));
  return known_of(rows);
}

Result<void> AccountRepository::note_session_seen(std::int64_t id, const std::string& address, Timestamp now) {
  OFFX_TRY(client_.execute(sql(Query::session_seen), {id, address, stored_time(now)}));
  return {};
}

Result<std::vector<Session>> AccountRepository::sessions_of(std::int64_t user_id, Timestamp now, Timestamp idle_since) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::session_list), {user_id, stored_time(now), stored_time(idle_since)}));
  std::vector<Session> sessions;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    sessions.push_back({.id = db::to_integer(row[0]),
                        .token_hash = {},
                        .user_id = user_id,
                        .created_at = to_time(row[1]),
                        .last_seen_at = to_time(row[2]),
                        .expires_at = to_time(row[3]),
                        .address = db::to_text(row[4]),
                        .user_agent = db::to_text(row[5])});
  }
  return sessions;
}

Result<void> AccountRepository::remove_session(std::int64_t user_id, std::int64_t id) {
  OFFX_ASSIGN(const auto result, client_.execute(sql(Query::session_delete), {user_id, id}));
  if (result.rows_affected() == 0) return fail(no_such("session"));
  return {};
}

Result<std::int64_t> AccountRepository::add_token(const ApiToken& token) {
  const std::vector<db::Statement> statements = {
      {sql(Query::token_insert),
       {token.token_hash, token.user_id, token.name, token.prefix, token.scopes, stored_time(token.created_at),
        time_or_null(token.expires_at)}},
      {sql(Query::token_id), {token.token_hash}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[1].rows() == 0) return fail(no_such("user"));
  return db::to_integer(results[1].row(0)[0]);
}

Result<std::optional<AccountRepository::Known>> AccountRepository::find_token(const std::string& token_hash,
                                                                              Timestamp now) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::token_find), {token_hash, stored_time(now)}));
  return known_of(rows);
}

Result<void> AccountRepository::note_token_used(std::int64_t id, Timestamp now) {
  OFFX_TRY(client_.execute(sql(Query::token_used), {id, stored_time(now)}));
  return {};
}

Result<std::vector<ApiToken>> AccountRepository::tokens_of(std::int64_t user_id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::token_list), {user_id}));
  std::vector<ApiToken> tokens;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    tokens.push_back({.id = db::to_integer(row[0]),
                      .token_hash = {},
                      .user_id = user_id,
                      .name = db::to_text(row[1]),
                      .prefix = db::to_text(row[2]),
                      .scopes = db::to_text(row[3]),
                      .created_at = to_time(row[4]),
                      .expires_at = time_or_nothing(row[5]),
                      .last_used_at = time_or_nothing(row[6])});
  }
  return tokens;
}

Result<void> AccountRepository::remove_token(std::int64_t user_id, std::int64_t id) {
  OFFX_ASSIGN(const auto result, client_.execute(sql(Query::token_delete), {user_id, id}));
  if (result.rows_affected() == 0) return fail(no_such("token"));
  return {};
}

Result<std::optional<std::int64_t>> AccountRepository::begin_attempt(const std::string& account,
                                                                     const std::string& address,
                                                                     const LoginLimits& limits, Timestamp now) {
  OFFX_ASSIGN(const auto result,
              client_.execute(sql(Query::login_attempt_insert),
                              {account, address, stored_time(now), stored_time(now - limits.window),
                               limits.per_account_and_address, limits.per_address, limits.per_account}));
  if (result.rows_affected() == 0) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(result.last_insert_rowid().value_or(0));
}

Result<bool> AccountRepository::may_attempt(const std::string& account, const std::string& address,
                                            const LoginLimits& limits, Timestamp now) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::login_attempts_from),
                                               {account, address, stored_time(now - limits.window), stored_time(now)}));
  return db::to_integer(rows.row(0)[0]) < limits.per_account_and_address &&
         db::to_integer(rows.row(0)[1]) < limits.per_address;
}

Result<Timestamp> AccountRepository::attempts_until(const std::string& account, const std::string& address,
                                                    const LoginLimits& limits, Timestamp now) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::login_attempt_oldest),
                                               {account, address, stored_time(now - limits.window), stored_time(now)}));
  if (rows.rows() == 0 || db::is_null(rows.row(0)[0])) return now;
  return to_time(rows.row(0)[0]) + limits.window;
}

Result<void> AccountRepository::forget_attempts(const std::string& account, const std::string& address) {
  OFFX_TRY(client_.execute(sql(Query::login_attempts_forget), {account, address}));
  return {};
}

Result<void> AccountRepository::remove_expired(Timestamp now, Timestamp idle_since, const LoginLimits& limits) {
  const std::vector<db::Statement> statements = {
      {sql(Query::sessions_delete_expired), {stored_time(now), stored_time(idle_since)}},
      {sql(Query::login_attempts_delete_before), {stored_time(now - 2 * limits.window)}}};
  OFFX_TRY(client_.batch(statements, db::Mode::background));
  return {};
}

}  // namespace offx::store
