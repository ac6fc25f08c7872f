// Triggers of the user's on one version, and writes through the other one.

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

/// Both versions live, and beside them a database in which there is only the old one.
class AsOnOneTable : public MigrationTest {
 protected:
  void make(const std::vector<std::string>& schema, const TableChange& change) {
    client_ = must(db::create_database_client(":memory:"));
    plain_ = must(db::create_database_client(":memory:"));
    for (const auto& sql : schema) {
      run(*client_, sql);
      run(*plain_, sql);
    }
    begin(migration_of("m", {change}));
  }

  /// Runs `sql` with `table` for its %: errors, counts, rows and all that is there are as on the one table.
  void expect_same(const std::string& sql, const std::string& table) {
    SCOPED_TRACE(table + ": " + sql);
    const auto on = [&](const std::string& name) {
      auto text = sql;
      for (std::size_t at = 0; (at = text.find('%', at)) != std::string::npos;) text.replace(at, 1, name);
      return text;
    };
    const auto given = client_->execute(on(table));
    const auto expected = plain_->execute(on("t_v1"));
    ASSERT_EQ(given.has_value(), expected.has_value())
        << (given ? "" : given.error().to_string()) << (expected ? "" : expected.error().to_string());
    if (given) {
      EXPECT_EQ(given->rows_affected(), expected->rows_affected());
      EXPECT_EQ(given->last_insert_rowid(), expected->last_insert_rowid());
      EXPECT_EQ(given->rows(), expected->rows());
    }
    for (const std::string what : {"SELECT * FROM t_v1 ORDER BY id", "SELECT what FROM log ORDER BY rowid"}) {
      EXPECT_EQ(asked(what), ask(*plain_, what));
    }
    expect_alike("m");
  }

  std::unique_ptr<db::DatabaseClient> plain_;
};

TEST_F(AsOnOneTable, WhatATriggerIgnoresIsLeftUndoneThroughBothVersions) {
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, m TEXT)");
  for (const std::string table : {"t_v1", "t_v2"}) {
    make({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER, m TEXT)", "CREATE TABLE log (what TEXT)",
          "INSERT INTO t_v1 VALUES (1, 1, 'a'), (2, 2, 'b'), (9, 0, 'kept')",
          "CREATE TRIGGER positive BEFORE INSERT ON t_v1 WHEN NEW.n < 0 BEGIN SELECT RAISE (IGNORE); END",
          "CREATE TRIGGER kept BEFORE DELETE ON t_v1 BEGIN SELECT RAISE (IGNORE) WHERE OLD.m = 'kept'; END",
          "CREATE TRIGGER grows BEFORE UPDATE OF n ON t_v1 BEGIN SELECT CASE WHEN NEW.n < OLD.n THEN RAISE (IGNORE) "
          "END; END",
          // An upsert, as it was written before there were any.
          "CREATE TRIGGER counted BEFORE INSERT ON t_v1 WHEN EXISTS (SELECT 1 FROM t_v1 WHERE m = NEW.m) BEGIN "
          "UPDATE t_v1 SET n = n + 1 WHERE m = NEW.m; INSERT INTO log VALUES ('counted ' || NEW.m); "
          "SELECT RAISE (IGNORE); END",
          "CREATE TRIGGER later AFTER UPDATE ON t_v1 BEGIN INSERT INTO log VALUES ('later ' || NEW.m); "
          "SELECT RAISE (IGNORE); END"},
         change);
    const auto same = [&](const std::string& sql) { expect_same(sql, table); };
    same("INSERT INTO % (n, m) VALUES (-1, 'x'), (3, 'c'), (-2, 'y') RETURNING id");
    same("INSERT INTO % (n, m) VALUES (5, 'a')");
    same("INSERT INTO % (id, n, m) VALUES (9, 0, 'kept')");  // what is there already
    same("INSERT OR REPLACE INTO % (id, n, m) VALUES (9, 0, 'kept') RETURNING id");
    same("INSERT OR REPLACE INTO % (id, n, m) VALUES (1, -5, 'z'), (2, 7, 'q')");
    same("INSERT INTO % (id, n, m) VALUES (2, 8, 'r') ON CONFLICT (id) DO UPDATE SET n = excluded.n, m = excluded.m");
    same("UPDATE % SET n = 2, m = m || '!'");
    same("UPDATE % SET m = m || '?', id = id + 100 WHERE n < 3");
    same("DELETE FROM % RETURNING id");
    same("INSERT INTO % (id, n, m) VALUES (4, -8, 'r') ON CONFLICT (id) DO NOTHING");
  }
  EXPECT_THAT(objects_in(*client_), HasSubstr("offx_sync_t_v2_down_ignore1"));
  end("m");
  EXPECT_THAT(objects_in(*client_), Not(HasSubstr("offx_")));
  EXPECT_EQ(asked("INSERT INTO t_v2 (n, m) VALUES (-1, 'x') RETURNING id"), "");
}

// What a statement has done before it stays: only SQLite itself shows that.
TEST_F(MigrationTest, WhatATriggerFailsIsWrittenToNeither) {
  const auto plain = folder_ / "plain.db";
  for (const std::string when : {"BEFORE", "AFTER"}) {
    for (const std::string table : {"t_v1", "t_v2"}) {
      const std::vector<std::string> schema = {
          "DROP TABLE IF EXISTS t_v1",
          "DROP TABLE IF EXISTS log",
          "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER, m TEXT)",
          "CREATE TABLE log (what TEXT)",
          "INSERT INTO t_v1 VALUES (1, 1, 'a'), (2, 2, 'b'), (9, 0, 'kept'), (50, 9, 'kept')",
          "CREATE TRIGGER positive " + when +
              " INSERT ON t_v1 BEGIN SELECT 1; SELECT RAISE (FAIL, 'negative') WHERE NEW.n < 0; "
              "INSERT INTO log VALUES ('new ' || NEW.m); END",
          "CREATE TRIGGER grows " + when +
              " UPDATE OF n ON t_v1 WHEN NEW.n < OLD.n BEGIN SELECT RAISE (FAIL, 'less'); END",
          "CREATE TRIGGER kept " + when +
              " DELETE ON t_v1 BEGIN SELECT CASE WHEN OLD.m LIKE 'kept%' THEN RAISE (FAIL, 'kept') END; END"};
      for (const auto& sql : schema) {
        run(*client_, sql);
        ASSERT_EQ(run_elsewhere(plain, sql), "");
      }
      begin(migration_of("m",
                         {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, m TEXT)")}));
      const auto control = must(db::create_database_client(plain));
      for (const std::string sql : {"INSERT INTO % (n, m) VALUES (3, 'c'), (-1, 'x'), (4, 'd')",
                                    "INSERT OR REPLACE INTO % (id, n, m) VALUES (1, 5, 'e'), (2, -2, 'y')",
                                    "UPDATE % SET m = m || '!', n = CASE id WHEN 2 THEN -9 ELSE n END WHERE id < 3",
                                    "UPDATE % SET m = m || '?'", "DELETE FROM % WHERE id IN (1, 9)", "DELETE FROM %"}) {
        SCOPED_TRACE(when + ", " + table + ": " + sql);
        const auto on = [&](const std::string& name) { return std::string(sql).replace(sql.find('%'), 1, name); };
        EXPECT_EQ(run_elsewhere(file(), on(table)), run_elsewhere(plain, on("t_v1")));
        for (const std::string what : {"SELECT * FROM t_v1 ORDER BY id", "SELECT what FROM log ORDER BY rowid"}) {
          EXPECT_EQ(asked(what), ask(*control, what));
        }
        expect_alike("m");
      }
      EXPECT_NE(asked("SELECT count(*) FROM t_v1"), "0");
      go_back("m", true);
    }
  }
}

TEST_F(AsOnOneTable, WhatOldCodeHasWrittenIsNotIgnoredOnItsWay) {
  // REPLACE by old code arrives as an UPDATE, and what it replaces through the UNIQUE goes.
  const std::string columns = " (id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE UNIQUE, a TEXT)";
  make({"CREATE TABLE t_v1" + columns, "CREATE TABLE log (what TEXT)",
        "INSERT INTO t_v1 VALUES (1, 'e', 'kept'), (2, 'f', 'kept'), (3, 'g', 'kept')",
        "CREATE TRIGGER kept BEFORE DELETE ON t_v1 BEGIN SELECT RAISE (IGNORE) WHERE OLD.a = 'kept'; END",
        "CREATE TRIGGER no_e BEFORE UPDATE ON t_v1 WHEN NEW.email = 'E' BEGIN SELECT RAISE (IGNORE); END"},
       change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
  expect_same("INSERT OR REPLACE INTO % VALUES (2, 'E', 'new')", "t_v1");
  expect_same("UPDATE % SET email = 'e' WHERE id = 3", "t_v1");
  expect_same("UPDATE % SET a = a RETURNING id", "t_v2");
  expect_same("INSERT OR REPLACE INTO % VALUES (3, 'E', 'new')", "t_v2");
  expect_same("DELETE FROM %", "t_v2");
}

TEST_F(AsOnOneTable, AKeyThatIsOnlySpelledAnewIsIgnoredToo) {
  const std::string columns = "(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a TEXT)";
  make({"CREATE TABLE t_v1 " + columns, "INSERT INTO t_v1 VALUES ('x', 'fixed')",
        "CREATE TRIGGER stays BEFORE UPDATE ON t_v1 WHEN NEW.a = 'fixed' BEGIN SELECT RAISE (IGNORE); END"},
       change_of("t_v1", "t_v2", "CREATE TABLE t_v2 " + columns));
  for (const std::string table : {"t_v1", "t_v2"}) {
    expect_same("UPDATE % SET id = 'X'", table);
    expect_same("UPDATE % SET id = 'X', a = 'free'", table);
    expect_same("UPDATE % SET id = 'x', a = 'fixed'", table);
    expect_same("UPDATE % SET id = 'x'", table);
    expect_same("DELETE FROM %", table);
    expect_same("INSERT INTO % VALUES ('x', 'fixed')", table);
  }
}

// What begins with the number that is there is not that number, and no echo of what old code has written.
TEST_F(AsOnOneTable, AnInsertThatSpellsTheKeyOtherwiseRunsNoUpdateTrigger) {
  make({"CREATE TABLE t_v1 (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, name TEXT)",
        "CREATE TRIGGER no BEFORE UPDATE ON t_v1 BEGIN SELECT RAISE (ABORT, 'no'); END",
        "INSERT INTO t_v1 VALUES ('y', 'a'), ('z', 'b')"},
       change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, name TEXT)"));
  expect_same("INSERT OR REPLACE INTO % VALUES ('Z', 'd')", "t_v2");
  expect_same("INSERT OR REPLACE INTO % VALUES ('Y', 'c')", "t_v1");
  expect_same("UPDATE % SET id = 'y' WHERE id = 'Y'", "t_v1");
  expect_same("UPDATE % SET id = 'z' WHERE id = 'Z'", "t_v2");
}

TEST_F(AsOnOneTable, AReplaceThatSpellsTheKeyOtherwiseIsNotIgnoredOnItsWay) {
  const std::string columns = " (id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, email TEXT UNIQUE, a TEXT)";
  for (const std::string table : {"t_v1", "t_v2"}) {
    make({"CREATE TABLE t_v1" + columns, "CREATE TABLE log (what TEXT)",
          "CREATE TRIGGER no BEFORE UPDATE ON t_v1 WHEN NEW.email = 'e1' BEGIN SELECT RAISE (FAIL, 'no'); END",
          "CREATE TRIGGER stays BEFORE DELETE ON t_v1 WHEN OLD.a = 'u' BEGIN SELECT RAISE (FAIL, 'u'); END",
          "INSERT INTO t_v1 VALUES ('Y', NULL, 'u'), ('z', 'e1', 'u')"},
         change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
    expect_same("INSERT OR REPLACE INTO % VALUES ('y', 'e1', 'w')", table);
    expect_same("INSERT INTO % VALUES ('z', 'e2', 'w')", table);
    expect_same("INSERT OR REPLACE INTO % VALUES ('Y', 'e2', 'w')", table);
  }
}

TEST_F(AsOnOneTable, AValueThatOnlyBeginsAsTheOtherVersionsIsIgnoredToo) {
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, n INTEGER, t TEXT)");
  change.up = {{"n", "m + 0"}, {"t", "b || ''"}};
  change.down = {{"m", "n"}, {"b", "t"}};
  change.complete =
      "CREATE TRIGGER numbers BEFORE UPDATE ON t_v2 WHEN NEW.n LIKE '%x' OR typeof(NEW.t) = 'blob' BEGIN SELECT "
      "RAISE (IGNORE); END";
  make({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, m TEXT, b)", "CREATE TABLE log (what TEXT)",
        "INSERT INTO t_v1 VALUES (1, '12', 'x')",
        "CREATE TRIGGER numbers BEFORE UPDATE ON t_v1 WHEN NEW.m LIKE '%x' OR typeof(NEW.b) = 'blob' BEGIN SELECT "
        "RAISE (IGNORE); END"},
       change);
  for (const std::string set : {"n = '12x'", "t = x'78'", "n = '12x', t = x'78'"}) {
    EXPECT_EQ(must(client_->execute("UPDATE t_v2 SET " + set)).rows_affected(), 0) << set;
    EXPECT_EQ(asked("SELECT m, b, typeof(b) FROM t_v1"), "12|x|text") << set;
    expect_alike("m");
  }
}

TEST_F(AsOnOneTable, ASuccessorUnderCompleteIgnoresForNewCodeAndGoesWithARollback) {
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, number INTEGER)");
  change.rename = {{"n", "number"}};
  change.complete =
      "CREATE TRIGGER positive BEFORE INSERT ON t_v2 WHEN NEW.number < 0 BEGIN SELECT RAISE (IGNORE); END";
  make({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, n INTEGER)", "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER positive BEFORE INSERT ON t_v1 WHEN NEW.n < 0 BEGIN SELECT RAISE (IGNORE); END"},
       change);
  run(*client_, "INSERT INTO t_v2 (number) VALUES (-1), (1)");
  run(*client_, "INSERT INTO t_v1 (n) VALUES (-2), (2)");
  EXPECT_EQ(asked("SELECT n FROM t_v1"), "1 2");
  expect_alike("m");
  const auto next = change_of("t_v2", "t_v3", "CREATE TABLE t_v3 (id INTEGER PRIMARY KEY, number INTEGER)");
  EXPECT_THAT(error_of(start(*client_, migration_of("n", {next}), {})), HasSubstr("complete that first"));
  go_back("m", true);
  EXPECT_EQ(objects_in(*client_), "log positive t_v1");
}

TEST_F(AsOnOneTable, ReplaceRunsNoDeleteTriggerWhateverItReplacesBy) {
  const std::string columns = " (id INTEGER PRIMARY KEY, email TEXT UNIQUE, a TEXT, b TEXT, UNIQUE (a, b))";
  const auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns);
  for (const std::string table : {"t_v1", "t_v2"}) {
    for (const std::string more :
         {"", "CREATE TRIGGER added AFTER INSERT ON t_v1 BEGIN INSERT INTO log VALUES ('+' || NEW.id); END"}) {
      make({"CREATE TABLE t_v1" + columns, "CREATE TABLE log (what TEXT)",
            "CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN INSERT INTO log VALUES ('-' || OLD.id); END",
            more.empty() ? "SELECT 1" : more,
            "INSERT INTO t_v1 VALUES (1, 'e1', 'a', '1'), (2, 'e2', 'a', '2'), (3, 'e3', 'a', '3'), (4, 'e4', 'a', "
            "'4')"},
           change);
      const auto same = [&](const std::string& sql) { expect_same(sql, table); };
      same("INSERT OR REPLACE INTO % VALUES (5, 'e1', 'a', '5')");
      same("INSERT OR REPLACE INTO % VALUES (2, 'e5', 'a', '5')");
      same("INSERT OR REPLACE INTO % VALUES (3, 'e5', 'a', '4')");
      same("INSERT INTO % VALUES (1, 'e1', 'c', '1'), (2, 'e2', 'c', '2'), (4, 'e4', 'c', '4')");
      same("UPDATE OR REPLACE % SET email = 'e1' WHERE id = 2");
      same("UPDATE OR REPLACE % SET id = 4 WHERE id = 2");
      same("UPDATE OR REPLACE % SET b = '4', id = 7 WHERE id = 4");
      same("UPDATE OR REPLACE % SET id = 4, a = 'a' WHERE id = 7");
      same("INSERT INTO % VALUES (1, 'e0', 'c', '1'), (2, 'e2', 'c', '2')");
      same("UPDATE OR REPLACE % SET email = 'x', a = 'd', b = '1' RETURNING id");
      same("DELETE FROM %");
    }
  }
}

TEST_F(AsOnOneTable, ReplaceRunsNoDeleteTriggerThroughPartialIndexesAndExpressions) {
  for (const std::string unique : {"(email) WHERE n > 0", "(lower(email))", "(a || '/' || email) WHERE n > 0", "(low)",
                                   "(n, email COLLATE NOCASE) WHERE a IS NOT NULL", "(id % 7, n, lower(a))"}) {
    for (const std::string table : {"t_v1", "t_v2"}) {
      SCOPED_TRACE(unique + " by " + table);
      const std::string columns =
          " (id INTEGER PRIMARY KEY, email TEXT, a TEXT, n INTEGER, low TEXT AS (lower(email)))";
      make({"CREATE TABLE t_v1" + columns, "CREATE UNIQUE INDEX one ON t_v1 " + unique, "CREATE TABLE log (what TEXT)",
            "CREATE TRIGGER stays BEFORE DELETE ON t_v1 BEGIN SELECT RAISE (ABORT, 'stays') WHERE OLD.a = 'a'; "
            "INSERT INTO log VALUES ('-' || OLD.id); END",
            "INSERT INTO t_v1 (id, email, a, n) VALUES (1, 'e1', 'a', 1), (2, 'e2', 'a', 1), (3, 'e3', 'a', 1), "
            "(4, 'e4', 'a', 1)"},
           change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
      const auto same = [&](const std::string& sql) { expect_same(sql, table); };
      same("INSERT OR REPLACE INTO % (id, email, a, n) VALUES (5, 'e1', 'a', 1)");
      same("INSERT OR REPLACE INTO % (id, email, a, n) VALUES (2, 'e3', 'a', 1)");
      same("INSERT OR REPLACE INTO % (email, a, n) VALUES ('e4', 'a', 1), ('e4', 'a', 1), ('e4', 'a', 0)");
      same("INSERT INTO % (id, email, a, n) VALUES (7, 'e2', 'a', 1), (8, 'E5', 'b', 1), (9, 'E6', 'a', 1)");
      same("UPDATE OR REPLACE % SET email = 'e5', a = 'b' WHERE id = 2");
      same("UPDATE OR REPLACE % SET id = 12, email = 'E6' WHERE id = 7");
      same("UPDATE OR REPLACE % SET n = 1, email = 'e5', a = 'b' WHERE id = 5");
      same("UPDATE OR IGNORE % SET email = 'e5', n = 1, a = 'b'");
      same("INSERT INTO % (id, email, a, n) VALUES (13, 'e5', 'b', 1)");
      same("DELETE FROM % WHERE a = 'b'");
      same("DELETE FROM %");
    }
  }
}

TEST_F(AsOnOneTable, AnUpdateThatReplacesIsNotRefusedForWhatItDoesNotChange) {
  // Where foreign keys look on, SQLite takes the row itself for another one in each UNIQUE that the statement names.
  const std::string columns =
      " (id TEXT PRIMARY KEY NOT NULL, email TEXT UNIQUE, n INTEGER UNIQUE, a TEXT, p INTEGER REFERENCES parent)";
  const auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns);
  for (const std::string table : {"t_v1", "t_v2"}) {
    for (const std::string more :
         {"SELECT 1",
          "CREATE TRIGGER changed AFTER UPDATE ON t_v1 BEGIN INSERT INTO log VALUES ('>' || NEW.id); END"}) {
      make({"CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE t_v1" + columns,
            "CREATE TABLE log (what TEXT)", more,
            "CREATE TRIGGER gone BEFORE DELETE ON t_v1 BEGIN INSERT INTO log VALUES ('-' || OLD.id); END",
            "INSERT INTO t_v1 (id, email, n) VALUES ('1', 'e1', 1), ('2', 'e2', 2), ('3', 'e3', 3), ('4', 'e4', 4), "
            "('5', 'e5', 5), ('6', 'e6', 6)"},
           change);
      const auto same = [&](const std::string& sql) { expect_same(sql, table); };
      same("UPDATE OR REPLACE % SET id = '2' WHERE id = '1'");
      same("UPDATE OR REPLACE % SET email = 'e3' WHERE id = '2'");
      same("UPDATE OR REPLACE % SET n = 4, a = 'x' WHERE id = '2'");
      same("UPDATE OR REPLACE % SET id = '9', email = 'e5' WHERE id = '2'");
      same("UPDATE OR REPLACE % SET id = '6', n = 7 WHERE id = '9'");
    }
  }
}

TEST_F(AsOnOneTable, AnUpdateThatReplacesIsNotRefusedForWhatIsUnderTwoConstraints) {
  const std::string columns =
      " (id TEXT PRIMARY KEY NOT NULL, n INTEGER, a TEXT, email TEXT, p INTEGER REFERENCES parent, UNIQUE (n, a), "
      "UNIQUE "
      "(email, a))";
  for (const std::string table : {"t_v1", "t_v2"}) {
    make({"CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE t_v1" + columns, "CREATE TABLE log (what TEXT)",
          "INSERT INTO t_v1 (id, n, a, email) VALUES ('1', 1, 'a', 'e1'), ('2', 2, 'a', 'e2'), ('3', 3, 'a', 'e3')"},
         change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
    const auto same = [&](const std::string& sql) { expect_same(sql, table); };
    same("UPDATE OR REPLACE % SET id = '2', n = 4 WHERE id = '1'");
    same("UPDATE OR REPLACE % SET id = '3', email = 'e4' WHERE id = '2'");
  }
}

TEST_F(AsOnOneTable, AnUpdateThatReplacesIsNotRefusedForWhatOfItsKeyDoesNotChange) {
  const std::string columns =
      " (id INTEGER NOT NULL REFERENCES parent, pos INTEGER NOT NULL, item TEXT, PRIMARY KEY (id, pos), UNIQUE (id, "
      "item))";
  for (const std::string table : {"t_v1", "t_v2"}) {
    make({"CREATE TABLE parent (id INTEGER PRIMARY KEY)", "INSERT INTO parent VALUES (1), (2)",
          "CREATE TABLE t_v1" + columns,
          "INSERT INTO t_v1 VALUES (1, 1, 'a'), (1, 2, 'b'), (1, 3, 'c'), (2, 1, 'd'), (2, 2, 'e'), (2, 3, 'f')"},
         change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
    const auto same = [&](const std::string& sql) { expect_same(sql, table); };
    same("UPDATE OR REPLACE % SET pos = 2 WHERE id = 1 AND pos = 1");
    same("UPDATE OR REPLACE % SET id = 2 WHERE id = 1 AND pos = 2");
    same("UPDATE OR REPLACE % SET pos = 3, item = 'd' WHERE id = 2 AND pos = 2");
    same("UPDATE OR REPLACE % SET id = 2, pos = 4, item = 'd' WHERE id = 1 AND pos = 3");
  }
}

TEST_F(AsOnOneTable, TriggersOfTheFirstTableOfAChainRunAsOnOneTable) {
  const std::string columns = " (id INTEGER PRIMARY KEY, a TEXT, b TEXT, email TEXT UNIQUE, n INTEGER UNIQUE)";
  make({"CREATE TABLE t_v1" + columns, "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER gone AFTER DELETE ON t_v1 BEGIN INSERT INTO log VALUES ('-' || OLD.id); END",
        "CREATE TRIGGER changed AFTER UPDATE ON t_v1 BEGIN INSERT INTO log VALUES (NEW.a || NEW.b); END",
        "CREATE TRIGGER b AFTER UPDATE OF b ON t_v1 BEGIN INSERT INTO log VALUES ('b ' || NEW.a || NEW.b); END",
        "INSERT INTO t_v1 VALUES (1, 'a', 'b', 'e1', 1), (2, 'a', 'b', 'e2', 2), (3, 'a', 'b', 'e3', 3), "
        "(4, 'a', 'b', 'e4', 4), (5, 'a', 'b', 'e5', 5)"},
       change_of("t_v1", "t_v2", "CREATE TABLE t_v2" + columns));
  begin(migration_of("n", {change_of("t_v2", "t_v3", "CREATE TABLE t_v3" + columns)}));
  const auto same = [&](const std::string& sql) { expect_same(sql, "t_v3"); };
  same("INSERT OR REPLACE INTO % VALUES (6, 'x', 'y', 'e1', 6)");
  same("UPDATE % SET a = 'p', b = 'q', n = 12 WHERE id = 2");
  same("UPDATE % SET a = 'r' WHERE id = 3");
  same("UPDATE OR REPLACE % SET email = 'e4' WHERE id = 3");
  same("DELETE FROM % WHERE id = 5");
  expect_alike("n");
}

class UserTriggers : public MigrationTest {
 protected:
  /// A table with triggers that note which of them ran, with what was before and after.
  void make(const std::vector<std::string>& events) {
    execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT UNIQUE, d TEXT, e TEXT)",
             "CREATE TABLE log (what TEXT)",
             "INSERT INTO t_v1 VALUES (1, 'a', 'b', 'c1', 'd', 'e'), (2, 'a', 'b', 'c2', 'd', ' e ')"});
    for (const auto& event : events) {
      const bool inserts = event.find("INSERT") != std::string::npos;
      run(*client_, "CREATE TRIGGER \"" + event + "\" " + event + " ON t_v1 BEGIN INSERT INTO log VALUES ('" + event +
                        ": ' || " + (inserts ? "" : "OLD.a || OLD.b || OLD.c || '>' || ") +
                        "NEW.a || NEW.b || NEW.c); END");
    }
  }
  TableChange next() {
    auto change = change_of(
        "t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT UNIQUE, d TEXT, e TEXT)");
    change.up = {{"e", "trim(e)"}};
    change.down = {{"e", "e"}};
    return change;
  }
  /// What the triggers noted of this one statement, in the order of their names.
  std::string noted(std::string_view sql) {
    run(*client_, "DELETE FROM log");
    run(*client_, sql);
    return asked("SELECT what FROM log ORDER BY what");
  }
};

TEST_F(UserTriggers, RunOnceForAnUpdateOfManyColumns) {
  make({"AFTER UPDATE", "BEFORE UPDATE OF a", "AFTER UPDATE OF a, b", "AFTER UPDATE OF d"});
  begin(migration_of("m", {next()}));
  const std::string all = "AFTER UPDATE OF a, b: abc1>xyc1 AFTER UPDATE: abc1>xyc1 BEFORE UPDATE OF a: abc1>xyc1";
  EXPECT_EQ(noted("UPDATE t_v2 SET a = 'x', b = 'y' WHERE id = 1"), all);
  EXPECT_EQ(noted("UPDATE t_v2 SET b = 'z' WHERE id = 1"), "AFTER UPDATE OF a, b: xyc1>xzc1 AFTER UPDATE: xyc1>xzc1");
  EXPECT_EQ(noted("UPDATE t_v2 SET c = 'c3' WHERE id = 1"), "AFTER UPDATE: xzc1>xzc3");
  EXPECT_EQ(noted("UPDATE t_v2 SET c = 'c4', d = 'e' WHERE id = 1"),
            "AFTER UPDATE OF d: xzc3>xzc4 AFTER UPDATE: xzc3>xzc4");
  EXPECT_EQ(noted("UPDATE t_v2 SET a = 'x', c = 'c4' WHERE id = 1"), "") << "nothing changes";
  EXPECT_EQ(noted("INSERT INTO t_v2 (id, a, c) VALUES (1, 'X', 'C') ON CONFLICT (id) DO UPDATE SET a = excluded.a, c = "
                  "excluded.c"),
            "AFTER UPDATE OF a, b: xzc4>XzC AFTER UPDATE: xzc4>XzC BEFORE UPDATE OF a: xzc4>XzC");
  EXPECT_EQ(noted("UPDATE t_v2 SET a = a || id, d = 'f'"),
            "AFTER UPDATE OF a, b: XzC>X1zC AFTER UPDATE OF a, b: abc2>a2bc2 AFTER UPDATE OF d: XzC>X1zC AFTER UPDATE "
            "OF d: abc2>a2bc2 AFTER UPDATE: XzC>X1zC AFTER UPDATE: abc2>a2bc2 BEFORE UPDATE OF a: XzC>X1zC BEFORE "
            "UPDATE OF a: abc2>a2bc2");
  expect_alike("m");
  // By old code as ever; the echo runs none.
  EXPECT_EQ(noted("UPDATE t_v1 SET b = 'B', c = 'c9' WHERE id = 2"),
            "AFTER UPDATE OF a, b: a2bc2>a2Bc9 AFTER UPDATE: a2bc2>a2Bc9");
  EXPECT_EQ(asked("SELECT a, b, c FROM t_v2 WHERE id = 2"), "a2|B|c9");
  // What loses something is not carried back by an update of something else.
  execute({"UPDATE t_v2 SET a = 'q', d = 'r' WHERE id = 2"});
  EXPECT_EQ(asked("SELECT a, d, e FROM t_v1 WHERE id = 2"), "q|r| e ");
  execute({"UPDATE t_v2 SET a = 'r', e = 'f' WHERE id = 2"});
  EXPECT_EQ(asked("SELECT a, d, e FROM t_v1 WHERE id = 2"), "r|r|f");
  expect_alike("m");
}

TEST_F(UserTriggers, OfTheNewVersionRunOnceToo) {
  make({});
  auto change = next();
  change.create +=
      "; CREATE TRIGGER noted AFTER UPDATE ON t_v2 BEGIN INSERT INTO log VALUES (OLD.a || OLD.c || '>' || "
      "NEW.a || NEW.c); END";
  begin(migration_of("m", {change}));
  EXPECT_EQ(noted("UPDATE t_v1 SET a = 'x', b = 'y', c = 'z' WHERE id = 1"), "ac1>xz");
  EXPECT_EQ(noted("UPDATE t_v2 SET a = 'A', c = 'Z' WHERE id = 1"), "xz>AZ");
  expect_alike("m");
}

TEST_F(UserTriggers, RunForReplaceAsForAnInsert) {
  make({"AFTER INSERT", "BEFORE INSERT", "AFTER UPDATE"});
  begin(migration_of("m", {next()}));
  const std::string both = "AFTER INSERT: xyz BEFORE INSERT: xyz";
  EXPECT_EQ(noted("REPLACE INTO t_v2 (id, a, b, c) VALUES (1, 'x', 'y', 'z')"), both);
  EXPECT_EQ(noted("REPLACE INTO t_v2 (id, a, b, c) VALUES (1, 'x', 'y', 'z')"), both);
  EXPECT_EQ(noted("REPLACE INTO t_v1 (id, a, b, c) VALUES (1, 'x', 'y', 'z')"), both);
  EXPECT_EQ(noted("INSERT INTO t_v2 (id, a, b, c) VALUES (1, 'u', 'y', 'v') ON CONFLICT (id) DO UPDATE SET a = 'u'"),
            noted("UPDATE t_v1 SET a = 'u' WHERE id = 1").empty() ? "AFTER UPDATE: xyz>uyz" : "");
  expect_alike("m");
}

TEST_F(UserTriggers, ThatComeWhileBothLiveChangeNothingOfOurs) {
  make({"AFTER UPDATE OF a"});
  begin(migration_of("m", {next()}));
  execute({"CREATE TRIGGER late AFTER UPDATE OF c ON t_v1 BEGIN INSERT INTO log VALUES ('late'); END",
           "DROP TRIGGER \"AFTER UPDATE OF a\""});
  for (const auto& drift : must(find_drift(*client_))) EXPECT_THAT(drift.name, Not(HasSubstr("offx_")));
  end("m");
  EXPECT_EQ(objects_in(*client_), "late log t_v2");
  EXPECT_EQ(noted("UPDATE t_v2 SET c = 'x' WHERE id = 1"), "late");
}

TEST_F(UserTriggers, OfTooManyKindsAreWarnedOf) {
  make({"AFTER UPDATE OF a", "AFTER UPDATE OF b", "AFTER UPDATE OF c", "AFTER UPDATE OF d"});
  const auto plan = must(make_plan(*client_, migration_of("m", {next()})));
  EXPECT_FALSE(plan.refused());
  EXPECT_THAT(plan.findings, Contains(Field(&Finding::message, HasSubstr("may reach t_v1 as several"))));
  begin(migration_of("m", {next()}));
  EXPECT_EQ(noted("UPDATE t_v2 SET a = 'x', d = 'y' WHERE id = 1"),
            "AFTER UPDATE OF a: abc1>xbc1 AFTER UPDATE OF d: abc1>abc1");
  expect_alike("m");
  end("m");
}

}  // namespace
}  // namespace offx::migrate
