#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

/// The Error for SQLite's last failure on `handle` (may be null) with result code `code`.
[[nodiscard]] Error to_error(sqlite3* handle, int code);

/// A statement that SQLite has compiled, kept for its next use.
struct Prepared {
  struct Finalize {
    void operator()(sqlite3_stmt* raw) const noexcept { sqlite3_finalize(raw); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement;
  std::shared_ptr<const std::vector<std::string>> columns;  ///< null if it returns no rows
  bool read_only = false;
  bool inserts = false;
  std::size_t cells = 0;  ///< that its last run gave
};

/// One SQLite connection with its cache of prepared statements. Not thread-safe.
class Connection {
 public:
  enum class Access : std::uint8_t { read_write, read_only };

  /// Opens `path` with the settings every connection of ours has. A connection that reads only never makes the file;
  /// one that writes makes it for its owner alone (0600). `vfs` is SQLite's name of one; null: its default.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Access access, const char* vfs = nullptr);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Compiles `sql`, or finds it compiled. The pointer is good until the next call of prepare().
  Result<Prepared*> prepare(std::string_view sql);
  /// Binds, steps to the end and resets.
  Result<QueryResult> run(Prepared& prepared, const Params& params);
  /// Both.
  Result<QueryResult> run(std::string_view sql, const Params& params = {});

  /// Runs SQL of the engine's own (transaction control, PRAGMA), which run() refuses in part.
  Result<void> control(const char* sql);
  /// The same for one statement that is run often: it is compiled once. `sql` lives as long as the program.
  Result<void> control_often(std::string_view sql);

  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

  bool is_mapped = false;  ///< Readers' own note

 private:
  struct Close {
    void operator()(sqlite3* raw) const noexcept { sqlite3_close_v2(raw); }
  };
  struct Cached {
    std::string sql;
    Prepared prepared;
  };

  using RawStatement = std::unique_ptr<sqlite3_stmt, Prepared::Finalize>;

  explicit Connection(sqlite3* handle) : handle_(handle) {}
  static int wait_while_busy(void* self, int calls);
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);
  Result<void> bind(sqlite3_stmt* statement, const Params& params);

  std::unique_ptr<sqlite3, Close> handle_;
  std::chrono::steady_clock::time_point busy_until_;  // when wait_while_busy() gives up
  std::list<Cached> cache_;                           // most recently used first
  std::unordered_map<std::string_view, std::list<Cached>::iterator> cache_index_;
  std::vector<std::pair<std::string_view, RawStatement>> often_;  // control_often()
  bool saw_insert_ = false;                                       // set by authorize() while a statement is compiled
  bool saw_control_ = false;                                      // likewise: transaction control or ATTACH
};

}  // namespace offx::db::sqlite
