#include "migrate/test_support.h"

namespace offx::migrate {
namespace {

Migration topics() {
  Migration migration;
  migration.name = "topics_v2";
  TableChange change;
  change.from = "topics_v1";
  change.to = "topics_v2";
  change.create =
      "CREATE TABLE topics_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL UNIQUE, descr TEXT, "
      "is_active INTEGER NOT NULL DEFAULT 1, color TEXT NOT NULL DEFAULT '#3498db')";
  change.rename = {{"name", "title"}};
  migration.tables = {change};
  return migration;
}

class Migrator : public testing::Test {
 protected:
  void SetUp() override {
    client_ = linted(must(db::create_database_client(folder_ / "test.db")));
    run(*client_,
        "CREATE TABLE topics_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, descr TEXT, legacy "
        "TEXT DEFAULT 'L0')");
    run(*client_, "CREATE INDEX idx_topics_descr ON topics_v1 (descr)");
    run(*client_,
        "INSERT INTO topics_v1 (name, descr) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
        "1000) SELECT 'topic ' || i, 'about ' || i FROM n");
    run(*client_, "DELETE FROM topics_v1 WHERE id > 990");
  }

  TemporaryFolder folder_;
  std::unique_ptr<db::DatabaseClient> client_;
};

TEST_F(Migrator, BothVersionsLiveAfterStartAndOneAfterComplete) {
  const auto migration = topics();
  const auto plan = must(make_plan(*client_, migration));
  ASSERT_FALSE(plan.refused());
  const auto started = start(*client_, migration, {});
  ASSERT_TRUE(started) << started.error().to_string();
  EXPECT_EQ(ask(*client_, "SELECT count(*), min(is_active), max(color) FROM topics_v2"), "990|1|#3498db");

  run(*client_, "INSERT INTO topics_v1 (name, descr) VALUES ('by old', 'x')");
  EXPECT_EQ(ask(*client_, "SELECT id, title, descr, is_active FROM topics_v2 WHERE title = 'by old'"),
            "1001|by old|x|1");
  run(*client_, "INSERT INTO topics_v2 (title, descr, is_active) VALUES ('by new', 'y', 0)");
  EXPECT_EQ(ask(*client_, "SELECT id, name, descr, legacy FROM topics_v1 WHERE name = 'by new'"), "1002|by new|y|L0");
  run(*client_, "UPDATE topics_v1 SET name = 'changed', descr = NULL WHERE id = 1002");
  EXPECT_EQ(ask(*client_, "SELECT title, descr, is_active FROM topics_v2 WHERE id = 1002"), "changed|-|0");
  run(*client_, "UPDATE topics_v2 SET id = 5000, title = 'moved' WHERE id = 1002");
  EXPECT_EQ(ask(*client_, "SELECT id, name FROM topics_v1 WHERE id > 1001"), "5000|moved");
  run(*client_, "DELETE FROM topics_v2 WHERE id = 5000");
  EXPECT_EQ(ask(*client_, "SELECT count(*) FROM topics_v1 WHERE id > 1001"), "0");
  run(*client_, "INSERT OR REPLACE INTO topics_v1 (id, name, descr) VALUES (7, 'topic 8', 'replaced')");
  EXPECT_EQ(ask(*client_, "SELECT id, title, descr FROM topics_v2 WHERE id IN (7, 8)"), "7|topic 8|replaced");
  EXPECT_EQ(must(verify(*client_, "topics_v2", {})).differences_total, 0);

  const auto completed = complete(*client_, "topics_v2", {});
  ASSERT_TRUE(completed) << completed.error().to_string();
  EXPECT_EQ(ask(*client_,
                "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE "
                "'offx%' AND name NOT LIKE 'sqlite%' ORDER BY name)"),
            "idx_topics_descr_v2 topics_v2");
  run(*client_, "INSERT INTO topics_v2 (title) VALUES ('next')");
  EXPECT_EQ(ask(*client_, "SELECT max(id) FROM topics_v2"),
            "1003");  // SQLite counts ids that were inserted, not those that rows were moved to
}

}  // namespace
}  // namespace offx::migrate
