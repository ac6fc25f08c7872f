// Jobs and runs as rows: who gets a run, who keeps it, and what happens to those who lost it; on every engine.

#include "store/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/test_servers.h"
#include "migrate/linted_client.h"
#include "store/catalogue.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Timestamp at(std::string_view text) { return parse_time(text).value(); }
const Timestamp kNow = at("2026-11-20 14:05:17");
const Timestamp kFar = kNow + hours(2);
const JobRepository::Wanted kAny = {{"import", "summarise"}, kFar, {}};

class Jobs : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "sqlite") {
      client_ = migrate::linted(must(db::create_database_client(":memory:")));
    } else {
      if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
      client_ = migrate::linted(must(db::create_database_client(db::empty_database_on(GetParam()))));
    }
    must(initialise(*client_));
    jobs_.emplace(*client_);
  }

  Job add_job(std::optional<Timestamp> next_due_at = kNow) {
    Job job;
    job.kind = "summarise";
    job.title = "Mine";
    job.schedule = "@daily";
    job.time_zone = "Europe/Berlin";
    job.options = R"({"period":"day"})";
    job.next_due_at = next_due_at;
    return must(jobs_->get(must(jobs_->add(job, kNow))));
  }
  store::Run enqueue(std::string_view title = "An import") {
    return must(jobs_->enqueue("import", title, "{}", "ann", kNow));
  }
  store::Run claim(std::string_view owner) { return must(jobs_->claim(owner, kNow, kAny)).value(); }

  std::unique_ptr<db::DatabaseClient> client_;
  std::optional<JobRepository> jobs_;
};

INSTANTIATE_TEST_SUITE_P(Engines, Jobs, testing::Values("sqlite", "sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

TEST_P(Jobs, built_in_jobs_are_there_once_and_can_be_switched_off_but_not_removed) {
  must(initialise(*client_));
  auto jobs = must(jobs_->list());
  ASSERT_EQ(jobs.size(), 6U);
  jobs[0].enabled = false;
  must(jobs_->update(jobs[0], kNow));
  EXPECT_FALSE(must(jobs_->get(jobs[0].id)).enabled);
  EXPECT_EQ(jobs_->remove(jobs[0].id, kNow).error().code(), Errc::conflict);
  EXPECT_EQ(must(jobs_->list()).size(), 6U);
}

TEST_P(Jobs, a_job_is_stored_as_it_was_given_and_adding_it_again_gives_the_same) {
  const auto job = add_job();
  EXPECT_EQ(add_job().id, job.id);
  EXPECT_EQ(job.title, "Mine");
  EXPECT_EQ(job.time_zone, "Europe/Berlin");
  EXPECT_EQ(job.next_due_at, kNow);
  EXPECT_TRUE(job.name.empty());
  EXPECT_TRUE(job.enabled);
}

TEST_P(Jobs, a_due_time_makes_one_run_however_often_it_is_fired) {
  const auto job = add_job();
  must(jobs_->fire(job, kNow, kNow + hours(24), kNow));
  must(jobs_->fire(job, kNow, kNow + hours(24), kNow));
  const auto runs = must(jobs_->runs({.job_id = job.id, .kind = {}, .state = {}, .before_id = {}}, 10));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].due_at, kNow);
  EXPECT_EQ(runs[0].options, job.options);
  EXPECT_EQ(must(jobs_->get(job.id)).next_due_at, kNow + hours(24));
}

TEST_P(Jobs, a_job_that_runs_still_is_not_started_again_and_gets_its_next_time) {
  const auto job = add_job();
  must(jobs_->fire(job, kNow, kNow + hours(24), kNow));
  must(jobs_->fire(must(jobs_->get(job.id)), kNow + hours(24), kNow + hours(48), kNow + hours(24)));
  EXPECT_EQ(must(jobs_->runs({.job_id = job.id, .kind = {}, .state = {}, .before_id = {}}, 10)).size(), 1U);
  EXPECT_EQ(must(jobs_->get(job.id)).next_due_at, kNow + hours(48));
}

TEST_P(Jobs, a_job_that_was_edited_meanwhile_is_not_fired_by_its_old_schedule) {
  const auto seen = add_job();
  auto edited = seen;
  edited.schedule = "@weekly";
  edited.next_due_at = kNow + hours(100);
  must(jobs_->update(edited, kNow + milliseconds(5)));
  must(jobs_->fire(seen, kNow, kNow + hours(24), kNow));
  must(jobs_->set_next_due(seen, kNow));
  EXPECT_TRUE(must(jobs_->runs({.job_id = seen.id, .kind = {}, .state = {}, .before_id = {}}, 10)).empty());
  EXPECT_EQ(must(jobs_->get(seen.id)).next_due_at, kNow + hours(100));
}

TEST_P(Jobs, a_run_has_one_owner) {
  const auto asked = enqueue();
  EXPECT_EQ(enqueue().id, asked.id);
  EXPECT_EQ(asked.state, RunState::waiting);
  EXPECT_FALSE(must(jobs_->claim("a", kNow, {{"backup"}, kFar, {}})));
  const auto mine = claim("a");
  EXPECT_EQ(mine.id, asked.id);
  EXPECT_EQ(mine.state, RunState::running);
  EXPECT_EQ(mine.attempt, 1);
  EXPECT_EQ(mine.owner, "a");
  EXPECT_EQ(claim("a").fence, mine.fence);
  EXPECT_FALSE(must(jobs_->claim("b", kNow, kAny)).has_value());
  EXPECT_FALSE(must(jobs_->claim("b", kNow, {kAny.kinds, kFar, asked.id})).has_value());
}

TEST_P(Jobs, who_lost_a_run_can_write_nothing_of_it) {
  enqueue();
  const auto old = claim("a");
  RunEnd again;
  again.state = RunState::waiting;
  EXPECT_TRUE(must(jobs_->take_away(old, again, kNow)));
  EXPECT_FALSE(must(jobs_->take_away(old, again, kNow)));
  const auto mine = claim("b");
  EXPECT_GT(mine.fence, old.fence);
  EXPECT_EQ(mine.attempt, 2);
  EXPECT_EQ(jobs_->renew(old).error().code(), Errc::conflict);
  EXPECT_EQ(jobs_->finish(old, {}, kNow).error().code(), Errc::conflict);

  const auto effect = [&](const store::Run& run) {
    const std::vector<db::Statement> statements = {only_while_running(run), {"CREATE TABLE effect (n INTEGER)", {}}};
    return client_->batch(statements, db::Mode::write);
  };
  const auto refused = effect(old);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is_of_lost_run(refused.error())) << refused.error().to_string();
  EXPECT_FALSE(client_->execute("SELECT n FROM effect"));
  must(effect(mine));
  must(jobs_->finish(mine, {}, kNow));
  EXPECT_FALSE(effect(mine));
}

TEST_P(Jobs, a_run_that_is_gone_from_the_table_has_no_effect) {
  enqueue();
  const auto run = claim("a");
  must(client_->execute(with_physical_names("DELETE FROM {job_runs}")));
  const std::vector<db::Statement> statements = {only_while_running(run), {"CREATE TABLE effect (n INTEGER)", {}}};
  const auto refused = client_->batch(statements, db::Mode::write);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is_of_lost_run(refused.error())) << refused.error().to_string();
  EXPECT_FALSE(client_->execute("SELECT n FROM effect"));
  EXPECT_EQ(must(jobs_->outlook()).open.size(), 0U);
}

TEST_P(Jobs, a_run_that_moves_is_not_taken_away) {
  enqueue();
  auto run = claim("a");
  const auto seen = must(jobs_->outlook()).open.at(0);
  ++run.beat;
  run.progress = RunProgress{3, 10, "posts"};
  EXPECT_FALSE(must(jobs_->renew(run)));
  EXPECT_FALSE(must(jobs_->take_away(seen, {}, kNow)));
  const auto now = must(jobs_->run(run.id));
  ASSERT_TRUE(now.progress);
  EXPECT_EQ(now.progress->done, 3U);
  EXPECT_EQ(now.progress->unit, "posts");
}

TEST_P(Jobs, what_is_to_be_tried_again_waits_for_its_time_but_not_for_that_of_a_clock_put_back) {
  enqueue();
  const auto run = claim("a");
  RunEnd again;
  again.state = RunState::waiting;
  again.error = "the disk is full";
  again.again_at = kNow + hours(1);
  must(jobs_->finish(run, again, kNow));
  must(jobs_->finish(run, again, kNow));
  EXPECT_FALSE(must(jobs_->claim("a", kNow, kAny)));
  EXPECT_EQ(must(jobs_->run(run.id)).error, "the disk is full");
  EXPECT_TRUE(must(jobs_->claim("a", kNow - hours(24), {kAny.kinds, kFar - hours(24), {}})));
}

TEST_P(Jobs, what_was_interrupted_does_not_count_as_an_attempt) {
  enqueue();
  RunEnd back;
  back.state = RunState::waiting;
  back.counts = false;
  must(jobs_->finish(claim("a"), back, kNow));
  EXPECT_EQ(claim("b").attempt, 1);
}

TEST_P(Jobs, what_waits_is_cancelled_and_what_runs_is_told) {
  const auto waiting = enqueue("first");
  EXPECT_EQ(must(jobs_->cancel(waiting.id, kNow)).state, RunState::cancelled);
  EXPECT_EQ(must(jobs_->cancel(waiting.id, kNow)).state, RunState::cancelled);
  EXPECT_FALSE(must(jobs_->claim("a", kNow, kAny)));

  enqueue("second");
  const auto run = claim("a");
  EXPECT_FALSE(must(jobs_->renew(run)));
  EXPECT_EQ(must(jobs_->cancel(run.id, kNow)).state, RunState::running);
  EXPECT_TRUE(must(jobs_->renew(run)));
  must(jobs_->finish(run, {}, kNow));
  EXPECT_EQ(jobs_->cancel(run.id, kNow).error().code(), Errc::conflict);
  EXPECT_EQ(jobs_->cancel(777, kNow).error().code(), Errc::not_found);
}

TEST_P(Jobs, what_schedulers_ask_at_every_look_does_not_read_the_history) {
  for (const auto& query : catalogue()) {
    if (query.query != Query::job_run_open && query.query != Query::job_run_claimed) continue;
    const auto plan = must(client_->execute("EXPLAIN QUERY PLAN " + std::string(sql(query.query)), query.sample));
    EXPECT_THAT(db::to_text(plan.row(0)[3]), testing::HasSubstr("idx_job_runs_open")) << query.name;
  }
}

TEST_P(Jobs, a_removed_job_leaves_its_history) {
  const auto job = add_job();
  must(jobs_->fire(job, kNow, kNow + hours(24), kNow));
  must(jobs_->remove(job.id, kNow));
  const auto runs = must(jobs_->runs({}, 10));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].state, RunState::cancelled);
  EXPECT_FALSE(runs[0].job_id);
  EXPECT_EQ(runs[0].title, "Mine");
}

TEST_P(Jobs, retention_keeps_the_newest_run_of_each_job) {
  const auto job = add_job();
  for (int day = 0; day < 3; ++day) {
    const auto due = kNow + hours(24 * day);
    must(jobs_->fire(must(jobs_->get(job.id)), due, due + hours(24), due));
    must(jobs_->finish(claim("a"), {}, due));
  }
  enqueue();
  must(jobs_->finish(claim("a"), {}, kNow));
  EXPECT_EQ(must(jobs_->remove_finished(kNow + hours(1000), 2)), 2);
  EXPECT_EQ(must(jobs_->remove_finished(kNow + hours(1000), 10)), 1);
  const auto latest = must(jobs_->latest_runs());
  ASSERT_EQ(latest.size(), 1U);
  EXPECT_EQ(latest[0].due_at, kNow + hours(48));
  EXPECT_EQ(must(jobs_->runs({}, 10)).size(), 1U);
}

TEST_P(Jobs, runs_are_listed_by_job_kind_and_state_in_pages) {
  for (const auto* title : {"1", "2", "3", "4"}) enqueue(title);
  must(jobs_->finish(claim("a"), {}, kNow));
  const auto first = must(jobs_->runs({.job_id = {}, .kind = "import", .state = {}, .before_id = {}}, 3));
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first[0].title, "4");
  const auto rest = must(jobs_->runs({.job_id = {}, .kind = "import", .state = {}, .before_id = first.back().id}, 3));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].state, RunState::done);
  EXPECT_EQ(must(jobs_->runs({.job_id = {}, .kind = {}, .state = RunState::done, .before_id = {}}, 9)).size(), 1U);
  EXPECT_TRUE(must(jobs_->runs({.job_id = {}, .kind = "backup", .state = {}, .before_id = {}}, 9)).empty());
}

TEST_P(Jobs, what_was_cancelled_does_not_wait_again_however_it_is_handed_back) {
  RunEnd again;
  again.state = RunState::waiting;
  const auto handed_back = enqueue("handed back");
  auto run = claim("one");
  must(jobs_->cancel(handed_back.id, kNow));
  must(jobs_->finish(run, again, kNow));
  must(jobs_->finish(run, again, kNow));  // as after a lost answer
  EXPECT_EQ(must(jobs_->run(handed_back.id)).state, RunState::cancelled);
  EXPECT_EQ(must(jobs_->run(handed_back.id)).finished_at, kNow);

  const auto taken_over = enqueue("taken over");
  run = claim("one");
  must(jobs_->cancel(taken_over.id, kNow));
  EXPECT_TRUE(must(jobs_->take_away(run, again, kNow)));
  EXPECT_EQ(must(jobs_->run(taken_over.id)).state, RunState::cancelled);
  EXPECT_TRUE(must(jobs_->outlook()).open.empty());
  EXPECT_FALSE(must(jobs_->claim("two", kNow, kAny)));

  // One that nobody cancelled waits and is not over.
  const auto left = enqueue("left");
  must(jobs_->finish(claim("one"), again, kNow));
  EXPECT_EQ(must(jobs_->run(left.id)).state, RunState::waiting);
  EXPECT_FALSE(must(jobs_->run(left.id)).finished_at);
}

}  // namespace
}  // namespace offx::store
