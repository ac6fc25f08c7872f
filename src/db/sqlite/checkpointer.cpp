#include "db/sqlite/checkpointer.h"

#include <chrono>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include <sqlite3.h>

#include "db/sqlite/connection.h"

namespace offx::db::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPassesMax = 4;    ///< beside the writers, before the last one without them
constexpr int kRestPages = 400;  ///< for the last one: a few milliseconds
constexpr int kLargeCommitsInLog = 3;
/// How long starting the log anew may wait for readers and for other processes, while our own writers wait as well.
constexpr auto kRestartPatience = std::chrono::milliseconds(5);
/// Each attempt holds up writers for kRestartPatience where a reader needs no more of the log than its end.
constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr auto kRestartPoll = std::chrono::microseconds(100);

/// Syncs the database file through the file that SQLite has open: closing a descriptor of our own would give up
/// SQLite's locks. SQLite itself only syncs when it has copied the whole log, and then everything at once.
Result<void> sync_database_file(Connection& connection) {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) return fail(to_error(nullptr, code));
  return {};
}

}  // namespace

Checkpointer::Checkpointer(std::string path, BetweenWrites between_writes, std::function<void()> idle)
    : path_(std::move(path)), between_writes_(std::move(between_writes)), idle_(std::move(idle)) {}

void Checkpointer::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::committed(int log_pages, bool in_background) noexcept {
  {
    const std::lock_guard lock(mutex_);
    int pages = log_pages - log_pages_;
    if (pages < 0) {  // it was started anew
      pages = log_pages;
      copied_pages_ = 0;
      retry_at_pages_ = 0;
    }
    log_pages_ = log_pages;
    if (in_background) background_pages_ = pages;
    if (in_background && log_pages_ - copied_pages_ >= kStepPages) step_is_due_ = true;
    if (stopping_ || working_ || !is_due()) return;
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { work_until_stopped(); });
      } catch (const std::system_error&) {
        return;  // no thread to be had now: the next commit tries again
      }
    }
    working_ = true;
  }
  wanted_.notify_one();
}

bool Checkpointer::is_working() const {
  const std::lock_guard lock(mutex_);
  return working_;
}

bool Checkpointer::is_behind() const {
  const std::lock_guard lock(mutex_);
  return working_ && log_pages_ >= std::max(kLogPagesMax, anew_at_pages());
}

int Checkpointer::anew_at_pages() const {
  return std::clamp(std::min(background_pages_, kLogPagesLarge) * kLargeCommitsInLog, kLogPages, kLogPagesLarge);
}

void Checkpointer::work_until_stopped() {
  std::unique_ptr<Connection> connection;
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return stopping_ || working_; });
    if (stopping_) break;
    step_is_due_ = false;
    lock.unlock();
    if (!connection) {
      if (auto opened = Connection::open(path_, Connection::Access::read_only)) connection = std::move(*opened);
    }
    // What could not be done is left in the log, where it is as safe, and is tried again when that has grown.
    if (connection) (void)shorten_log(*connection);
    lock.lock();
    if (is_long()) {
      retry_at_pages_ = log_pages_ + kLogPages / 2;
      retry_at_ = Clock::now() + kRetryAfter;
    }
    working_ = is_due();
    if (working_) continue;
    lock.unlock();
    idle_();
    lock.lock();
  }
  working_ = false;
}

Result<void> Checkpointer::shorten_log(Connection& connection) {
  int rest = 0;
  for (int pass = 0; pass < kPassesMax; ++pass) {
    Pages pages;
    const int code =
        sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &pages.log, &pages.copied);
    if (code == SQLITE_BUSY || pages.log < 0) return {};
    if (code != SQLITE_OK) return fail(to_error(connection.handle(), code));
    OFFX_TRY(sync_database_file(connection));

    {
      const std::lock_guard lock(mutex_);
      copied_pages_ = pages.copied;
      if (stopping_ || log_pages_ < anew_at_pages()) return {};
      const int left = log_pages_ - pages.copied;
      if (pass > 0 && left > kRestPages && pages.copied < pages.log && left >= rest) {
        return {};  // a reader still needs what is left
      }
      rest = left;
    }
    if (rest > kRestPages) continue;
    OFFX_ASSIGN(const bool done, start_log_anew(connection, kRestPages));
    if (done) return {};
  }
  // Others write faster than pages can be copied beside them: without a moment for it the log would grow for ever.
  OFFX_TRY(start_log_anew(connection, std::numeric_limits<int>::max()));
  return {};
}

Result<bool> Checkpointer::start_log_anew(Connection& connection, int rest_max) {
  int code = SQLITE_OK;
  bool is_little = false;
  between_writes_([&] {
    {
      const std::lock_guard lock(mutex_);
      is_little = log_pages_ - copied_pages_ <= rest_max;
    }
    if (!is_little) return;
    auto give_up = Clock::now() + kRestartPatience;
    sqlite3_busy_handler(
        connection.handle(),
        [](void* until, int) {
          std::this_thread::sleep_for(kRestartPoll);
          return Clock::now() < *static_cast<Clock::time_point*>(until) ? 1 : 0;
        },
        &give_up);
    code = sqlite3_wal_checkpoint_v2(connection.handle(), "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    sqlite3_busy_handler(connection.handle(), nullptr, nullptr);
  });
  if (code != SQLITE_OK && code != SQLITE_BUSY) return fail(to_error(connection.handle(), code));
  return is_little;
}

}  // namespace offx::db::sqlite
