#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"

namespace offx::db::sqlite {

class Connection;

/// Moves the write-ahead log into the database file beside the thread that writes, so that nobody's commit has to.
/// Pages are copied and synced while writing goes on; only the last of them, and starting the log anew, needs a moment
/// without writes.
///
/// The log is started anew when it is longer than kLogPages, or than what the last background commits wrote where
/// those are large; it grows beyond that by what is written meanwhile. Starting it anew holds up writers for the copy
/// and the sync of what was committed in the last moment, so it is done when that is little. A reader that keeps its
/// snapshot keeps the log from starting anew: it grows until that reader is done, and nobody fails or waits because of
/// it. A checkpoint that fails (the disk is full, …) leaves the log as it is; it is tried again at a commit when the
/// log has grown, or after a second.
///
/// Thread: one of its own, started when there is first something to do; it sleeps while nothing is written. All
/// functions may be called from any thread.
class Checkpointer {
 public:
  static constexpr int kLogPages = 4'000;        ///< 16 MiB at 4 KiB a page
  static constexpr int kLogPagesMax = 12'000;    ///< is_behind()
  static constexpr int kLogPagesLarge = 24'000;  ///< in the place of both where background commits are large
  /// After a commit in the background this many pages are copied at once: pages synced in small portions do not hold up
  /// the syncs of others' commits.
  static constexpr int kStepPages = 250;

  /// Runs its argument where writes are made, between two of them, and returns when that is done.
  using BetweenWrites = std::function<void(const std::function<void()>&)>;

  /// `idle` is called whenever is_working() became false.
  Checkpointer(std::string path, BetweenWrites between_writes, std::function<void()> idle);
  ~Checkpointer() { stop(); }

  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Returns when it has stopped; it does nothing more afterwards.
  void stop() noexcept;

  /// To be told after each commit: the log has `log_pages` pages.
  void committed(int log_pages, bool in_background) noexcept;

  /// Pages are being copied or synced: what can wait should.
  [[nodiscard]] bool is_working() const;
  /// They are, and the log is too long for more in the background before it was started anew.
  [[nodiscard]] bool is_behind() const;

 private:
  struct Pages {
    int log = 0;     ///< less than 0 if another process is at it
    int copied = 0;  ///< of those in the log
  };

  /// From here on the log is to be started anew: a few large transactions share one copy of the pages they all change.
  [[nodiscard]] int anew_at_pages() const;
  /// It may be tried (again) to start the log anew.
  [[nodiscard]] bool is_long() const {
    return log_pages_ >= anew_at_pages() &&
           (log_pages_ >= retry_at_pages_ || std::chrono::steady_clock::now() >= retry_at_);
  }
  [[nodiscard]] bool is_due() const { return step_is_due_ || is_long(); }
  void work_until_stopped();
  Result<void> shorten_log(Connection& connection);
  /// False, with nothing done, if more than `rest_max` pages were committed that are not copied yet.
  Result<bool> start_log_anew(Connection& connection, int rest_max);

  const std::string path_;
  const BetweenWrites between_writes_;
  const std::function<void()> idle_;

  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  int log_pages_ = 0;
  int copied_pages_ = 0;
  int background_pages_ = 0;  // of the last commit in the background
  int retry_at_pages_ = 0;    // where starting the log anew did not succeed, or …
  std::chrono::steady_clock::time_point retry_at_;
  bool step_is_due_ = false;
  bool working_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace offx::db::sqlite
