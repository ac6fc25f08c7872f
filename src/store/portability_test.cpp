// Everything OffX asks of a database, asked of each server.

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/test_servers.h"
#include "migrate/sql_text.h"
#include "store/catalogue.h"
#include "store/schema_files.h"
#include "store/store.h"

namespace offx::store {
namespace {

class Portability : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
    if (GetParam() == "sqld") {
      client_ = must(db::create_database_client(db::shared_sqld().make_database()));
    } else {
      db::shared_rqlite().clear();
      client_ = must(db::create_database_client(db::shared_rqlite().url()));
    }
  }
  std::unique_ptr<db::DatabaseClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Servers, Portability, testing::Values("sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

TEST_P(Portability, initialising_makes_all_and_may_be_repeated) {
  EXPECT_FALSE(must(is_initialised(*client_)));
  must(initialise(*client_));
  EXPECT_TRUE(must(is_initialised(*client_)));
  must(initialise(*client_));
}

TEST_P(Portability, every_statement_of_the_catalogue_runs) {
  must(initialise(*client_));
  for (const auto& query : catalogue()) {
    const auto result = client_->execute(sql(query.query), query.sample);
    // A sample may refer to rows that are not there; what counts is that the server understands the statement.
    EXPECT_TRUE(result || result.error().code() == Errc::conflict)
        << query.name << ": " << (result ? "" : result.error().to_string());
  }
}

// rqlite runs statements again on every node and at every restart: each would get another time, another number.
TEST(Determinism, no_statement_reads_a_clock_or_rolls_dice) {
  for (const auto& query : catalogue()) {
    EXPECT_EQ(migrate::non_deterministic_part(query.logical_sql), "") << query.name << ": bind the value instead";
  }
  for (const auto& file : schema_files()) {
    EXPECT_EQ(migrate::non_deterministic_part(file.sql), "") << file.name << ": bind the value instead";
  }
}

}  // namespace
}  // namespace offx::store
