#include "db/sqlite/change_watch.h"

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
constexpr auto kEngineTurns = std::chrono::seconds(1);
constexpr auto kBusyPatience = std::chrono::milliseconds(100);
constexpr auto kBusyPoll = std::chrono::milliseconds(2);

// Of the index's first region, and of its head.
constexpr int kIndexRegionBytes = 32 << 10;
constexpr std::uint32_t kIndexVersion = 3007000;
constexpr std::size_t kCommitCount = 2;  ///< iChange
constexpr int kHeadTries = 100;          ///< who writes it needs some nanoseconds

}  // namespace

ChangeWatch::ChangeWatch(const DatabaseClient& client) : path_(file_of(client)) {}
ChangeWatch::~ChangeWatch() = default;

/// The file may not be there yet, or have no log: then it is tried again later.
bool ChangeWatch::open() {
  if (index_ != nullptr) return true;
  if (path_.empty() || Clock::now() < next_try_) return false;
  next_try_ = Clock::now() + kTryAgain;
  // Opened as a reader it never makes the file.
  auto connection = Connection::open(path_, Connection::Access::read_only);
  if (!connection) return false;
  auto* const handle = (*connection)->handle();
  sqlite3_busy_handler(handle, nullptr, nullptr);  // nobody who asks for the mark waits for somebody's transaction
  // Checkpoints are the engine's.
  if (!(*connection)->control("PRAGMA query_only=0; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0")) {
    return false;
  }
  sqlite3_wal_hook(
      handle,
      [](void* pages, sqlite3* /*handle*/, const char* /*database*/, int log_pages) {
        *static_cast<int*>(pages) = log_pages;
        return SQLITE_OK;
      },
      &log_pages_);
  const auto journal = (*connection)->run("PRAGMA journal_mode");
  if (!journal || to_text(journal->row(0)[0]) != "wal") return false;
  // Reading something opens the log; while it is open, its index stays where it is and the file keeps its log.
  if (!(*connection)->run("SELECT count(*) FROM sqlite_schema")) return false;
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2) return false;
  void volatile* index = nullptr;
  if (file->pMethods->xShmMap(file, 0, kIndexRegionBytes, 0, &index) != SQLITE_OK || index == nullptr) return false;
  connection_ = std::move(*connection);
  index_ = static_cast<const volatile std::uint32_t*>(index);
  return true;
}

/// As SQLite reads it: who writes it writes the second copy first, so that two that are the same are whole.
__attribute__((no_sanitize("thread"))) std::optional<ChangeWatch::Head> ChangeWatch::read_head(
    const volatile std::uint32_t* index) noexcept {
  for (int tries = 0; tries < kHeadTries; ++tries) {
    Head first;
    Head second;
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = index[i];
    __sync_synchronize();
    for (std::size_t i = 0; i < second.size(); ++i) second[i] = index[first.size() + i];
    if (first == second) return first[0] == kIndexVersion ? std::optional(first) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ChangeWatch::look() {
  const auto* const index = index_.load();
  if (index == nullptr) return std::nullopt;
  const std::scoped_lock lock(mark_mutex_);
  const auto head = read_head(index);
  if (!head) return std::nullopt;
  if (*head == head_) return mark_;
  // Beginning the log anew writes the head too, without counting.
  const auto count = (*head)[kCommitCount];
  const bool is_own = own_commit_ && (count == *own_commit_ || count + 1 == *own_commit_);
  head_ = *head;
  return is_own ? mark_ : ++mark_;
}

std::optional<std::int64_t> ChangeWatch::try_mark() { return look(); }

std::optional<std::int64_t> ChangeWatch::mark() {
  if (const auto seen = look()) return seen;
  const std::scoped_lock lock(mutex_);
  if (!open()) return std::nullopt;
  if (const auto seen = look()) return seen;
  // Somebody ended in the midst of writing the head: whoever reads mends it.
  (void)connection_->run("SELECT count(*) FROM sqlite_schema");
  return look();
}

Result<bool> ChangeWatch::write_unmarked(std::span<const Statement> statements) {
  const auto give_up = Clock::now() + kBusyPatience;
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!open()) return false;
    if (log_pages_ > Checkpointer::kLogPages && Clock::now() >= engine_due_) {
      engine_due_ = Clock::now() + kEngineTurns;
      return false;
    }
    const auto begun = connection_->control_often("BEGIN IMMEDIATE");
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
  // From here on all that others have committed is seen, and what comes next in the index is this transaction.
  if (look()) {
    const std::scoped_lock lock(mark_mutex_);
    own_commit_ = head_[kCommitCount] + 1;
  }
  log_pages_ = 0;  // more once something is committed
  Result<void> done;
  for (const auto& statement : statements) {
    if (auto result = connection_->run(statement.sql, statement.params); !result) {
      done = fail(std::move(result).error());
      break;
    }
  }
  if (done) done = connection_->control_often("COMMIT");
  const bool is_committed = log_pages_ > 0;
  if (is_committed) (void)look();
  const bool is_open = sqlite3_get_autocommit(connection_->handle()) == 0;
  {
    const std::scoped_lock lock(mark_mutex_);
    own_commit_.reset();
    // SQLite has undone it already, or nothing changed: what the index counts now may be somebody else's.
    if (!is_committed && !is_open) ++mark_;
  }
  if (is_open) OFFX_TRY(connection_->control("ROLLBACK"));
  return done;
}

}  // namespace offx::db::sqlite
