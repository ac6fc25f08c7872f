// One migrator at a time, what becomes of its work when somebody interferes, and what is said of it.

#include <gmock/gmock.h>
#include <unistd.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::HasSubstr;

class MigrationWork : public MigrationTest {};

TEST_F(MigrationWork, ADroppedTriggerIsNoticed) {
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

TEST_F(MigrationWork, ADroppedTriggerStopsTheBackfill) {
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

}  // namespace
}  // namespace offx::migrate
