#include "jobs/scheduler.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "base/log.h"
#include "base/process.h"
#include "db/stop.h"
#include "pipeline/schedule.h"

namespace offx::jobs {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// What is left of the time that service managers give, when calls were cut off.
constexpr milliseconds kLastWord{5'000};

/// Errors that the same attempt would meet again.
bool is_permanent(Errc code) {
  return code == Errc::invalid_argument || code == Errc::not_found || code == Errc::unsupported ||
         code == Errc::corrupt;
}

std::string run_name(const store::Run& run) { return fmt::format("{} {}", run.kind, run.id); }

}  // namespace

bool RunContext::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  {
    const std::scoped_lock lock(mutex_);
    progress_ = store::RunProgress{done, total, std::string(unit)};
  }
  return !stopping();
}

void RunContext::message(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  message_ = text;
}

Scheduler::Scheduler(db::DatabaseClient& client, const Clock& clock, Kinds kinds, SchedulerOptions options)
    : client_(client),
      repository_(client),
      clock_(clock),
      kinds_(std::move(kinds)),
      options_(options),
      random_(std::random_device()()) {
  for (const auto& kind : kinds_) kind_names_.push_back(kind.first);
  for (std::size_t i = 0; i < options_.workers; ++i) owners_.push_back(new_owner());
  threads_.emplace_back([this] { keep_going(); });
  for (std::size_t i = 0; i < options_.workers; ++i) threads_.emplace_back([this, i] { work(i); });
}

/// A name that nobody chooses twice: what a container's first process is called may be another's name too.
std::string Scheduler::new_owner() { return fmt::format("{}-{:016x}", new_holder_name(), random_()); }

Scheduler::~Scheduler() { stop(); }

void Scheduler::wake() {
  const std::scoped_lock lock(mutex_);
  awake_ = true;
  changed_.notify_all();
}

void Scheduler::stop() {
  const std::scoped_lock stopping(stop_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, context] : active_) context->stopping_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool Scheduler::sleep(milliseconds duration) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, duration, [this] { return stopping_; });
}

milliseconds Scheduler::backoff(std::int64_t attempt) {
  auto delay = options_.retry_after;
  for (std::int64_t i = 1; i < attempt && delay < options_.retry_after_max; ++i) delay *= 2;
  delay = std::min(delay, options_.retry_after_max);
  // Between half and all of it: what failed together is not tried again together.
  const std::scoped_lock lock(mutex_);
  return delay / 2 + milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, delay.count() / 2)(random_));
}

// --- The keeper: what is due, who is gone, who lives

void Scheduler::keep_going() {
  auto next_plan = Steady::now();
  auto next_beat = Steady::now() + options_.beat_every;
  bool is_away = false;
  for (;;) {
    bool look = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, active_.empty() ? next_plan : std::min(next_plan, next_beat),
                          [this] { return awake_ || (stopping_ && active_.empty()); });
      if (stopping_ && active_.empty()) return;
      look = std::exchange(awake_, false);
    }
    if (look || Steady::now() >= next_beat) {
      beat();
      next_beat = Steady::now() + options_.beat_every;
    }
    if (!look && Steady::now() < next_plan) continue;
    const auto wait = plan();
    if (!wait) sightings_.clear();  // nobody could say that he lives either
    if (wait.has_value() == is_away) {
      is_away = !is_away;
      if (is_away) {
        log(LogLevel::warning, "jobs.database_away", {{"error", wait.error().to_string()}});
      } else {
        log(LogLevel::info, "jobs.database_back");
      }
    }
    next_plan = Steady::now() + std::min(wait.value_or(options_.poll_every), options_.poll_every);
  }
}

/// Everything there is to decide; gives how long nothing will be due.
Result<milliseconds> Scheduler::plan() {
  OFFX_ASSIGN(auto outlook, repository_.outlook());
  // Whoever did not look for so long does not know who moved meanwhile.
  const auto looked_before = std::exchange(looked_, Steady::now());
  if (looked_ - looked_before > options_.silent_max) sightings_.clear();
  const auto now = clock_.now();
  auto wait = options_.poll_every;
  bool fired = false;
  if (options_.plans) {
    for (const auto& job : outlook.jobs) {
      if (!job.enabled || !kinds_.contains(job.kind)) continue;
      OFFX_ASSIGN(const auto due, plan_job(job, now));
      if (due && *due > now) wait = std::min(wait, std::chrono::ceil<milliseconds>(*due - now));
      fired = fired || (job.next_due_at && *job.next_due_at <= now);
    }
  }
  if (fired) {
    OFFX_ASSIGN(outlook, repository_.outlook());
  }
  std::size_t ready = 0;
  std::map<std::int64_t, Sighting> sightings;
  for (const auto& run : outlook.open) {
    if (options_.only_run && run.id != *options_.only_run) continue;
    if (run.state == store::RunState::waiting) {
      if (wants(run, now)) {
        ++ready;
      } else if (run.ready_at && *run.ready_at > now) {
        wait = std::min(wait, std::chrono::ceil<milliseconds>(*run.ready_at - now));
      }
    } else if (is_unknown_own(run)) {
      ready += options_.workers;  // one of them has it, and the answer that said so was lost
    } else if (is_silent(run)) {
      OFFX_TRY(bury(run, now));
      wait = milliseconds(0);
    } else if (const auto seen = sightings_.find(run.id); seen != sightings_.end()) {
      sightings.insert(*seen);
    }
  }
  sightings_ = std::move(sightings);
  const std::scoped_lock lock(mutex_);
  std::erase_if(outages_, [&](const auto& outage) {
    return std::none_of(outlook.open.begin(), outlook.open.end(),
                        [&](const store::Run& run) { return run.id == outage.first; });
  });
  ready_ = ready;
  if (ready > 0) changed_.notify_all();
  return wait;
}

/// Makes the run of a job that is due; gives when it is due next.
Result<std::optional<Timestamp>> Scheduler::plan_job(const store::Job& job, Timestamp now) {
  const auto schedule = pipeline::Schedule::parse(job.schedule);
  const auto zone = TimeZone::find(job.time_zone);
  if (!schedule || !zone) {
    // The commands and the API refuse such a job; somebody has written it by hand, or this system has no tzdata.
    const auto& error = schedule ? zone.error() : schedule.error();
    if (job.next_due_at) {
      log(LogLevel::error, "jobs.bad_schedule", {{"job", std::to_string(job.id)}, {"error", error.to_string()}});
      OFFX_TRY(repository_.set_next_due(job, std::nullopt));
    }
    return std::optional<Timestamp>();
  }
  const auto next = schedule->next(now, *zone);
  if (job.next_due_at && *job.next_due_at <= now) {
    // Whatever was missed is one run, that of the last time.
    const auto last = schedule->last(now, *zone);
    OFFX_TRY(repository_.fire(job, last ? std::max(*last, *job.next_due_at) : *job.next_due_at, next, now));
    return next;
  }
  // A time behind the next one was worked out before the clock was put back.
  if (!job.next_due_at || (next && *job.next_due_at > *next)) {
    OFFX_TRY(repository_.set_next_due(job, next));
    return next;
  }
  return job.next_due_at;
}

/// True if a worker of this process has the run in the database and does not know it.
bool Scheduler::is_unknown_own(const store::Run& run) {
  const std::scoped_lock lock(mutex_);
  if (std::find(owners_.begin(), owners_.end(), run.owner) == owners_.end()) return false;
  return !active_.contains(run.id);
}

/// True if the process of a run has not been heard of for long enough; by this process' steady clock, as nobody knows
/// what the others show.
bool Scheduler::is_silent(const store::Run& run) {
  {
    const std::scoped_lock lock(mutex_);
    const auto own = active_.find(run.id);
    if (own != active_.end() && own->second->run_.fence == run.fence) return false;
  }
  if (is_gone(run.owner)) return true;
  const auto now = Steady::now();
  const auto [seen, is_new] = sightings_.try_emplace(run.id, Sighting{run.fence, run.beat, now});
  auto& sighting = seen->second;
  if (sighting.fence != run.fence || sighting.beat != run.beat) sighting = {run.fence, run.beat, now};
  return now - sighting.since > options_.silent_max;
}

/// Takes a run from a process that is gone.
Result<void> Scheduler::bury(const store::Run& run, Timestamp now) {
  store::RunEnd end;
  end.state = store::RunState::waiting;
  // Its own if it gave up writing how the run ended.
  const bool is_own = process_of(run.owner) == process_of(new_holder_name()) && !is_gone(run.owner);
  end.error = process_of(run.owner) + (is_own ? " could not write how it ended" : " ended before it was done");
  if (run.cancel_requested) {
    end.state = store::RunState::cancelled;
  } else if (run.attempt >= options_.attempts_max) {
    end.state = store::RunState::failed;
    end.error += fmt::format(", as did {} before", run.attempt - 1);
  } else if (run.attempt > 1) {
    end.again_at = now + backoff(run.attempt);
  }
  OFFX_ASSIGN(const bool taken, repository_.take_away(run, end, now));
  if (taken) {
    log(LogLevel::warning, "jobs.taken_over", {{"run", run_name(run)}, {"from", process_of(run.owner)}});
  }
  return {};
}

void Scheduler::beat() {
  std::vector<std::shared_ptr<RunContext>> active;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, context] : active_) active.push_back(context);
  }
  for (const auto& context : active) {
    store::Run run;
    {
      const std::scoped_lock lock(context->mutex_);
      run.id = context->run_.id;
      run.fence = context->run_.fence;
      run.beat = ++context->beat_;
      run.progress = context->progress_;
      run.message = context->message_;
    }
    const auto cancel = repository_.renew(run);
    if (cancel && *cancel) {
      context->cancelled_ = true;
      context->stopping_ = true;
    } else if (!cancel && cancel.error().code() == Errc::conflict) {
      context->lost_ = true;
      context->stopping_ = true;
    }
    // Any other error: the database is away, and so it is for others.
  }
}

// --- The workers

bool Scheduler::wants(const store::Run& run, Timestamp now) const {
  return kinds_.contains(run.kind) && (!options_.only_run || *options_.only_run == run.id) &&
         (!run.ready_at || *run.ready_at <= now || *run.ready_at > now + 2 * options_.retry_after_max);
}

Result<std::optional<store::Run>> Scheduler::claim(const std::string& owner) {
  const auto now = clock_.now();
  return repository_.claim(owner, now, {kind_names_, now + 2 * options_.retry_after_max, options_.only_run});
}

void Scheduler::work(std::size_t worker) {
  for (;;) {
    std::string owner;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || ready_ > 0; });
      if (stopping_) return;
      --ready_;
      owner = owners_[worker];
    }
    // An error is the database's: the keeper looks again.
    const auto run = claim(owner);
    if (!run || !*run || do_run(**run)) continue;
    // The run is still that owner's, who would get it again and again: from now on he is gone.
    const std::scoped_lock lock(mutex_);
    owners_[worker] = new_owner();
  }
}

/// False if how it ended could not be written.
bool Scheduler::do_run(const store::Run& run) {
  boost::system::error_code parse_error;
  const auto options = json::parse(run.options, parse_error);
  auto context =
      std::make_shared<RunContext>(client_, clock_, run, options.is_object() ? options.get_object() : json::object());
  context->beat_ = run.beat;
  {
    const std::scoped_lock lock(mutex_);
    context->stopping_ = stopping_;
    active_[run.id] = context;
    awake_ = true;  // the keeper may sleep until the next poll: the run is to be heard of before
    changed_.notify_all();
  }
  const auto started = Steady::now();
  const auto outcome = parse_error || !options.is_object()
                           ? Result<Outcome>(fail(Errc::invalid_argument, "its options are no JSON object"))
                           : call_handler(*context);
  bool is_written = true;
  if (context->lost_) {
    log(LogLevel::warning, "jobs.lost", {{"run", run_name(run)}});
  } else {
    const auto end = end_of(*context, outcome);
    const auto ms = std::chrono::duration_cast<milliseconds>(Steady::now() - started).count();
    log(end.state == store::RunState::failed ? LogLevel::error : LogLevel::info, "jobs.run",
        {{"run", run_name(run)},
         {"state", std::string(to_string(end.state))},
         {"ms", std::to_string(ms)},
         {"message", outcome ? end.message : end.error}});
    is_written = write_end(*context, end);
  }
  const std::scoped_lock lock(mutex_);
  active_.erase(run.id);
  awake_ = true;  // what waited for its job may go on
  changed_.notify_all();
  return is_written;
}

Result<Outcome> Scheduler::call_handler(RunContext& context) {
  try {
    return kinds_.find(context.run().kind)->second(context);
  } catch (const std::exception& error) {
    return fail(Errc::internal, std::string("a mistake in the program: ") + error.what());
  }
}

store::RunEnd Scheduler::end_of(const RunContext& context, const Result<Outcome>& outcome) {
  using store::RunState;
  store::RunEnd end;
  if (outcome) {
    end.message = outcome->message;
    end.result = json::serialize(outcome->result);
    return end;
  }
  const auto& error = outcome.error();
  if (context.cancelled_) {
    end.state = RunState::cancelled;
    return end;
  }
  if (context.stopping()) {
    // Not its fault: as if it had not begun.
    end.state = RunState::waiting;
    end.counts = false;
    return end;
  }
  end.error = error.to_string();
  if (error.retryable()) {
    wait_or_give_up(context.run(), end);
  } else if (is_permanent(error.code()) || error.code() == Errc::cancelled ||
             context.run().attempt >= options_.attempts_max) {
    end.state = RunState::failed;
  } else {
    end.state = RunState::waiting;
    end.again_at = clock_.now() + backoff(context.run().attempt);
  }
  return end;
}

/// What is unavailable says nothing about the run, and does not count as an attempt of it, unless it lasts.
void Scheduler::wait_or_give_up(const store::Run& run, store::RunEnd& end) {
  const auto now = Steady::now();
  Outage outage;
  {
    const std::scoped_lock lock(mutex_);
    auto& known = outages_.try_emplace(run.id, Outage{now, clock_.now(), 0}).first->second;
    ++known.tries;
    outage = known;
  }
  if (now - outage.since < options_.unavailable_max) {
    end.state = store::RunState::waiting;
    end.counts = false;
    end.again_at = clock_.now() + backoff(outage.tries);
    return;
  }
  end.state = store::RunState::failed;
  if (outage.tries > 1) {
    const auto since = to_sql_time(std::chrono::floor<std::chrono::seconds>(outage.since_time));
    end.error += fmt::format("; given up: tried {} times since {} UTC", outage.tries, since);
  }
}

/// Waits while the database is away, and goes on for a while if it refuses; the keeper goes on saying that the run
/// lives. True if it is written, or another process has the run, or this one stops.
bool Scheduler::write_end(const RunContext& context, store::RunEnd end) {
  constexpr milliseconds kPauseMax(10'000);
  const auto give_up = Steady::now() + options_.write_end_max;
  bool is_told_plainly = false;
  for (milliseconds pause(100);; pause = std::min(pause * 2, kPauseMax)) {
    const auto written = repository_.finish(context.run(), end, clock_.now());
    if (written) return true;
    const auto& error = written.error();
    if (error.code() == Errc::conflict) {
      log(LogLevel::warning, "jobs.lost", {{"run", run_name(context.run())}});
      return true;
    }
    const bool is_away = error.retryable() || error.code() == Errc::timeout;
    if (is_permanent(error.code()) && !is_told_plainly) {
      // Something of what it says cannot be stored; that it ended can.
      is_told_plainly = true;
      end.error = fmt::format("it ended as {}, which could not be stored: {}", to_string(end.state), error.to_string());
      end.state = store::RunState::failed;
      end.message.clear();
      end.result.clear();
      end.again_at.reset();
      end.counts = true;
      continue;
    }
    if (is_permanent(error.code()) || (!is_away && Steady::now() > give_up)) {
      log(LogLevel::error, "jobs.end_not_written", {{"run", run_name(context.run())}, {"error", error.to_string()}});
      return false;
    }
    if (sleep(pause)) {
      write_end_at_last(context, end);
      return true;
    }
  }
}

/// Once more when the process ends, even if the run's own call was cut off as its server did not answer in time: it may
/// only have been slow. If this fails too, others take the run over when it is silent.
void Scheduler::write_end_at_last(const RunContext& context, const store::RunEnd& end) {
  const db::LastWord time(kLastWord);
  const auto written = repository_.finish(context.run(), end, clock_.now());
  if (written || written.error().code() == Errc::conflict) return;
  log(LogLevel::warning, "jobs.not_handed_back",
      {{"run", run_name(context.run())}, {"error", written.error().to_string()}});
}

}  // namespace offx::jobs
