#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

/// What only one version demands, and the other version's code writes otherwise.
class Demands : public MigrationTest {
 protected:
  /// Both versions of `t`, by key: the rows that the one has, if the other has the same.
  std::string rows(const std::string& columns) {
    const auto of = [&](const std::string& table) {
      return asked("SELECT " + columns + " FROM " + table + " ORDER BY id");
    };
    EXPECT_EQ(of("t_v1"), of("t_v2"));
    return of("t_v1");
  }
};

struct Refused {
  std::string old_rest;
  std::string new_rest;
  std::string statement;  ///< refused; OR FAIL
  std::string error;
};

TEST_F(Demands, LeaveNoRowInOneVersionUnderOrFail) {
  const std::string plain = "(id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
  const std::string insert = "INSERT OR FAIL INTO % (id, a, b) VALUES (7, 'g', 'g'), ";
  const std::vector<Refused> cases = {
      {plain, "(id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'bad'), b TEXT)", insert + "(8, 'bad', 'h')",
       "CHECK constraint failed: a <> 'bad'"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT CHECK (a <> 'bad'), b TEXT)",
       "UPDATE OR FAIL % SET b = 'h', a = CASE id WHEN 2 THEN 'bad' ELSE a END", "CHECK constraint failed: a <> 'bad'"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)", insert + "(8, NULL, 'h')",
       "NOT NULL constraint failed"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)",
       "UPDATE OR FAIL % SET a = CASE id WHEN 2 THEN NULL ELSE 'x' || a END", "NOT NULL constraint failed"},
      {plain, "(id INTEGER PRIMARY KEY CHECK (id < 50), a TEXT, b TEXT)",
       "UPDATE OR FAIL % SET id = id + 48 WHERE id < 3", "CHECK constraint failed: id < 50"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT)", insert + "(8, 'b', 'h')", ".a"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT, b TEXT, c AS (lower(a)) UNIQUE)", insert + "(8, 'B', 'h')", ".c"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT, b TEXT, c AS (lower(a)) UNIQUE)",
       "UPDATE OR FAIL % SET a = CASE id WHEN 2 THEN 'C' ELSE 'x' END WHERE id < 3", ".c"},
      {plain, "(id INTEGER PRIMARY KEY, a TEXT, b TEXT, c AS (length(a)) CHECK (c < 3))",
       "UPDATE OR FAIL % SET a = CASE id WHEN 2 THEN 'long' ELSE 'x' END", "CHECK constraint failed: c < 3"},
  };
  for (const auto& one : cases) {
    for (const bool by_new : {false, true}) {
      SCOPED_TRACE(one.statement + (by_new ? " by new code" : " by old code"));
      execute({"CREATE TABLE t_v1 " + (by_new ? one.new_rest : one.old_rest),
               "INSERT INTO t_v1 (id, a, b) VALUES (1, 'a', 'a'), (2, 'b', 'b'), (3, 'c', 'c')"});
      begin(migration_of("m",
                         {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 " + (by_new ? one.old_rest : one.new_rest))}));
      const auto before = rows("id, a, b");
      auto sql = one.statement;
      sql.replace(sql.find('%'), 1, by_new ? "t_v2" : "t_v1");
      EXPECT_THAT(run_elsewhere(file(), sql), HasSubstr(one.error));
      EXPECT_EQ(rows("id, a, b"), before);
      expect_alike("m");
      go_back("m");
      execute({"DROP TABLE t_v1"});
    }
  }
}

TEST_F(Demands, ThatThereIsOneRow) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t_v1 VALUES (1, 'a')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, CHECK (1)); "
                                     "CREATE UNIQUE INDEX one ON t_v2 ((1))")}));
  EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 VALUES (2, 'b')"), HasSubstr("UNIQUE"));
  EXPECT_THAT(run_elsewhere(file(), "INSERT OR REPLACE INTO t_v1 VALUES (2, 'b')"), HasSubstr("UNIQUE"));
  execute({"UPDATE t_v1 SET id = 3, a = 'c'", "INSERT OR REPLACE INTO t_v2 VALUES (4, 'd')"});
  EXPECT_EQ(rows("id, a"), "4|d");
  expect_alike("m");
}

/// NEW in a trigger has no affinity, and coalesce() no collation, by which a CHECK compares.
TEST_F(Demands, CompareAsTheTableDoes) {
  const std::string columns =
      "id INTEGER PRIMARY KEY, n INTEGER, name TEXT, state TEXT COLLATE NOCASE NOT NULL DEFAULT 'new'";
  execute({"CREATE TABLE t_v1 (" + columns + ")"});
  begin(migration_of("m",
                     {change_of("t_v1", "t_v2",
                                "CREATE TABLE t_v2 (" + columns +
                                    ", digits TEXT AS (n), CHECK (n > '5'), CHECK (name <> 7), CHECK (state IN ('new', "
                                    "'old')), CHECK (digits <> 70)); "
                                    "CREATE UNIQUE INDEX one ON t_v2 (lower(name)) WHERE n > '9'")}));
  execute(
      {"INSERT INTO t_v1 VALUES (1, 6, '8', 'NEW'), (2, 10, 'x', 'Old'), (3, '7', 'X', 'new'), (4, NULL, NULL, 'new')",
       "UPDATE t_v1 SET n = 11 WHERE id = 2", "INSERT INTO t_v1 VALUES (5, 60, 'y', 'new')"});
  EXPECT_EQ(rows("id, n"), "1|6 2|11 3|7 4|- 5|60");
  const auto is_refused = [&](const std::string& sql, const std::string& why) {
    EXPECT_THAT(run_elsewhere(file(), sql), HasSubstr(why)) << sql;
  };
  is_refused("INSERT OR FAIL INTO t_v1 VALUES (9, 4, 'z', 'new')", "CHECK");
  is_refused("INSERT OR FAIL INTO t_v1 VALUES (9, '4', 'z', 'new')", "CHECK");
  is_refused("INSERT OR FAIL INTO t_v1 VALUES (9, 70, 'z', 'new')", "CHECK");
  is_refused("UPDATE OR FAIL t_v1 SET name = '7'", "CHECK");
  is_refused("UPDATE OR FAIL t_v1 SET state = 'gone'", "CHECK");
  is_refused("INSERT OR REPLACE INTO t_v1 VALUES (9, '12', 'Y', 'new')", "UNIQUE");
  expect_alike("m");
}

TEST_F(Demands, OfWhatTheTableMakesOfAnExpression) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, code TEXT, n)"});
  auto change = change_of("t_v1", "t_v2",
                          "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, letter TEXT, number INTEGER CHECK (number < 20), "
                          "digits TEXT CHECK (digits < '5'))");
  change.up = {{"letter", "substr(code, 1, 1)"}, {"number", "substr(code, 2)"}, {"digits", "n + 1"}};
  change.down = {{"code", "letter || number"}, {"n", "digits - 1"}};
  begin(migration_of("m", {change}));
  execute({"INSERT INTO t_v1 VALUES (1, 'a7', 2)"});
  EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 VALUES (2, 'b50', 3)"), HasSubstr("CHECK"));
  EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 VALUES (2, 'b5', 7)"), HasSubstr("CHECK"));
  EXPECT_THAT(run_elsewhere(file(), "UPDATE OR FAIL t_v1 SET n = 7"), HasSubstr("CHECK"));
  EXPECT_EQ(asked("SELECT group_concat(code || n) FROM t_v1"), "a72");
  expect_alike("m");
}

/// coalesce(), with the default that REPLACE puts there, has no collation either.
TEST_F(Demands, OfAPartialIndexCompareAsTheTableDoes) {
  const std::string columns =
      "id INTEGER PRIMARY KEY, name TEXT, state TEXT COLLATE NOCASE NOT NULL DEFAULT 'new', low TEXT COLLATE NOCASE AS "
      "(state)";
  execute({"CREATE TABLE t_v1 (" + columns + ")"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (" + columns +
                                         "); CREATE UNIQUE INDEX open ON t_v2 (name) WHERE state = 'new'; "
                                         "CREATE UNIQUE INDEX old ON t_v2 (name) WHERE low = 'old'")}));
  execute({"INSERT INTO t_v1 (id, name, state) VALUES (1, 'a', 'New'), (2, 'a', 'Old')"});
  for (const std::string state : {"'NEW'", "'OLD'"}) {
    EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 (id, name, state) VALUES (3, 'a', " + state + ")"),
                HasSubstr("UNIQUE"));
    EXPECT_EQ(rows("id, name"), "1|a 2|a") << state;
  }
  expect_alike("m");
}

TEST_F(Demands, OfAPartialIndexOverAColumnThatIsComparedOtherwise) {
  // What the value is made of compares without regard to case, the column itself does not.
  const std::string columns =
      "id INTEGER PRIMARY KEY, name TEXT, state TEXT COLLATE NOCASE, low TEXT COLLATE NOCASE COLLATE BINARY AS "
      "(state), "
      "b TEXT NOT NULL DEFAULT ('new' COLLATE NOCASE)";
  execute({"CREATE TABLE t_v1 (" + columns + ")"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (" + columns +
                                         "); CREATE UNIQUE INDEX old ON t_v2 (name) WHERE low = 'old'; "
                                         "CREATE UNIQUE INDEX b ON t_v2 (name) WHERE b = 'NEW'")}));
  execute({"INSERT INTO t_v1 (id, name, state, b) VALUES (1, 'a', 'old', 'NEW')"});
  for (const std::string row : {"2, 'a', 'OLD', 'old'", "3, 'a', 'x', 'new'"}) {
    EXPECT_EQ(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 (id, name, state, b) VALUES (" + row + ")"), "") << row;
  }
  EXPECT_EQ(rows("id"), "1 2 3");
  for (const std::string row : {"4, 'a', 'old', 'old'", "4, 'a', 'x', 'NEW'"}) {
    EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v1 (id, name, state, b) VALUES (" + row + ")"),
                HasSubstr("UNIQUE"))
        << row;
  }
  expect_alike("m");
}

TEST_F(Demands, OfWhatAnotherTypeMakesOfAValue) {
  for (const std::string type : {"TEXT", ""}) {
    execute({"DROP TABLE IF EXISTS t_v1", "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, v " + type + ")",
             "INSERT INTO t_v1 VALUES (1, '5')"});
    begin(migration_of(
        "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, v INTEGER CONSTRAINT u UNIQUE)")}));
    for (const std::string value : {"'05'", "'5.0'", "5"}) {
      for (const std::string how : {"FAIL", "REPLACE"}) {
        EXPECT_THAT(run_elsewhere(file(), "INSERT OR " + how + " INTO t_v1 VALUES (2, " + value + ")"),
                    HasSubstr("UNIQUE"))
            << type << " " << how << " " << value;
        EXPECT_EQ(asked("SELECT id FROM t_v1"), "1");
        EXPECT_EQ(asked("SELECT id FROM t_v2"), "1");
      }
    }
    go_back("m", true);
  }
}

TEST_F(Demands, OfHowAKeyIsSpelled) {
  execute({"CREATE TABLE t_v1 (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a)", "INSERT INTO t_v1 VALUES ('x', 1)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, "
                                     "CHECK (id COLLATE BINARY = lower(id)))")}));
  EXPECT_THAT(run_elsewhere(file(), "UPDATE OR FAIL t_v1 SET id = 'X'"), HasSubstr("CHECK"));
  EXPECT_EQ(rows("id, a"), "x|1");
  expect_alike("m");
}

TEST_F(Demands, OfAnIndexToo) {
  for (const std::string index :
       {"CREATE UNIQUE INDEX i ON t_v2 (lower(a))", "CREATE UNIQUE INDEX i ON t_v2 (b) WHERE a <> 'x'"}) {
    SCOPED_TRACE(index);
    execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
             "INSERT INTO t_v1 VALUES (1, 'a', 'b'), (2, 'b', 'c'), (3, 'x', 'b')"});
    auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    change.create += ";" + index;
    begin(migration_of("m", {change}));
    const auto before = rows("id, a, b");
    for (const std::string verb : {"FAIL", "REPLACE", "ABORT", "IGNORE"}) {
      EXPECT_THAT(run_elsewhere(file(), "INSERT OR " + verb + " INTO t_v1 VALUES (4, 'd', 'd'), (5, 'A', 'b')"),
                  HasSubstr("UNIQUE"));
      EXPECT_THAT(run_elsewhere(file(), "UPDATE OR " + verb + " t_v1 SET a = 'B', b = 'c' WHERE id = 1"),
                  HasSubstr("UNIQUE"));
    }
    EXPECT_EQ(rows("id, a, b"), before);
    // What comes with nothing that is there already, or in its own place, does.
    execute({"INSERT OR REPLACE INTO t_v1 VALUES (1, 'A', 'b')", "INSERT INTO t_v1 VALUES (4, 'd', 'd')",
             "UPDATE OR REPLACE t_v1 SET id = 9, a = 'D' WHERE id = 4"});
    EXPECT_EQ(rows("id, a, b"), "1|A|b 2|b|c 3|x|b 9|D|d");
    go_back("m");
    execute({"DROP TABLE t_v1"});
  }
}

TEST_F(Demands, AKeyOfEveryRow) {
  struct Keys {
    std::string old_rest;
    std::string new_rest;
    std::string null_row;  ///< columns and values
    std::string set_null;
  };
  const std::vector<Keys> cases = {
      {"(id TEXT PRIMARY KEY, a INT)", "(id TEXT PRIMARY KEY, a INT)", "(a) VALUES (9)", "id = NULL"},
      {"(id TEXT PRIMARY KEY, a INT)", "(id TEXT PRIMARY KEY NOT NULL, a INT)", "(a) VALUES (9)", "id = NULL"},
      {"(id INT PRIMARY KEY, a INT)", "(id INTEGER PRIMARY KEY, a INT)", "(id, a) VALUES (NULL, 9)", "id = NULL"},
      {"(id TEXT, a INT, PRIMARY KEY (id, a))", "(id TEXT, a INT, PRIMARY KEY (id, a)) WITHOUT ROWID",
       "(id) VALUES ('y')", "a = NULL"},
      {"(id INTEGER PRIMARY KEY, a INT)", "(uuid TEXT PRIMARY KEY NOT NULL, id INTEGER UNIQUE, a INT)",
       "(uuid, a) VALUES ('x', 9)", "id = NULL"},
  };
  for (const auto& one : cases) {
    for (const bool by_new : {false, true}) {
      SCOPED_TRACE(one.old_rest + " " + one.new_rest + (by_new ? " new" : " old"));
      execute({"CREATE TABLE t_v1 " + one.old_rest, "INSERT INTO t_v1 (id, a) VALUES (1, 1), (2, 2)"});
      auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 " + one.new_rest);
      if (one.new_rest.find("uuid") != std::string::npos) change.up = {{"uuid", "'u' || id"}};
      if (one.new_rest.find("uuid") != std::string::npos) change.one_way = {"uuid"};
      begin(migration_of("m", {change}));
      const std::string table = by_new ? "t_v2" : "t_v1";
      if (by_new || one.null_row.find("uuid") == std::string::npos) {
        const auto inserted = run_elsewhere(file(), "INSERT INTO " + table + " " + one.null_row);
        const auto updated = run_elsewhere(file(), "UPDATE " + table + " SET " + one.set_null + " WHERE id = 2");
        // An INTEGER PRIMARY KEY gives itself one, and is never NULL.
        EXPECT_THAT(inserted, AnyOf("", HasSubstr("NOT NULL"))) << inserted;
        EXPECT_THAT(updated, AnyOf(HasSubstr("NOT NULL"), "datatype mismatch"));
      }
      EXPECT_EQ(asked("SELECT id, a FROM t_v1 ORDER BY a"), asked("SELECT id, a FROM t_v2 ORDER BY a"));
      EXPECT_EQ(asked("SELECT count(*) FROM t_v1 WHERE id IS NULL OR a IS NULL"), "0");
      expect_alike("m");
      go_back("m", true);
      execute({"DROP TABLE t_v1"});
    }
  }
}

TEST_F(Demands, OfWhatTheTableGenerates) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b')"});
  begin(migration_of("m",
                     {change_of("t_v1", "t_v2",
                                "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, g TEXT NOT NULL AS (lower(a)))")}));
  for (const auto* sql : {"INSERT OR FAIL INTO t_v1 VALUES (3, 'c'), (4, NULL)", "UPDATE OR FAIL t_v1 SET a = NULL",
                          "INSERT OR REPLACE INTO t_v1 VALUES (1, NULL)"}) {
    EXPECT_THAT(run_elsewhere(file(), sql), HasSubstr("CHECK constraint failed: \"g\" IS NOT NULL")) << sql;
    rows("id, a");
  }
  EXPECT_EQ(rows("id, a"), "1|a 2|b");
  expect_alike("m");
}

TEST_F(Demands, ActAsTheStatementSaysOnTheirOwnTable) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT, b TEXT)",
           "INSERT INTO t_v1 VALUES (1, 'a', 'a'), (2, 'b', 'b')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2",
                                     "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> 'bad'), "
                                     "b TEXT UNIQUE, c AS (lower(a)) UNIQUE)")}));
  execute(
      {"INSERT OR IGNORE INTO t_v2 (id, a, b) VALUES (3, 'bad', 'x'), (4, NULL, 'x'), (5, 'A', 'x'), (6, 'e', 'b'), "
       "(7, 'g', 'g')",
       "UPDATE OR IGNORE t_v2 SET a = 'bad' WHERE id = 1", "UPDATE OR IGNORE t_v2 SET a = 'B' WHERE id = 1"});
  EXPECT_EQ(rows("id, a, b"), "1|a|a 2|b|b 7|g|g");
  EXPECT_THAT(run_elsewhere(file(), "INSERT OR FAIL INTO t_v2 (id, a, b) VALUES (8, 'h', 'h'), (9, 'bad', 'i')"),
              HasSubstr("CHECK"));
  EXPECT_EQ(rows("id, a, b"), "1|a|a 2|b|b 7|g|g 8|h|h");
  execute({"INSERT OR REPLACE INTO t_v2 (id, a, b) VALUES (9, 'A', 'g')"});
  EXPECT_EQ(rows("id, a, b"), "2|b|b 8|h|h 9|A|g");
  expect_alike("m");
}

}  // namespace
}  // namespace offx::migrate
