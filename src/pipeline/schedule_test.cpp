#include "pipeline/schedule.h"

#include <array>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::pipeline {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

Timestamp at(std::string_view text) { return parse_time(text).value(); }
TimeZone zone(std::string_view name) { return must(TimeZone::find(name)); }
Schedule schedule(std::string_view text) { return must(Schedule::parse(text)); }

std::vector<std::string> upcoming(std::string_view text, std::string_view zone_name, std::string_view after,
                                  std::size_t count) {
  std::vector<std::string> times;
  for (const auto time : schedule(text).upcoming(at(after), zone(zone_name), count)) {
    times.push_back(to_sql_time(time).substr(0, 16));
  }
  return times;
}

using testing::ElementsAre;

TEST(Schedules, say_their_next_times) {
  EXPECT_THAT(upcoming("0 6 * * *", "UTC", "2026-11-20 05:59:59.999", 3),
              ElementsAre("2026-11-20 06:00", "2026-11-21 06:00", "2026-11-22 06:00"));
  EXPECT_THAT(upcoming("0 6 * * *", "UTC", "2026-11-20 06:00", 1), ElementsAre("2026-11-21 06:00"));
  EXPECT_THAT(upcoming("*/20 8-9 * * mon-fri", "Europe/Berlin", "2026-11-20 07:30", 4),
              ElementsAre("2026-11-20 07:40", "2026-11-20 08:00", "2026-11-20 08:20", "2026-11-20 08:40"));
  EXPECT_THAT(upcoming("0 0 29 feb *", "UTC", "2026-11-20", 2), ElementsAre("2028-02-29 00:00", "2032-02-29 00:00"));
  EXPECT_THAT(upcoming("@weekly", "UTC", "2026-11-20", 2), ElementsAre("2026-11-22 00:00", "2026-11-29 00:00"));
  EXPECT_THAT(upcoming("0 0 * * 7", "UTC", "2026-11-20", 1), ElementsAre("2026-11-22 00:00"));
  EXPECT_THAT(upcoming("0 0 * * sat-sun", "UTC", "2026-11-20", 3),
              ElementsAre("2026-11-21 00:00", "2026-11-22 00:00", "2026-11-28 00:00"));
  for (const auto* const sunday : {"0 0 * * sun-sun", "0 0 * * 0-0", "0 0 * * 7-7", "0 0 * * 7-0"}) {
    EXPECT_THAT(upcoming(sunday, "UTC", "2026-11-20", 2), ElementsAre("2026-11-22 00:00", "2026-11-29 00:00"))
        << sunday;
  }
}

TEST(Schedules, a_day_needs_the_day_or_the_weekday_unless_one_begins_with_a_star) {
  EXPECT_THAT(upcoming("0 0 13 * fri", "UTC", "2026-11-10", 3),
              ElementsAre("2026-11-13 00:00", "2026-11-20 00:00", "2026-11-27 00:00"));
  EXPECT_THAT(upcoming("0 0 13 * */5", "UTC", "2026-10-01", 2), ElementsAre("2026-11-13 00:00", "2026-12-13 00:00"));
}

TEST(Schedules, intervals_are_multiples_whatever_the_zone) {
  EXPECT_THAT(upcoming("every 15m", "Europe/Berlin", "2026-11-20 05:59:59", 3),
              ElementsAre("2026-11-20 06:00", "2026-11-20 06:15", "2026-11-20 06:30"));
  EXPECT_THAT(upcoming("6h", "America/New_York", "2026-11-20 06:00", 2),
              ElementsAre("2026-11-20 12:00", "2026-11-20 18:00"));
  EXPECT_THAT(upcoming("EVERY 1d", "UTC", "1969-12-30 12:00", 2), ElementsAre("1969-12-31 00:00", "1970-01-01 00:00"));
}

TEST(Schedules, a_time_that_clocks_skip_comes_at_the_first_moment_after_it) {
  // Berlin: 29 March 2026, 02:00 → 03:00 at 01:00 UTC.
  EXPECT_THAT(upcoming("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", 3),
              ElementsAre("2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"));
  // Several become one, also with one that is due at that moment by itself.
  EXPECT_THAT(upcoming("*/10 2,3 * * *", "Europe/Berlin", "2026-03-29 00:00", 2),
              ElementsAre("2026-03-29 01:00", "2026-03-29 01:10"));
  // New York: 8 March 2026, 02:00 → 03:00 at 07:00 UTC.
  EXPECT_THAT(upcoming("15 2 * * *", "America/New_York", "2026-03-07 08:00", 2),
              ElementsAre("2026-03-08 07:00", "2026-03-09 06:15"));
  // Lord Howe: 4 October 2026, 02:00 → 02:30, at 15:30 UTC of the 3rd.
  EXPECT_THAT(upcoming("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 16:00", 2),
              ElementsAre("2026-10-03 15:30", "2026-10-04 15:15"));
  // Samoa had no 30 December 2011.
  EXPECT_THAT(upcoming("0 12 30 dec *", "Pacific/Apia", "2011-12-01", 2),
              ElementsAre("2011-12-30 10:00", "2012-12-29 22:00"));
}

TEST(Schedules, a_time_that_comes_twice_happens_the_first_time) {
  // Berlin: 25 October 2026, 03:00 → 02:00 at 01:00 UTC.
  EXPECT_THAT(upcoming("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", 2),
              ElementsAre("2026-10-25 00:30", "2026-10-26 01:30"));
  // Seen from within the second time.
  EXPECT_THAT(upcoming("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10", 1), ElementsAre("2026-10-26 01:30"));
  EXPECT_THAT(upcoming("30 1 * * *", "America/New_York", "2026-11-01 00:00", 2),
              ElementsAre("2026-11-01 05:30", "2026-11-02 06:30"));
  EXPECT_THAT(upcoming("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 00:00", 2),
              ElementsAre("2026-04-04 14:45", "2026-04-05 15:15"));
}

TEST(Schedules, where_every_hour_is_meant_hours_pass_as_they_are) {
  EXPECT_THAT(upcoming("30 * * * *", "Europe/Berlin", "2026-03-29 00:00", 3),
              ElementsAre("2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"));
  EXPECT_THAT(upcoming("30 * * * *", "Europe/Berlin", "2026-10-25 00:00", 3),
              ElementsAre("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"));
}

TEST(Schedules, the_last_time_is_found_however_long_ago) {
  EXPECT_EQ(schedule("* * * * *").last(at("2026-11-20 12:00:30"), zone("UTC")), at("2026-11-20 12:00"));
  EXPECT_EQ(schedule("0 6 * * *").last(at("2026-11-20 06:00"), zone("UTC")), at("2026-11-20 06:00"));
  EXPECT_EQ(schedule("0 6 * * *").last(at("2026-11-20 05:59"), zone("UTC")), at("2026-11-19 06:00"));
  EXPECT_EQ(schedule("0 0 29 2 *").last(at("2027-06-01"), zone("UTC")), at("2024-02-29"));
  EXPECT_EQ(schedule("every 2h").last(at("2026-11-20 05:59"), zone("UTC")), at("2026-11-20 04:00"));
}

TEST(Schedules, errors_say_what_is_wrong_and_where) {
  const auto message = [](std::string_view text) { return Schedule::parse(text).error().message(); };
  using testing::HasSubstr;
  EXPECT_THAT(message(""), HasSubstr("is empty"));
  EXPECT_THAT(message("0 6 * *"), HasSubstr("five fields"));
  EXPECT_THAT(message("0 6 * * * root"), HasSubstr("character 11: "));
  EXPECT_THAT(message("60 6 * * *"), HasSubstr("character 1: 60 is no minute: 0 to 59"));
  EXPECT_THAT(message("0 6 * * mun"), HasSubstr("character 9: 'mun' is no weekday"));
  EXPECT_THAT(message("0 6 * jan-dez *"), HasSubstr("character 11: 'dez' is no month"));
  EXPECT_THAT(message("0 17-9 * * *"), HasSubstr("character 6: the range of the hour ends before it begins"));
  EXPECT_THAT(message("0/15 * * * *"), HasSubstr("write 0-59/"));
  EXPECT_THAT(message("*/0 * * * *"), HasSubstr("character 3: a step"));
  EXPECT_THAT(message("0 6 30 2 *"), HasSubstr("never comes"));
  EXPECT_THAT(message("@dayly"), HasSubstr("'@dayly' is not known"));
  EXPECT_THAT(message("every"), HasSubstr("an interval is missing"));
  EXPECT_THAT(message("every 15"), HasSubstr("is no interval"));
  EXPECT_THAT(message("0m"), HasSubstr("one minute to 366 days"));
  EXPECT_THAT(message("99999999999m"), HasSubstr("is no interval"));
  EXPECT_THAT(message("1,,2 * * * *"), HasSubstr("character 3: here a minute is missing"));
  EXPECT_THAT(message("1;2 * * * *"), HasSubstr("character 2: ';2' does not belong"));
  EXPECT_THAT(message("99999999999 * * * *"), HasSubstr("too large"));
}

TEST(Schedules, in_words) {
  const auto words = [](std::string_view text) { return schedule(text).description(); };
  EXPECT_EQ(words("every 15m"), "every 15 minutes");
  EXPECT_EQ(words("90m"), "every 90 minutes");
  EXPECT_EQ(words("1w"), "every week");
  EXPECT_EQ(words("*/15 * * * *"), "every 15 minutes");
  EXPECT_EQ(words("@hourly"), "every hour");
  EXPECT_EQ(words("0 6 * * *"), "every day at 06:00");
  EXPECT_EQ(words("0 6,18 * * mon-fri"), "at 06:00 and 18:00 on Monday to Friday");
  EXPECT_EQ(words("@weekly"), "at 00:00 on Sunday");
  EXPECT_EQ(words("@monthly"), "at 00:00 on the 1st of the month");
  EXPECT_EQ(words("30 4 1,15 * fri"), "at 04:30, on the 1st and 15th of the month and on Friday");
  EXPECT_EQ(words("0 0 1 1 *"), "at 00:00 on the 1st of the month in January");
  EXPECT_EQ(words("0 */6 * * *"), "every day at 00:00, 06:00, 12:00 and 18:00");
  EXPECT_EQ(words("*/10 8-18 * * sat,sun"), "every 10 minutes of the hours 8 to 18 on Saturday and Sunday");
}

// --- Against the definition, minute by minute

struct RandomCron {
  std::string text;
  std::array<std::set<unsigned>, 5> values;
  std::array<bool, 5> starred{};
};

RandomCron random_cron(std::mt19937& random) {
  const auto roll = [&](unsigned from, unsigned to) { return std::uniform_int_distribution(from, to)(random); };
  constexpr std::array<std::pair<unsigned, unsigned>, 5> kBounds = {{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}};
  RandomCron cron;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto [min, max] = kBounds[i];
    const auto add = [&, i](unsigned from, unsigned to, unsigned step) {
      for (auto v = from; v <= to; v += step) cron.values[i].insert(i == 4 ? v % 7 : v);
    };
    if (i > 0) cron.text += ' ';
    // Hours of the night, when clocks are changed.
    const auto top = i == 1 && roll(0, 1) == 0 ? 4U : max;
    switch (roll(0, i >= 2 ? 5 : 3)) {
      case 0: {
        const auto step = roll(1, max / 2);
        cron.text += "*/" + std::to_string(step);
        add(min, max, step);
        cron.starred[i] = true;
        break;
      }
      case 1: {
        const auto from = roll(min, top);
        const auto to = roll(from, top);
        const auto step = roll(1, 5);
        cron.text += std::to_string(from) + "-" + std::to_string(to) + "/" + std::to_string(step);
        add(from, to, step);
        break;
      }
      case 2:
      case 3: {
        const auto count = roll(1, 3);
        for (unsigned n = 0; n < count; ++n) {
          const auto value = roll(min, top);
          cron.text += (n == 0 ? "" : ",") + std::to_string(value);
          add(value, value, 1);
        }
        break;
      }
      default:
        cron.text += '*';
        add(min, max, 1);
        cron.starred[i] = true;
    }
  }
  return cron;
}

bool matches(const RandomCron& cron, LocalTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const auto minute = static_cast<unsigned>(std::chrono::floor<minutes>(time - day).count());
  const bool by_day = cron.values[2].contains(unsigned(date.day()));
  const bool by_weekday = cron.values[4].contains(std::chrono::weekday(day).c_encoding());
  return cron.values[0].contains(minute % 60) && cron.values[1].contains(minute / 60) &&
         cron.values[3].contains(unsigned(date.month())) &&
         (cron.starred[2] || cron.starred[4] ? by_day && by_weekday : by_day || by_weekday);
}

TEST(Schedules, agree_with_looking_at_every_minute) {
  std::mt19937 random(20261121);  // NOLINT: the same cases in every run
  const std::vector<std::pair<std::string, std::string>> places = {
      {"Europe/Berlin", "2026-03-26"},       {"Europe/Berlin", "2026-10-22"},
      {"America/New_York", "2026-03-05"},    {"America/New_York", "2026-10-29"},
      {"Australia/Lord_Howe", "2026-03-31"}, {"Australia/Lord_Howe", "2026-09-30"},
      {"Pacific/Apia", "2011-12-27"},        {"UTC", "2028-02-26"},
      {"Africa/Casablanca", "2026-02-12"},   {"America/St_Johns", "2026-10-29"}};
  for (int round = 0; round < 300; ++round) {
    const auto cron = random_cron(random);
    auto parsed = Schedule::parse(cron.text);
    if (!parsed) {
      EXPECT_THAT(parsed.error().message(), testing::HasSubstr("never comes")) << cron.text;
      continue;
    }
    const auto& [name, begin_text] = places[static_cast<std::size_t>(round) % places.size()];
    const auto where = zone(name);
    const auto begin = at(begin_text);
    const auto end = begin + days(7);
    const bool every_hour = cron.values[1].size() == 24;
    std::vector<Timestamp> expected;
    // What the clock showed at most: what it shows again has been.
    LocalTime shown = where.to_local(begin - days(2));
    for (auto time = begin - days(2) + minutes(1); time < end; time += minutes(1)) {
      const auto local = where.to_local(time);
      bool happens = matches(cron, local) && (every_hour || local > shown);
      if (!every_hour) {
        for (auto skipped = shown + minutes(1); skipped < local; skipped += minutes(1)) {
          happens = happens || matches(cron, skipped);
        }
      }
      shown = std::max(shown, local);
      if (happens && time > begin) expected.push_back(time);
    }
    std::vector<Timestamp> found;
    for (auto time = parsed->next(begin, where); time && *time < end; time = parsed->next(*time, where)) {
      found.push_back(*time);
    }
    ASSERT_EQ(found, expected) << cron.text << " in " << name << " from " << begin_text;
    if (!expected.empty()) {
      EXPECT_EQ(parsed->last(end - std::chrono::milliseconds(1), where), expected.back()) << cron.text;
    }
  }
}

}  // namespace
}  // namespace offx::pipeline
