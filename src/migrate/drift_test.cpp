// What somebody changes or drops by hand while a migration is on.

#include <gmock/gmock.h>

#include "migrate/schema.h"
#include "migrate/test_support.h"
#include "migrate/work.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;

class ByHand : public MigrationTest {};

TEST_F(ByHand, ADroppedTriggerIsNoticed) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  begin(migration);
  for (const auto* trigger : {"offx_sync_t_v2_up_ins", "offx_sync_t_v2_down_ins"}) {
    SCOPED_TRACE(trigger);
    const auto sql = asked("SELECT sql FROM sqlite_schema WHERE name = '" + std::string(trigger) + "'");
    run(*client_, "DROP TRIGGER " + std::string(trigger));
    const auto drift = must(find_drift(*client_));
    ASSERT_EQ(drift.size(), 1U);
    EXPECT_EQ(drift[0].name, trigger);
    const auto completed = complete(*client_, "m", {});
    ASSERT_FALSE(completed);
    EXPECT_EQ(completed.error().code(), Errc::corrupt);
    EXPECT_THAT(error_of(completed), HasSubstr(trigger));
    run(*client_, sql);
  }
  execute({"DROP TRIGGER offx_sync_t_v2_up_ins", "INSERT INTO t_v1 (name) VALUES ('b')"});
  EXPECT_FALSE(complete(*client_, "m", {}));
  go_back("m");
  EXPECT_EQ(asked("SELECT group_concat(name, '') FROM t_v1"), "ab");
  begin(migration);
  execute({"DROP TRIGGER offx_sync_t_v2_down_del", "DELETE FROM t_v2 WHERE name = 'b'"});
  const auto back = roll_back(*client_, "m", {});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), Errc::corrupt);
  go_back("m", true);
  begin(migration);
  EXPECT_EQ(asked("SELECT group_concat(name, '') FROM t_v2"), "ab");
}

/// What a migration keeps beside the tables: an index to find rows by, and tables of notes.
TEST_F(ByHand, ADroppedHelperIsNoticed) {
  const std::string create_old =
      "CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, up REFERENCES t_v1 ON DELETE CASCADE, gone TEXT UNIQUE)";
  execute({create_old, "CREATE TABLE log (id)", "CREATE TABLE u_v1 (id INTEGER PRIMARY KEY)",
           "CREATE TRIGGER noted AFTER INSERT ON t_v1 BEGIN INSERT INTO log VALUES (NEW.id); END",
           "INSERT INTO t_v1 VALUES (1, 'a', NULL, 'x'), (2, 'b', NULL, 'y')"});
  const auto migration = migration_of("m", {change_of("t_v1", "t_v2",
                                                      "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, "
                                                      "up REFERENCES t_v2 ON DELETE CASCADE)")});
  const auto other = migration_of("n", {change_of("u_v1", "u_v2", "CREATE TABLE u_v2 (id INTEGER PRIMARY KEY)")});
  const auto is_missing = [](const std::string& name, const std::string& sql) {
    return testing::ElementsAre(AllOf(testing::Field(&Drift::name, name), testing::Field(&Drift::what, "missing"),
                                      testing::Field(&Drift::expected_sql, sql)));
  };
  for (const std::string name : {"offx_sync_t_v2_replaced", "offx_sync_t_v2_displaced", "offx_sync_t_v2_enforced"}) {
    SCOPED_TRACE(name);
    const auto lose = [&] {
      const auto sql = asked("SELECT sql FROM sqlite_schema WHERE name = '" + name + "'");
      run(*client_, "DROP TABLE " + name);
      return sql;
    };
    // While rows are copied.
    WorkOptions stops;
    stops.progress = [](const WorkState&) { return false; };
    EXPECT_FALSE(start(*client_, migration, stops));
    auto sql = lose();
    EXPECT_THAT(must(find_drift(*client_)), is_missing(name, sql));
    const auto expect_asked_for = [&](const Result<void>& refused, const std::string& phase) {
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), Errc::conflict);
      EXPECT_THAT(error_of(refused),
                  HasSubstr("the migration m (" + phase + ") needs the table " + name +
                            ", which somebody dropped: without it what is written to t_v1 or t_v2 fails. Make it again "
                            "(`offx migrate drift --sql` shows it), or roll back"));
    };
    expect_asked_for(start(*client_, migration, {}), "backfill");
    run(*client_, sql);
    begin(migration);
    EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
    // While both live; another migration does not make it forgotten.
    sql = lose();
    begin(other);
    go_back("n");
    EXPECT_THAT(must(find_drift(*client_)), is_missing(name, sql));
    EXPECT_THAT(asked("INSERT INTO t_v2 (id, name, up) VALUES (3, 'c', 2)"), HasSubstr("no such table: main." + name));
    const auto verified = verify(*client_, "m", {});
    expect_asked_for(verified ? Result<void>() : Result<void>(fail(verified.error())), "live");
    run(*client_, sql);
    execute({"INSERT OR REPLACE INTO t_v2 (id, name) VALUES (3, 'a')"});
    expect_alike("m");
    EXPECT_EQ(asked("SELECT group_concat(id) FROM (SELECT id FROM t_v1 ORDER BY id)"), "2,3");
    lose();
    go_back("m");
    EXPECT_EQ(objects_in(*client_), "log noted t_v1 u_v1");
    EXPECT_EQ(asked("SELECT count(*) FROM offx_schema_objects WHERE name LIKE 'offx%'"), "0");
    EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
    execute({"DELETE FROM t_v1 WHERE id = 3", "INSERT INTO t_v1 (id, name, gone) VALUES (1, 'a', 'x')"});
    begin(migration);
    sql = lose();
    expect_asked_for(complete(*client_, "m", {}), "live");
    run(*client_, sql);
    end("m");
    EXPECT_EQ(asked("SELECT count(*) FROM offx_schema_objects WHERE name LIKE 'offx%'"), "0");
    EXPECT_EQ(asked("SELECT group_concat(id || name) FROM t_v2"), "1a,2b");
    execute({"DROP TABLE t_v2", create_old,
             "CREATE TRIGGER noted AFTER INSERT ON t_v1 BEGIN INSERT INTO log VALUES (NEW.id); END",
             "INSERT INTO t_v1 VALUES (1, 'a', NULL, 'x'), (2, 'b', NULL, 'y')", "DELETE FROM offx_migrations"});
  }
}

TEST_F(ByHand, WhatWasAddedToTheOldTableIsNotLostUnseen) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  execute({"CREATE INDEX late ON t_v1 (name)"});
  EXPECT_THAT(error_of(complete(*client_, "m", {})), HasSubstr("the index late is new"));
  execute({"DROP INDEX late", "ALTER TABLE t_v1 ADD COLUMN more TEXT", "UPDATE t_v1 SET more = 'x'"});
  EXPECT_THAT(error_of(complete(*client_, "m", {})), HasSubstr("the table t_v1 was changed"));
  EXPECT_EQ(asked("SELECT more FROM t_v1"), "x");
  CompleteOptions options;
  options.force = true;
  must(complete(*client_, "m", options));
}

TEST_F(ByHand, WhatWasAddedToTheOldTableWhileItWasCopiedIsNotLostUnseen) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE TABLE u_v1 (id INTEGER PRIMARY KEY)",
           "CREATE INDEX t_name ON t_v1 (name)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("T_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  WorkOptions stops;
  stops.progress = [](const WorkState&) { return false; };
  EXPECT_FALSE(start(*client_, migration, stops));
  EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
  execute({"ALTER TABLE t_v1 ADD COLUMN more TEXT", "UPDATE t_v1 SET more = 'x'", "CREATE INDEX late ON t_v1 (name)"});
  begin(migration);
  // Nor does another migration make it forgotten, however it ends.
  const auto other = migration_of("n", {change_of("u_v1", "u_v2", "CREATE TABLE u_v2 (id INTEGER PRIMARY KEY)")});
  begin(other);
  go_back("n");
  begin(other);
  end("n");
  must(baseline(*client_, "as_it_is"));
  const auto refused = error_of(complete(*client_, "m", {}));
  EXPECT_THAT(refused, HasSubstr("the table t_v1 was changed"));
  EXPECT_THAT(refused, HasSubstr("the index late is new"));
  EXPECT_THAT(refused, testing::Not(HasSubstr("t_name")));
  EXPECT_EQ(must(find_drift(*client_)).size(), 2U);
  // Whoever rolls back keeps it, and the next attempt sees it.
  go_back("m");
  EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
  begin(migration);
  end("m");
}

TEST_F(ByHand, WhatWasChangedElsewhereIsNotForgottenByAnotherMigration) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX t_name ON t_v1 (name)",
           "CREATE TABLE u_v1 (id INTEGER PRIMARY KEY, name TEXT)",
           "CREATE TABLE w (id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX w_name ON w (name)",
           "CREATE VIEW v AS SELECT id FROM w"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  execute({"DROP INDEX t_name", "DROP INDEX w_name", "DROP VIEW v", "CREATE VIEW v AS SELECT name FROM w",
           "CREATE TABLE fresh (id)", "ALTER TABLE u_v1 ADD COLUMN more TEXT"});
  const auto other = migration_of(
      "n", {change_of("U_v1", "u_v2", "CREATE TABLE u_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT)")});
  WorkOptions stops;
  stops.progress = [](const WorkState&) { return false; };
  const auto drifted = [&] {
    std::string all;
    for (const auto& drift : must(find_drift(*client_))) all += drift.what + " " + drift.name + ", ";
    return all;
  };
  EXPECT_FALSE(start(*client_, other, stops));
  // What is new, and what the migration found its own tables to be, is so from then on.
  EXPECT_EQ(drifted(), "changed v, missing t_name, missing w_name, ");
  begin(other);
  EXPECT_EQ(drifted(), "changed v, missing t_name, missing w_name, ");
  go_back("n");
  EXPECT_EQ(drifted(), "changed v, missing t_name, missing w_name, ");
  begin(other);
  end("n");
  EXPECT_EQ(drifted(), "changed v, missing t_name, missing w_name, ");
  // What was on its own tables is the matter of the one that ends.
  end("m");
  EXPECT_EQ(drifted(), "changed v, missing w_name, ");
  must(baseline(*client_, "as_it_is"));
  EXPECT_EQ(drifted(), "");
}

TEST_F(ByHand, ATableThatSomebodyRenamedOrDroppedIsAskedFor) {
  execute(
      {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration = migration_of(
      "m", {change_of("t_v1", "t_v2",
                      "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); CREATE TABLE beside (n)")});
  begin(migration);
  const auto expect_refused = [&](std::string_view what) {
    const auto verified = verify(*client_, "m", {});
    ASSERT_FALSE(verified);
    for (const auto& said :
         {verified.error().message(), error_of(complete(*client_, "m", {})), error_of(roll_back(*client_, "m", {}))}) {
      EXPECT_THAT(said, HasSubstr(what));
    }
  };
  execute({"ALTER TABLE t_v1 RENAME TO t_old"});
  expect_refused("needs the table t_v1, which somebody renamed or dropped: rename it back");
  execute({"ALTER TABLE t_old RENAME TO t_v1"});
  EXPECT_EQ(must(verify(*client_, "m", {})).differences_total, 0);
  execute({"DROP TABLE t_v2"});
  expect_refused(
      "needs the table t_v2, which somebody renamed or dropped: rename it back and roll back, or roll back with "
      "--discard");
  RollbackOptions discard;
  discard.discard = true;
  must(roll_back(*client_, "m", discard));
  execute({"INSERT INTO t_v1 (name) VALUES ('b')"});
  EXPECT_EQ(objects_in(*client_), "t_v1");
}

TEST_F(ByHand, ATableThatSomebodyDroppedWhileItWasCopiedIsAskedFor) {
  auto change = change_of("t_v1", "t_v2",
                          "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, own TEXT UNIQUE); CREATE TABLE beside "
                          "(id INTEGER PRIMARY KEY); CREATE TRIGGER seen AFTER INSERT ON t_v2 BEGIN INSERT OR IGNORE "
                          "INTO beside VALUES (NEW.id); END");
  const auto migration = migration_of("m", {change});
  for (const bool at_once : {false, true}) {
    for (const std::string table : {"t_v1", "t_v2"}) {
      SCOPED_TRACE(table + (at_once ? " while `start` runs" : " before it goes on"));
      execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT, gone TEXT UNIQUE)",
               "CREATE INDEX t_name ON t_v1 (name)",
               "CREATE TRIGGER named AFTER INSERT ON t_v1 BEGIN UPDATE t_v1 SET name = trim(NEW.name) WHERE id = "
               "NEW.id; END",
               "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
               "INSERT INTO t_v1 (id, name) SELECT i, 'n' || i FROM n"});
      WorkOptions options;
      options.max_chunk_rows = 100;
      options.progress = [&](const WorkState&) {
        run(*client_, "ALTER TABLE " + table + " RENAME TO kept");
        return at_once;
      };
      auto started = start(*client_, migration, options);
      ASSERT_FALSE(started);
      if (!at_once) started = start(*client_, migration, {});
      ASSERT_FALSE(started);
      EXPECT_EQ(started.error().code(), Errc::conflict);
      const auto said =
          "the migration m (backfill) needs the table " + table + ", which somebody renamed or dropped: " +
          (table == "t_v1" ? "rename it back" : "roll back and start again; the old version has all rows");
      EXPECT_THAT(error_of(started), HasSubstr(said));
      EXPECT_THAT(must(list_migrations(*client_)).front().error, HasSubstr(said));
      EXPECT_THAT(
          must(make_plan(*client_, migration)).findings,
          testing::Contains(testing::Field(&Finding::message, HasSubstr("`start` would be refused now: " + said))));
      if (table == "t_v1") {
        execute({"ALTER TABLE kept RENAME TO t_v1"});
      } else {
        execute({"DROP TABLE kept"});
      }
      go_back("m");
      EXPECT_EQ(objects_in(*client_), "named t_name t_v1");
      EXPECT_EQ(asked("INSERT INTO t_v1 (name) VALUES ('new') RETURNING id"), "301");
      begin(migration);
      EXPECT_EQ(asked("SELECT count(*), (SELECT count(*) FROM beside) FROM t_v2"), "301|301");
      expect_alike("m");
      go_back("m", true);
      execute({"DROP TABLE t_v1"});
    }
  }
}

TEST_F(ByHand, AColumnThatSomebodyRenamedLeavesTheWayBack) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, a TEXT, b TEXT)", "CREATE INDEX i ON t_v1 (a)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, a TEXT, b TEXT)")}));
  execute({"ALTER TABLE t_v1 RENAME COLUMN a TO c"});
  const auto completed = complete(*client_, "m", {});
  ASSERT_FALSE(completed);
  EXPECT_THAT(error_of(completed), HasSubstr("Since it began somebody changed the tables:\n  the table t_v1 was "
                                             "changed\n  the index i was changed\nRoll back, with --discard"));
  go_back("m", true);
  EXPECT_EQ(objects_in(*client_), "i t_v1");
  execute({"INSERT INTO t_v1 VALUES (1, 'a', 'b')", "UPDATE t_v1 SET b = 'c', c = 'd'"});
}

TEST_F(ByHand, WhereNothingHasBegunNothingDrifts) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES (NULL)"});
  const auto refused = start(
      *client_,
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")}),
      {});
  ASSERT_FALSE(refused);
  const auto drift = find_drift(*client_);
  ASSERT_FALSE(drift);
  EXPECT_THAT(drift.error().message(), HasSubstr("no history to compare with"));
}

TEST_F(ByHand, ADroppedTriggerStopsTheBackfill) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  WorkOptions options;
  options.progress = [&](const WorkState&) {
    run(*client_, "DROP TRIGGER IF EXISTS offx_sync_t_v2_up_ins");
    return true;
  };
  const auto started = start(
      *client_, migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}),
      options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::corrupt);
  EXPECT_EQ(must(list_migrations(*client_)).front().error, started.error().to_string());
  go_back("m");
  EXPECT_EQ(objects_in(*client_), "t_v1");
}

}  // namespace
}  // namespace offx::migrate
