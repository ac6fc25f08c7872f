#include "migrate/release.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::migrate {
namespace {

std::string error_of(std::string_view script) {
  const auto parsed = parse_program(script, "old.sql");
  return parsed ? "" : parsed.error().to_string();
}

TEST(Statements, AreNamedAndGivenArgumentsByComments) {
  const auto statements = must(parse_program(R"sql(
-- What the application asks.

-- name: topics.get
-- args: [1]
-- args: [null]
SELECT title FROM topics WHERE id = ?1;

-- name: topics.add
-- args: ["a;b", 2.5, {"blob": "00fF"}, true, -3]
INSERT INTO topics VALUES (?, :real, ?, ?, ?);
SELECT ';' -- not the end
;
-- That is all.
)sql",
                                             "old.sql"))
                              .statements;
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(statements[0].name, "topics.get");
  EXPECT_EQ(statements[0].sql, "SELECT title FROM topics WHERE id = ?1");
  EXPECT_FALSE(statements[0].writes);
  EXPECT_EQ(statements[0].samples, (std::vector<std::vector<db::Value>>{{1}, {db::Value()}}));
  EXPECT_EQ(statements[1].name, "topics.add");
  EXPECT_TRUE(statements[1].writes);
  EXPECT_EQ(statements[1].samples,
            (std::vector<std::vector<db::Value>>{{"a;b", 2.5, db::Blob{std::byte{0}, std::byte{255}}, 1, -3}}));
  EXPECT_EQ(statements[2].name, "line 12");
  EXPECT_TRUE(statements[2].samples.empty());
}

TEST(Statements, ThatAreOnlyRunTogetherAreABatch) {
  const auto program = must(parse_program(R"sql(
-- name: topics.add
-- batch: topics.add_with_rule
-- args: [1, "t"]
INSERT INTO topics VALUES (?, ?);
-- name: rules.add
-- batch: topics.add_with_rule
-- args: [1]
INSERT INTO rules VALUES (?);
)sql",
                                          "old.sql"));
  EXPECT_EQ(program.statements.size(), 2U);
  ASSERT_EQ(program.batches.size(), 1U);
  EXPECT_EQ(program.batches[0].name, "topics.add_with_rule");
  ASSERT_EQ(program.batches[0].parts.size(), 2U);
  EXPECT_EQ(program.batches[0].parts[1].statement, "rules.add");
  EXPECT_EQ(program.batches[0].parts[1].sample, (std::vector<db::Value>{1}));
}

TEST(Statements, WhatIsWrongIsSaidWithItsLine) {
  EXPECT_NE(error_of("\n-- args: [1]\nSELECT 1").find("old.sql:2: the statement has 0 parameters, 1 arguments"),
            std::string::npos);
  EXPECT_NE(error_of("-- args: [1\nSELECT ?").find("old.sql:1: args is not JSON"), std::string::npos);
  EXPECT_NE(error_of("-- args: [[1]]\nSELECT ?").find("old.sql:1: an argument is"), std::string::npos);
  EXPECT_NE(error_of("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2").find("old.sql:4: there are two statements named a"),
            std::string::npos);
  EXPECT_NE(error_of("-- batch: b\nSELECT ?").find("old.sql:2: a statement of a batch needs args"), std::string::npos);
  EXPECT_NE(error_of("-- nothing").find("old.sql: there is no SQL statement"), std::string::npos);
  EXPECT_NE(error_of("SELECT 1;\nBEGIN").find("old.sql:2: "), std::string::npos);
}

TEST(Release, IsTheSameWhenReadBack) {
  Release release{"1.2.3",
                  {{"topics", "topics_v1"}},
                  {"CREATE TABLE topics_v1 (\n  \"od d\" TEXT)"},
                  {{{"a", "SELECT ?1, ?2, ?3", {{1.0, "ü\n\"", db::Value()}, {db::Blob{std::byte{9}}, 2, ""}}, false},
                    {"b", "DELETE FROM topics_v1", {{}}, true}},
                   {{"both", {{"a", {1, 2, db::Value()}}, {"b", {}}}}}}};
  const auto text = to_json(release);
  const auto read = must(parse_release(text, "1.2.3.json"));
  EXPECT_EQ(to_json(read), text);
  EXPECT_EQ(read.program.statements[0].samples, release.program.statements[0].samples);
  EXPECT_EQ(read.schema, release.schema);

  for (const auto* broken : {"", "{}", "[]", R"({"release": "1", "tables": {}, "schema": [1], "statements": []})",
                             R"({"release": "1", "tables": {}, "schema": [], "statements": [{"name": "a"}]})"}) {
    EXPECT_EQ(parse_release(broken, "broken.json").error().code(), Errc::invalid_argument) << broken;
  }
  EXPECT_EQ(read_release("no-such-file.json").error().code(), Errc::not_found);
}

TEST(Release, SchemaStatementsLeaveOutWhatOthersKeepForThemselves) {
  const auto client = must(db::create_database_client(":memory:"));
  for (const auto* sql :
       {"CREATE TABLE t (a UNIQUE)", "CREATE VIRTUAL TABLE f USING fts5 (body)", "CREATE TABLE offx_migrations (a)",
        "CREATE INDEX i ON t (a, a)", "CREATE TRIGGER offx_sync_t AFTER DELETE ON t BEGIN SELECT 1; END"}) {
    must(client->execute(sql));
  }
  EXPECT_EQ(must(schema_statements(*client)),
            (std::vector<std::string>{"CREATE TABLE t (a UNIQUE)", "CREATE VIRTUAL TABLE f USING fts5 (body)",
                                      "CREATE INDEX i ON t (a, a)"}));
}

}  // namespace
}  // namespace offx::migrate
