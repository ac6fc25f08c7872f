#include "migrate/sql_text.h"

#include <gtest/gtest.h>

namespace offx::migrate {
namespace {

TEST(SqlText, what_reads_the_clock_or_rolls_dice_is_found) {
  for (const char* text : {"random()", "\"random\"()", "abs(RANDOM ( ))", "randomblob(8)", "CURRENT_TIMESTAMP",
                           "current_date", "date()", "strftime('%s')", "strftime('%Y', 'now')", "datetime(\"now\")",
                           "datetime('NOW', '+1 day')", "unixepoch('subsec')", "julianday ( /* here */ )",
                           "timediff('2020-01-01', 'now')", "last_insert_rowid()", "CASE WHEN x THEN time() END"}) {
    EXPECT_NE(non_deterministic_part(text), "") << text;
  }
}

TEST(SqlText, what_gives_the_same_every_time_is_not) {
  for (const char* text : {"random", "'random()'", "date(created_at)", "strftime('%s', created_at)",
                           "datetime(t, 'subsec')", "\"current_timestamp\"", "now", "'now'", "datetime(now)",
                           "-- random()\nabs(x)", "coalesce(date, time)", "strftime('%H', date('2020-01-01'))"}) {
    EXPECT_EQ(non_deterministic_part(text), "") << text;
  }
}

}  // namespace
}  // namespace offx::migrate
