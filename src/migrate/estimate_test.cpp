// What a plan says of sizes and times, beside what a migration then takes; and that it changes nothing.

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

class Estimate : public MigrationTest {
 protected:
  /// Bytes of the file that are in use.
  double used() {
    return static_cast<double>(
        db::to_integer(must(client_->execute("SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, "
                                             "pragma_freelist_count, pragma_page_size"))
                           .row(0)[0]));
  }
  /// `rows` rows of these columns; `n` is the row's number, and `r` one that looks random.
  void fill(const std::string& columns, int rows) {
    run(*client_, "INSERT INTO t_v1 SELECT " + columns +
                      " FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 "
                      "FROM c WHERE n < " +
                      std::to_string(rows) + ") SELECT n, n * 7919 % 1000003 AS r FROM c)");
  }
  void expect_close(const std::string& create) {
    const auto migration = migration_of("m", {change_of("t_v1", "t_v2", create)});
    const auto plan = must(make_plan(*client_, migration));
    ASSERT_FALSE(plan.refused());
    const auto before = used();
    begin(migration);
    const double grown = used() - before;
    const auto estimated = static_cast<double>(plan.tables.front().disk_bytes);
    EXPECT_LT(estimated, grown * 1.5);
    EXPECT_GT(estimated, grown / 1.5);
    EXPECT_GT(plan.disk_bytes, plan.tables.front().disk_bytes) << "the log";
    EXPECT_GT(plan.tables.front().seconds, 0);
    go_back("m");
  }
};

TEST_F(Estimate, SmallRowsWithoutIndexes) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)"});
  fill("n, r, 'name ' || n", 30'000);
  expect_close("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c TEXT)");
}

TEST_F(Estimate, IndexesInWhichPlacesAreRandom) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT)",
           "CREATE INDEX t_b ON t_v1 (b, a)"});
  fill("n, printf('%x', r * 77777777), printf('%.150c', 'x') || r", 20'000);
  expect_close("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT)");
}

/// Such entries have pages of their own.
TEST_F(Estimate, IndexesOverLongTexts) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a, b TEXT)", "CREATE INDEX t_b ON t_v1 (b)"});
  fill("n, n, r || printf('%.1400c', 'x')", 3'000);
  expect_close("CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a, b TEXT)");
}

TEST_F(Estimate, KeysThatAreNoRowid) {
  execute({"CREATE TABLE t_v1 (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
           "CREATE INDEX t_c ON t_v1 (c)"});
  fill("'key ' || r, n, 'text ' || r", 20'000);
  expect_close("CREATE TABLE t_v2 (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID");
}

TEST_F(Estimate, ATableWithoutRows) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a, b)"});
  const auto plan = must(make_plan(
      *client_, migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a, b)")})));
  EXPECT_EQ(plan.tables.front().rows, 0);
  EXPECT_EQ(plan.tables.front().seconds, 0);
}

TEST(Plan, LeavesAFileAsItIs) {
  const TemporaryFolder folder;
  const std::string file = folder / "t.db";
  ASSERT_EQ(run_elsewhere(file, "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t_v1 VALUES (1, 'a')"),
            "");
  const auto bytes = [&] {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  const auto before = bytes();
  for (const std::string up : {"upper(a)", "upper(b)", "upper(a", "nofunc(a)", "random()"}) {
    auto client = must(db::create_database_client(file));
    auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, c TEXT)");
    change.up = {{"c", up}};
    const auto plan = must(make_plan(*client, migration_of("m", {change})));
    EXPECT_EQ(plan.refused(), up != "upper(a)");
    client.reset();
    EXPECT_EQ(bytes(), before) << up;
  }
}

}  // namespace
}  // namespace offx::migrate
