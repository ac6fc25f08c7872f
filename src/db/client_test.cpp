#include "db/client.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/stop.h"
#include "db/test_servers.h"
#include "db/valtown/fake_server.h"

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

enum class EngineName { memory, file, sqld, rqlite, valtown };

/// The contract of DatabaseClient, for every engine and way to use it.
class Client : public testing::TestWithParam<EngineName> {
 protected:
  void SetUp() override {
    if (GetParam() == EngineName::sqld || GetParam() == EngineName::rqlite) {
      if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
    }
    switch (GetParam()) {
      case EngineName::memory: url_ = ":memory:"; break;
      case EngineName::file: url_ = "sqlite:" + folder_ / "a.db"; break;
      case EngineName::sqld: url_ = empty_database_on("sqld"); break;
      case EngineName::rqlite: url_ = empty_database_on("rqlite"); break;
      case EngineName::valtown: valtown_ = std::make_unique<valtown::FakeServer>(); url_ = valtown_->url();
    }
    client_ = must(create_database_client(url_));
  }
  [[nodiscard]] static bool is_server() { return GetParam() >= EngineName::sqld; }

  // What an engine cannot do, as its engine.h says.
  /// Blobs are stored, and come back as hex() only.
  [[nodiscard]] static bool gives_no_blobs() { return GetParam() == EngineName::valtown; }
  /// Integers beyond 2^53 are stored, and come back as text only.
  [[nodiscard]] static bool gives_javascript_numbers() { return GetParam() == EngineName::valtown; }
  /// An infinite number comes back as NULL instead of an error.
  [[nodiscard]] static bool gives_infinity_as_null() { return GetParam() == EngineName::valtown; }
  /// The server does not say which statement of a batch failed.
  [[nodiscard]] static bool names_no_statement() { return GetParam() == EngineName::valtown; }

  QueryResult run(std::string_view sql, const Params& params = {}) { return must(client_->execute(sql, params)); }
  Errc error_of(std::string_view sql, const Params& params = {}) {
    auto result = client_->execute(sql, params);
    EXPECT_FALSE(result.has_value()) << sql;
    return result ? Errc::internal : result.error().code();
  }

  TemporaryFolder folder_;
  std::unique_ptr<valtown::FakeServer> valtown_;
  std::string url_;
  std::unique_ptr<DatabaseClient> client_;
};

std::string name_of(const testing::TestParamInfo<EngineName>& tested) {
  constexpr const char* kNames[] = {"memory", "file", "sqld", "rqlite", "valtown"};
  return kNames[static_cast<std::size_t>(tested.param)];
}

INSTANTIATE_TEST_SUITE_P(Engines, Client,
                         testing::Values(EngineName::memory, EngineName::file, EngineName::sqld, EngineName::rqlite,
                                         EngineName::valtown),
                         name_of);

std::string hex(const Blob& blob) {
  std::string text;
  for (const auto byte : blob) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4U];
    text += kDigits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

TEST_P(Client, values_come_back_as_they_went_in) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB)");
  Blob every_byte;
  std::string every_char;
  for (int i = 0; i < 256; ++i) {
    every_byte.push_back(static_cast<std::byte>(i));
    every_char.push_back(static_cast<char>(i));
  }
  std::vector<std::pair<const char*, Value>> values = {
      {"i", Value{}},
      {"i", std::int64_t{0}},
      {"i", std::int64_t{-1}},
      {"i", std::numeric_limits<std::int64_t>::max()},
      {"i", std::numeric_limits<std::int64_t>::min()},
      {"i", std::int64_t{9007199254740993}},
      {"r", 0.1},
      {"r", -0.0},
      {"r", 5.0},
      {"r", 1e20},
      {"r", 9007199254740993.0},
      {"r", std::numeric_limits<double>::max()},
      {"r", std::numeric_limits<double>::denorm_min()},
      {"s", std::string()},
      {"s", std::string("5")},
      {"s", std::string("naïve 東京 👍🏽 \"\\ \n\t\x01\x7f")},
      {"s", std::string("a\0b", 3)},
      {"s", std::string(3'000'000, 'x')},
      {"b", Blob{}},
      {"b", every_byte},
      {"b", Blob(1'000'000, std::byte{255})},
  };
  if (!is_server()) {
    values.emplace_back("r", std::numeric_limits<double>::infinity());
    values.emplace_back("s", every_char);
  }
  for (const auto& [column, value] : values) {
    SCOPED_TRACE(std::string(column) + " " + to_text(value).substr(0, 40));
    const std::string name = column;
    const auto* integer = std::get_if<std::int64_t>(&value);
    const bool as_text =
        gives_javascript_numbers() && integer != nullptr && std::abs(static_cast<double>(*integer)) >= 9e15;
    if (as_text || (gives_no_blobs() && name == "b")) {
      const std::string read = as_text ? "CAST(i AS TEXT)" : "hex(b)";
      const std::string text = as_text ? std::to_string(*integer) : hex(std::get<Blob>(value));
      const auto inserted = run("INSERT INTO t (" + name + ") VALUES (?)", {value});
      const auto again = run("SELECT " + read + " FROM t WHERE id = ?", {*inserted.last_insert_rowid()});
      EXPECT_EQ(again.row(0)[0], Value{text});
      EXPECT_TRUE(as_text || error_of("SELECT b FROM t WHERE b IS NOT NULL") == Errc::unsupported);
      continue;
    }
    const std::string insert = "INSERT INTO t (" + name + ") VALUES (?) RETURNING " + name + ", typeof(" + name + ")";
    const auto result = run(insert, {value});
    EXPECT_EQ(result.row(0)[0], value);
    const auto again = run("SELECT " + name + " FROM t WHERE id = ?", {*result.last_insert_rowid()});
    EXPECT_EQ(again.row(0)[0], value);
    const auto found =
        run("SELECT count(*) FROM t WHERE id = ?2 AND " + name + " IS ?1", {value, *result.last_insert_rowid()});
    EXPECT_EQ(found.row(0)[0], Value{1});
  }
}

TEST_P(Client, blobs_and_other_values_keep_their_places) {
  const Blob blob = {std::byte{0}, std::byte{0x27}};
  run("CREATE TABLE t (a BLOB, b TEXT, c BLOB, d INTEGER)");
  run("INSERT INTO t VALUES (?, 'x''?' || ?, ?, ? /* ? */)", {blob, "?", blob, 7});
  run("INSERT INTO t VALUES (:blob, :text, :blob, @n)", Params::named({{"n", 8}, {"text", "y"}, {"blob", blob}}));
  const auto rows = run("SELECT hex(a), b, hex(c), d FROM t ORDER BY d");
  EXPECT_THAT(rows.row(0), ElementsAre(Value{"0027"}, Value{"x'??"}, Value{"0027"}, Value{7}));
  EXPECT_THAT(rows.row(1), ElementsAre(Value{"0027"}, Value{"y"}, Value{"0027"}, Value{8}));
  if (gives_no_blobs()) return;
  EXPECT_THAT(run("SELECT a, c FROM t ORDER BY d").row(0), ElementsAre(Value{blob}, Value{blob}));
}

TEST_P(Client, what_a_server_cannot_take_is_refused_before_it_is_sent) {
  if (!is_server()) GTEST_SKIP() << "the embedded engine takes them";
  EXPECT_EQ(error_of("SELECT ?", {std::numeric_limits<double>::infinity()}), Errc::invalid_argument);
  EXPECT_EQ(error_of("SELECT ?", {std::string("\xff")}), Errc::invalid_argument);
  EXPECT_EQ(error_of("PRAGMA foreign_keys=0"), Errc::unsupported);
  if (gives_infinity_as_null()) {
    EXPECT_EQ(run("SELECT 1e999").row(0)[0], Value{});
  } else {
    EXPECT_EQ(error_of("SELECT 1e999"), Errc::unsupported);
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

TEST_P(Client, columns_may_share_a_name_or_have_none) {
  const auto rows = run("SELECT 1 AS a, 2 AS a, 3 AS \"\", 4 AS \"x\"\"\\ \u00e9\"");
  EXPECT_THAT(rows.columns(), ElementsAre("a", "a", "", "x\"\\ \u00e9"));
  EXPECT_THAT(rows.row(0), ElementsAre(Value{1}, Value{2}, Value{3}, Value{4}));
  const auto none = run("SELECT 1 AS a, 2 AS a WHERE 0");
  EXPECT_THAT(none.columns(), ElementsAre("a", "a"));
  EXPECT_EQ(none.rows(), 0U);
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
  EXPECT_EQ(refused.error().to_string().find("statement 3") == std::string::npos, names_no_statement());
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
  if (!is_server()) {
    EXPECT_EQ(error_of("SELECT \"no such column\""), Errc::invalid_argument);
  }
  // Not poisoned by what was refused.
  run("CREATE TABLE t (v INTEGER)");
  run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(run("/* before */ SELECT v FROM t -- behind\n;").row(0)[0], Value{1});
}

TEST_P(Client, a_trigger_is_one_statement) {
  run("CREATE TABLE t (v INTEGER)");
  run("-- with a comment\nCREATE TRIGGER r AFTER INSERT ON t BEGIN\n"
      "  UPDATE t SET v = v + 1; DELETE FROM t WHERE v = ';';\nEND;");
  run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(run("SELECT v FROM t").row(0)[0], Value{2});
  EXPECT_EQ(error_of("CREATE TRIGGER s AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t"), Errc::invalid_argument);
}

TEST_P(Client, a_deferred_constraint_undoes_the_batch_at_its_end) {
  run("CREATE TABLE p (id INTEGER PRIMARY KEY)");
  run("CREATE TABLE c (p INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
  const std::vector<Statement> good = {{"INSERT INTO c VALUES (1)", {}}, {"INSERT INTO p VALUES (1)", {}}};
  must(client_->batch(good, Mode::write));
  const std::vector<Statement> bad = {{"INSERT INTO c VALUES (2)", {}}, {"SELECT 1", {}}};
  const auto refused = client_->batch(bad, Mode::write);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_EQ(run("SELECT count(*) FROM c").row(0)[0], Value{1});
}

TEST_P(Client, a_read_batch_never_sees_half_a_write) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
  run("INSERT INTO t VALUES (1, 0), (2, 0)");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const std::vector<Statement> both = {{"UPDATE t SET n = n + 1 WHERE id = 1", {}},
                                         {"UPDATE t SET n = n + 1 WHERE id = 2", {}}};
    while (!stop) must(client_->batch(both, Mode::write));
  });
  const std::vector<Statement> reads = {{"SELECT n FROM t WHERE id = 1", {}}, {"SELECT n FROM t WHERE id = 2", {}}};
  for (const auto mode : {Mode::read, Mode::read_stale, Mode::read_latest}) {
    for (int i = 0; i < 100; ++i) {
      const auto results = must(client_->batch(reads, mode));
      EXPECT_EQ(results[0].row(0)[0], results[1].row(0)[0]);
    }
  }
  stop = true;
  writer.join();
}

TEST_P(Client, every_way_to_read_sees_what_this_client_wrote) {
  run("CREATE TABLE t (n INTEGER)");
  run("INSERT INTO t VALUES (0)");
  const std::vector<Statement> read = {{"SELECT n FROM t", {}}};
  for (int n = 1; n <= 50; ++n) {
    run("UPDATE t SET n = ?", {n});
    for (const auto mode : {Mode::read, Mode::read_stale, Mode::read_latest}) {
      EXPECT_EQ(must(client_->batch(read, mode))[0].row(0)[0], Value{n});
    }
  }
}

TEST_P(Client, large_results_and_large_batches) {
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
  std::vector<Statement> inserts;
  for (int i = 0; i < 5000; ++i) inserts.push_back({"INSERT INTO t (v) VALUES (?)", {std::string(1000, 'v')}});
  const auto inserted = must(client_->batch(inserts, Mode::write));
  ASSERT_EQ(inserted.size(), 5000U);
  EXPECT_EQ(inserted.back().last_insert_rowid(), 5000);
  EXPECT_EQ(inserted.back().rows_affected(), 1);
  const auto all = run("SELECT id, v FROM t ORDER BY id");
  ASSERT_EQ(all.rows(), 5000U);
  EXPECT_THAT(all.row(4999), ElementsAre(Value{5000}, Value{std::string(1000, 'v')}));
  EXPECT_EQ(run("SELECT id FROM t WHERE id < 0").rows(), 0U);
  EXPECT_THAT(run("SELECT id FROM t WHERE id < 0").columns(), ElementsAre("id"));
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
          EXPECT_EQ(result.error().code(), Errc::conflict) << result.error().to_string();
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

TEST_P(Client, a_stop_lets_work_end_that_is_answered_as_usual) {
  const std::atomic<bool> stopped = true;
  stop_calls_when(&stopped);
  run("CREATE TABLE t (n INTEGER)");
  run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(run("SELECT n FROM t").row(0)[0], Value{1});
  stop_calls_when(nullptr);
}

/// A table of so many rows: to count millions takes a second.
std::string numbers_to(std::int64_t rows) {
  return "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < " + std::to_string(rows) +
         ") SELECT n FROM c)";
}

/// So many of them that counting takes about this long here and now.
std::int64_t rows_that_take(std::chrono::steady_clock::duration time) {
  constexpr std::int64_t kTried = 1'000'000;
  const auto begin = std::chrono::steady_clock::now();
  must(must(create_database_client(":memory:"))->execute("SELECT count(*) FROM " + numbers_to(kTried)));
  return kTried * (time / (std::chrono::steady_clock::now() - begin) + 1);
}

/// Sets a stop in the midst of what follows, until its end.
class StopSoon {
 public:
  StopSoon()
      : thread_([this] {
          std::this_thread::sleep_for(std::chrono::milliseconds(200));
          flag_ = true;
        }) {
    stop_calls_when(&flag_);
  }
  ~StopSoon() {
    thread_.join();
    stop_calls_when(nullptr);
  }
  StopSoon(const StopSoon&) = delete;
  StopSoon& operator=(const StopSoon&) = delete;

 private:
  std::atomic<bool> flag_ = false;
  std::thread thread_;
};

/// A call to a server that takes long ends soon after a stop; what the server makes of it then is its own. The embedded
/// engine does the work itself, and its calls go on to their end.
TEST_P(Client, a_stop_cuts_off_a_read_at_a_server_and_the_client_is_good_afterwards) {
  run("CREATE TABLE t (n INTEGER)");
  run("INSERT INTO t VALUES (7)");
  if (!is_server()) {
    const StopSoon stop;
    EXPECT_EQ(run("SELECT count(*) FROM " + numbers_to(2'000'000)).row(0)[0], Value{2'000'000});
    return;
  }
  // Not longer than it takes, for the sake of a server that goes on with it.
  auto client =
      must(create_database_client(url_ + (url_.find('?') == std::string::npos ? "?" : "&") + "timeout_ms=12000"));
  EXPECT_EQ(must(client->execute("SELECT n FROM t")).row(0)[0], Value{7});
  if (valtown_) valtown_->hang(true);
  {
    const StopSoon stop;
    const auto begin = std::chrono::steady_clock::now();
    const auto cut_off = client->execute("SELECT count(*) FROM " + numbers_to(2'000'000'000));
    ASSERT_FALSE(cut_off.has_value());
    EXPECT_EQ(cut_off.error().code(), Errc::cancelled) << cut_off.error().to_string();
    EXPECT_THAT(cut_off.error().message(), testing::Not(HasSubstr("applied")));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  }
  if (valtown_) valtown_->hang(false);
  EXPECT_EQ(must(client->execute("SELECT n FROM t")).row(0)[0], Value{7});
}

TEST_P(Client, a_write_that_a_stop_cut_off_is_there_whole_or_not_at_all) {
  run("CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER)");
  // Some seconds in the midst of the transaction; whoever writes next waits for its end.
  const std::string slow =
      "INSERT INTO t SELECT 'b', count(*) FROM " + numbers_to(rows_that_take(std::chrono::seconds(6)));
  const std::vector<Statement> both = {
      {"INSERT INTO t VALUES ('a', 1)", {}}, {slow, {}}, {"INSERT INTO t VALUES ('c', 3)", {}}};
  if (!is_server()) {
    const StopSoon stop;
    const std::vector<Statement> short_one = {both[0], both[2]};
    EXPECT_TRUE(client_->batch(short_one, Mode::write).has_value());
    return;
  }
  if (valtown_) valtown_->hang(true);
  {
    const StopSoon stop;
    const auto begin = std::chrono::steady_clock::now();
    const auto cut_off = client_->batch(both, Mode::write);
    if (!cut_off) {
      EXPECT_EQ(cut_off.error().code(), Errc::cancelled) << cut_off.error().to_string();
      EXPECT_THAT(cut_off.error().message(), HasSubstr("may have been applied"));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
    }
  }
  if (valtown_) valtown_->hang(false);
  const std::vector<Statement> count = {{"SELECT count(*) FROM t WHERE k <> 'd'", {}}};
  const auto seen = to_integer(must(client_->batch(count, Mode::read))[0].row(0)[0]);
  EXPECT_TRUE(seen == 0 || seen == 3) << seen;
  run("INSERT INTO t VALUES ('d', 4)");
  const auto final = to_integer(must(client_->batch(count, Mode::read))[0].row(0)[0]);
  EXPECT_TRUE(final == 0 || final == 3) << final;
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

TEST(CreateDatabaseClient, tells_no_secret) {
  unsetenv("OFFX_DB_AUTH_TOKEN");
  for (const char* url : {"libsql://user:hunter2@db.example", "libsql://db.example?authToken=hunter2&nope=1",
                          "rqlite://u:hunter2@a,b?nope=hunter2", "http://db.example/hunter2", "rqlite://u:hunter2@",
                          "valtown://x.example?authToken=hunter2&y=hunter2", "postgres://u:hunter2@h/x",
                          "libsql://db.example?authToken=hunter2%0d%0aX:1"}) {
    const auto client = create_database_client(url);
    ASSERT_FALSE(client.has_value()) << url;
    EXPECT_THAT(client.error().to_string(), testing::Not(HasSubstr("hunter2")));
  }
  const auto client = must(create_database_client("rqlite://u:hunter2@127.0.0.1:1,127.0.0.1:2?timeout_ms=500"));
  EXPECT_EQ(client->description(), "rqlite:127.0.0.1:1,127.0.0.1:2");
  const auto refused = client->execute("SELECT 1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::unavailable);
  EXPECT_THAT(refused.error().to_string(), testing::Not(HasSubstr("hunter2")));
}

TEST(CreateDatabaseClient, has_schemes_without_case) {
  EXPECT_EQ(must(create_database_client("LibSQL://db.example"))->description(), "libsql:db.example");
  EXPECT_EQ(must(create_database_client("RQLITE://a"))->description(), "rqlite:a");
  EXPECT_TRUE(is_server("Valtown:"));
  EXPECT_EQ(must(database_path("SQLite:Local.DB")), "Local.DB");
  EXPECT_EQ(database_url("Notes:old.db"), "Notes:old.db") << "no scheme of ours: the name of a file";
}

TEST(CreateDatabaseClient, says_which_addresses_it_knows) {
  const auto client = create_database_client("postgres://localhost/x");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::unsupported);
  EXPECT_THAT(client.error().message(), HasSubstr("postgres"));
}

}  // namespace
}  // namespace offx::db
