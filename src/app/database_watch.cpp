#include "app/database_watch.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "api/accounts.h"
#include "app/notify.h"
#include "app/output.h"
#include "base/log.h"
#include "db/fallback_reads.h"
#include "db/outage.h"
#include "db/stop.h"
#include "jobs/kinds.h"
#include "pipeline/filer.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/store.h"

namespace offx::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kProbeInterval = 5s;  // of a database that answers
constexpr auto kRetryInterval = 1s;  // of one that does not

bool stop_is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

/// Whether waiting may help.
bool may_mend(const Error& error) {
  return error.retryable() || error.code() == Errc::timeout || error.code() == Errc::cancelled;
}

/// The first user, from the environment or by a link that is printed once.
Result<void> prepare_accounts(db::DatabaseClient& client, const Clock& clock, const ServeConfig& config) {
  api::Accounts accounts(client, clock, {});
  OFFX_ASSIGN(const bool setup_required, accounts.is_setup_required());
  if (!setup_required) return {};
  if (!config.first_username.empty()) {
    if (auto made = accounts.add_user(config.first_username, config.first_password, true); !made) {
      if (made.error().code() == Errc::conflict) return {};  // another process was faster
      return fail(std::move(made).error().within("AUTH_USERNAME, AUTH_PASSWORD"));
    }
    log(LogLevel::info, "user.added", {{"username", config.first_username}});
    return {};
  }
  if (!config.listens_on_loopback && !config.allow_remote_setup) {
    return fail(Errc::invalid_argument,
                "there is no user yet, and whoever reaches " + config.listen +
                    " first could try to become the first: make one with `offx user add NAME`, or say "
                    "--allow-remote-setup");
  }
  OFFX_ASSIGN(const auto token, accounts.make_setup_token());
  // Behind #, which browsers keep to themselves: it comes into no log. Only here, never in a log line.
  print(fmt::format("Set OFFX up, within the hour: {}/setup#{}\n", config.shown_url(), token));
  std::fflush(stdout);
  return {};
}

/// What an earlier release kept for the one before it goes, in a run of its own, so that its history tells of it. If
/// the database does not answer yet, the job of every day does it.
void ask_to_finish_migrations(db::DatabaseClient& client, const Clock& clock) {
  const auto names = store::migrations_to_complete(client);
  if (!names || names->empty()) return;
  const auto asked =
      store::JobRepository(client).enqueue("complete_migrations", "Finish migrations", "{}", "start", clock.now());
  if (!asked) log(LogLevel::warning, "migrations.not_finished", {{"message", asked.error().to_string()}});
}

}  // namespace

DatabaseWatch::DatabaseWatch(const Context& context, const ServeConfig& config, db::DatabaseClient& client,
                             api::Readiness& readiness)
    : context_(context), config_(config), client_(client), readiness_(readiness), watchdog_(watchdog_interval()) {}

DatabaseWatch::~DatabaseWatch() { stop(); }

Result<void> DatabaseWatch::start(std::chrono::milliseconds patience) {
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return has_looked_; });
  if (failure_) return fail(*failure_);
  has_started_ = true;
  return {};
}

void DatabaseWatch::wake_jobs() {
  const std::scoped_lock lock(mutex_);
  if (scheduler_) scheduler_->wake();
}

void DatabaseWatch::stop() {
  static const std::atomic<bool> stopped = true;
  db::stop_calls_when(&stopped);
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;  // from now on nobody makes a scheduler
  }
  // Meanwhile the thread feeds the watchdog.
  if (scheduler_) scheduler_->stop();
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  use_.reset();
}

Result<void> DatabaseWatch::failure() const {
  const std::scoped_lock lock(mutex_);
  if (failure_) return fail(*failure_);
  return {};
}

Result<void> DatabaseWatch::open() {
  OFFX_TRY(store::initialise(client_, [this](const migrate::WorkState& state) {
    readiness_.asked();
    readiness_.set_away("the tables of the database are being carried to this release",
                        "Wait: that takes as long as copying their rows does.", std::string(state.what));
    return goes_on();
  }));
  OFFX_ASSIGN(auto use, context_.announce(client_, "serve"));
  ask_to_finish_migrations(client_, context_.clock);
  OFFX_TRY(prepare_accounts(client_, context_.clock, config_));
  use_ = std::move(use);
  const std::scoped_lock lock(mutex_);
  if (!ends_) {
    scheduler_ = std::make_unique<jobs::Scheduler>(client_, context_.clock, jobs::standard_kinds(config_.data_folder));
  }
  return {};
}

Result<void> DatabaseWatch::ask() {
  OFFX_TRY(client_.execute(store::sql(store::Query::topic_rule_revision)));
  return {};
}

/// Errc::unavailable and the like are noted; others are returned.
Result<void> DatabaseWatch::look() {
  const bool was_open = use_ != nullptr;
  if (!was_open) note_replica(false);
  readiness_.asked();
  auto state = was_open ? ask() : open();
  if (state && !was_open) note_replica(true);
  const bool is_final = !was_open && !state && !may_mend(state.error());
  if (!is_final) note(state);  // else the process ends with it, and tells it so
  readiness_.answered();
  return is_final ? state : Result<void>();
}

/// Once the tables of this release are there, or seen at the replica, that can be shown.
void DatabaseWatch::note_replica(bool is_open) {
  if (!db::has_replica(context_.db_url) || readiness_.is_read_only()) return;
  db::FallbackReads at_replica(client_, [] { return true; });
  const auto seen = is_open ? Result<bool>(true) : store::is_initialised(at_replica);
  if (seen && *seen) readiness_.set_has_replica();
}

void DatabaseWatch::note(const Result<void>& state) {
  is_ready_ = state.has_value();
  const auto problem = state ? std::string() : state.error().to_string();
  // Said again even if it is the same: while it was tried something else may have been said.
  if (is_ready_) {
    readiness_.set_ready();
  } else {
    const auto outage = db::outage_of(state.error());
    readiness_.set_away(std::string(outage.reason), std::string(outage.advice), problem);
  }
  if (problem == last_) return;
  if (is_ready_) {
    log(LogLevel::info, "database.ready", {{"database", client_.description()}});
  } else {
    log(LogLevel::warning, "database.unavailable", {{"message", problem}});
  }
  last_ = problem;
}

/// The main thread waits for signals.
void DatabaseWatch::give_up(Error error) {
  const std::scoped_lock lock(mutex_);
  failure_ = std::move(error);
  has_looked_ = true;
  changed_.notify_all();
  if (has_started_) kill(getpid(), SIGTERM);
}

/// Asked by work that may take long: as long as it asks, it is alive.
bool DatabaseWatch::goes_on() {
  if (watchdog_.count() > 0) notify_service_manager("WATCHDOG=1");
  const std::scoped_lock lock(mutex_);
  return !ends_ && !stop_is_pending();
}

void DatabaseWatch::run() {
  bool has_filed_topics = false;
  for (;;) {
    if (auto looked = look(); !looked) return give_up(std::move(looked).error());
    {
      const std::scoped_lock lock(mutex_);
      has_looked_ = true;
    }
    changed_.notify_all();
    if (watchdog_.count() > 0) notify_service_manager("WATCHDOG=1");
    if (is_ready_) {
      if (!has_filed_topics) {
        has_filed_topics = file(&pipeline::file_unfiled_posts);
      } else {
        file(&pipeline::file_noted_posts);
      }
    }
    auto wait = std::chrono::milliseconds(is_ready_ ? kProbeInterval : kRetryInterval);
    if (watchdog_.count() > 0) wait = std::min(wait, watchdog_ / 3);
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, wait, [this] { return stopping_; })) return;
  }
}

/// What other programs wrote, before and meanwhile. Later, topics are filed by the jobs of those who edit them. False
/// if trying again may help.
bool DatabaseWatch::file(Result<std::uint64_t> (*how)(db::DatabaseClient&, const Clock&, const db::Progress&)) {
  const auto filed = how(client_, context_.clock, [this](std::uint64_t, std::uint64_t) { return goes_on(); });
  const auto problem = filed || filed.error().code() == Errc::cancelled ? "" : filed.error().to_string();
  if (problem != filing_problem_ && !problem.empty()) {
    log(LogLevel::warning, "posts.not_filed", {{"message", problem}});
  }
  filing_problem_ = problem;
  return filed || (!filed.error().retryable() && filed.error().code() != Errc::cancelled);
}

}  // namespace offx::app
