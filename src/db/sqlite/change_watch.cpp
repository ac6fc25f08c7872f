#include "db/sqlite/change_watch.h"

#include <string_view>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "db/sqlite/checkpointer.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/file.h"

namespace offx::db::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTryAgain = std::chrono::seconds(1);
constexpr auto kBusyPatience = std::chrono::milliseconds(100);
constexpr auto kBusyPoll = std::chrono::milliseconds(2);

}  // namespace

ChangeWatch::ChangeWatch(const DatabaseClient& client) : path_(file_of(client)) {}
ChangeWatch::~ChangeWatch() = default;

/// The file may not be there yet: then it is tried again later.
bool ChangeWatch::open() {
  if (connection_) return true;
  if (path_.empty() || Clock::now() < next_try_) return false;
  next_try_ = Clock::now() + kTryAgain;
  // Opened as a reader it never makes the file.
  auto connection = Connection::open(path_, Connection::Access::read_only);
  if (!connection) return false;
  // Checkpoints are the engine's.
  if (!(*connection)->control("PRAGMA query_only=0; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0")) {
    return false;
  }
  auto* const handle = (*connection)->handle();
  sqlite3_busy_handler(handle, nullptr, nullptr);  // nobody who asks for the mark waits for somebody's transaction
  sqlite3_wal_hook(
      handle,
      [](void* pages, sqlite3* /*handle*/, const char* /*database*/, int log_pages) {
        *static_cast<int*>(pages) = log_pages;
        return SQLITE_OK;
      },
      &log_pages_);
  connection_ = std::move(*connection);
  return true;
}

std::optional<std::int64_t> ChangeWatch::read_mark() {
  if (!open()) return std::nullopt;
  // Changes with every commit of another connection.
  const auto rows = connection_->run("PRAGMA data_version");
  if (!rows || rows->rows() == 0) return std::nullopt;
  return to_integer(rows->row(0)[0]);
}

std::optional<std::int64_t> ChangeWatch::mark() {
  if (const auto known = try_mark()) return known;
  const std::scoped_lock lock(mutex_);
  return read_mark();
}

std::optional<std::int64_t> ChangeWatch::try_mark() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) return read_mark();
  const auto known = mark_while_writing_.load();
  return known == kNone ? std::nullopt : std::optional(known);
}

Result<bool> ChangeWatch::write_unmarked(std::span<const Statement> statements) {
  const auto give_up = Clock::now() + kBusyPatience;
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!open()) return false;
    if (!has_log_) {  // the engine gives it to a file that has none with its first write
      OFFX_ASSIGN(const auto journal, connection_->run("PRAGMA journal_mode"));
      has_log_ = to_text(journal.row(0)[0]) == "wal";
    }
    if (!has_log_ || log_pages_ > Checkpointer::kLogPages) {
      log_pages_ = 0;
      return false;
    }
    const auto begun = connection_->control("BEGIN IMMEDIATE");
    if (begun) {
      OFFX_TRY(write(statements));
      return true;
    }
    if (!begun.error().retryable()) return fail(begun.error());
    lock.unlock();
    if (Clock::now() > give_up) return false;
    std::this_thread::sleep_for(kBusyPoll);
  }
}

/// In a transaction that has begun.
Result<void> ChangeWatch::write(std::span<const Statement> statements) {
  mark_while_writing_ = read_mark().value_or(kNone);
  Result<void> done;
  for (const auto& statement : statements) {
    if (auto result = connection_->run(statement.sql, statement.params); !result) {
      done = fail(std::move(result).error());
      break;
    }
  }
  mark_while_writing_ = kNone;  // before it is committed: then others may be
  if (done) done = connection_->control("COMMIT");
  if (!done && sqlite3_get_autocommit(connection_->handle()) == 0) OFFX_TRY(connection_->control("ROLLBACK"));
  return done;
}

}  // namespace offx::db::sqlite
