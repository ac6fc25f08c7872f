// One migrator at a time, what becomes of its work when somebody interferes, and what is said of it.

#include "migrate/work.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "db/forwarding_client.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/log_watch.h"
#include "migrate/schema.h"
#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;

class MigrationWork : public MigrationTest {};

/// A client whose process is killed as soon as it has written that a migration is in a phase.
class Interrupted final : public db::ForwardingClient {
 public:
  Interrupted(db::DatabaseClient& client, std::string phase) : ForwardingClient(client), phase_(std::move(phase)) {}

  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    if (is_dead_) return fail(Errc::cancelled, "killed");
    return client().execute(sql, params);
  }
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    if (is_dead_) return fail(Errc::cancelled, "killed");
    auto done = client().batch(statements, mode);
    is_dead_ = ask(client(), "SELECT phase FROM offx_migrations") == phase_;
    return done;
  }

 private:
  std::string phase_;
  bool is_dead_ = false;
};

TEST_F(MigrationWork, WhoUsesTheNewVersionHoldsARollbackBack) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  const std::array<std::string_view, 1> tables = {"T_v2"};
  const auto use = must(TableUse::announce(*client_, "shop 5", tables));
  const auto back = roll_back(*client_, "m", {});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), Errc::conflict);
  EXPECT_THAT(error_of(back), HasSubstr("shop 5"));
  EXPECT_EQ(asked("SELECT phase FROM offx_migrations"), "live");
  RollbackOptions options;
  options.force = true;
  must(roll_back(*client_, "m", options));
}

/// Who comes while all rows are compared is not overlooked.
TEST_F(MigrationWork, WhoBeginsToUseTheOldVersionMeanwhileStopsComplete) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')",
           "CREATE TABLE offx_table_users (id TEXT PRIMARY KEY, program TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER "
           "NOT NULL, tables TEXT NOT NULL, renewed_at TEXT NOT NULL, expires_at TEXT NOT NULL)",
           "INSERT INTO offx_table_users VALUES ('odd', 'odd', 'h', 1, 'no list', '2026-01-01', '9999-01-01')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  const std::array<std::string_view, 2> tables = {"u", "T_V1"};
  std::unique_ptr<TableUse> use;
  CompleteOptions options;
  options.progress = [&](const WorkState& state) {
    if (state.what.starts_with("verify") && !use) use = must(TableUse::announce(*client_, "shop 4", tables));
    return true;
  };
  const auto refused = complete(*client_, "m", options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_THAT(error_of(refused), HasSubstr("shop 4"));
  EXPECT_EQ(asked("SELECT phase FROM offx_migrations"), "live");
  EXPECT_EQ(asked("SELECT program FROM offx_table_users ORDER BY program"), "odd shop 4");
  execute({"INSERT INTO t_v1 (name) VALUES ('b')"});
  EXPECT_EQ(asked("SELECT group_concat(name, '') FROM t_v2"), "ab");
  use.reset();
  end("m");
}

/// To look at the rows of a large table takes longer than a migrator may be silent.
TEST_F(MigrationWork, OneThatPlansKeepsItsPlaceAndCanBeStopped) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a'), ('b')"});
  const auto migration = migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, CHECK (id > 0))")});
  auto other = must(db::create_database_client(file()));
  WorkOptions options;
  options.lease_ttl = std::chrono::milliseconds(300);
  int checks = 0;
  options.planning = [&](const WorkState& state) {
    EXPECT_EQ(state.what, "look at the rows of t_v1");
    EXPECT_EQ(state.total, 2);
    EXPECT_EQ(state.unit, "checks");
    if (++checks == 2) return false;
    std::this_thread::sleep_for(2 * options.lease_ttl);
    const auto second = start(*other, migration, {});
    EXPECT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::unavailable);
    EXPECT_THAT(error_of(second), HasSubstr(must(migrator_at_work(*other))));
    return true;
  };
  const auto stopped = start(*client_, migration, options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Errc::cancelled);
  EXPECT_EQ(checks, 2);
  EXPECT_EQ(must(migrator_at_work(*other)), "");
  EXPECT_EQ(asked("SELECT count(*) FROM sqlite_schema WHERE name = 't_v2'"), "0");
  begin(migration);
}

TEST_F(MigrationWork, AViewThatOnlyUsesATablesNameKeepsItsTriggers) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY)", "CREATE TABLE log (what)",
           "CREATE VIEW named AS SELECT what AS t_v1, what AS t_v2 FROM log",
           "CREATE TRIGGER named_insert INSTEAD OF INSERT ON named BEGIN INSERT INTO log VALUES ('seen'); END"});
  const auto migration = migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY)")});
  begin(migration);
  go_back("m");
  execute({"INSERT INTO named VALUES (1, 1)"});
  begin(migration);
  end("m");
  execute({"INSERT INTO named VALUES (1, 1)"});
  EXPECT_EQ(asked("SELECT group_concat(t_v1) FROM named"), "seen,seen");
  EXPECT_THAT(must(find_drift(*client_)), testing::IsEmpty());
}

/// The counts of both are compared: two rows with one twin are none that is missing.
TEST_F(MigrationWork, TwoRowsWithOneTwinAreFound) {
  const auto change = change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (a TEXT PRIMARY KEY NOT NULL, b)");
  std::vector<Finding> findings;
  execute({"CREATE TABLE t_v1 (a TEXT PRIMARY KEY NOT NULL, b)", change.create});
  auto schema = must(Schema::read(*client_));
  const auto pair = resolve_pair(must(schema.table("t_v1")), must(schema.table("t_v2")), change, findings);
  ASSERT_TRUE(pair);
  execute({"DROP TABLE t_v2", "CREATE TABLE t_v2 (a INTEGER PRIMARY KEY, b)",
           "INSERT INTO t_v1 VALUES ('1', 2), ('01', 2)", "INSERT INTO t_v2 VALUES (1, 2)"});
  VerifyReport report;
  must(compare_pair(*client_, *pair, true, report, [](std::int64_t) { return Result<void>(); }));
  ASSERT_EQ(report.differences_total, 1);
  EXPECT_EQ(report.differences[0].what, "2 in t_v1, 1 in t_v2");
}

TEST_F(MigrationWork, RowsThatDifferAreNamed) {
  execute(
      {"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a'), ('b'), ('c')"});
  begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}));
  for (const auto* part : {"ins", "del", "key", "1"}) {
    run(*client_, "DROP TRIGGER offx_sync_t_v2_down_" + std::string(part));
    run(*client_, "DROP TRIGGER offx_sync_t_v2_up_" + std::string(part));
  }
  execute(
      {"UPDATE t_v2 SET name = 'x' WHERE id = 1", "DELETE FROM t_v2 WHERE id = 2", "INSERT INTO t_v2 VALUES (9, 'y')"});
  const auto report = must(verify(*client_, "m", {}));
  EXPECT_EQ(report.differences_total, 3);
  std::string all;
  for (const auto& difference : report.differences) all += difference.key + ": " + difference.what + "; ";
  EXPECT_EQ(all, "id = 2: is missing in t_v2; id = 1: name: 'x' in t_v2, 'a' by t_v1; id = 9: is missing in t_v1; ");
}

TEST_F(MigrationWork, RowsThatOnlyTheNewTableHasAreNamed) {
  for (const std::string key : {"INTEGER PRIMARY KEY", "TEXT NOT NULL PRIMARY KEY"}) {
    execute({"CREATE TABLE t_v1 (id " + key + ", name TEXT)", "INSERT INTO t_v1 VALUES (3, 'a'), (4, 'b'), (5, 'c')"});
    begin(migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id " + key + ", name TEXT)")}));
    for (const auto* part : {"ins", "del", "key", "1"}) {
      run(*client_, "DROP TRIGGER offx_sync_t_v2_down_" + std::string(part));
      run(*client_, "DROP TRIGGER offx_sync_t_v2_up_" + std::string(part));
    }
    const auto check = [&](const char* keys) {
      const auto report = must(verify(*client_, "m", {}));
      std::string all;
      for (const auto& difference : report.differences) {
        EXPECT_EQ(difference.what, "is missing in t_v1");
        all += difference.key + " ";
      }
      std::string expected;  // a key of text is shown in quotes
      for (const char* at = keys; *at != '\0'; ++at) {
        expected += "id = " + (key.starts_with("TEXT") ? "'" + std::string(1, *at) + "' " : std::string(1, *at) + " ");
      }
      EXPECT_EQ(all, expected) << key;
      EXPECT_EQ(report.differences_total, static_cast<std::int64_t>(std::string(keys).size())) << key;
    };
    execute({"INSERT INTO t_v2 VALUES (1, 'x'), (9, 'y')", "DELETE FROM t_v1 WHERE id = 4"});
    check("149");
    execute({"DELETE FROM t_v1"});
    check("13459");
    must(roll_back(*client_, "m", RollbackOptions{{}, true}));
    run(*client_, "DROP TABLE t_v1");
  }
}

TEST_F(MigrationWork, TheFirstMigratorWorksAndTheSecondIsToldWho) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  std::string second;
  WorkOptions options;
  options.progress = [&](const WorkState&) {
    if (second.empty()) second = error_of(start(*client_, migration, {}));
    return true;
  };
  const auto started = start(*client_, migration, options);
  ASSERT_TRUE(started) << error_of(started);
  EXPECT_THAT(second, HasSubstr("another migrator is at work: "));
  EXPECT_THAT(second, HasSubstr("pid " + std::to_string(getpid())));
}

TEST_F(MigrationWork, ADeadMigratorIsReplaced) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  WorkOptions stops;
  stops.progress = [](const WorkState&) { return false; };
  EXPECT_FALSE(start(*client_, migration, stops));
  // One that still lives, on a machine whose processes cannot be asked.
  execute({"UPDATE offx_migration_lease SET holder = 'elsewhere pid 1 #1', expires_at = '2999-01-01 00:00:00'"});
  EXPECT_THAT(error_of(start(*client_, migration, {})), HasSubstr("elsewhere pid 1;"));
  execute({"UPDATE offx_migration_lease SET expires_at = '2020-01-01 00:00:00'"});
  begin(migration);
  EXPECT_EQ(asked("SELECT holder FROM offx_migration_lease"), "");
}

TEST_F(MigrationWork, WhoeverLosesTheLeaseStops) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  WorkOptions options;
  options.progress = [&](const WorkState&) {
    run(*client_, "UPDATE offx_migration_lease SET holder = 'other', fence = fence + 1");
    return true;
  };
  const auto started = start(*client_, migration, options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::conflict);
  EXPECT_THAT(error_of(started), HasSubstr("another migrator has taken over"));
  EXPECT_EQ(asked("SELECT holder FROM offx_migration_lease"), "other");
  EXPECT_EQ(asked("SELECT error FROM offx_migrations"), "") << "what status shows is for who is at work to say";
}

TEST_F(MigrationWork, WhoseLeaseIsGoneStops) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  std::string second;
  WorkOptions options;
  options.progress = [&](const WorkState&) {
    if (!second.empty()) return true;
    run(*client_, "DELETE FROM offx_migration_lease");
    WorkOptions stops;  // another one takes its place, and goes before the first one looks
    stops.progress = [](const WorkState&) { return false; };
    second = error_of(start(*client_, migration, stops));
    return true;
  };
  const auto started = start(*client_, migration, options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::conflict);
  EXPECT_THAT(second, HasSubstr("stopped; what is done stays"));

  second.clear();
  options.progress = [&](const WorkState&) {
    run(*client_, "DELETE FROM offx_migration_lease");
    return true;
  };
  EXPECT_THAT(error_of(start(*client_, migration, options)), HasSubstr("somebody removed the lease"));
  EXPECT_EQ(asked("SELECT count(*) FROM offx_migration_lease"), "0");
  begin(migration);
}

/// New rows at the end of a table wait until the copy comes to them; whatever happens to them meanwhile.
TEST_F(MigrationWork, RowsThatAreAddedAtTheEndMeanwhileArrive) {
  const auto migration = migration_of(
      "m",
      {change_of("t_v1", "t_v2",
                 "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE, seen INTEGER NOT NULL DEFAULT 0)")});
  for (const bool stops : {false, true}) {
    SCOPED_TRACE(stops);
    execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
             "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000) "
             "INSERT INTO t_v1 SELECT n, 'n' || n FROM i"});
    WorkOptions options;
    bool is_first = true;
    options.progress = [&](const WorkState& state) {
      if (!state.what.starts_with("backfill") || state.done == 0 || !is_first) return true;
      is_first = false;
      EXPECT_EQ(asked("SELECT max(id) FROM t_v2"), "100");
      execute({"INSERT INTO t_v1 (name) VALUES ('a'), ('b'), ('c'), ('d')"});
      EXPECT_EQ(asked("SELECT max(id) FROM t_v2"), "100") << "in front of it the others would be copied slowly";
      execute({"UPDATE t_v1 SET name = 'A' WHERE name = 'a'", "DELETE FROM t_v1 WHERE name = 'b'",
               "DELETE FROM t_v1 WHERE id = 50", "UPDATE t_v1 SET id = 50 WHERE name = 'c'",
               "UPDATE t_v1 SET id = 3000 WHERE id = 60",
               "INSERT OR REPLACE INTO t_v1 (id, name) VALUES (3000, 'again')",
               "INSERT INTO t_v1 (id, name) VALUES (0, 'zero')",
               "INSERT OR REPLACE INTO t_v1 (id, name) VALUES (2000, 'n5')",
               "INSERT INTO t_v1 (id, name) VALUES (2000, 'N5') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
               "INSERT OR REPLACE INTO t_v1 (id, name) VALUES (7, 'd')"});
      EXPECT_EQ(asked("SELECT id, name FROM t_v2 WHERE id IN (0, 5, 7, 50) OR id > 100 ORDER BY id"),
                "0|zero 7|d 50|c 3000|again");
      return !stops;
    };
    const auto started = start(*client_, migration, options);
    EXPECT_EQ(started.has_value(), !stops);
    if (stops) {
      execute({"INSERT INTO t_v1 (name) VALUES ('late')"});
      begin(migration);
    }
    execute({"INSERT INTO t_v1 (name) VALUES ('live')"});
    EXPECT_EQ(asked("SELECT count(*), max(name = 'A'), max(name = 'N5'), max(name = 'live') FROM t_v2"),
              stops ? "1004|1|1|1" : "1003|1|1|1");
    EXPECT_EQ(asked("SELECT count(*) FROM t_v1 JOIN t_v2 USING (id, name)"), stops ? "1004" : "1003");
    expect_alike("m");
    end("m");
    execute({"DROP TABLE t_v2", "DELETE FROM offx_migrations"});
  }
}

/// Whether the old table is kept is decided once, when it leaves: whoever goes on says nothing else.
TEST_F(MigrationWork, WhatIsKeptIsDecidedWhenItLeaves) {
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  for (const bool keeps : {true, false}) {
    SCOPED_TRACE(keeps);
    execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a'), ('b')"});
    begin(migration);
    Interrupted killed(*client_, "completing");
    CompleteOptions options;
    options.keep_old = keeps;
    EXPECT_FALSE(complete(killed, "m", options));
    EXPECT_EQ(asked("SELECT phase FROM offx_migrations"), "completing");
    execute({"UPDATE offx_migration_lease SET holder = ''"});  // as of a process that is gone
    execute({"CREATE TABLE t_v1 (other)"});                    // somebody else's by now
    options.keep_old = !keeps;
    must(complete(*client_, "m", options));
    EXPECT_EQ(objects_in(*client_), keeps ? "t_v1 t_v1_archived t_v2" : "t_v1 t_v2");
    if (keeps) {
      EXPECT_EQ(asked("SELECT group_concat(name, '') FROM t_v1_archived"), "ab");
    }
    execute({"DROP TABLE t_v1", "DROP TABLE t_v2", "DROP TABLE IF EXISTS t_v1_archived", "DELETE FROM offx_migrations",
             "DELETE FROM offx_migration_tables"});
  }
}

TEST_F(MigrationWork, WhatARollbackDiscardsIsDecidedWhenItLeaves) {
  const auto migration = migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT)")});
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a'), ('b')"});
  for (const bool discards : {true, false}) {
    SCOPED_TRACE(discards);
    begin(migration);
    Interrupted killed(*client_, "rolling back");
    RollbackOptions options;
    options.discard = discards;
    EXPECT_FALSE(roll_back(killed, "m", options));
    EXPECT_EQ(asked("SELECT phase FROM offx_migrations"), "rolling back");
    execute({"UPDATE offx_migration_lease SET holder = ''"});  // as of a process that is gone
    options.discard = !discards;
    must(roll_back(*client_, "m", options));
    EXPECT_EQ(objects_in(*client_), discards ? "t_v1" : "t_v1 t_v2_rolled_back");
  }
}

/// Removing a parent would take along what is kept of its children.
TEST_F(MigrationWork, ARollbackKeepsTheParentsOfWhatItKeeps) {
  execute({"CREATE TABLE p_v1 (id INTEGER PRIMARY KEY)", "INSERT INTO p_v1 VALUES (1)",
           "CREATE TABLE c_v1 (id INTEGER PRIMARY KEY, p REFERENCES p_v1 ON DELETE CASCADE)",
           "INSERT INTO c_v1 VALUES (7, 1)"});
  begin(migration_of(
      "m", {change_of("p_v1", "p_v2", "CREATE TABLE p_v2 (id INTEGER PRIMARY KEY)"),
            change_of("c_v1", "c_v2",
                      "CREATE TABLE c_v2 (id INTEGER PRIMARY KEY, p REFERENCES p_v2 ON DELETE CASCADE, more TEXT)")}));
  execute({"UPDATE c_v2 SET more = 'x'"});
  go_back("m");
  EXPECT_EQ(asked("SELECT more FROM c_v2_rolled_back"), "x");
  EXPECT_EQ(objects_in(*client_), "c_v1 c_v2_rolled_back p_v1 p_v2_rolled_back");
}

/// What `create` made beside the new table gives its names free, too.
TEST_F(MigrationWork, AMigrationWhoseRollbackKeepsWhatItKnewCanBeStartedAgain) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 VALUES (1, 'fox')"});
  const auto migration = migration_of(
      "m", {change_of("t_v1", "t_v2",
                      "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT, more TEXT);"
                      "CREATE INDEX t_v2_more ON t_v2 (more);"
                      "CREATE TABLE beside (t INTEGER REFERENCES t_v2 (id) ON DELETE CASCADE, note TEXT);"
                      "CREATE INDEX beside_t ON beside (t); CREATE VIEW named AS SELECT name FROM t_v2;"
                      "CREATE VIRTUAL TABLE words USING fts5(name, content='t_v2', content_rowid='id');"
                      "CREATE VIRTUAL TABLE notes USING fts5(note);"
                      "CREATE TRIGGER words_come AFTER INSERT ON t_v2 BEGIN INSERT INTO words (rowid, name) VALUES "
                      "(NEW.id, NEW.name); INSERT INTO notes (note) VALUES (NEW.name); END;")});
  for (const bool again : {false, true}) {
    SCOPED_TRACE(again);
    begin(migration);
    EXPECT_EQ(asked("SELECT rowid FROM words WHERE words MATCH 'fox'"), "1");
    execute({"UPDATE t_v2 SET more = 'x'", "INSERT INTO beside VALUES (1, 'mine')"});
    go_back("m");
    const std::string archive = again ? "_rolled_back_2" : "_rolled_back";
    EXPECT_EQ(
        asked("SELECT b.note, t.more FROM beside" + archive + " AS b JOIN t_v2" + archive + " AS t ON t.id = b.t"),
        "mine|x");
    EXPECT_EQ(asked("SELECT note FROM notes" + archive), "fox");
    EXPECT_EQ(asked("SELECT name FROM sqlite_schema WHERE name IN ('t_v2', 't_v2_more', 'beside', 'beside_t', 'named', "
                    "'words', 'notes', 'words_come')"),
              "");
    EXPECT_EQ(asked("SELECT * FROM t_v1"), "1|fox");
    EXPECT_EQ(asked("PRAGMA foreign_key_check"), "");
  }
}

TEST_F(MigrationWork, APlanOfWhatIsBegunSaysWhatCanBeDoneNow) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t_v1 (name) VALUES ('a')"});
  auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")});
  const auto planned = [&](std::optional<Phase> begun, bool refused = false) {
    const auto plan = must(make_plan(*client_, migration));
    EXPECT_EQ(plan.begun, begun);
    EXPECT_EQ(plan.refused(), refused);
    std::string all;
    for (const auto& finding : plan.findings) all += finding.message + "\n";
    return all;
  };
  planned(std::nullopt);
  WorkOptions stops;
  stops.progress = [](const WorkState&) { return false; };
  EXPECT_FALSE(start(*client_, migration, stops));
  auto said = planned(Phase::backfill);
  EXPECT_THAT(said, HasSubstr("`start` goes on where it stopped: t_v2 1 of 1 rows"));
  EXPECT_THAT(said, HasSubstr("`complete` is for later"));
  EXPECT_THAT(said, HasSubstr("`rollback` removes t_v2"));
  begin(migration);
  said = planned(Phase::live);
  EXPECT_THAT(said, HasSubstr("`start` has nothing to do"));
  EXPECT_THAT(said, HasSubstr("`complete` compares all rows and removes t_v1"));
  {
    const std::array<std::string_view, 1> tables = {"t_v1"};
    const auto use = must(TableUse::announce(*client_, "shop 4", tables));
    EXPECT_THAT(planned(Phase::live), HasSubstr("`complete` would be refused now: shop 4"));
  }
  migration.description = "another one";
  EXPECT_THAT(planned(Phase::live, true), HasSubstr("started with another definition"));
  migration.description.clear();
  end("m");
  EXPECT_THAT(planned(Phase::completed, true), HasSubstr("is completed already"));
}

TEST_F(MigrationWork, WhatIsRepeatedBeforeItIsCopiedIsNamedAndCanBeCorrected) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)"});
  run(*client_,
      "INSERT INTO t_v1 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
      "SELECT i, 'n' || i FROM n");
  const auto migration =
      migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")});
  WorkOptions options;
  options.max_chunk_rows = 10;
  bool has_written = false;
  options.progress = [&](const WorkState& state) {
    if (has_written || state.done == 0) return true;
    has_written = true;
    EXPECT_THAT(asked("INSERT INTO t_v1 VALUES (500, 'n1')"), HasSubstr("UNIQUE constraint failed: t_v2.name"));
    EXPECT_EQ(asked("INSERT INTO t_v1 VALUES (500, 'n90')"), "");
    return true;
  };
  const auto stopped = start(*client_, migration, options);
  ASSERT_FALSE(stopped);
  EXPECT_THAT(error_of(stopped),
              testing::AllOf(HasSubstr("UNIQUE constraint failed: t_v2.name, in the row with the key 90"),
                             HasSubstr("The same command goes on when that is put right"), HasSubstr("id = 90"),
                             HasSubstr("id = 500")));
  const auto plan = must(make_plan(*client_, migration));
  EXPECT_TRUE(plan.refused());
  EXPECT_THAT(plan.findings,
              testing::Contains(testing::Field(&Finding::message, AllOf(HasSubstr("id = 90"), HasSubstr("id = 500")))));
  execute({"UPDATE t_v1 SET name = 'other' WHERE id = 500"});
  EXPECT_FALSE(must(make_plan(*client_, migration)).refused());
  begin(migration);
  expect_alike("m");
}

TEST_F(MigrationWork, APauseHoldsUntilItIsResumed) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, name TEXT)",
           "INSERT INTO t_v1 (name) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
           "SELECT i FROM n"});
  bool said = false;
  int seen_paused = 0;
  WorkOptions options;
  options.progress = [&](const WorkState& state) {
    if (!said) {
      said = true;
      EXPECT_TRUE(pause(*client_, "m"));
    } else if (state.paused && ++seen_paused == 2) {
      EXPECT_TRUE(must(list_migrations(*client_)).front().paused);
      EXPECT_TRUE(resume(*client_, "m"));
    }
    return true;
  };
  const auto started = start(
      *client_, migration_of("m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, name TEXT)")}),
      options);
  ASSERT_TRUE(started) << error_of(started);
  EXPECT_EQ(seen_paused, 2);
  EXPECT_EQ(asked("SELECT count(*) FROM t_v2"), "500");
}

TEST_F(MigrationWork, CopyingWaitsForAReaderThatKeepsTheLogFromStartingAnew) {
  execute({"CREATE TABLE t_v1 (id INTEGER PRIMARY KEY, body BLOB)"});
  run(*client_,
      "INSERT INTO t_v1 (body) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
      "SELECT zeroblob(100000) FROM n");
  const auto migration = migration_of(
      "m", {change_of("t_v1", "t_v2", "CREATE TABLE t_v2 (id INTEGER PRIMARY KEY, body BLOB, more TEXT)")});
  const std::string path = folder_ / "test.db";
  auto watch = must(db::sqlite::LogWatch::open(*client_));
  while (must(watch->bytes()) > 1'000'000) run(*client_, "UPDATE t_v1 SET id = id WHERE id = 1");
  auto reader = must(db::sqlite::Connection::open(path, db::sqlite::Connection::Access::read_only));
  must(reader->control("BEGIN; SELECT count(*) FROM t_v1"));
  constexpr std::int64_t kMost = 20'000'000;
  constexpr std::int64_t kChunk = 1'100'000;
  std::int64_t longest_log = 0;
  int waits = 0;
  std::vector<std::string> said;
  WorkOptions options;
  options.max_chunk_rows = 10;
  options.log_max_bytes = kMost;
  options.log_patience = std::chrono::milliseconds(1'500);
  options.progress = [&](const WorkState& state) {
    longest_log = std::max(longest_log, must(watch->bytes()));
    if (state.waits_for.empty()) return true;
    if (++waits == 1) {
      said = {state.waits_for, must(list_migrations(*client_)).at(0).error};
      EXPECT_LE(longest_log, kMost + kChunk);
    }
    // The second time the reader ends; the first time it is not waited for any longer.
    if (longest_log > 2 * kMost) reader.reset();
    return true;
  };
  EXPECT_EQ(error_of(start(*client_, migration, options)), "");
  EXPECT_GT(waits, 2);
  ASSERT_EQ(said.size(), 2U);
  for (const auto& text : said)
    EXPECT_THAT(text, HasSubstr("waits for a reader that keeps an old snapshot: the log is "));
  EXPECT_LE(longest_log, 2 * (kMost + kChunk));
  EXPECT_LT(must(watch->bytes()), kMost) << "it started anew when the reader was done";
  EXPECT_EQ(must(list_migrations(*client_)).at(0).error, "");
  EXPECT_EQ(asked("SELECT count(*) FROM t_v2"), "600");
}

}  // namespace
}  // namespace offx::migrate
