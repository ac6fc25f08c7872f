#include "migrate/sql_text.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "migrate/linted_client.h"

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

TEST(SqlText, a_linted_client_fails_for_it_where_it_writes) {
  LintedClient client(must(db::create_database_client(":memory:")));
  must(client.execute("CREATE TABLE t (v TEXT)", {}));
  must(client.execute("SELECT random()", {}));
  EXPECT_NONFATAL_FAILURE((void)client.execute("INSERT INTO t VALUES (datetime('now'))", {}), "bind the value");
  const std::vector<db::Statement> trigger = {
      {"CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t WHERE v = random(); END", {}}};
  EXPECT_NONFATAL_FAILURE((void)client.batch(trigger, db::Mode::write), "bind the value");
}

TEST(SqlText, a_created_object_has_the_name_that_sqlite_gives_it) {
  for (const char* name :
       {"Orders", "\"two words\"", "[a]", "`b`", "'c'", "\"a \"\"quoted\"\" word\"", "'it''s'", "\"\""}) {
    const auto sql = "CREATE TABLE " + std::string(name) + " (v)";
    const auto client = must(db::create_database_client(":memory:"));
    must(client->execute(sql, {}));
    const auto made = must(client->execute("SELECT name FROM sqlite_schema", {}));
    EXPECT_EQ(created_object(sql).name, db::to_text(made.row(0)[0])) << sql;
  }
}

TEST(SqlText, columns_are_told_from_what_only_looks_like_them) {
  using Names = std::set<std::string>;
  EXPECT_EQ(columns_in("CASE WHEN Closed THEN 'a' ELSE \"b\" END"), (Names{"closed", "b"}));
  EXPECT_EQ(columns_in("CASE WHEN end IS NULL THEN 1 ELSE start END"), (Names{"end", "start"}));
  EXPECT_EQ(columns_in("date(created) || CAST(n AS text) || CAST(date AS VARCHAR(9)) COLLATE nocase"),
            (Names{"created", "n", "date"}));
  EXPECT_EQ(columns_in("CAST((SELECT a AS b FROM t WHERE t.c = d) AS double precision) + text"),
            (Names{"select", "a", "b", "from", "t", "where", "c", "d", "text"}));
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
