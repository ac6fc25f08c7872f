#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::store {

/// Something that OffX does by itself at given times.
struct Job {
  std::int64_t id = 0;
  std::string name;  ///< of a built-in job: `cleanup`; empty in those of users
  std::string kind;  ///< what it does, see pipeline/jobs.h
  std::string title;
  std::string schedule;   ///< `0 6 * * *`, `every 15m`, see pipeline/schedule.h
  std::string time_zone;  ///< `Europe/Berlin`
  bool enabled = true;
  std::string options = "{}";            ///< a JSON object; its members depend on the kind
  std::optional<Timestamp> next_due_at;  ///< none: a scheduler is to work it out
  Timestamp created_at{};
  Timestamp updated_at{};
};

enum class RunState : std::uint8_t { waiting, running, done, failed, cancelled };
[[nodiscard]] std::string_view to_string(RunState state) noexcept;
[[nodiscard]] std::optional<RunState> to_run_state(std::string_view text) noexcept;
/// True if nothing more will happen to it.
[[nodiscard]] constexpr bool is_over(RunState state) noexcept {
  return state != RunState::waiting && state != RunState::running;
}

struct RunProgress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0: not known
  std::string unit;         ///< `posts`
};

/// One time that something was, is or will be done.
struct Run {
  std::int64_t id = 0;
  std::optional<std::int64_t> job_id;  ///< none: somebody asked for this one alone, or the job was removed
  std::string kind;
  std::string title;
  std::string options = "{}";
  RunState state = RunState::waiting;
  std::int64_t attempt = 0;  ///< from 1, once it began
  Timestamp due_at{};
  std::int64_t fence = 0;  ///< grows with every process that takes it
  std::int64_t beat = 0;   ///< grows while the process that has it lives
  std::string owner;       ///< the process that has or had it, see base/process.h
  bool cancel_requested = false;
  std::optional<RunProgress> progress;
  std::string message;  ///< what it is doing, or did, for people
  std::string result;   ///< a JSON object; empty if there is none
  std::string error;    ///< why it failed, or why the last attempt did; empty if it did not
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  Timestamp created_at{};
  std::string created_by;             ///< a user's name, `schedule`, `command line`
  std::optional<Timestamp> ready_at;  ///< of one that waits to be tried again: not before
};

/// Which runs a page is of. An absent member asks for nothing.
struct RunFilter {
  std::optional<std::int64_t> job_id;
  std::optional<std::string> kind;
  std::optional<RunState> state;
  std::optional<std::int64_t> before_id;  ///< where the page before ended
};

/// How a run ended, or why it waits again.
struct RunEnd {
  RunState state = RunState::done;  ///< `waiting`: to be tried again
  std::string message;
  std::string result;                 ///< a JSON object or empty
  std::string error;                  ///< empty if it did not fail
  std::optional<Timestamp> again_at;  ///< of one that waits: not before; none: at once
  bool counts = true;                 ///< the attempt; one that was interrupted, not failed, does not
};

/// Jobs and their runs. Every change is one statement or batch that says what it expects, so that any number of
/// processes may work on them at once, and each may be repeated. Thread-safe as its client is.
class JobRepository {
 public:
  explicit JobRepository(db::DatabaseClient& client) : client_(client) {}

  // --- Jobs

  Result<std::vector<Job>> list();   ///< by id
  Result<Job> get(std::int64_t id);  ///< Errc::not_found
  /// Stores a new job and gives its id; that of the one that is there if a job of this kind, title and options was
  /// made at this very millisecond.
  Result<std::int64_t> add(const Job& job, Timestamp now);
  /// Writes title, schedule, time zone, options, next_due_at and whether it is enabled. Errc::not_found.
  Result<void> update(const Job& job, Timestamp now);
  /// Removes a job of a user; what waits of it is cancelled, its history stays. Errc::not_found; Errc::conflict for a
  /// built-in one.
  Result<void> remove(std::int64_t id, Timestamp now);
  /// Makes the run of `job` that was due at `due_at`, unless that exists or another run of the job is not over, and
  /// sets the job's next time. Does nothing if the job's `next_due_at` or `updated_at` are not those of `job` any more.
  Result<void> fire(const Job& job, Timestamp due_at, std::optional<Timestamp> next_due_at, Timestamp now);
  /// Sets the next time alone, on the same condition.
  Result<void> set_next_due(const Job& job, std::optional<Timestamp> next_due_at);

  // --- Asking for runs, and looking at them

  /// Asks for a run as soon as a scheduler is free. `options` is a JSON object. The same request at the same
  /// millisecond is one run.
  Result<Run> enqueue(std::string_view kind, std::string_view title, std::string_view options,
                      std::string_view created_by, Timestamp now, std::optional<std::int64_t> job_id = {});
  Result<Run> run(std::int64_t id);                                           ///< Errc::not_found
  Result<std::vector<Run>> runs(const RunFilter& filter, std::size_t limit);  ///< newest first
  /// The newest `limit` runs of this kind since `since` that somebody asked for over the API: how many, and when the
  /// oldest of them was asked for.
  struct Asked {
    std::int64_t count = 0;
    std::optional<Timestamp> oldest;
  };
  Result<Asked> asked_since(std::string_view kind, Timestamp since, std::int64_t limit);
  Result<std::vector<Run>> latest_runs();  ///< the newest of each job that has any
  /// One that waits is cancelled; one that runs is told to stop. Gives it as it then is. Errc::conflict if it is over.
  Result<Run> cancel(std::int64_t id, Timestamp now);
  /// Removes runs that were over before `before`, but the newest of each job; at most `limit`. Gives how many.
  Result<std::int64_t> remove_finished(Timestamp before, std::size_t limit);

  // --- For those who do them

  /// Which run claim() is to take.
  struct Wanted {
    std::vector<std::string> kinds;
    Timestamp far{};  ///< a time to try again behind it is one of a clock that was put back since, and does not count
    std::optional<std::int64_t> id;
  };
  /// Takes the run that is next; nothing if there is none. An owner has one run at a time: if it has one it gets that
  /// one again, so that the call may be repeated when its answer was lost. A write even if it finds nothing: look at
  /// outlook() first.
  Result<std::optional<Run>> claim(std::string_view owner, Timestamp now, const Wanted& wanted);
  /// Says that the process of `run` lives, and how far it is; true if somebody asked to stop. Errc::conflict if another
  /// process has the run by now, or it is over.
  Result<bool> renew(const Run& run);
  /// Errc::conflict as in renew(). Repeating it gives the same answer. One that is to wait but was cancelled meanwhile
  /// is cancelled.
  Result<void> finish(const Run& run, const RunEnd& end, Timestamp now);
  /// What there is to do: every job, and every run that is not over. One read.
  struct Outlook {
    std::vector<Job> jobs;
    std::vector<Run> open;  ///< the oldest 1,000
  };
  Result<Outlook> outlook();
  /// As finish(), of a run whose process is gone, if it has not moved since `run` was read; raises its fence, so that
  /// whatever that process still writes is refused. False if somebody was faster.
  Result<bool> take_away(const Run& run, const RunEnd& end, Timestamp now);

 private:
  db::DatabaseClient& client_;
};

/// A statement that fails, and the batch it is in with it, unless `run` is still that of its process: the fence before
/// its effects.
[[nodiscard]] db::Statement only_while_running(const Run& run);
/// True if it was that statement.
[[nodiscard]] bool is_of_lost_run(const Error& error) noexcept;

/// Statements that make the built-in jobs that are missing.
[[nodiscard]] std::vector<db::Statement> make_builtin_jobs(std::string_view time_zone, Timestamp now);

}  // namespace offx::store
