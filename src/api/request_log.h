#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.h"
#include "db/client.h"
#include "db/sqlite/change_watch.h"
#include "store/request_log.h"

namespace offx::api {

/// Stores what was answered from a thread of its own, many at a time, after all writes that somebody waits for. What
/// does not fit into its memory while the database is away is counted and dropped. Thread-safe.
class RequestLog {
 public:
  /// What it writes is no change to those who ask `changes`, if that is given. Both must live longer.
  explicit RequestLog(db::DatabaseClient& client, db::sqlite::ChangeWatch* changes = nullptr);
  /// Stores what is left.
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  /// Never waits.
  void add(store::RequestLogEntry entry);
  /// Entries that were dropped.
  [[nodiscard]] std::size_t dropped() const;

 private:
  void run();

  db::DatabaseClient& client_;
  db::sqlite::ChangeWatch* const changes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<store::RequestLogEntry> waiting_;
  std::size_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace offx::api
