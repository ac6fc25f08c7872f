#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/readiness.h"
#include "app/context.h"
#include "app/serve_config.h"
#include "base/error.h"
#include "db/client.h"
#include "jobs/scheduler.h"
#include "migrate/table.h"

namespace offx::app {

/// Opens the server's database as soon as it answers, and says in a Readiness how it is from then on, in a thread of
/// its own. Once it is open, which means that its tables are those of this release, that others know that this process
/// uses them, and that there is a user or a way to make one, the jobs begin. Feeds the service manager's watchdog.
class DatabaseWatch {
 public:
  /// All must live longer.
  DatabaseWatch(const Context& context, const ServeConfig& config, db::DatabaseClient& client,
                api::Readiness& readiness);
  ~DatabaseWatch();  ///< stop()
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  /// Begins, and returns when the database is open or known to be away, or after `patience`. An error is one that
  /// waiting does not mend: tables of a release that is not known, credentials that are refused, … If such a one shows
  /// later, while the database has not been open, the process is sent SIGTERM, and failure() says why.
  Result<void> start(std::chrono::milliseconds patience);
  /// Something was asked of the jobs: they look at once. Thread-safe.
  void wake_jobs();
  /// Ends the jobs, then the thread. From now on calls to a database server that hangs end soon, those of others too:
  /// the process ends.
  void stop();
  /// What made it give up. To be asked behind stop().
  [[nodiscard]] Result<void> failure() const;

 private:
  void run();
  Result<void> look();
  Result<void> open();
  Result<void> ask();
  void note_replica(bool is_open);
  void note(const Result<void>& state);
  void give_up(Error error);
  bool goes_on();
  bool file(Result<std::uint64_t> (*how)(db::DatabaseClient&, const Clock&, const db::Progress&));

  const Context& context_;
  const ServeConfig& config_;
  db::DatabaseClient& client_;
  api::Readiness& readiness_;
  const std::chrono::milliseconds watchdog_;

  // Of the thread alone.
  std::unique_ptr<migrate::TableUse> use_;
  bool is_ready_ = false;
  std::string last_ = "not asked yet";  ///< what was wrong at the last look
  std::string filing_problem_;          ///< logged once, not at every look

  mutable std::mutex mutex_;  // guards the rest but the thread
  std::condition_variable changed_;
  std::unique_ptr<jobs::Scheduler> scheduler_;
  std::optional<Error> failure_;
  bool has_looked_ = false;
  bool has_started_ = false;  ///< start() has returned
  bool ends_ = false;         ///< nothing new is begun
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace offx::app
