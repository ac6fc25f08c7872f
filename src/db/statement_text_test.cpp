#include "db/statement_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::db {
namespace {

using Kind = StatementText::Kind;

Errc error_of(std::string_view sql) {
  const auto text = read_statement(sql);
  EXPECT_FALSE(text.has_value()) << sql;
  return text ? Errc::internal : text.error().code();
}

TEST(StatementText, leaves_comments_and_the_semicolon_behind) {
  EXPECT_EQ(must(read_statement(" -- why\n/* and ; */ SELECT ';' -- x ; y\n ; ; /* z */")).sql, "SELECT ';'");
  EXPECT_EQ(must(read_statement("SELECT 1 /* not closed ;")).sql, "SELECT 1");
}

TEST(StatementText, refuses_what_is_no_one_statement) {
  for (const char* sql : {"",
                          " \n",
                          ";",
                          "-- only this",
                          "/* only this",
                          "SELECT 1; SELECT 2",
                          "SELECT 1;/**/DROP TABLE t",
                          "SELECT ';'; DROP TABLE t",
                          "SELECT 1;;x",
                          "begin",
                          "COMMIT;",
                          "/**/ end",
                          "RollBack",
                          "savepoint a",
                          "RELEASE a",
                          "ATTACH ':memory:' AS x",
                          "DETACH x",
                          "SELECT '\xff'",
                          "CREATE TABLE a (b); DROP TABLE c",
                          "SELECT ?0",
                          "SELECT ?99999"}) {
    EXPECT_EQ(error_of(sql), Errc::invalid_argument) << sql;
  }
}

TEST(StatementText, knows_what_a_statement_does) {
  const std::vector<std::pair<const char*, Kind>> cases = {
      {"SELECT 1", Kind::read},
      {"values (1)", Kind::read},
      {"EXPLAIN INSERT INTO t VALUES (1)", Kind::read},
      {"WITH a (x) AS (SELECT 1), b AS MATERIALIZED (VALUES (2)) SELECT * FROM a", Kind::read},
      {"WITH RECURSIVE a AS (SELECT 1) INSERT INTO t SELECT * FROM a", Kind::insert},
      {"WITH a AS (SELECT 1) DELETE FROM t", Kind::change},
      {"INSERT INTO t VALUES (1)", Kind::insert},
      {"REPLACE INTO t VALUES (1)", Kind::insert},
      {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", Kind::insert},
      {"INSERT INTO t VALUES ('DO UPDATE')", Kind::insert},
      {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO -- x\n update SET a = 1", Kind::upsert},
      {"UPDATE t SET a = 1", Kind::change},
      {"PRAGMA foreign_keys", Kind::pragma},
      {"DROP TABLE t", Kind::other},
      {"\"SELECT\"", Kind::other},
  };
  for (const auto& [sql, kind] : cases) EXPECT_EQ(must(read_statement(sql)).kind, kind) << sql;
  EXPECT_TRUE(must(read_statement("DELETE FROM t RETURNING a")).returning);
  EXPECT_FALSE(must(read_statement("DELETE FROM t WHERE a = 'RETURNING'")).returning);
  EXPECT_TRUE(must(read_statement("SELECT * FROM t")).selects_all);
  EXPECT_TRUE(must(read_statement("SELECT t.*")).selects_all);
  EXPECT_FALSE(must(read_statement("SELECT count(*), '*' FROM t")).selects_all);
}

TEST(StatementText, numbers_parameters_as_sqlite_does) {
  const auto indexes = [](std::string_view sql) {
    std::vector<std::size_t> found;
    for (const auto& parameter : must(read_statement(sql)).parameters) found.push_back(parameter.index);
    return found;
  };
  EXPECT_THAT(indexes("SELECT ?, ?, ?1, ?"), testing::ElementsAre(1, 2, 1, 3));
  EXPECT_THAT(indexes("SELECT ?5, ?, :a, @a, :a, $b"), testing::ElementsAre(5, 6, 7, 8, 7, 9));
  EXPECT_THAT(indexes("SELECT '?', \"?\", [?], `?`, /* ? */ x'00', ? -- ?"), testing::ElementsAre(1));
  EXPECT_THAT(indexes("SELECT 'it''s ?', ?"), testing::ElementsAre(1));
  EXPECT_EQ(must(read_statement("SELECT ?7")).parameter_count, 7U);
}

TEST(StatementText, writes_values_where_their_parameters_stood) {
  const auto text = must(read_statement("SELECT ?, 1-?, ? || '?', ?1"));
  const Params params = {Blob{std::byte{0xab}}, -5, "it's"};
  const auto values = must(ordered_values(text, params));
  const auto with_blobs = with_literals(text, values, Literals::blobs);
  EXPECT_EQ(with_blobs.sql, "SELECT x'AB', 1-?1, ?2 || '?', x'AB'");
  EXPECT_THAT(with_blobs.values, testing::ElementsAre(values[1], values[2]));
  const auto with_numbers = with_literals(text, values, Literals::blobs_and_numbers);
  EXPECT_EQ(with_numbers.sql, "SELECT x'AB', 1-(-5), ?1 || '?', x'AB'");
  EXPECT_THAT(with_numbers.values, testing::ElementsAre(values[2]));
  EXPECT_EQ(db::with_numbers(text), "SELECT ?1, 1-?2, ?3 || '?', ?1");
}

}  // namespace
}  // namespace offx::db
