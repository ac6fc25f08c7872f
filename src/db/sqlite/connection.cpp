#include "db/sqlite/connection.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <thread>

#include <sys/stat.h>

#include "db/sqlite/checksum.h"
#include "db/statement_text.h"

namespace offx::db::sqlite {
namespace {

constexpr auto kBusyTimeout = std::chrono::seconds(5);
constexpr std::size_t kCacheMax = 128;
/// A statement often gives as many rows as the last time: room for them is made at once, up to 160 KiB.
constexpr std::size_t kCellsReservedMax = 4096;

/// What is left of `sql` once blanks, semicolons and comments in front are skipped.
std::string_view skip_blank(std::string_view sql) {
  while (!sql.empty()) {
    if (std::strchr(" \t\r\n\f;", sql.front()) != nullptr && sql.front() != '\0') {
      sql.remove_prefix(1);
    } else if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
    } else if (sql.starts_with("/*")) {
      const auto end = sql.find("*/", 2);
      sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 2);
    } else {
      break;
    }
  }
  return sql;
}

std::shared_ptr<const std::vector<std::string>> columns_of(sqlite3_stmt* statement) {
  const int count = sqlite3_column_count(statement);
  if (count == 0) return nullptr;
  std::vector<std::string> columns;
  for (int i = 0; i < count; ++i) columns.emplace_back(sqlite3_column_name(statement, i));
  return std::make_shared<const std::vector<std::string>>(std::move(columns));
}

Value column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
      return Blob(bytes, bytes + sqlite3_column_bytes(statement, column));
    }
    default: return {};
  }
}

}  // namespace

Error to_error(sqlite3* handle, int code) {
  std::string message = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::unavailable, "the database is in use by another process (" + message + "); try again"};
    case SQLITE_CONSTRAINT: return {Errc::conflict, std::move(message)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {Errc::corrupt, message + "; restore a backup with `offx db restore FILE`"};
    case SQLITE_FULL: return {Errc::io, "the disk is full: nothing of this was stored; free some space and try again"};
    case SQLITE_CANTOPEN:
      return {Errc::io, "cannot open the database file: check that its folder exists and may be written"};
    case SQLITE_READONLY: return {Errc::io, message + "; check the permissions of the file and its folder"};
    case SQLITE_IOERR:
    case SQLITE_PERM: return {Errc::io, std::move(message)};
    case SQLITE_INTERRUPT: return {Errc::cancelled, std::move(message)};
    case SQLITE_NOMEM: return {Errc::unavailable, "out of memory"};
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG: return {Errc::invalid_argument, std::move(message)};
    default: return {Errc::internal, std::move(message)};
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access, const char* vfs) {
  // A new file is its owner's alone, whatever the umask says; its log takes on the mode. Without opening it, as closing
  // a file takes away the locks that this process has on it. What fails here SQLite says better.
  if (access == Access::read_write && path != ":memory:") static_cast<void>(mknod(path.c_str(), S_IFREG | 0600, 0));
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::read_write) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs);
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return fail(to_error(handle, code).within(path));

  sqlite3_busy_handler(handle, &Connection::wait_while_busy, connection.get());
  // A file may come from anywhere: its schema gets no powers beyond plain SQL.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  // A plan does not depend on what is bound: else a statement with a bound LIMIT is compiled anew each time it runs.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  OFFX_TRY(register_checksum(handle));
  // Few pages are kept: what is read most is read mapped (readers.h) or is in the system's cache, and what they have is
  // forgotten with each commit of another connection, or process. Filling and freeing 8 or 64 MB each time made heaps
  // grow as long as there was load. A large transaction writes to the log early only beyond 64 MB.
  auto settings = connection->control(
      access == Access::read_only ? "PRAGMA query_only=1; PRAGMA cache_size=-2000; PRAGMA temp_store=MEMORY"
                                  : "PRAGMA recursive_triggers=0; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000; "
                                    "PRAGMA cache_spill=-64000; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=1");
  if (!settings) return fail(std::move(settings).error().within(path));
  sqlite3_set_authorizer(handle, &Connection::authorize, connection.get());
  return connection;
}

// SQLite's own handler soon sleeps for 25 ms and more: too coarse to get in between two transactions of a process that
// writes without pause. This one looks more and more seldom too, but at least every millisecond.
int Connection::wait_while_busy(void* self, int calls) {
  using Clock = std::chrono::steady_clock;
  auto& give_up = static_cast<Connection*>(self)->busy_until_;
  if (calls == 0) give_up = Clock::now() + kBusyTimeout;
  std::this_thread::sleep_for(std::chrono::microseconds(std::clamp(5 * calls, 50, 1000)));
  return Clock::now() < give_up ? 1 : 0;
}

int Connection::authorize(void* self, int action, const char* first, const char* /*second*/, const char* /*database*/,
                          const char* trigger) {
  auto& connection = *static_cast<Connection*>(self);
  if (action == SQLITE_INSERT && trigger == nullptr && std::strncmp(first, "sqlite_", 7) != 0) {
    connection.saw_insert_ = true;
  }
  if (action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT || action == SQLITE_ATTACH ||
      action == SQLITE_DETACH) {
    connection.saw_control_ = true;
  }
  return SQLITE_OK;
}

Result<Prepared*> Connection::prepare(std::string_view sql) {
  auto found = cache_index_.find(sql);
  // EXPLAIN reads no table, so SQLite does not notice that it was compiled for a schema that is no more.
  if (found != cache_index_.end() && sqlite3_stmt_isexplain(found->second->prepared.statement.get()) != 0) {
    const auto stale = found->second;
    cache_index_.erase(found);
    cache_.erase(stale);
    found = cache_index_.end();
  }
  if (found != cache_index_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return &found->second->prepared;
  }
  saw_insert_ = false;
  saw_control_ = false;
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  Prepared prepared;
  prepared.statement.reset(raw);
  if (code != SQLITE_OK) return fail(to_error(handle(), code));
  if (raw == nullptr) return fail(Errc::invalid_argument, "the SQL statement is empty");
  if (saw_control_) {
    return fail(Errc::invalid_argument,
                "transaction control and ATTACH are not for execute() and batch(): a batch is one transaction");
  }
  const auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (!skip_blank(rest).empty()) {
    return fail(Errc::invalid_argument, "more than one SQL statement in one text: use batch()");
  }
  prepared.read_only = sqlite3_stmt_readonly(raw) != 0;
  if (saw_insert_) {
    // An upsert that updated leaves the id of an earlier insert behind, and SQLite does not say which it did.
    OFFX_ASSIGN(const auto text, read_statement(sql));
    prepared.inserts = text.kind == StatementText::Kind::insert;
  }
  prepared.columns = columns_of(raw);
  if (cache_.size() == kCacheMax) {
    cache_index_.erase(cache_.back().sql);
    cache_.pop_back();
  }
  cache_.push_front({std::string(sql), std::move(prepared)});
  cache_index_.emplace(cache_.front().sql, cache_.begin());
  return &cache_.front().prepared;
}

Result<void> Connection::bind(sqlite3_stmt* statement, const Params& params) {
  const int expected = sqlite3_bind_parameter_count(statement);
  const auto bind_value = [&](int index, const Value& value) -> Result<void> {
    int code = SQLITE_OK;
    // The values live until the statement is reset, so SQLite need not copy them.
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (std::isnan(*real)) {
        return fail(Errc::invalid_argument,
                    "parameter " + std::to_string(index) + " is NaN, which SQLite cannot store");
      }
      code = sqlite3_bind_double(statement, index, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      code = sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      code = blob->empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                           : sqlite3_bind_blob64(statement, index, blob->data(), blob->size(), SQLITE_STATIC);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) return fail(to_error(handle(), code));
    return {};
  };
  const auto mismatch = [&](std::size_t given) {
    return fail(Errc::invalid_argument, "the statement has " + std::to_string(expected) + " parameters, " +
                                            std::to_string(given) + " values were given");
  };

  if (const auto* positional = std::get_if<Params::Positional>(&params.values())) {
    if (positional->size() != static_cast<std::size_t>(expected)) return mismatch(positional->size());
    for (int i = 0; i < expected; ++i) OFFX_TRY(bind_value(i + 1, (*positional)[static_cast<std::size_t>(i)]));
    return {};
  }
  const auto& named = std::get<Params::Named>(params.values());
  if (named.size() != static_cast<std::size_t>(expected)) return mismatch(named.size());
  std::set<int> bound;
  for (const auto& [name, value] : named) {
    int index = sqlite3_bind_parameter_index(statement, name.c_str());
    for (const char* sign : {":", "@", "$"}) {
      if (index == 0) index = sqlite3_bind_parameter_index(statement, (sign + name).c_str());
    }
    if (index == 0) return fail(Errc::invalid_argument, "the statement has no parameter named " + name);
    if (!bound.insert(index).second) return fail(Errc::invalid_argument, "parameter " + name + " is given twice");
    OFFX_TRY(bind_value(index, value));
  }
  return {};
}

Result<QueryResult> Connection::run(Prepared& prepared, const Params& params) {
  sqlite3_stmt* statement = prepared.statement.get();
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    }
  } reset{statement};
  OFFX_TRY(bind(statement, params));

  const auto changes_before = sqlite3_total_changes64(handle());
  std::vector<Value> cells;
  cells.reserve(std::min(prepared.cells, kCellsReservedMax));
  int code = sqlite3_step(statement);
  // The schema changed since the statement was compiled: SQLite has compiled it anew, perhaps with other columns.
  if (sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 1) > 0) prepared.columns = columns_of(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    const int count = sqlite3_data_count(statement);
    for (int i = 0; i < count; ++i) cells.push_back(column_value(statement, i));
  }
  if (code != SQLITE_DONE) return fail(to_error(handle(), code));
  prepared.cells = cells.size();
  // sqlite3_changes() keeps the count of an earlier statement after DDL and reads.
  const bool changed = !prepared.read_only && sqlite3_total_changes64(handle()) != changes_before;
  const std::int64_t affected = changed ? sqlite3_changes64(handle()) : 0;
  std::optional<std::int64_t> rowid;
  if (prepared.inserts && affected > 0) rowid = sqlite3_last_insert_rowid(handle());
  return QueryResult(prepared.columns, std::move(cells), affected, rowid);
}

Result<QueryResult> Connection::run(std::string_view sql, const Params& params) {
  OFFX_ASSIGN(Prepared * prepared, prepare(sql));
  return run(*prepared, params);
}

Result<void> Connection::control(const char* sql) {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(to_error(handle(), code));
  return {};
}

Result<void> Connection::control_often(std::string_view sql) {
  auto known = std::find_if(often_.begin(), often_.end(), [&](const auto& entry) { return entry.first == sql; });
  if (known == often_.end()) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &raw, nullptr);
    if (code != SQLITE_OK) return fail(to_error(handle(), code));
    known = often_.emplace(often_.end(), sql, RawStatement(raw));
  }
  const int code = sqlite3_step(known->second.get());
  if (code == SQLITE_DONE) {
    sqlite3_reset(known->second.get());
    return {};
  }
  auto error = to_error(handle(), code);
  sqlite3_reset(known->second.get());
  return fail(std::move(error));
}

}  // namespace offx::db::sqlite
