#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "jobs/fenced_client.h"
#include "store/jobs.h"

namespace offx::jobs {

/// What a run works with; belongs to the worker that does it. Its functions may be called by threads of the run too.
class RunContext {
 public:
  RunContext(db::DatabaseClient& client, const Clock& clock, store::Run run, boost::json::object options)
      : raw_client_(client), client_(client, run), clock_(clock), run_(std::move(run)), options_(std::move(options)) {}

  /// For everything the run writes: refused once another process has the run.
  [[nodiscard]] db::DatabaseClient& client() noexcept { return client_; }
  /// For what has a lease of its own, as migrations have.
  [[nodiscard]] db::DatabaseClient& unfenced_client() noexcept { return raw_client_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] const store::Run& run() const noexcept { return run_; }
  [[nodiscard]] const boost::json::object& options() const noexcept { return options_; }

  /// True once the run is to end: somebody cancelled it, another process has it, or this one stops. What ends early
  /// returns Errc::cancelled.
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(); }
  [[nodiscard]] const std::atomic<bool>& stop_flag() const noexcept { return stopping_; }
  /// Says how far it is, of a `total` that is 0 if not known; as db::Progress, false if the run is to end. Cheap:
  /// written now and then by another thread.
  bool progress(std::uint64_t done, std::uint64_t total, std::string_view unit);
  /// Says what it is doing, for people.
  void message(std::string_view text);

 private:
  friend class Scheduler;

  db::DatabaseClient& raw_client_;
  FencedClient client_;
  const Clock& clock_;
  const store::Run run_;
  const boost::json::object options_;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> lost_ = false;
  mutable std::mutex mutex_;  // guards the rest
  std::int64_t beat_ = 0;
  std::optional<store::RunProgress> progress_;
  std::string message_;
};

/// What a run that went well leaves.
struct Outcome {
  std::string message;  ///< for people: "7 summaries"
  boost::json::object result;
};

/// One thing that can be done. An error that another try may mend makes the run wait for it.
using Handler = std::function<Result<Outcome>(RunContext&)>;
using Kinds = std::map<std::string, Handler, std::less<>>;

struct SchedulerOptions {
  std::size_t workers = 2;                 ///< runs at a time in this process
  bool plans = true;                       ///< false: does runs that there are, and makes none of jobs that are due
  std::optional<std::int64_t> only_run{};  ///< does this one run, and no other
  std::chrono::milliseconds poll_every{5'000};   ///< how soon it sees what another process asked for
  std::chrono::milliseconds beat_every{2'000};   ///< how often it says that its runs live, and how far they are
  std::chrono::milliseconds silent_max{30'000};  ///< a run that has not moved for so long is taken over
  std::int64_t attempts_max = 3;
  std::chrono::milliseconds retry_after{30'000};  ///< doubled with each attempt
  std::chrono::milliseconds retry_after_max{3'600'000};
  /// A run for which something was unavailable for so long, by this process' steady clock, fails. Such attempts do not
  /// count until then.
  std::chrono::milliseconds unavailable_max{24 * 3'600'000};
  /// How long the end of a run is tried to be written while the database answers, but refuses.
  std::chrono::milliseconds write_end_max{600'000};
};

/// Does what is due: makes runs of jobs at their times, and takes runs that wait, one at a time for each worker. Any
/// number of schedulers, in any number of processes, share a database; each due time has one run, and each run one
/// owner. Which is as in DESIGN.md. Nothing ends it but stop(): while the database is away it waits for it.
class Scheduler {
 public:
  /// Starts the threads. `client` and `clock` must live longer.
  Scheduler(db::DatabaseClient& client, const Clock& clock, Kinds kinds, SchedulerOptions options = {});
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();  ///< stop()

  /// Something was asked for, cancelled or edited: look at once.
  void wake();
  /// Tells the runs to end, hands those back that are not done, for others or for later, and joins all threads. Takes
  /// as long as the runs take to notice, and five seconds more if the database does not answer. May be called again.
  void stop();

 private:
  using Steady = std::chrono::steady_clock;
  struct Sighting {
    std::int64_t fence = 0;
    std::int64_t beat = 0;
    Steady::time_point since;
  };
  struct Outage {
    Steady::time_point since;
    Timestamp since_time;  // for people
    std::int64_t tries = 0;
  };

  void keep_going();
  void work(std::size_t worker);
  Result<std::chrono::milliseconds> plan();
  Result<std::optional<Timestamp>> plan_job(const store::Job& job, Timestamp now);
  Result<void> bury(const store::Run& run, Timestamp now);
  [[nodiscard]] bool is_unknown_own(const store::Run& run);
  [[nodiscard]] bool is_silent(const store::Run& run);
  void beat();
  [[nodiscard]] bool wants(const store::Run& run, Timestamp now) const;
  [[nodiscard]] std::string new_owner();
  [[nodiscard]] Result<std::optional<store::Run>> claim(const std::string& owner);
  [[nodiscard]] bool do_run(const store::Run& run);
  Result<Outcome> call_handler(RunContext& context);
  [[nodiscard]] store::RunEnd end_of(const RunContext& context, const Result<Outcome>& outcome);
  void wait_or_give_up(const store::Run& run, store::RunEnd& end);
  [[nodiscard]] bool write_end(const RunContext& context, store::RunEnd end);
  void write_end_at_last(const RunContext& context, const store::RunEnd& end);
  [[nodiscard]] std::chrono::milliseconds backoff(std::int64_t attempt);
  /// Waits until `duration` has passed or the scheduler stops; true if it stops.
  bool sleep(std::chrono::milliseconds duration);

  db::DatabaseClient& client_;
  store::JobRepository repository_;
  const Clock& clock_;
  const Kinds kinds_;
  const SchedulerOptions options_;
  std::vector<std::string> kind_names_;
  std::map<std::int64_t, Sighting> sightings_;  // of the keeper's thread alone, as the next
  Steady::time_point looked_;                   // when it last read what there is

  std::mutex mutex_;  // guards the rest but the threads
  std::condition_variable changed_;
  bool stopping_ = false;
  bool awake_ = true;
  std::size_t ready_ = 0;  // runs that workers have not looked at yet
  std::map<std::int64_t, std::shared_ptr<RunContext>> active_;
  std::map<std::int64_t, Outage> outages_;  // of runs that wait because something is unavailable
  std::vector<std::string> owners_;         // the workers' names in the database
  std::mt19937_64 random_;

  std::mutex stop_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace offx::jobs
