// What is of this engine alone; the contract that it shares is in db/client_test.cpp.

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/valtown/fake_server.h"

namespace offx::db::valtown {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ValTown : public testing::Test {
 protected:
  QueryResult run(std::string_view sql, const Params& params = {}) { return must(client_->execute(sql, params)); }
  Error error_of(std::string_view sql, const Params& params = {}) {
    auto result = client_->execute(sql, params);
    EXPECT_FALSE(result.has_value()) << sql;
    return result ? Error(Errc::internal, "") : std::move(result).error();
  }

  FakeServer server_;
  std::unique_ptr<DatabaseClient> client_ = must(create_database_client(server_.url("&timeout_ms=2000")));
};

TEST_F(ValTown, values_go_in_as_they_are_and_come_out_as_javascript_has_them) {
  run("CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB)");
  const auto inserted = run("INSERT INTO t VALUES (?, ?, ?, ?)",
                            {std::numeric_limits<std::int64_t>::min(), 5.0, "it's \"5\"", Blob{std::byte{1}}});
  EXPECT_EQ(inserted.rows_affected(), 1);
  EXPECT_EQ(inserted.last_insert_rowid(), 1);
  EXPECT_THAT(run("SELECT r, s, CAST(i AS TEXT), hex(b), NULL, typeof(i), typeof(r) FROM t").row(0),
              ElementsAre(Value{5.0}, Value{"it's \"5\""}, Value{"-9223372036854775808"}, Value{"01"}, Value{},
                          Value{"integer"}, Value{"real"}));
  EXPECT_THAT(run("SELECT 7, 0.5").row(0), ElementsAre(Value{7}, Value{0.5}));
  EXPECT_EQ(error_of("SELECT b FROM t").code(), Errc::unsupported);
}

TEST_F(ValTown, batches_are_whole) {
  run("CREATE TABLE t (v INTEGER UNIQUE)");
  const std::vector<Statement> good = {{"INSERT INTO t VALUES (?)", {1}}, {"SELECT count(*) FROM t", {}}};
  EXPECT_EQ(must(client_->batch(good, Mode::write))[1].row(0)[0], Value{1});
  const std::vector<Statement> bad = {{"INSERT INTO t VALUES (2)", {}}, {"INSERT INTO t VALUES (1)", {}}};
  EXPECT_EQ(client_->batch(bad, Mode::write).error().code(), Errc::conflict);
  EXPECT_EQ(run("SELECT count(*) FROM t").row(0)[0], Value{1});
  EXPECT_EQ(client_->batch(bad, Mode::read).error().code(), Errc::invalid_argument);
}

TEST_F(ValTown, errors_say_what_to_do) {
  EXPECT_EQ(error_of("SELEC 1").code(), Errc::invalid_argument);
  server_.refuse_next(429);
  const auto busy = error_of("INSERT INTO t VALUES (1)");
  EXPECT_EQ(busy.code(), Errc::unavailable);
  EXPECT_THAT(busy.message(), HasSubstr("too many requests"));
  server_.refuse_next(502);
  EXPECT_THAT(error_of("INSERT INTO t VALUES (1)").message(), HasSubstr("may have been applied"));
  server_.refuse_next(502);
  EXPECT_THAT(error_of("SELECT 1").message(), testing::Not(HasSubstr("applied")));
  auto stranger = must(create_database_client(server_.url("", "other")));
  EXPECT_EQ(stranger->execute("SELECT 1").error().code(), Errc::invalid_argument);
}

TEST(ValTownAddress, needs_a_token) {
  unsetenv("OFFX_DB_AUTH_TOKEN");
  const auto client = create_database_client("valtown:");
  ASSERT_FALSE(client.has_value());
  EXPECT_THAT(client.error().message(), HasSubstr("OFFX_DB_AUTH_TOKEN"));
  setenv("OFFX_DB_AUTH_TOKEN", "t", 1);
  EXPECT_EQ(must(create_database_client("valtown:"))->description(), "valtown:api.val.town");
  unsetenv("OFFX_DB_AUTH_TOKEN");
}

}  // namespace
}  // namespace offx::db::valtown
