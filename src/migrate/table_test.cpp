#include "migrate/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/forwarding_client.h"

namespace offx::migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kTopicsV1 =
    "CREATE TABLE topics_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT, "
    "created_at TEXT NOT NULL, updated_at TEXT NOT NULL)";
constexpr std::string_view kTopicsV2 =
    "CREATE TABLE topics_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT, "
    "created_at TEXT NOT NULL, updated_at TEXT NOT NULL, is_active BOOLEAN DEFAULT 1, color TEXT DEFAULT '#3498db'); "
    "CREATE INDEX idx_topics_is_active ON topics_v2 (is_active)";

class MigrateTable : public testing::Test {
 protected:
  void SetUp() override {
    client_ = must(db::create_database_client(":memory:"));
    run(kTopicsV1);
    run("INSERT INTO topics_v1 (title, description, created_at, updated_at) VALUES "
        "('db', NULL, '2026-01-01 00:00:00', '2026-01-01 00:00:00'), ('rust', 'crabs', '2026-01-02 00:00:00', 'x')");
  }
  db::QueryResult run(std::string_view sql) { return must(client_->execute(sql), std::string(sql).c_str()); }
  std::string text(std::string_view sql) { return db::to_text(run(sql).row(0)[0]); }

  std::unique_ptr<db::DatabaseClient> client_;
};

TEST_F(MigrateTable, table_exists_knows_tables_alone) {
  run("CREATE VIEW v AS SELECT 1");
  EXPECT_TRUE(must(table_exists(*client_, "topics_v1")));
  EXPECT_TRUE(must(table_exists(*client_, "TOPICS_V1")));
  EXPECT_FALSE(must(table_exists(*client_, "topics_v2")));
  EXPECT_FALSE(must(table_exists(*client_, "v")));
  EXPECT_FALSE(must(table_exists(*client_, "x' OR 1=1 --")));
}

TEST_F(MigrateTable, list_tables_counts_all_but_the_engines_own) {
  run("DROP TABLE topics_v1");
  run("CREATE TABLE \"odd \"\"name\" (id INTEGER PRIMARY KEY AUTOINCREMENT)");
  run("INSERT INTO \"odd \"\"name\" VALUES (1), (7)");
  run("CREATE VIRTUAL TABLE words USING fts5 (text)");
  run("CREATE VIEW v AS SELECT 1");
  const auto tables = must(list_tables(*client_));
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].name, "odd \"name");
  EXPECT_EQ(tables[0].rows, 2);
  EXPECT_EQ(tables[1].name, "words");
}

/// Somebody else drops a table behind the first statement.
class DropsBehindTheFirst final : public db::ForwardingClient {
 public:
  DropsBehindTheFirst(db::DatabaseClient& client, std::string drop)
      : ForwardingClient(client), drop_(std::move(drop)) {}
  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    auto result = client().execute(sql, params);
    if (!drop_.empty()) must(client().execute(std::exchange(drop_, "")));
    return result;
  }

 private:
  std::string drop_;
};

TEST_F(MigrateTable, list_tables_goes_on_when_one_is_dropped_meanwhile) {
  run("CREATE TABLE other (id INTEGER)");
  DropsBehindTheFirst client(*client_, "DROP TABLE topics_v1");
  const auto tables = must(list_tables(client));
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].name, "other");
}

TEST_F(MigrateTable, get_table_columns_describes_each) {
  run("CREATE TABLE t (a TEXT, b INTEGER NOT NULL DEFAULT (1+1), c, d TEXT AS (a || b), PRIMARY KEY (b, a)) WITHOUT "
      "ROWID");
  const auto columns = must(get_table_columns(*client_, "t"));
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_EQ(columns[0].primary_key, 2);
  EXPECT_EQ(columns[1].name, "b");
  EXPECT_EQ(columns[1].type, "INTEGER");
  EXPECT_TRUE(columns[1].not_null);
  EXPECT_EQ(columns[1].default_value, "1+1");
  EXPECT_EQ(columns[1].primary_key, 1);
  EXPECT_EQ(columns[2].default_value, std::nullopt);
  EXPECT_TRUE(columns[3].generated);
  EXPECT_EQ(get_table_columns(*client_, "none").error().code(), Errc::not_found);
}

TEST_F(MigrateTable, the_worked_example_topics_get_a_state_and_a_colour) {
  run("DELETE FROM topics_v1 WHERE title = 'rust'");
  const auto report = must(migrate_table(*client_, "topics_v1", "topics_v2", kTopicsV2));
  EXPECT_EQ(report.rows, 1);
  EXPECT_THAT(report.defaulted, ElementsAre("is_active", "color"));
  EXPECT_THAT(report.left_behind, IsEmpty());
  EXPECT_EQ(text("SELECT group_concat(id || title || created_at || is_active || color) FROM topics_v2"),
            "1db2026-01-01 00:00:001#3498db");
  EXPECT_EQ(text("SELECT count(*) FROM topics_v1"), "1") << "the old version stays";
  EXPECT_EQ(text("SELECT count(*) FROM sqlite_schema WHERE name = 'idx_topics_is_active'"), "1");
  EXPECT_EQ(text("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'offx%'"), "0");
  run("INSERT INTO topics_v2 (title, created_at, updated_at) VALUES ('new', 'x', 'x')");
  EXPECT_EQ(text("SELECT max(id) FROM topics_v2"), "3") << "the id of the deleted topic is not given again";
}

TEST_F(MigrateTable, the_worked_example_posts_rename_columns) {
  run("CREATE TABLE posts_v1 (id INTEGER PRIMARY KEY, external_id TEXT, content TEXT, author TEXT, platform TEXT, "
      "created_at TEXT)");
  run("INSERT INTO posts_v1 VALUES (7, 'a1', 'hello', 'Ann', 'x', '2026-01-01 10:00:00')");
  const auto report = must(migrate_table(
      *client_, "posts_v1", "posts_v2",
      "CREATE TABLE posts_v2 (id INTEGER PRIMARY KEY, external_id TEXT, content TEXT, author_name TEXT, source TEXT, "
      "published_at TEXT)",
      {{"author", "author_name"}, {"platform", "source"}, {"created_at", "published_at"}}));
  EXPECT_THAT(report.copied, testing::Contains(Pair("author", "author_name")));
  EXPECT_EQ(text("SELECT id || external_id || content || author_name || source || published_at FROM posts_v2"),
            "7a1helloAnnx2026-01-01 10:00:00");
}

TEST_F(MigrateTable, the_sequence_of_an_emptied_table_goes_on) {
  run("DELETE FROM topics_v1");
  must(migrate_table(*client_, "topics_v1", "topics_v2", kTopicsV2));
  run("INSERT INTO topics_v2 (title, created_at, updated_at) VALUES ('new', 'x', 'x')");
  EXPECT_EQ(text("SELECT max(id) FROM topics_v2"), "3");
}

TEST_F(MigrateTable, a_type_that_changes_values_is_noticed_and_undone) {
  run("CREATE TABLE a_1 (id INTEGER PRIMARY KEY, code TEXT, n TEXT)");
  run("INSERT INTO a_1 VALUES (1, '007', '5'), (2, 'x', '6')");
  const auto refused =
      migrate_table(*client_, "a_1", "a_2", "CREATE TABLE a_2 (id INTEGER PRIMARY KEY, code INTEGER, n INTEGER)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::corrupt);
  EXPECT_THAT(refused.error().message(), HasSubstr("the copy differs in column code"));
  EXPECT_FALSE(must(table_exists(*client_, "a_2")));
  EXPECT_FALSE(must(table_exists(*client_, "offx_migrate_check")));
  must(migrate_table(*client_, "a_1", "a_2", "CREATE TABLE a_2 (id INTEGER PRIMARY KEY, code TEXT, n INTEGER)"));
  EXPECT_EQ(text("SELECT typeof(n) || code FROM a_2 WHERE id = 1"), "integer007") << "'5' to 5 loses nothing";
}

TEST_F(MigrateTable, rows_that_get_lost_are_noticed_and_undone) {
  run("CREATE TABLE a_1 (v TEXT)");
  run("INSERT INTO a_1 VALUES ('a'), ('a'), ('b')");
  const auto refused = migrate_table(*client_, "a_1", "a_2", "CREATE TABLE a_2 (v TEXT UNIQUE ON CONFLICT IGNORE)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("the copy differs in the number of rows"));
  const auto constraint = migrate_table(*client_, "a_1", "a_2", "CREATE TABLE a_2 (v TEXT UNIQUE)");
  ASSERT_FALSE(constraint.has_value());
  EXPECT_EQ(constraint.error().code(), Errc::conflict);
  EXPECT_FALSE(must(table_exists(*client_, "a_2")));
}

TEST_F(MigrateTable, every_kind_of_value_and_name_is_copied) {
  run("CREATE TABLE \"odd \"\"name\"\"_1\" (\"a b\" , \"select\", g AS (\"a b\" || 'x'))");
  run("INSERT INTO \"odd \"\"name\"\"_1\" VALUES (NULL, x'00ff'), (1.5, 'x'), (9223372036854775807, ''), (5.0, 5)");
  must(migrate_table(*client_, "odd \"name\"_1", "odd_2", "CREATE TABLE odd_2 (\"a b\", \"group\")",
                     {{"select", "group"}}));
  EXPECT_EQ(text("SELECT count(*) FROM odd_2 AS n JOIN \"odd \"\"name\"\"_1\" AS o ON o.rowid = n.rowid "
                 "WHERE n.\"a b\" IS o.\"a b\" AND n.\"group\" IS o.\"select\" AND typeof(n.\"group\") = "
                 "typeof(o.\"select\")"),
            "4");
}

TEST_F(MigrateTable, mistakes_are_named_and_touch_nothing) {
  const auto error = [&](std::string_view from, std::string_view to, std::string_view create,
                         const ColumnMappings& mappings = {}) {
    auto result = migrate_table(*client_, from, to, create, mappings);
    EXPECT_FALSE(result.has_value());
    return result.error().to_string();
  };
  EXPECT_THAT(error("none", "topics_v2", kTopicsV2), HasSubstr("there is no table none"));
  EXPECT_THAT(error("topics_v1", "topics_v1", kTopicsV1), HasSubstr("never used twice"));
  EXPECT_THAT(error("topics_v1", "topics_v2", ""), HasSubstr("no CREATE TABLE"));
  EXPECT_THAT(error("topics_v1", "topics_v2", "CREATE TABLE other (id)"),
              HasSubstr("does not create the table topics_v2"));
  EXPECT_THAT(error("topics_v1", "topics_v2", "CREATE TABEL x"), HasSubstr("syntax error"));
  EXPECT_THAT(error("topics_v1", "topics_v2", kTopicsV2, {{"nope", "color"}}), HasSubstr("no column nope"));
  EXPECT_THAT(error("topics_v1", "topics_v2", kTopicsV2, {{"title", "nope"}}), HasSubstr("no column nope"));
  EXPECT_THAT(error("topics_v1", "topics_v2", kTopicsV2, {{"title", "color"}, {"description", "color"}}),
              HasSubstr("more than once"));
  EXPECT_THAT(error("topics_v1", "topics_v2", "CREATE TABLE topics_v2 (id INTEGER PRIMARY KEY, x TEXT NOT NULL)"),
              HasSubstr("column x is NOT NULL"));
  EXPECT_FALSE(must(table_exists(*client_, "topics_v2")));
}

}  // namespace
}  // namespace offx::migrate
