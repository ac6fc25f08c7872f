#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx {
namespace {

Timestamp at(std::string_view text) { return parse_time(text).value(); }
LocalTime local(std::string_view text) { return LocalTime(at(text).time_since_epoch()); }

TEST(TimeZones, a_name_nobody_knows_is_refused) {
  EXPECT_EQ(TimeZone::find("Europe/Atlantis").error().code(), Errc::invalid_argument);
  EXPECT_FALSE(TimeZone::find(""));
  EXPECT_FALSE(TimeZone::find("../../etc/passwd"));
}

TEST(TimeZones, utc_never_changes_its_clocks) {
  const auto utc = must(TimeZone::find("UTC"));
  const auto span = utc.at(at("2026-06-01"));
  EXPECT_EQ(span.offset.count(), 0);
  EXPECT_LT(span.begin, at("1900-01-01"));
  EXPECT_GT(span.end, at("2100-01-01"));
  EXPECT_EQ(utc.to_utc(local("2026-06-01 12:00")), at("2026-06-01 12:00"));
}

TEST(TimeZones, clocks_put_forward_and_back) {
  const auto berlin = must(TimeZone::find("Europe/Berlin"));
  EXPECT_EQ(berlin.to_local(at("2026-07-01 10:00")), local("2026-07-01 12:00"));
  EXPECT_EQ(berlin.at(at("2026-07-01")).begin, at("2026-03-29 01:00"));
  EXPECT_EQ(berlin.at(at("2026-07-01")).end, at("2026-10-25 01:00"));
  // 02:30 does not exist on the one day, and comes twice on the other.
  EXPECT_EQ(berlin.to_utc(local("2026-03-29 02:30")), at("2026-03-29 01:00"));
  EXPECT_EQ(berlin.to_utc(local("2026-10-25 02:30")), at("2026-10-25 00:30"));
  // Half an hour.
  const auto howe = must(TimeZone::find("Australia/Lord_Howe"));
  EXPECT_EQ(howe.at(at("2026-01-01")).offset - howe.at(at("2026-07-01")).offset, std::chrono::minutes(30));
}

TEST(TimeZones, the_system_has_one) { EXPECT_TRUE(TimeZone::find(TimeZone::name_of_system())); }

}  // namespace
}  // namespace offx
