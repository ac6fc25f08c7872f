// REPLACE removes rows that no DELETE trigger sees: their twins go all the same, whatever it was that stood in the way.

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;
using testing::Not;

class Replaced : public MigrationTest {
 protected:
  /// `t_v1` becomes `t_v2` with rows in it. What is in both tables is compared with what `columns` say of each.
  void live(std::initializer_list<std::string_view> before, std::string create, std::string columns = "id, name") {
    execute(before);
    columns_ = std::move(columns);
    begin(migration_of("m", {change_of("t_v1", "t_v2", std::move(create))}));
  }
  /// The rows of the old version, which the new one has to have too.
  std::string rows() {
    const auto old_rows = asked("SELECT " + columns_ + " FROM t_v1 ORDER BY 1, 2");
    EXPECT_EQ(asked("SELECT " + columns_ + " FROM t_v2 ORDER BY 1, 2"), old_rows);
    expect_alike("m");
    return old_rows;
  }

 private:
  std::string columns_;
};

TEST_F(Replaced, ThroughAnExpressionThatBothVersionsKeepUnique) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INT)",
        "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))",
        "INSERT INTO t_v1 VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5)"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT, own TEXT DEFAULT '-')");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (6, 'A', 6)"});
  EXPECT_EQ(rows(), "2|b 3|c 4|d 5|e 6|A");
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (7, 'B', 6, 'x')"});
  EXPECT_EQ(rows(), "3|c 4|d 5|e 6|A 7|B");
  execute({"UPDATE OR REPLACE t_v1 SET name = 'C' WHERE id = 7", "UPDATE OR REPLACE t_v2 SET name = 'D' WHERE id = 6"});
  EXPECT_EQ(rows(), "5|e 6|D 7|C");
  execute({"UPDATE OR REPLACE t_v1 SET id = 8, name = 'E' WHERE id = 6"});
  EXPECT_EQ(rows(), "7|C 8|E");
  execute({"UPDATE OR REPLACE t_v2 SET id = 9, name = 'c' WHERE id = 8"});
  EXPECT_EQ(rows(), "9|c");
}

TEST_F(Replaced, ThroughAnotherUniqueThanThePartialOneThatItIsUnder) {
  for (const std::string trigger : {"BEGIN SELECT 1; END", "BEGIN UPDATE t_v1 SET n = n WHERE id = OLD.id; END"}) {
    live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INT)",
          "CREATE UNIQUE INDEX some ON t_v1 (name) WHERE n = 1", "CREATE TRIGGER gone AFTER DELETE ON t_v1 " + trigger},
         "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT, own TEXT UNIQUE)", "id, name, n");
    execute({"INSERT INTO t_v2 VALUES (1, 'x', 1, 'o')", "INSERT OR REPLACE INTO t_v2 VALUES (2, 'x', 0, 'o')"});
    EXPECT_EQ(rows(), "2|x|0");
    execute(
        {"INSERT INTO t_v2 VALUES (3, 'y', 1, 'p')", "UPDATE OR REPLACE t_v2 SET own = 'p', name = 'y' WHERE id = 2"});
    EXPECT_EQ(rows(), "2|y|0");
    go_back("m", true);
    execute({"DROP TABLE t_v1"});
  }
}

TEST_F(Replaced, ByWhatAnExpressionMakesOfValuesThatAreAlike) {
  for (const std::string expression : {"a || ''", "quote(a)", "low"}) {
    const std::string columns = " (id INTEGER PRIMARY KEY, a, low AS (a || ''))";
    live({"CREATE TABLE t_v1" + columns, "CREATE UNIQUE INDEX one ON t_v1 (" + expression + ")",
          "INSERT INTO t_v1 (id, a) VALUES (1, 1.0), (3, 1)"},
         "CREATE TABLE t_v2" + columns, "id, a = 1");
    execute({"UPDATE OR REPLACE t_v1 SET a = 1 WHERE id = 1"});
    EXPECT_EQ(rows(), "1|1");
    asked("INSERT OR FAIL INTO t_v1 (id, a) VALUES (9, 1.0)");
    rows();
    go_back("m", true);
    execute({"DROP TABLE t_v1"});
  }
}

TEST_F(Replaced, SeveralRowsOfWhichOneSetsOffOtherWrites) {
  live({"PRAGMA foreign_keys = ON", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INT UNIQUE)",
        "CREATE TABLE child (t REFERENCES t_v1 ON DELETE CASCADE)",
        "CREATE TRIGGER more AFTER DELETE ON child BEGIN INSERT INTO t_v1 (name) VALUES (OLD.t || ' is'); "
        "INSERT OR IGNORE INTO t_v1 (name) VALUES (OLD.t || ' is'); "
        "INSERT INTO t_v1 (name) VALUES (OLD.t || ' gone'); UPDATE t_v1 SET name = name || '!' WHERE name GLOB '* is'; "
        "END",
        "INSERT INTO t_v1 VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5), (6, 'f', 6)",
        "INSERT INTO child VALUES (2), (3), (5)"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT)", "id, name, n");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (2, 'a', 9)"});
  EXPECT_EQ(rows(), "2|a|9 3|c|3 4|d|4 5|e|5 6|f|6 7|2 is!|- 8|2 gone|-");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (30, 'd', 3)"});
  EXPECT_EQ(rows(), "2|a|9 5|e|5 6|f|6 7|2 is!|- 8|2 gone|- 9|3 is!|- 10|3 gone|- 30|d|3");
  execute({"UPDATE OR REPLACE t_v1 SET id = 5, name = 'f', n = 77 WHERE id = 2"});
  EXPECT_EQ(rows(), "5|f|77 7|2 is!|- 8|2 gone|- 9|3 is!|- 10|3 gone|- 30|d|3 31|5 is!|- 32|5 gone|-");
  EXPECT_EQ(asked("SELECT count(*) FROM offx_sync_t_v2_displaced"), "0");
}

TEST_F(Replaced, ByWhatARowidSays) {
  live({"CREATE TABLE t_v1 (name TEXT NOT NULL PRIMARY KEY, id TEXT)",
        "CREATE UNIQUE INDEX late ON t_v1 (id) WHERE rowid > 1", "INSERT INTO t_v1 VALUES ('p', '1'), ('q', '2')",
        "DELETE FROM t_v1 WHERE name = 'p'"},
       "CREATE TABLE t_v2 (name TEXT NOT NULL PRIMARY KEY, id TEXT); "
       "CREATE UNIQUE INDEX late_v2 ON t_v2 (id) WHERE rowid > 1");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES ('z', '2')"});
  EXPECT_EQ(rows(), "2|z");
}

TEST_F(Replaced, ByAnIndexThatNamesAColumnTwice) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INT, UNIQUE (name, name))",
        "INSERT INTO t_v1 VALUES (1, 'x', 1), (2, 'a', 1), (5, 'z', 0)"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT); CREATE UNIQUE INDEX both ON t_v2 (n, name)");
  EXPECT_THAT(asked("INSERT OR REPLACE INTO t_v2 VALUES (8, 'x', 7)"), HasSubstr("UNIQUE constraint failed"));
  EXPECT_EQ(rows(), "1|x 2|a 5|z");
}

TEST_F(Replaced, ThroughWhatOnlyTheOldVersionHas) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, gone TEXT UNIQUE)",
        "INSERT INTO t_v1 VALUES (1, 'a', 'k1'), (2, 'b', 'k2'), (3, 'c', 'k3'), (4, 'd', 'k4')"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (5, 'e', 'k1')"});
  EXPECT_EQ(rows(), "2|b 3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v1 SET gone = 'k2' WHERE id = 5"});
  EXPECT_EQ(rows(), "3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v1 SET id = 6, name = 'f', gone = 'k3' WHERE id = 5"});
  EXPECT_EQ(rows(), "4|d 6|f");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (4, 'g', 'k3')"});
  EXPECT_EQ(rows(), "4|g");
}

TEST_F(Replaced, ThroughWhatOnlyTheNewVersionHas) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, slug TEXT UNIQUE)");
  execute({"UPDATE t_v2 SET slug = 's' || id"});
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (5, 'e', 's1')"});
  EXPECT_EQ(rows(), "2|b 3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v2 SET slug = 's2' WHERE id = 5"});
  EXPECT_EQ(rows(), "3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v2 SET id = 6, name = 'f', slug = 's3' WHERE id = 5"});
  EXPECT_EQ(rows(), "4|d 6|f");
  execute({"INSERT INTO t_v2 VALUES (7, 'g', 's7'), (8, 'h', 's8')",
           "INSERT OR REPLACE INTO t_v2 VALUES (9, 'i', 's7'), (10, 'j', 's8'), (11, 'k', 's7')"});
  EXPECT_EQ(rows(), "4|d 6|f 10|j 11|k");
}

TEST_F(Replaced, ThroughWhatIsComputedOnTheWay) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
           "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, code TEXT UNIQUE)");
  change.up = {{"code", "'x' || name"}};
  change.down = {{"name", "substr(code, 2)"}};
  begin(migration_of("m", {change}));
  const auto both = [&] {
    expect_alike("m");
    return asked("SELECT * FROM t_v1 ORDER BY id") + " / " + asked("SELECT * FROM t_v2 ORDER BY id");
  };
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (5, 'a')"});
  EXPECT_EQ(both(), "2|b 3|c 4|d 5|a / 2|xb 3|xc 4|xd 5|xa");
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (6, 'xb')"});
  EXPECT_EQ(both(), "3|c 4|d 5|a 6|b / 3|xc 4|xd 5|xa 6|xb");
  execute(
      {"UPDATE OR REPLACE t_v1 SET name = 'c' WHERE id = 6", "UPDATE OR REPLACE t_v2 SET code = 'xd' WHERE id = 5"});
  EXPECT_EQ(both(), "5|d 6|c / 5|xd 6|xc");
  execute({"UPDATE OR REPLACE t_v2 SET id = 1, code = 'xd' WHERE id = 6"});
  EXPECT_EQ(both(), "1|d / 1|xd");
}

TEST_F(Replaced, ThroughGeneratedColumns) {
  const std::string rest = " (id INTEGER PRIMARY KEY, name TEXT, low TEXT AS (lower(name)) UNIQUE)";
  live({"CREATE TABLE t_v1" + rest, "INSERT INTO t_v1 (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"},
       "CREATE TABLE t_v2" + rest);
  execute({"INSERT OR REPLACE INTO t_v1 (id, name) VALUES (5, 'A')",
           "INSERT OR REPLACE INTO t_v2 (id, name) VALUES (6, 'B')"});
  EXPECT_EQ(rows(), "3|c 4|d 5|A 6|B");
  execute({"UPDATE OR REPLACE t_v1 SET name = 'C' WHERE id = 6", "UPDATE OR REPLACE t_v2 SET name = 'D' WHERE id = 5"});
  EXPECT_EQ(rows(), "5|D 6|C");
}

TEST_F(Replaced, NothingThatATriggerKeeps) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 VALUES (1, 'kept'), (2, 'b')",
        "CREATE TRIGGER kept BEFORE DELETE ON t_v1 WHEN OLD.name = 'kept' BEGIN SELECT RAISE (IGNORE); END"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  EXPECT_THAT(asked("INSERT OR REPLACE INTO t_v2 VALUES (3, 'kept')"), HasSubstr("t_v1 refuses this row"));
  EXPECT_EQ(rows(), "1|kept 2|b");
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (3, 'b')"});
  EXPECT_EQ(rows(), "1|kept 3|b");
}

TEST_F(Replaced, BesideANullInAnotherUnique) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, n INT UNIQUE)",
        "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))", "INSERT INTO t_v1 VALUES (1, 'a', NULL), (2, 'b', NULL)",
        "CREATE TRIGGER goes BEFORE DELETE ON t_v1 BEGIN SELECT 1; END"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, n INT UNIQUE)");
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (3, 'A', NULL)", "UPDATE OR REPLACE t_v2 SET name = 'B' WHERE id = 3"});
  EXPECT_EQ(rows(), "3|B");
}

TEST_F(Replaced, ByWhatReplaceMakesOfANull) {
  const std::string rest =
      " (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'D', low TEXT GENERATED ALWAYS AS (lower(name)) UNIQUE)";
  live({"CREATE TABLE t_v1" + rest, "INSERT INTO t_v1 (id, name) VALUES (1, 'd'), (2, 'e')"},
       "CREATE TABLE t_v2" + rest);
  execute({"INSERT OR REPLACE INTO t_v2 (id, name) VALUES (3, NULL)"});
  EXPECT_EQ(rows(), "2|e 3|D");
  execute({"UPDATE OR REPLACE t_v1 SET name = NULL WHERE id = 2"});
  EXPECT_EQ(rows(), "2|D");
}

TEST_F(Replaced, NothingByOldCodeThroughWhatOnlyTheNewVersionDemands) {
  live(
      {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c')"},
      "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT); CREATE UNIQUE INDEX by_lower ON t_v2 (lower(name))");
  EXPECT_THAT(asked("INSERT INTO t_v1 VALUES (4, 'A')"), HasSubstr("UNIQUE"));
  EXPECT_EQ(rows(), "1|a 2|b 3|c");
  EXPECT_THAT(asked("INSERT OR REPLACE INTO t_v1 VALUES (4, 'A')"), HasSubstr("UNIQUE"));
  EXPECT_THAT(asked("UPDATE OR REPLACE t_v1 SET name = 'B' WHERE id = 3"), HasSubstr("UNIQUE"));
  EXPECT_THAT(asked("UPDATE OR REPLACE t_v1 SET id = 5, name = 'b' WHERE id = 1"), HasSubstr("UNIQUE"));
  EXPECT_EQ(rows(), "1|a 2|b 3|c");
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (4, 'A')", "UPDATE OR REPLACE t_v2 SET name = 'B' WHERE id = 3",
           "UPDATE OR REPLACE t_v1 SET id = 3, name = 'b' WHERE id = 4"});
  EXPECT_EQ(rows(), "3|b");
}

TEST_F(Replaced, InTablesWithOtherKeys) {
  for (const std::string rest : {"(k TEXT, l INT, name TEXT, PRIMARY KEY (k, l))",
                                 "(k TEXT, l INT, name TEXT, PRIMARY KEY (k, l)) WITHOUT ROWID",
                                 "(k TEXT COLLATE NOCASE, l INT, name TEXT, PRIMARY KEY (k, l)) WITHOUT ROWID"}) {
    SCOPED_TRACE(rest);
    live({"CREATE TABLE t_v1 " + rest, "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name), l)",
          "INSERT INTO t_v1 VALUES ('x', 1, 'a'), ('y', 1, 'b'), ('x', 2, 'a'), ('z', 2, 'c')"},
         "CREATE TABLE t_v2 " + rest, "k, l, name");
    execute(
        {"INSERT OR REPLACE INTO t_v1 VALUES ('w', 1, 'A')", "UPDATE OR REPLACE t_v2 SET name = 'C' WHERE k = 'x'"});
    EXPECT_EQ(rows(), "w|1|A x|2|C y|1|b");
    execute({"UPDATE OR REPLACE t_v2 SET k = 'w', name = 'B' WHERE k = 'x'",
             "UPDATE OR REPLACE t_v1 SET l = 1 WHERE name = 'B'"});
    EXPECT_EQ(rows(), "w|1|B");
    go_back("m");
    execute({"DROP TABLE t_v1"});
  }
}

TEST_F(Replaced, ByWhatTheTableSaysOfConflicts) {
  const std::string rest = " (id INTEGER PRIMARY KEY, name TEXT, a INT, b INT AS (a + 1) UNIQUE ON CONFLICT REPLACE)";
  live({"CREATE TABLE t_v1" + rest, "INSERT INTO t_v1 (id, name, a) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)"},
       "CREATE TABLE t_v2" + rest);
  execute({"INSERT INTO t_v1 (id, name, a) VALUES (4, 'd', 1)", "UPDATE t_v2 SET a = 2 WHERE id = 3"});
  EXPECT_EQ(rows(), "3|c 4|d");
}

TEST_F(Replaced, NothingThatWasIgnoredOrRefused) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))",
        "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c')"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, own TEXT DEFAULT '-')");
  execute({"UPDATE t_v2 SET own = 'mine'", "INSERT OR IGNORE INTO t_v1 VALUES (4, 'A')",
           "UPDATE OR IGNORE t_v2 SET name = 'B' WHERE id = 3"});
  EXPECT_THAT(asked("INSERT OR FAIL INTO t_v2 (id, name) VALUES (5, 'C')"), HasSubstr("UNIQUE"));
  execute({"INSERT INTO t_v2 (id, name) VALUES (5, 'f')"});
  EXPECT_EQ(rows(), "1|a 2|b 3|c 5|f");
  // What was noted meanwhile is of no consequence for what comes then.
  execute({"DELETE FROM t_v1 WHERE id = 1", "INSERT INTO t_v2 VALUES (1, 'g', 'again')",
           "UPDATE t_v1 SET name = 'h' WHERE id = 5",
           "INSERT INTO t_v1 VALUES (6, 'H') ON CONFLICT (lower(name)) DO UPDATE SET name = 'i'"});
  EXPECT_EQ(rows(), "1|g 2|b 3|c 5|i");
  EXPECT_EQ(asked("SELECT group_concat(own, ' ') FROM (SELECT own FROM t_v2 ORDER BY id)"), "again mine mine -");
}

TEST_F(Replaced, WhileRowsAreBeingCopied) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
           "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))",
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
           "INSERT INTO t_v1 SELECT i, 'n' || i FROM n"});
  WorkOptions options;
  options.max_chunk_rows = 100;
  int calls = 0;
  options.progress = [&](const WorkState&) {
    if (++calls != 3) return true;
    run(*client_, "INSERT OR REPLACE INTO t_v1 VALUES (9000, 'N5')");
    run(*client_, "INSERT OR REPLACE INTO t_v1 VALUES (9001, 'N2900')");
    run(*client_, "UPDATE OR REPLACE t_v1 SET name = 'N7' WHERE id = 2950");
    run(*client_, "UPDATE OR REPLACE t_v1 SET name = 'N2960' WHERE id = 8");
    return true;
  };
  must(start(*client_,
             migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}),
             options));
  EXPECT_GE(calls, 3);
  expect_alike("m");
  EXPECT_EQ(asked("SELECT count(*) FROM t_v2"), "2998");
  EXPECT_EQ(asked("SELECT group_concat(id || name, ' ') FROM (SELECT id, name FROM t_v2 WHERE name LIKE 'N%' COLLATE "
                  "BINARY AND name GLOB 'N*' ORDER BY id)"),
            "8N2960 2950N7 9000N5 9001N2900");
}

TEST_F(Replaced, WithItsOwnRowByCascadeThroughOtherTables) {
  live({"CREATE TABLE u (id INTEGER PRIMARY KEY, t REFERENCES t_v1 (id) ON DELETE CASCADE)",
        "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, u REFERENCES u (id) ON DELETE CASCADE)",
        "INSERT INTO t_v1 VALUES (1, 'a', NULL), (2, 'b', NULL), (3, 'c', NULL), (4, 'd', NULL), (5, 'e', NULL)",
        "INSERT INTO u VALUES (10, 2), (11, 4)", "UPDATE t_v1 SET u = 10 WHERE id = 1",
        "UPDATE t_v1 SET u = 11 WHERE id = 3"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, u REFERENCES u (id) ON DELETE CASCADE)");
  execute({"UPDATE OR REPLACE t_v1 SET name = 'b' WHERE id = 1"});
  EXPECT_EQ(rows(), "3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v2 SET name = 'd' WHERE id = 3"});
  EXPECT_EQ(rows(), "5|e");
  EXPECT_EQ(asked("SELECT count(*) FROM u"), "0");
}

TEST_F(Replaced, ByANewKeyWithItsOwnRowByCascadeThroughOtherTables) {
  live({"CREATE TABLE w (id INTEGER PRIMARY KEY, t REFERENCES t_v1 (id) ON DELETE CASCADE)",
        "CREATE TABLE u (id INTEGER PRIMARY KEY, w REFERENCES w (id) ON DELETE CASCADE)",
        "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, u REFERENCES u (id) ON DELETE CASCADE)",
        "INSERT INTO t_v1 VALUES (1, 'a', NULL), (2, 'b', NULL), (3, 'c', NULL), (4, 'd', NULL), (5, 'e', NULL)",
        "INSERT INTO w VALUES (10, 2), (11, 4)", "INSERT INTO u VALUES (20, 10), (21, 11)",
        "UPDATE t_v1 SET u = 20 WHERE id = 1", "UPDATE t_v1 SET u = 21 WHERE id = 3"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, u REFERENCES u (id) ON DELETE CASCADE)");
  execute({"UPDATE OR REPLACE t_v1 SET id = 2 WHERE id = 1"});
  EXPECT_EQ(rows(), "3|c 4|d 5|e");
  execute({"UPDATE OR REPLACE t_v2 SET id = 4 WHERE id = 3"});
  EXPECT_EQ(rows(), "5|e");
  execute({"INSERT INTO w VALUES (12, 5)", "INSERT INTO u VALUES (22, 12)", "INSERT INTO t_v1 VALUES (6, 'f', 22)",
           "UPDATE OR IGNORE t_v1 SET id = 5 WHERE id = 6", "DELETE FROM w", "INSERT INTO t_v1 VALUES (6, 'g', NULL)",
           "DELETE FROM t_v1 WHERE id = 5", "INSERT INTO t_v2 VALUES (5, 'h', NULL)",
           "INSERT OR REPLACE INTO t_v2 VALUES (5, 'i', NULL), (7, 'j', NULL)", "DELETE FROM t_v1 WHERE id = 6"});
  EXPECT_EQ(rows(), "5|i 7|j");
}

TEST_F(Replaced, ByUpdatesThatSQLiteWouldRefuseToCarryAsThoseTheyAre) {
  const std::string rest =
      " (id INTEGER PRIMARY KEY, name TEXT, a INT UNIQUE, b INT UNIQUE, c INT UNIQUE, d INT UNIQUE)";
  live(
      {"CREATE TABLE u (t REFERENCES t_v1 (id) ON DELETE SET NULL)", "CREATE TABLE t_v1" + rest,
       "CREATE TABLE log (id INT)",
       "CREATE TRIGGER goes AFTER DELETE ON t_v1 BEGIN INSERT INTO log VALUES (OLD.id); END",
       "INSERT INTO t_v1 VALUES (1, 'a', 1, 1, 1, 1), (2, 'b', 2, 2, 2, 2), (3, 'c', 3, 3, 3, 3), (4, 'd', 4, 4, 4, 4)",
       "INSERT INTO u VALUES (1), (2), (4)"},
      "CREATE TABLE t_v2" + rest);
  execute({"UPDATE OR REPLACE t_v2 SET b = 1 WHERE id = 2"});
  EXPECT_EQ(rows(), "2|b 3|c 4|d");
  execute({"UPDATE OR REPLACE t_v1 SET d = 2 WHERE id = 3"});
  EXPECT_EQ(rows(), "3|c 4|d");
  execute({"UPDATE OR REPLACE t_v2 SET id = 5, a = 4, c = 5 WHERE id = 3"});
  EXPECT_EQ(rows(), "5|c");
  EXPECT_EQ(asked("SELECT group_concat(coalesce(t, '-')) FROM u"), "-,-,-");
  EXPECT_EQ(asked("SELECT group_concat(id) FROM log"), "1,4");
}

TEST_F(Replaced, ThroughWhatSQLiteComputesOfColumnsThatAreNotSet) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, b TEXT, x TEXT AS (name || '/' || b) UNIQUE, n TEXT NOT "
        "NULL DEFAULT 'n')",
        "CREATE UNIQUE INDEX by_n ON t_v1 (lower(n), b)",
        "INSERT INTO t_v1 VALUES (1, 'p', 'q', 'a'), (2, 'p', 'r', 'b'), (3, 's', 't', 'N')"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, b TEXT, n TEXT NOT NULL DEFAULT 'n')");
  execute({"UPDATE OR REPLACE t_v1 SET b = 'q' WHERE id = 2"});
  EXPECT_EQ(rows(), "2|p 3|s");
  execute({"INSERT OR REPLACE INTO t_v1 (id, name, b, n) VALUES (4, 'u', 't', NULL)"});
  EXPECT_EQ(rows(), "2|p 4|u");
}

TEST_F(Replaced, WhatOthersOfTheTableReferTo) {
  for (const std::string action : {"ON DELETE SET NULL", "ON UPDATE CASCADE ON DELETE SET NULL"}) {
    SCOPED_TRACE(action);
    const auto rest = [&](const std::string& table) {
      return " (id INTEGER PRIMARY KEY, up INTEGER REFERENCES " + table + " (id) " + action + ", name TEXT)";
    };
    live({std::string("CREATE TABLE t_v1" + rest("t_v1")),
          "CREATE UNIQUE INDEX by_lower ON t_v1 (coalesce(up, 0), lower(name))",
          "INSERT INTO t_v1 VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, NULL, 'c')"},
         "CREATE TABLE t_v2" + rest("t_v2"));
    execute({"INSERT OR REPLACE INTO t_v1 VALUES (9, NULL, 'A')"});
    EXPECT_EQ(rows(), "2|b 3|c 9|A");
    const bool follows = action.starts_with("ON UPDATE");
    execute({follows ? "UPDATE t_v1 SET up = 9 WHERE id = 2" : "UPDATE t_v1 SET up = 2 WHERE id = 2",
             "UPDATE OR REPLACE t_v1 SET id = 8, name = 'C' WHERE id = 9"});
    EXPECT_EQ(rows(), "2|b 8|C");
    go_back("m");
    execute({"DROP TABLE t_v1"});
  }
}

TEST_F(Replaced, ByTheRowidUnderItsOwnNames) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)");
  execute({"UPDATE t_v1 SET rowid = 9 WHERE id = 1", "UPDATE OR REPLACE t_v2 SET oid = 3 WHERE id = 2",
           "UPDATE OR REPLACE t_v1 SET _rowid_ = 9 WHERE id = 4"});
  EXPECT_EQ(rows(), "3|b 9|d");
}

TEST_F(Replaced, NotesLeaveWithTheMigration) {
  live({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE UNIQUE INDEX by_lower ON t_v1 (lower(name))"},
       "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)");
  execute({"INSERT OR REPLACE INTO t_v1 VALUES (1, 'a'), (2, 'A')"});
  EXPECT_EQ(rows(), "2|A");
  go_back("m");
  EXPECT_EQ(objects_in(*client_), "by_lower t_v1");
}

}  // namespace
}  // namespace offx::migrate
