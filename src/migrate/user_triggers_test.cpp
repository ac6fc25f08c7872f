// Triggers of the user's on one version, and writes through the other one.

#include <gmock/gmock.h>

#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

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
