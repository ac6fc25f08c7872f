#include "db/sqlite/log_watch.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "db/sqlite/connection.h"
#include "db/sqlite/file.h"

namespace offx::db::sqlite {

Result<std::unique_ptr<LogWatch>> LogWatch::open(const DatabaseClient& client) {
  const auto path = file_of(client);
  if (path.empty()) return std::unique_ptr<LogWatch>();
  OFFX_ASSIGN(auto connection, Connection::open(path, Connection::Access::read_only));
  OFFX_ASSIGN(const auto size, connection->run("PRAGMA page_size"));
  return std::unique_ptr<LogWatch>(new LogWatch(std::move(connection), to_integer(size.row(0)[0])));
}

LogWatch::LogWatch(std::unique_ptr<Connection> connection, std::int64_t page_bytes)
    : connection_(std::move(connection)), page_bytes_(page_bytes) {}

LogWatch::~LogWatch() = default;

Result<std::int64_t> LogWatch::bytes() {
  int pages = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), "main", SQLITE_CHECKPOINT_NOOP, &pages, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return fail(to_error(connection_->handle(), code));
  return page_bytes_ * std::max(pages, 0);  // less than 0: there is no log
}

}  // namespace offx::db::sqlite
