#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kMoment = std::chrono::sys_days{std::chrono::year{2026} / 8 / 22} + 14h + 5min + 17s;

TEST(Time, writes_sql_and_iso_forms) {
  EXPECT_EQ(to_sql_time(kMoment), "2026-08-22 14:05:17");
  EXPECT_EQ(to_sql_time(kMoment + 7ms), "2026-08-22 14:05:17.007");
  EXPECT_EQ(to_iso_time(kMoment), "2026-08-22T14:05:17Z");
  EXPECT_EQ(to_iso_time(kMoment + 120ms), "2026-08-22T14:05:17.120Z");
}

TEST(Time, reads_every_iso_8601_form_posts_come_with) {
  for (const char* text : {"2026-08-22 14:05:17", "2026-08-22T14:05:17Z", "2026-08-22T14:05:17.000Z",
                           "2026-08-22T16:05:17+02:00", "2026-08-22T09:35:17-0430", "2026-08-22T15:05:17+01",
                           "2026-08-22 14:05:17.000000+00:00", " 2026-08-22t14:05:17z ", "2026-08-22 16:05:17 +0200"}) {
    EXPECT_EQ(parse_time(text), kMoment) << text;
  }
  EXPECT_EQ(parse_time("2026-08-22"), kMoment - 14h - 5min - 17s);
  EXPECT_EQ(parse_time("2026-08-22T14:05"), kMoment - 17s);
  EXPECT_EQ(parse_time("2026-08-22T14:05:17.1239Z"), kMoment + 123ms);
}

TEST(Time, refuses_what_is_no_time) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-08-22T25:00:00Z", "2026-08-22T14:61",
                           "2026-08-22T14:05:17.", "2026-08-22T14:05:17+2", "2026-08-22 14:05:17 CEST", "20260822",
                           "0000-01-01T00:00:00+05:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:60Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(Time, what_is_written_is_read_back) {
  for (std::int64_t ms : {-62167219200000LL, -1LL, 0LL, 951782400123LL, 253402300799999LL}) {
    const Timestamp time{std::chrono::milliseconds{ms}};
    EXPECT_EQ(parse_time(to_sql_time(time)), time);
    EXPECT_EQ(parse_time(to_iso_time(time)), time);
  }
}

}  // namespace
}  // namespace offx
