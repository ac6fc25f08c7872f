// Schedulers beside one another, on every engine: each due time has one effect, whatever ends, sleeps or fails.

#include "jobs/scheduler.h"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "base/test_support.h"
#include "db/forwarding_client.h"
#include "db/stop.h"
#include "db/test_faults.h"
#include "db/test_servers.h"
#include "migrate/linted_client.h"
#include "store/catalogue.h"
#include "store/store.h"

namespace offx::jobs {
namespace {

using db::Fault;
using db::FaultyClient;
using std::chrono::hours;
using std::chrono::milliseconds;
using store::RunState;

Timestamp at(std::string_view text) { return parse_time(text).value(); }

/// Stands still until it is put.
class PutClock final : public Clock {
 public:
  explicit PutClock(Timestamp time) : ms_(time.time_since_epoch().count()) {}
  [[nodiscard]] Timestamp now() const override { return Timestamp(milliseconds(ms_.load())); }
  void put(Timestamp time) { ms_ = time.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> ms_;
};

SchedulerOptions quick() {
  SchedulerOptions options;
  options.poll_every = milliseconds(20);
  options.beat_every = milliseconds(20);
  options.silent_max = milliseconds(2'000);
  options.retry_after = milliseconds(1);
  options.retry_after_max = milliseconds(2);
  return options;
}

class Schedulers : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "sqlite") {
      url_ = folder_ / "a.db";
    } else {
      if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
      url_ = db::empty_database_on(GetParam());
    }
    client_ = open();
    must(store::initialise(*client_));
    repository_.emplace(*client_);
    must(client_->execute("CREATE TABLE effects (n INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER, due TEXT)"));
    // Only what a test makes.
    for (auto job : must(repository_->list())) {
      job.enabled = false;
      must(repository_->update(job, clock_.now()));
    }
  }

  std::unique_ptr<db::DatabaseClient> open() { return migrate::linted(must(db::create_database_client(url_))); }

  store::Job add_job(std::string_view schedule) {
    store::Job job;
    job.kind = "note";
    job.title = "Mine";
    job.schedule = schedule;
    job.time_zone = "Europe/Berlin";
    return must(repository_->get(must(repository_->add(job, clock_.now()))));
  }
  store::Run enqueue() { return must(repository_->enqueue("note", "Mine", "{}", "ann", clock_.now())); }

  static Result<Outcome> note(RunContext& context) {
    OFFX_TRY(context.client().execute("INSERT INTO effects (run, due) VALUES (?1, ?2)",
                                      {context.run().id, to_sql_time(context.run().due_at)}));
    return Outcome{"noted", {}};
  }
  static Kinds noting() { return {{"note", &note}}; }

  std::vector<std::string> effects() {
    const auto rows = must(client_->execute("SELECT due FROM effects ORDER BY n"));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.rows(); ++i) texts.push_back(db::to_text(rows.row(i)[0]).substr(0, 16));
    return texts;
  }

  bool eventually(const std::function<bool()>& holds, milliseconds limit = milliseconds(20'000)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }
  bool comes_to(std::int64_t id, RunState state) {
    return eventually([&] { return must(repository_->run(id)).state == state; });
  }
  /// The same of any end, with a clock that goes on: what failed is tried again later.
  bool ends(std::int64_t id) {
    return eventually([&] {
      clock_.put(clock_.now() + milliseconds(5));
      return is_over(must(repository_->run(id)).state);
    });
  }
  std::optional<Timestamp> next_due(const store::Job& job) { return must(repository_->get(job.id)).next_due_at; }

  TemporaryFolder folder_;
  std::string url_;
  std::unique_ptr<db::DatabaseClient> client_;
  std::optional<store::JobRepository> repository_;
  PutClock clock_{at("2026-11-20 12:00:00")};
};

INSTANTIATE_TEST_SUITE_P(Engines, Schedulers, testing::Values("sqlite", "sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

TEST_P(Schedulers, ten_of_them_do_each_due_time_once) {
  const auto job = add_job("0 6 * * *");
  std::vector<std::unique_ptr<db::DatabaseClient>> clients;
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(open());
    schedulers.push_back(std::make_unique<Scheduler>(*clients.back(), clock_, noting(), quick()));
  }
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2026-11-21 05:00"); }));
  std::vector<std::string> expected;
  for (int day = 0; day < 5; ++day) {
    const auto due = at("2026-11-21 05:00") + hours(24 * day);
    expected.push_back(to_sql_time(due).substr(0, 16));
    clock_.put(due + milliseconds(300));
    ASSERT_TRUE(eventually([&] { return effects().size() == expected.size(); })) << day;
    ASSERT_TRUE(eventually([&] { return must(repository_->outlook()).open.empty(); }));
  }
  for (const auto& scheduler : schedulers) scheduler->stop();
  EXPECT_EQ(effects(), expected);
}

TEST_P(Schedulers, what_was_missed_is_one_run_and_a_clock_that_jumps_makes_no_flood) {
  const auto job = add_job("0 6 * * *");
  Scheduler scheduler(*client_, clock_, noting(), quick());
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2026-11-21 05:00"); }));
  // A year ahead: the last time alone.
  clock_.put(at("2027-11-20 12:00"));
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2027-11-21 05:00"); }));
  ASSERT_TRUE(eventually([&] { return effects().size() == 1; }));
  EXPECT_EQ(effects().back(), "2027-11-20 05:00");
  // And back: it does not sleep for a year.
  clock_.put(at("2026-11-20 12:00"));
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2026-11-21 05:00"); }));
  clock_.put(at("2026-11-21 05:00"));
  ASSERT_TRUE(eventually([&] { return effects().size() == 2; }));
  ASSERT_TRUE(eventually([&] { return must(repository_->outlook()).open.empty(); }));
  // A day back: what was done on that day is not done again.
  clock_.put(at("2026-11-20 12:00"));
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2026-11-21 05:00"); }));
  clock_.put(at("2026-11-21 05:00"));
  ASSERT_TRUE(eventually([&] { return next_due(job) == at("2026-11-22 05:00"); }));
  clock_.put(at("2026-11-22 05:00"));
  ASSERT_TRUE(eventually([&] { return effects().size() == 3; }));
  EXPECT_THAT(effects(), testing::ElementsAre("2027-11-20 05:00", "2026-11-21 05:00", "2026-11-22 05:00"));
}

TEST_P(Schedulers, what_a_process_left_that_is_gone_is_taken_over) {
  const auto run = enqueue();
  auto dead = new_holder_name();
  dead.replace(0, dead.find(" #"), "here pid 4194303");  // beyond what a process is given by default
  ASSERT_TRUE(must(repository_->claim(dead, clock_.now(), {{"note"}, clock_.now() + hours(1), {}})));
  Scheduler scheduler(*client_, clock_, noting(), quick());
  ASSERT_TRUE(comes_to(run.id, RunState::done));
  EXPECT_EQ(effects().size(), 1U);
  EXPECT_EQ(must(repository_->run(run.id)).attempt, 2);
}

TEST_P(Schedulers, who_slept_too_long_can_write_nothing) {
  const auto run = enqueue();
  std::atomic<int> calls = 0;
  std::atomic<bool> taken_over = false;
  std::atomic<bool> refused = false;
  const Kinds kinds = {{"note", [&](RunContext& context) -> Result<Outcome> {
                          if (calls++ > 0) {
                            auto done = note(context);
                            taken_over = true;
                            return done;
                          }
                          eventually([&] { return taken_over.load(); });
                          auto late = note(context);
                          refused = !late;
                          return late;
                        }}};
  auto slow = quick();
  slow.beat_every = milliseconds(3'600'000);  // as if the whole process stood still
  slow.poll_every = milliseconds(3'600'000);
  auto other = quick();
  other.silent_max = milliseconds(100);
  auto second_client = open();
  Scheduler sleeper(*client_, clock_, kinds, slow);
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  Scheduler scheduler(*second_client, clock_, kinds, other);
  ASSERT_TRUE(comes_to(run.id, RunState::done));
  ASSERT_TRUE(eventually([&] { return refused.load(); }));
  sleeper.stop();
  scheduler.stop();
  EXPECT_EQ(effects().size(), 1U);
  EXPECT_EQ(must(repository_->run(run.id)).state, RunState::done);
}

TEST_P(Schedulers, a_run_that_works_long_is_left_alone) {
  const auto run = enqueue();
  std::atomic<int> calls = 0;
  const Kinds kinds = {{"note", [&](RunContext& context) -> Result<Outcome> {
                          ++calls;
                          std::this_thread::sleep_for(milliseconds(1'000));
                          return note(context);
                        }}};
  auto options = quick();
  options.silent_max = milliseconds(400);
  auto second_client = open();
  Scheduler first(*client_, clock_, kinds, options);
  Scheduler second(*second_client, clock_, kinds, options);
  ASSERT_TRUE(comes_to(run.id, RunState::done));
  EXPECT_EQ(calls, 1);
}

TEST_P(Schedulers, stopping_hands_back_and_another_goes_on) {
  const auto run = enqueue();
  std::atomic<bool> began = false;
  {
    Scheduler first(*client_, clock_,
                    {{"note",
                      [&](RunContext& context) -> Result<Outcome> {
                        began = true;
                        while (context.progress(1, 2, "posts")) std::this_thread::sleep_for(milliseconds(1));
                        return fail(Errc::cancelled, "stopped");
                      }}},
                    quick());
    ASSERT_TRUE(eventually([&] { return began.load(); }));
    first.stop();
    first.stop();
  }
  auto now = must(repository_->run(run.id));
  EXPECT_EQ(now.state, RunState::waiting);
  EXPECT_EQ(now.attempt, 0);
  Scheduler second(*client_, clock_, noting(), quick());
  ASSERT_TRUE(comes_to(run.id, RunState::done));
  EXPECT_EQ(must(repository_->run(run.id)).attempt, 1);
}

TEST(StoppedSchedulers, hand_back_what_a_call_that_was_cut_off_was_part_of) {
  if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  db::Sqld sqld;  // no other test's: it is stopped and goes on
  const auto url = sqld.make_database() + "&timeout_ms=60000";
  auto client = must(db::create_database_client(url));
  must(store::initialise(*client));
  const SystemClock clock;
  store::JobRepository repository(*client);
  for (const bool comes_back : {true, false}) {
    const auto run = must(repository.enqueue("note", "Mine", "{}", "ann", clock.now()));
    std::atomic<bool> began = false;
    std::atomic<bool> stops = false;
    auto own_client = must(db::create_database_client(url));
    auto options = quick();
    options.only_run = run.id;
    const auto begin = std::chrono::steady_clock::now();
    {
      Scheduler scheduler(*own_client, clock,
                          {{"note",
                            [&](RunContext& context) -> Result<Outcome> {
                              sqld.process().freeze();
                              began = true;
                              const auto cut_off = context.client().execute("SELECT 1");
                              EXPECT_FALSE(cut_off.has_value());
                              if (comes_back) sqld.process().thaw();
                              return fail(Errc::cancelled, "stopped");
                            }}},
                          options);
      while (!began) std::this_thread::sleep_for(milliseconds(1));
      stops = true;
      db::stop_calls_when(&stops);
      scheduler.stop();
      db::stop_calls_when(nullptr);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(40)) << "long before the time of a call";
    if (!comes_back) break;
    const auto now = must(repository.run(run.id));
    EXPECT_EQ(now.state, RunState::waiting);
    EXPECT_EQ(now.attempt, 0);
  }
}

TEST_P(Schedulers, a_cancelled_run_ends) {
  const auto run = enqueue();
  std::atomic<bool> began = false;
  Scheduler scheduler(*client_, clock_,
                      {{"note",
                        [&](RunContext& context) -> Result<Outcome> {
                          context.message("at it");
                          while (context.progress(1, 2, "posts")) {
                            began = true;
                            std::this_thread::sleep_for(milliseconds(1));
                          }
                          return fail(Errc::cancelled, "stopped");
                        }}},
                      quick());
  ASSERT_TRUE(eventually([&] { return must(repository_->run(run.id)).message == "at it"; }));
  EXPECT_EQ(must(repository_->run(run.id)).progress->total, 2U);
  must(repository_->cancel(run.id, clock_.now()));
  scheduler.wake();
  ASSERT_TRUE(comes_to(run.id, RunState::cancelled));
}

TEST_P(Schedulers, what_fails_is_tried_again_as_often_as_its_error_is_worth) {
  std::atomic<int> calls = 0;
  std::atomic<Errc> code = Errc::io;
  std::atomic<int> failures = 1'000;
  Scheduler scheduler(*client_, clock_,
                      {{"note",
                        [&](RunContext& context) -> Result<Outcome> {
                          if (++calls <= failures) return fail(code, "it did not go");
                          return note(context);
                        }}},
                      quick());
  const auto attempts = [&](Errc with, int failing, RunState state) {
    calls = 0;
    code = with;
    failures = failing;
    const auto run = enqueue();
    scheduler.wake();
    // What waits for its time to come again sees it come.
    EXPECT_TRUE(ends(run.id));
    const auto end = must(repository_->run(run.id));
    EXPECT_EQ(end.state, state);
    EXPECT_EQ(end.error, state == RunState::failed ? "it did not go" : "");
    return calls.load();
  };
  EXPECT_EQ(attempts(Errc::io, 1'000, RunState::failed), 3);
  EXPECT_EQ(attempts(Errc::invalid_argument, 1'000, RunState::failed), 1);
  EXPECT_EQ(attempts(Errc::io, 2, RunState::done), 3);
  // Says nothing about the run.
  EXPECT_EQ(attempts(Errc::unavailable, 10, RunState::done), 11);
}

TEST_P(Schedulers, what_stays_unavailable_is_given_up_and_the_history_says_so) {
  auto options = quick();
  options.unavailable_max = milliseconds(100);
  std::atomic<int> calls = 0;
  Scheduler scheduler(*client_, clock_,
                      {{"note",
                        [&](RunContext&) -> Result<Outcome> {
                          ++calls;
                          return fail(Errc::unavailable, "the other end does not answer");
                        }}},
                      options);
  const auto run = enqueue();
  scheduler.wake();
  EXPECT_TRUE(ends(run.id));
  const auto end = must(repository_->run(run.id));
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_GT(calls, 1);
  EXPECT_THAT(end.error, testing::StartsWith("the other end does not answer; given up: tried "));
  EXPECT_THAT(end.error, testing::HasSubstr(std::to_string(calls) + " times since 2026-11-20"));
}

/// Refuses to write how runs end, or such ends as say a word.
class RefusingClient final : public db::ForwardingClient {
 public:
  RefusingClient(db::DatabaseClient& client, Errc code, std::string word)
      : ForwardingClient(client), code_(code), word_(std::move(word)) {}
  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    const auto* const values = std::get_if<db::Params::Positional>(&params.values());
    if (sql == store::sql(store::Query::job_run_finish) && values != nullptr &&
        std::any_of(values->begin(), values->end(),
                    [&](const db::Value& value) { return db::to_text(value).find(word_) != std::string::npos; })) {
      return fail(code_, "this cannot be stored");
    }
    return client().execute(sql, params);
  }

 private:
  const Errc code_;
  const std::string word_;
};

TEST_P(Schedulers, an_end_that_cannot_be_stored_as_it_is_is_told_plainly) {
  RefusingClient refusing(*client_, Errc::invalid_argument, "unspeakable");
  Scheduler scheduler(refusing, clock_,
                      {{"note", [](RunContext&) -> Result<Outcome> { return Outcome{"unspeakable", {}}; }}}, quick());
  const auto run = enqueue();
  scheduler.wake();
  EXPECT_TRUE(comes_to(run.id, RunState::failed));
  EXPECT_EQ(must(repository_->run(run.id)).error, "it ended as done, which could not be stored: this cannot be stored");
}

TEST_P(Schedulers, a_run_whose_end_is_always_refused_is_not_done_for_ever) {
  for (const auto code : {Errc::invalid_argument, Errc::io}) {
    RefusingClient refusing(*client_, code, "");
    auto options = quick();
    options.silent_max = milliseconds(300);
    options.write_end_max = milliseconds(100);
    std::atomic<int> calls = 0;
    Scheduler scheduler(refusing, clock_,
                        {{"note",
                          [&](RunContext&) -> Result<Outcome> {
                            ++calls;
                            return Outcome{};
                          }}},
                        options);
    const auto run = enqueue();
    scheduler.wake();
    EXPECT_TRUE(ends(run.id));
    const auto end = must(repository_->run(run.id));
    EXPECT_EQ(end.state, RunState::failed);
    EXPECT_EQ(calls, 3);
    EXPECT_THAT(end.error, testing::HasSubstr("could not write how it ended"));
  }
}

TEST_P(Schedulers, kinds_it_does_not_know_wait_for_one_that_does) {
  const auto run = must(repository_->enqueue("later", "Of the next release", "{}", "ann", clock_.now()));
  Scheduler scheduler(*client_, clock_, noting(), quick());
  const auto own = enqueue();
  ASSERT_TRUE(comes_to(own.id, RunState::done));
  EXPECT_EQ(must(repository_->run(run.id)).state, RunState::waiting);
}

TEST_P(Schedulers, an_exception_of_a_library_fails_the_run_alone) {
  const auto run = enqueue();
  Scheduler scheduler(*client_, clock_,
                      {{"note", [](RunContext&) -> Result<Outcome> { throw std::runtime_error("broken"); }}}, [] {
                        auto options = quick();
                        options.attempts_max = 1;
                        return options;
                      }());
  ASSERT_TRUE(comes_to(run.id, RunState::failed));
  EXPECT_THAT(must(repository_->run(run.id)).error, testing::HasSubstr("broken"));
}

// --- A database that fails

/// A database that can be away for a while.
class AwayClient final : public db::ForwardingClient {
 public:
  AwayClient(db::DatabaseClient& client, const std::atomic<bool>& is_away)
      : ForwardingClient(client), is_away_(is_away) {}
  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    if (is_away_) return fail(Errc::unavailable, "away");
    return client().execute(sql, params);
  }
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    if (is_away_) return fail(Errc::unavailable, "away");
    return client().batch(statements, mode);
  }

 private:
  const std::atomic<bool>& is_away_;
};

TEST_P(Schedulers, after_the_database_was_away_those_who_live_are_left_alone) {
  const auto run = enqueue();
  std::atomic<bool> is_away = false;
  std::atomic<bool> finish = false;
  std::atomic<int> calls = 0;
  const Kinds kinds = {{"note", [&](RunContext& context) -> Result<Outcome> {
                          ++calls;
                          eventually([&] { return finish.load() || context.stopping(); });
                          return note(context);
                        }}};
  auto second_client = open();
  AwayClient first_away(*client_, is_away);
  AwayClient second_away(*second_client, is_away);
  auto slow = quick();
  slow.beat_every = milliseconds(600);  // the other looks first when the database is back
  Scheduler first(first_away, clock_, kinds, slow);
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  Scheduler second(second_away, clock_, kinds, quick());
  std::this_thread::sleep_for(milliseconds(300));
  is_away = true;
  std::this_thread::sleep_for(quick().silent_max + milliseconds(300));
  is_away = false;
  std::this_thread::sleep_for(milliseconds(1'000));
  finish = true;
  ASSERT_TRUE(comes_to(run.id, RunState::done));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(must(repository_->run(run.id)).fence, 1);
}

TEST_P(Schedulers, a_run_is_heard_of_long_before_the_next_poll) {
  const auto run = enqueue();
  std::atomic<bool> finish = false;
  auto options = quick();
  options.poll_every = milliseconds(3'600'000);
  Scheduler scheduler(*client_, clock_,
                      {{"note",
                        [&](RunContext& context) -> Result<Outcome> {
                          std::this_thread::sleep_for(milliseconds(200));  // the keeper sleeps by now
                          context.message("at it");
                          eventually([&] { return finish.load(); });
                          return note(context);
                        }}},
                      options);
  EXPECT_TRUE(eventually([&] { return must(repository_->run(run.id)).message == "at it"; }, milliseconds(5'000)));
  finish = true;
}

TEST_P(Schedulers, whichever_call_fails_the_effect_comes_once) {
  // Idempotent, as all effects are whose own answer may be lost.
  const Kinds kinds = {{"note", [](RunContext& context) -> Result<Outcome> {
                          OFFX_TRY(context.client().execute(
                              "INSERT INTO effects (n, run, due) VALUES (?1, ?1, ?2) ON CONFLICT (n) DO NOTHING",
                              {context.run().id, to_sql_time(context.run().due_at)}));
                          return Outcome{};
                        }}};
  must(repository_->set_next_due(add_job("0 * * * *"), at("2026-11-20 13:00")));
  int times = 0;
  for (const auto fault : {Fault::refused, Fault::lost}) {
    // A poll more or less is chance; what a run does lies within the first dozen calls.
    for (int nth = 1; nth <= 14; ++nth) {
      FaultyClient faulty(*client_, fault, nth, Errc::unavailable);
      Scheduler scheduler(faulty, clock_, kinds, quick());
      clock_.put(at("2026-11-20 12:00") + hours(++times));
      ASSERT_TRUE(eventually([&] {
        clock_.put(clock_.now() + milliseconds(5));  // for retries
        return must(repository_->outlook()).open.empty() && effects().size() == static_cast<std::size_t>(times) &&
               faulty.failed();
      })) << nth
          << (fault == Fault::lost ? " lost" : " refused");
    }
  }
  EXPECT_EQ(effects().size(), static_cast<std::size_t>(times));
}

}  // namespace
}  // namespace offx::jobs
