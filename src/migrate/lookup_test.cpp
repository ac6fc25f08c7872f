// What the triggers do for a write they find by an index: no writer waits for a table to be read from end to end, and
// no index is made for that over rows that are there.

#include <ostream>

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// `sql` in a transaction of its own, with the plans of all triggers that it may set off; or the error.
std::string plans_of(const std::string& database, const std::string& sql) {
  sqlite3* connection = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::string plans;
  if (sqlite3_open(database.c_str(), &connection) == SQLITE_OK &&
      sqlite3_db_config(connection, SQLITE_DBCONFIG_TRIGGER_EQP, 1, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(connection, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr) == SQLITE_OK) {
    while (sqlite3_step(statement) == SQLITE_ROW) {
      plans += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
      plans += '\n';
    }
  } else {
    plans = sqlite3_errmsg(connection);
  }
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return plans;
}

struct Shape {
  std::string name;
  std::string old_columns;
  std::string old_index;
  std::string new_columns;
  std::string new_index;

  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }
};

class Lookup : public MigrationTest, public testing::WithParamInterface<Shape> {};

TEST_P(Lookup, NoWriteReadsATableFromEndToEnd) {
  const auto& shape = GetParam();
  const std::string columns = "id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INT";
  const auto of = [&](const std::string& own) { return own.empty() ? columns : own; };
  execute({"CREATE TABLE t_v1 (" + of(shape.old_columns) + ")"});
  if (!shape.old_index.empty()) execute({shape.old_index});
  execute({"INSERT INTO t_v1 (id, a, b, n) VALUES (1, 'a', 'x', 1), (2, 'b', 'y', 2), (3, 'c', 'z', 3)"});
  auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (" + of(shape.new_columns) + ");" + shape.new_index);
  if (!shape.old_index.empty()) change.drop = {"of_old"};
  begin(migration_of("m", {change}));
  for (const std::string table : {"t_v1", "t_v2"}) {
    for (const auto& write : {"INSERT OR REPLACE INTO " + table + " (a, b, n) VALUES ('d', 'v', 4)",
                              "INSERT OR REPLACE INTO " + table + " (id, a, b, n) VALUES (2, 'd', 'v', 4)",
                              "UPDATE OR REPLACE " + table + " SET a = 'd', b = 'v', n = 5 WHERE id = 2",
                              "UPDATE " + table + " SET id = 7 WHERE id = 2", "DELETE FROM " + table + " WHERE id = 3",
                              "INSERT INTO " + table +
                                  " (id, a, b, n) VALUES (3, 'd', 'v', 4) ON CONFLICT (id) DO UPDATE SET "
                                  "a = excluded.a"}) {
      const auto plans = plans_of(file(), write);
      EXPECT_THAT(plans, AllOf(HasSubstr("SEARCH t_v1"), HasSubstr("SEARCH t_v2"))) << write;
      EXPECT_THAT(plans, AllOf(Not(HasSubstr("SCAN t_v1")), Not(HasSubstr("SCAN t_v2")))) << write;
    }
  }
  // What only one version demands is an error through the other one.
  const auto by_new = asked("INSERT OR REPLACE INTO t_v2 (id, a, b, n) VALUES (8, 'a', 'x', 2)");
  const auto by_old = asked("INSERT OR REPLACE INTO t_v1 (id, a, b, n) VALUES (9, 'b', 'y', 3)");
  EXPECT_TRUE(by_new.empty() || by_old.empty()) << by_new << by_old;
  EXPECT_THAT(by_new + by_old, AnyOf(IsEmpty(), HasSubstr("UNIQUE constraint failed")));
  asked("UPDATE OR REPLACE t_v2 SET a = 'c', b = 'z', n = 3 WHERE id = 8");
  asked("UPDATE OR REPLACE t_v1 SET a = 'c', b = 'z', n = 3 WHERE id = 9");
  EXPECT_EQ(asked("SELECT id, a, b, n FROM t_v1 ORDER BY id"), asked("SELECT id, a, b, n FROM t_v2 ORDER BY id"));
  expect_alike("m");
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Lookup,
    testing::Values(Shape{"of_the_new_alone", "", "", "", "CREATE UNIQUE INDEX i ON t_v2 (a)"},
                    Shape{"of_the_old_alone", "", "CREATE UNIQUE INDEX of_old ON t_v1 (a)", "", ""},
                    Shape{"of_both", "id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, n INT", "",
                          "id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, n INT", ""},
                    Shape{"by_one_column_of_two", "", "CREATE INDEX of_old ON t_v1 (n)", "",
                          "CREATE UNIQUE INDEX i ON t_v2 (n, a)"},
                    Shape{"partial_on_both", "", "CREATE UNIQUE INDEX of_old ON t_v1 (a) WHERE n > 0 OR b IS NULL", "",
                          "CREATE UNIQUE INDEX i ON t_v2 (a) WHERE n > 0 OR b IS NULL"},
                    Shape{"partial_in_two_ways", "", "CREATE UNIQUE INDEX of_old ON t_v1 (a) WHERE n > 0", "",
                          "CREATE UNIQUE INDEX i ON t_v2 (a) WHERE n > 1"},
                    Shape{"by_another_collation", "", "CREATE UNIQUE INDEX of_old ON t_v1 (a)", "",
                          "CREATE UNIQUE INDEX i ON t_v2 (a COLLATE NOCASE)"},
                    Shape{"of_another_type", "", "CREATE UNIQUE INDEX of_old ON t_v1 (n)",
                          "id INTEGER PRIMARY KEY, a TEXT, b TEXT, n TEXT", "CREATE UNIQUE INDEX i ON t_v2 (n)"},
                    Shape{"on_an_expression", "", "CREATE UNIQUE INDEX of_old ON t_v1 (lower(a))", "",
                          "CREATE UNIQUE INDEX i ON t_v2 (upper(a))"}),
    [](const auto& shape) { return shape.param.name; });

class LookupOnce : public MigrationTest {
 protected:
  void begin_and_stop(const Migration& migration) {
    WorkOptions stops;
    stops.progress = [](const WorkState&) { return false; };
    EXPECT_FALSE(start(*client_, migration, stops));
  }
  const std::string create_ = "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT UNIQUE)";
};

TEST_F(LookupOnce, NoIndexIsMadeOverRowsThatAreThere) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t_v1 VALUES (1, 'a')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", create_)}));
  EXPECT_EQ(asked("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 't_v1'"), "0");
}

TEST_F(LookupOnce, AnIndexThatSomebodyDropsMeanwhileIsMissedByItsSpeedAlone) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT)", "CREATE INDEX own ON t_v1 (a)",
           "INSERT INTO t_v1 VALUES (1, 'a'), (2, 'b')"});
  const auto migration = migration_of("m", {change_of("t_v1", "t_v2", create_)});
  begin_and_stop(migration);
  execute({"DROP INDEX own"});
  begin(migration);
  execute({"INSERT OR REPLACE INTO t_v2 VALUES (3, 'a')", "UPDATE OR REPLACE t_v2 SET a = 'b' WHERE id = 3"});
  EXPECT_EQ(asked("SELECT * FROM t_v1"), "3|b");
  expect_alike("m");
}

}  // namespace
}  // namespace offx::migrate
