#include "db/sqlite/long_read.h"

#include <string>
#include <utility>

#include <sqlite3.h>

#include "db/sqlite/connection.h"
#include "db/sqlite/file.h"

namespace offx::db::sqlite {

Result<std::unique_ptr<LongRead>> LongRead::open(const DatabaseClient& client, std::function<bool()> goes_on) {
  const auto path = file_of(client);
  if (path.empty()) return std::unique_ptr<LongRead>();
  OFFX_ASSIGN(auto connection, Connection::open(path, Connection::Access::read_only));
  return std::unique_ptr<LongRead>(new LongRead(std::move(connection), std::move(goes_on)));
}

LongRead::LongRead(std::unique_ptr<Connection> connection, std::function<bool()> goes_on)
    : goes_on_(std::move(goes_on)), connection_(std::move(connection)) {
  constexpr int kSteps = 20'000;  // of SQLite's machine, or of its check of pages: a millisecond or so
  sqlite3_progress_handler(
      connection_->handle(), kSteps, [](void* self) { return static_cast<LongRead*>(self)->goes_on_() ? 0 : 1; }, this);
}

LongRead::~LongRead() = default;

Result<QueryResult> LongRead::execute(std::string_view sql) {
  if (!goes_on_()) return fail(Errc::cancelled, "stopped");
  return connection_->run(sql);
}

}  // namespace offx::db::sqlite
