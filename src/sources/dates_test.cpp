#include "sources/dates.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace offx::sources {
namespace {

TEST(LooseTime, ReadsWhatFeedsAndExportsWrite) {
  const std::pair<const char*, const char*> cases[] = {
      {"2026-03-01T08:00:00Z", "2026-03-01 08:00:00"},
      {"2026/03/01 08:00", "2026-03-01 08:00:00"},
      {"Sun, 01 Mar 2026 08:00:00 GMT", "2026-03-01 08:00:00"},
      {"Sun, 1 Mar 26 08:00 EST", "2026-03-01 13:00:00"},
      {"01 Mar 2026 08:00:00 +0130", "2026-03-01 06:30:00"},
      {"Sunday, March 1, 2026 8:00 PM", "2026-03-01 20:00:00"},
      {"Mar 1st, 2026 12:05 am", "2026-03-01 00:05:00"},
      {"Sun Mar 01 08:00:00 +0000 2026", "2026-03-01 08:00:00"},
      {"01-Mar-2026 08:00:00 PDT", "2026-03-01 15:00:00"},
      {"Sun, 01 Mar 2026 08:00:00 GMT+0200", "2026-03-01 06:00:00"},
      {"Sun, 01 Mar 2026 08:00:00 Nowhere/Zone", "2026-03-01 08:00:00"},
      {"Sun, 01 Mar 2026 23:59:60 GMT", "2026-03-01 23:59:59"},
      {"1772352000", "2026-03-01 08:00:00"},
      {"1772352000123", "2026-03-01 08:00:00.123"},
      {"1772352000.5", "2026-03-01 08:00:00.500"},
      {" 2026-03-01 ", "2026-03-01 00:00:00"},
  };
  for (const auto& [text, expected] : cases) {
    const auto time = parse_loose_time(text);
    EXPECT_EQ(time ? to_sql_time(*time) : "none", expected) << text;
  }
}

TEST(LooseTime, RefusesWhatIsNoDate) {
  for (const char* text : {"", "soon", "2026", "31 Feb 2026", "Mar 2026", "12:00", "1.5", "Sun, 01 Mar 2026 25:00 GMT",
                           "99999999999999999999999999", "- - - -", "a b c d e f g h i j k l m n 1 Mar 2026"}) {
    EXPECT_FALSE(parse_loose_time(text)) << text;
  }
}

TEST(LooseTime, KnowsWhatIdsOfXTell) {
  EXPECT_EQ(to_sql_time(time_of_x_id("1550000000000000004").value()).substr(0, 10), "2022-07-21");
  EXPECT_FALSE(time_of_x_id("20"));
  EXPECT_FALSE(time_of_x_id("x"));
  EXPECT_FALSE(time_of_x_id("99999999999999999999999"));
}

}  // namespace
}  // namespace offx::sources
