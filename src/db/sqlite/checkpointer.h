#pragma once

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
/// The log is started anew when it is longer than kLogPages; it grows beyond that by what is written meanwhile. A
/// reader that keeps its snapshot keeps the log from starting anew: it grows until that reader is done, and nobody
/// fails or waits because of it. A checkpoint that fails (the disk is full, …) leaves the log as it is and is tried
/// again as the log grows.
///
/// Thread: one of its own, started when there is first something to do; it sleeps while nothing is written. All
/// functions may be called from any thread.
class Checkpointer {
 public:
  static constexpr int kLogPages = 4'000;      ///< 16 MiB at 4 KiB a page
  static constexpr int kLogPagesMax = 12'000;  ///< is_behind()
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
  /// They are, and yet the log is longer than kLogPagesMax.
  [[nodiscard]] bool is_behind() const;

 private:
  struct Pages {
    int log = 0;     ///< less than 0 if another process is at it
    int copied = 0;  ///< of those in the log
  };

  [[nodiscard]] bool is_due() const { return step_is_due_ || log_pages_ >= due_at_pages_; }
  void work_until_stopped();
  Result<void> shorten_log(Connection& connection);
  Result<void> start_log_anew(Connection& connection);

  const std::string path_;
  const BetweenWrites between_writes_;
  const std::function<void()> idle_;

  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  int log_pages_ = 0;
  int copied_pages_ = 0;
  int due_at_pages_ = kLogPages;
  bool step_is_due_ = false;
  bool working_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace offx::db::sqlite
