#include "pipeline/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/store.h"

namespace offx::pipeline {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

Timestamp at(std::string_view text) { return parse_time(text).value(); }

std::string ended(std::string_view period, std::string_view moment, std::string_view zone) {
  const auto found = must(ended_period(period, at(moment), must(TimeZone::find(zone))));
  return to_sql_time(found.start) + " " + to_sql_time(found.end);
}

TEST(Period, is_named_by_its_days_the_last_one_included) {
  const auto named = [](std::string_view start, std::string_view end) { return period_name({at(start), at(end)}); };
  EXPECT_EQ(named("2026-08-01", "2026-08-02"), "1 Aug 2026");
  EXPECT_EQ(named("2026-11-09", "2026-11-20"), "9 – 19 Nov 2026");
  EXPECT_EQ(named("2026-07-30", "2026-08-03"), "30 Jul – 2 Aug 2026");
  EXPECT_EQ(named("2025-12-30", "2026-01-03"), "30 Dec 2025 – 2 Jan 2026");
  EXPECT_EQ(named("2026-11-09 10:00:00", "2026-11-09 14:30:00"), "9 Nov 2026, 10:00 – 14:30");
  EXPECT_EQ(named("2026-11-08 23:00:00", "2026-11-09 23:00:00"), "8 Nov 2026, 23:00 – 9 Nov 2026, 23:00");
}

TEST(EndedPeriod, is_the_calendar_s_last_whole_one) {
  EXPECT_EQ(ended("day", "2026-11-20 06:00", "UTC"), "2026-11-19 00:00:00 2026-11-20 00:00:00");
  EXPECT_EQ(ended("week", "2026-11-20 06:00", "UTC"), "2026-11-09 00:00:00 2026-11-16 00:00:00");
  EXPECT_EQ(ended("week", "2026-11-16 00:00", "UTC"), "2026-11-09 00:00:00 2026-11-16 00:00:00");
  EXPECT_EQ(ended("month", "2026-01-31 06:00", "UTC"), "2025-12-01 00:00:00 2026-01-01 00:00:00");
  EXPECT_FALSE(ended_period("year", at("2026-01-01"), must(TimeZone::find("UTC"))));
}

TEST(EndedPeriod, begins_and_ends_at_midnight_there) {
  // In New York it is still the 19th.
  EXPECT_EQ(ended("day", "2026-11-20 03:00", "America/New_York"), "2026-11-18 05:00:00 2026-11-19 05:00:00");
  // Days of 23 and 25 hours.
  EXPECT_EQ(ended("day", "2026-03-30 06:00", "Europe/Berlin"), "2026-03-28 23:00:00 2026-03-29 22:00:00");
  EXPECT_EQ(ended("day", "2026-10-26 06:00", "Europe/Berlin"), "2026-10-24 22:00:00 2026-10-25 23:00:00");
}

TEST(JobOptions, are_checked_by_kind) {
  const auto error = [](std::string_view kind, std::string_view options) {
    const auto checked = check_options(kind, json::parse(options).as_object());
    return checked ? std::string() : checked.error().to_string();
  };
  EXPECT_EQ(error("summarise", R"({"topic_id":7,"period":"week","max_sentences":5})"), "");
  EXPECT_EQ(error("summarise", R"({"topic_id":null})"), "");
  EXPECT_THAT(error("summarise", R"({"period":"year"})"), HasSubstr("options: period is day, week or month"));
  EXPECT_THAT(error("summarise", R"({"since":"7d","until":"soon"})"), HasSubstr("options: until: \"soon\" is no time"));
  EXPECT_THAT(error("summarise", R"({"max_sentences":0})"), HasSubstr("from 1 to 100"));
  EXPECT_THAT(error("summarise", R"({"keep":1})"), HasSubstr("has no option 'keep'"));
  EXPECT_THAT(error("file_topic", "{}"), HasSubstr("topic_id is needed"));
  EXPECT_THAT(error("cleanup", R"({"with_cited":1})"), HasSubstr("true or false"));
  EXPECT_THAT(error("dance", "{}"), HasSubstr("there is no kind of job 'dance'"));
}

TEST(PreparingJobs, says_when_they_are_due_next) {
  store::Job job;
  job.kind = "summarise";
  job.title = "Daily";
  job.schedule = "0 6 * * *";
  job.time_zone = "Europe/Berlin";
  must(prepare(job, at("2026-11-20 12:00")));
  EXPECT_EQ(job.next_due_at, at("2026-11-21 05:00"));
  job.enabled = false;
  must(prepare(job, at("2026-11-20 12:00")));
  EXPECT_FALSE(job.next_due_at);
  job.time_zone = "Mars";
  EXPECT_EQ(prepare(job, at("2026-11-20 12:00")).error().context(), "time_zone");
  job.time_zone = "UTC";
  job.schedule = "0 6 * *";
  EXPECT_EQ(prepare(job, at("2026-11-20 12:00")).error().context(), "schedule");
}

TEST(PreparingJobs, keeps_a_time_that_is_due_already) {
  store::Job stored;
  stored.kind = "backup";
  stored.title = "Back up";
  stored.schedule = "0 6 * * *";
  stored.time_zone = "UTC";
  stored.next_due_at = at("2026-11-20 06:00");  // nobody was there
  const auto now = at("2026-11-20 12:00");
  const auto next = [&](const auto& edit) {
    auto job = stored;
    edit(job);
    must(prepare(job, now, &stored));
    return job.next_due_at;
  };
  EXPECT_EQ(next([](store::Job& job) { job.options = R"({"keep":3})"; }), stored.next_due_at);
  EXPECT_EQ(next([](store::Job& job) { job.time_zone = "Europe/Berlin"; }), stored.next_due_at);
  EXPECT_EQ(next([](store::Job& job) { job.schedule = "0 7 * * *"; }), at("2026-11-21 07:00"));
  EXPECT_EQ(next([](store::Job& job) { job.enabled = false; }), std::nullopt);
  stored.enabled = false;
  EXPECT_EQ(next([](store::Job& job) { job.enabled = true; }), at("2026-11-21 06:00"));
}

TEST(BuiltInJobs, follow_the_settings_zone_until_they_have_one_of_their_own) {
  const auto client = must(store::open(":memory:"));
  store::JobRepository repository(*client);
  const auto now = at("2026-11-20 12:00");
  auto jobs = must(repository.list());
  jobs[1].time_zone = "Asia/Tokyo";
  must(prepare(jobs[1], now));
  must(repository.update(jobs[1], now));
  must(follow_time_zone(*client, "UTC", "Europe/Berlin", now));
  jobs = must(repository.list());
  EXPECT_EQ(jobs[0].time_zone, "Europe/Berlin");
  EXPECT_EQ(jobs[0].next_due_at, at("2026-11-21 05:00"));
  EXPECT_EQ(jobs[1].time_zone, "Asia/Tokyo");
}

}  // namespace
}  // namespace offx::pipeline
