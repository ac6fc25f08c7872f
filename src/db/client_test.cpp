#include "db/client.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The contract of DatabaseClient, for every engine and way to use it.
class Client : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    client_ = must(create_database_client(GetParam() == "memory" ? ":memory:" : "sqlite:" + folder_ / "a.db"));
  }
  QueryResult run(std::string_view sql, const Params& params = {}) { return must(client_->execute(sql, params)); }
  Errc error_of(std::string_view sql, const Params& params = {}) {
    auto result = client_->execute(sql, params);
    EXPECT_FALSE(result.has_value()) << sql;
    return result ? Errc::internal : result.error().code();
  }

  TemporaryFolder folder_;
  std::unique_ptr<DatabaseClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Engines, Client, testing::Values("memory", "file"),
                         [](const auto& engine) { return engine.param; });

TEST_P(Client, values_come_back_as_they_went_in) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  Blob every_byte;
  std::string every_char;
  for (int i = 0; i < 256; ++i) {
    every_byte.push_back(static_cast<std::byte>(i));
    every_char.push_back(static_cast<char>(i));
  }
  const std::vector<Value> values = {
      Value{},
      std::int64_t{0},
      std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::min(),
      std::int64_t{9007199254740993},
      0.1,
      -0.0,
      5.0,
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::denorm_min(),
      std::numeric_limits<double>::infinity(),
      std::string(),
      std::string("naïve 東京 👍🏽"),
      std::string("a\0b", 3),
      every_char,
      Blob{},
      every_byte,
      std::string(3'000'000, 'x'),
  };
  for (const auto& value : values) {
    const auto result = run("INSERT INTO t (v) VALUES (?) RETURNING v, typeof(v)", {value});
    EXPECT_EQ(result.row(0)[0], value);
    const auto again = run("SELECT v FROM t WHERE id = ?", {*result.last_insert_rowid()});
    EXPECT_EQ(again.row(0)[0], value);
  }
}

TEST_P(Client, nan_is_refused_because_sqlite_would_store_null) {
  EXPECT_EQ(error_of("SELECT ?", {std::nan("")}), Errc::invalid_argument);
}

TEST_P(Client, parameters_by_position_number_and_name) {
  EXPECT_THAT(run("SELECT ?2, ?1, ?2", {1, 2}).row(0), ElementsAre(Value{2}, Value{1}, Value{2}));
  EXPECT_THAT(run("SELECT :a, @b, $c", Params::named({{"$c", 3}, {"b", 2}, {"a", 1}})).row(0),
              ElementsAre(Value{1}, Value{2}, Value{3}));
}

TEST_P(Client, parameters_must_match_the_statement) {
  EXPECT_EQ(error_of("SELECT ?, ?", {1}), Errc::invalid_argument);
  EXPECT_EQ(error_of("SELECT ?", {1, 2}), Errc::invalid_argument);
  EXPECT_EQ(error_of("SELECT :a", Params::named({{"b", 1}})), Errc::invalid_argument);
  EXPECT_EQ(error_of("SELECT :a, :b", Params::named({{"a", 1}, {":a", 2}})), Errc::invalid_argument);
}

TEST_P(Client, results_carry_columns_rows_counts_and_ids) {
  const auto created = run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  EXPECT_EQ(created.rows_affected(), 0);
  EXPECT_EQ(created.last_insert_rowid(), std::nullopt);

  const auto inserted = run("INSERT INTO t (v) VALUES ('a'), ('b'), ('c')");
  EXPECT_EQ(inserted.rows_affected(), 3);
  EXPECT_EQ(inserted.last_insert_rowid(), 3);
  EXPECT_EQ(inserted.rows(), 0U);
  EXPECT_TRUE(inserted.columns().empty());

  const auto updated = run("UPDATE t SET v = 'x' WHERE id > 1");
  EXPECT_EQ(updated.rows_affected(), 2);
  EXPECT_EQ(updated.last_insert_rowid(), std::nullopt);

  const auto selected = run("SELECT id, v AS name FROM t ORDER BY id");
  EXPECT_THAT(selected.columns(), ElementsAre("id", "name"));
  ASSERT_EQ(selected.rows(), 3U);
  EXPECT_THAT(selected.row(2), ElementsAre(Value{3}, Value{"x"}));
  EXPECT_EQ(selected.rows_affected(), 0);

  EXPECT_EQ(run("DROP TABLE t").rows_affected(), 0);
}

TEST_P(Client, an_ignored_insert_has_no_id) {
  run("CREATE TABLE t (v TEXT UNIQUE)");
  run("INSERT INTO t VALUES ('a')");
  const auto ignored = run("INSERT INTO t VALUES ('a') ON CONFLICT DO NOTHING");
  EXPECT_EQ(ignored.rows_affected(), 0);
  EXPECT_EQ(ignored.last_insert_rowid(), std::nullopt);
}

TEST_P(Client, a_batch_is_applied_whole_or_not_at_all) {
  run("CREATE TABLE t (v INTEGER UNIQUE)");
  const std::vector<Statement> good = {{"INSERT INTO t VALUES (?)", {1}}, {"INSERT INTO t VALUES (?)", {2}}};
  EXPECT_EQ(must(client_->batch(good, Mode::write)).size(), 2U);

  const std::vector<Statement> bad = {
      {"INSERT INTO t VALUES (3)", {}}, {"CREATE TABLE u (v)", {}}, {"INSERT INTO t VALUES (1)", {}}};
  const auto refused = client_->batch(bad, Mode::write);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("statement 3"));
  EXPECT_EQ(run("SELECT count(*) FROM t").row(0)[0], Value{2});
  EXPECT_EQ(error_of("SELECT * FROM u"), Errc::invalid_argument);
}

TEST_P(Client, a_statement_of_a_batch_sees_those_before_it) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, parent INTEGER)");
  const std::vector<Statement> statements = {{"INSERT INTO t (id) VALUES (41)", {}},
                                             {"INSERT INTO t (parent) VALUES (last_insert_rowid())", {}},
                                             {"SELECT id, parent FROM t ORDER BY id DESC LIMIT 1", {}}};
  const auto results = must(client_->batch(statements, Mode::write));
  EXPECT_THAT(results[2].row(0), ElementsAre(Value{42}, Value{41}));
}

TEST_P(Client, a_batch_in_read_mode_sees_one_snapshot_and_may_not_write) {
  run("CREATE TABLE t (v)");
  const std::vector<Statement> reads = {{"SELECT count(*) FROM t", {}}, {"SELECT 7", {}}};
  EXPECT_EQ(must(client_->batch(reads, Mode::read))[1].row(0)[0], Value{7});
  const std::vector<Statement> writes = {{"INSERT INTO t VALUES (1)", {}}};
  const auto refused = client_->batch(writes, Mode::read);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
  EXPECT_EQ(run("SELECT count(*) FROM t").row(0)[0], Value{0});
}

TEST_P(Client, background_batches_are_whole_and_get_their_turn_among_writers) {
  run("CREATE TABLE t (v INTEGER UNIQUE)");
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; ++thread) {
    writers.emplace_back([&, thread] {
      for (std::int64_t i = 0; !stop; ++i) must(client_->execute("INSERT INTO t VALUES (?)", {i * 3 + thread}));
    });
  }
  for (std::int64_t i = 1; i <= 20; ++i) {
    const std::vector<Statement> chunk = {{"INSERT INTO t VALUES (?)", {-2 * i}},
                                          {"INSERT INTO t VALUES (?)", {-2 * i + 1}}};
    EXPECT_EQ(must(client_->batch(chunk, Mode::background)).size(), 2U);
  }
  const std::vector<Statement> bad = {{"INSERT INTO t VALUES (-1000)", {}}, {"INSERT INTO t VALUES (-1)", {}}};
  EXPECT_EQ(client_->batch(bad, Mode::background).error().code(), Errc::conflict);
  stop = true;
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(run("SELECT count(*) FROM t WHERE v < 0").row(0)[0], Value{40});
}

TEST_P(Client, a_statement_used_before_follows_the_schema) {
  run("CREATE TABLE t (a, b)");
  run("INSERT INTO t VALUES (1, 2), (3, 4)");
  EXPECT_EQ(run("SELECT * FROM t").rows(), 2U);
  run("ALTER TABLE t ADD COLUMN c DEFAULT 9");
  const auto wider = run("SELECT * FROM t");
  EXPECT_THAT(wider.columns(), ElementsAre("a", "b", "c"));
  ASSERT_EQ(wider.rows(), 2U);
  EXPECT_THAT(wider.row(1), ElementsAre(Value{3}, Value{4}, Value{9}));
  run("ALTER TABLE t RENAME COLUMN a TO z");
  EXPECT_THAT(run("SELECT * FROM t").columns(), ElementsAre("z", "b", "c"));
}

TEST_P(Client, an_upsert_that_updates_gives_no_id_of_another_row) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, n INTEGER)");
  run("INSERT INTO t VALUES (7, 'a', 1)");
  run("INSERT INTO t VALUES (100, 'b', 1)");
  const auto updated = run("INSERT INTO t (k, n) VALUES ('a', 2) ON CONFLICT (k) DO UPDATE SET n = excluded.n");
  EXPECT_EQ(updated.rows_affected(), 1);
  EXPECT_EQ(updated.last_insert_rowid(), std::nullopt);
}

TEST_P(Client, foreign_keys_are_enforced) {
  run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
  run("CREATE TABLE c (p INTEGER REFERENCES p(id) ON DELETE CASCADE)");
  EXPECT_EQ(error_of("INSERT INTO c VALUES (1)"), Errc::conflict);
}

TEST_P(Client, what_would_break_the_contract_is_refused) {
  for (const char* sql : {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ATTACH ':memory:' AS x", "",
                          " ; ", "-- nothing", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE t"}) {
    EXPECT_EQ(error_of(sql), Errc::invalid_argument) << sql;
  }
  EXPECT_EQ(run("SELECT 1; -- a comment behind is fine").rows(), 1U);
  EXPECT_EQ(error_of("SELEC 1"), Errc::invalid_argument);
  EXPECT_EQ(error_of("SELECT \"no such column\""), Errc::invalid_argument);
}

TEST_P(Client, writers_on_many_threads_all_get_their_own_answer) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, thread INTEGER, n INTEGER UNIQUE)");
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        // Every tenth number is taken by all threads: one of them gets it.
        const std::int64_t n = i % 10 == 0 ? -i - 1 : thread * kEach + i;
        const auto result = client_->execute("INSERT INTO t (thread, n) VALUES (?, ?)", {thread, n});
        if (!result) {
          EXPECT_EQ(result.error().code(), Errc::conflict);
          ++refused;
          continue;
        }
        const auto row = must(client_->execute("SELECT thread, n FROM t WHERE id = ?", {*result->last_insert_rowid()}));
        EXPECT_THAT(row.row(0), ElementsAre(Value{thread}, Value{n}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(refused, (kThreads - 1) * kEach / 10);
  EXPECT_EQ(run("SELECT count(*) FROM t").row(0)[0], Value{std::int64_t{kThreads * kEach - refused}});
}

TEST(CreateDatabaseClient, takes_the_database_from_the_environment) {
  unsetenv("OFFX_DB");
  unsetenv("DB_PATH");
  EXPECT_EQ(database_url(), "./local.db");
  setenv("DB_PATH", "first.db", 1);
  EXPECT_EQ(database_url(), "first.db");
  setenv("OFFX_DB", "sqlite:second.db", 1);
  EXPECT_EQ(database_url(), "sqlite:second.db");
  EXPECT_EQ(database_url("third.db"), "third.db");
  unsetenv("OFFX_DB");
  unsetenv("DB_PATH");
}

TEST(CreateDatabaseClient, says_which_addresses_it_knows) {
  const auto client = create_database_client("postgres://localhost/x");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::unsupported);
  EXPECT_THAT(client.error().message(), HasSubstr("postgres"));
}

}  // namespace
}  // namespace offx::db
