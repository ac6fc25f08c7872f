// Networks that are cut: connections stay open, and nothing passes. What rqlite's nodes do then under an import and a
// migration is in app/cluster_faults_test.cpp.

#include <atomic>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/fallback_reads.h"
#include "db/test_servers.h"

namespace offx::db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTimeout{1000};
/// For what ends at its deadline, on a machine that is busy.
constexpr milliseconds kSoon{4000};

/// A primary with a replica that has what was written to the table `t` of one row so far.
class CutPrimary : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
    sqld_ = std::make_unique<Sqld>(Network::can_be_cut);
    database_ = sqld_->make_database();
    sqld_->start_replica();
    client_ = session();
    must(client_->execute("CREATE TABLE t (n INTEGER)"));
    must(client_->execute("INSERT INTO t VALUES (0)"));
    wait_for_replica(0);
  }

  [[nodiscard]] std::unique_ptr<DatabaseClient> session() const {
    return must(create_database_client(database_ + "&timeout_ms=" + std::to_string(kTimeout.count()) +
                                       "&replica=" + sqld_->replica_place()));
  }
  void wait_for_replica(std::int64_t n) const { db::wait_for_replica(*sqld_, database_, "SELECT n FROM t", Value{n}); }
  static Result<std::int64_t> read(DatabaseClient& client, Mode mode) {
    const std::vector<Statement> statements = {{"SELECT n FROM t", {}}};
    OFFX_ASSIGN(const auto results, client.batch(statements, mode));
    return to_integer(results[0].row(0)[0]);
  }
  template <class Call>
  static void expect_unavailable_at_deadline(Call call) {
    const auto begin = steady_clock::now();
    const auto result = call();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), Errc::unavailable) << result.error().to_string();
    EXPECT_GE(steady_clock::now() - begin, kTimeout - milliseconds(20)) << "nobody had refused it";
    EXPECT_LT(steady_clock::now() - begin, kSoon);
  }

  std::unique_ptr<Sqld> sqld_;
  std::string database_;
  std::unique_ptr<DatabaseClient> client_;
};

TEST_F(CutPrimary, from_its_clients_ends_their_calls_and_the_replica_serves_those_who_allow_it) {
  must(client_->execute("UPDATE t SET n = 1"));
  wait_for_replica(1);
  sqld_->to_clients().cut();
  expect_unavailable_at_deadline([&] { return client_->execute("UPDATE t SET n = 2"); });
  expect_unavailable_at_deadline([&] { return client_->execute("SELECT n FROM t"); });
  EXPECT_EQ(must(read(*client_, Mode::read_stale)), 1);
  FallbackReads shown(session());
  EXPECT_EQ(must(read(shown, Mode::read)), 1);

  // What was on its way arrives; nobody was told that it has.
  sqld_->to_clients().mend();
  must(client_->execute("UPDATE t SET n = 3"));
  wait_for_replica(3);
  EXPECT_EQ(must(read(*client_, Mode::read)), 3);
}

TEST_F(CutPrimary, from_its_replica_a_session_never_sees_less_than_it_wrote) {
  sqld_->to_replica().cut();
  for (std::int64_t n = 1; n <= 20; ++n) {
    must(client_->execute("UPDATE t SET n = ?", {n}));
    EXPECT_EQ(must(read(*client_, Mode::read_stale)), n) << "the primary answers for its replica";
  }
  auto other = session();
  EXPECT_EQ(must(read(*other, Mode::read_stale)), 0) << "a session that wrote nothing has allowed that";

  // Both links are cut: the only one that answers is too old for this session.
  sqld_->to_clients().cut();
  expect_unavailable_at_deadline([&] { return read(*client_, Mode::read_stale); });
  EXPECT_EQ(must(read(*other, Mode::read_stale)), 0);

  // The replica hears of its primary again, this session does not: it is answered as soon as that has come.
  sqld_->to_replica().mend();
  wait_for_replica(20);
  EXPECT_EQ(must(read(*client_, Mode::read_stale)), 20);
  sqld_->to_clients().mend();
  EXPECT_EQ(must(read(*client_, Mode::read)), 20);
}

TEST_F(CutPrimary, that_is_known_to_be_away_is_waited_for_by_nobody) {
  const std::string patient = database_ + "&timeout_ms=60000&replica=" + sqld_->replica_place();
  auto writer = must(create_database_client(patient));
  auto reader = must(create_database_client(patient));
  std::atomic<bool> is_away = false;
  FallbackReads own(*writer, [&] { return is_away.load(); });
  FallbackReads others(*reader, [&] { return is_away.load(); });
  must(own.execute("UPDATE t SET n = 1", {}));
  wait_for_replica(1);
  sqld_->to_replica().cut();
  must(own.execute("UPDATE t SET n = 2", {}));
  sqld_->to_clients().cut();
  is_away = true;
  const auto begin = steady_clock::now();
  const auto refused = read(own, Mode::read);
  ASSERT_FALSE(refused.has_value()) << "the replica lacks what this session wrote";
  EXPECT_EQ(refused.error().code(), Errc::unavailable) << refused.error().to_string();
  EXPECT_EQ(must(read(others, Mode::read)), 1);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));

  sqld_->to_replica().mend();
  wait_for_replica(2);
  EXPECT_EQ(must(read(own, Mode::read)), 2);
}

TEST(CutNode, takes_no_write_that_is_lost_later) {
  if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  Rqlite cluster(3, Network::can_be_cut);
  auto client = must(create_database_client(cluster.url("?timeout_ms=5000")));
  must(client->execute("CREATE TABLE t (n INTEGER PRIMARY KEY)"));
  const auto leader = cluster.leader();
  auto at_leader = must(create_database_client(cluster.url_of(leader) + "?timeout_ms=1000"));
  must(at_leader->execute("INSERT INTO t VALUES (0)"));

  cluster.cut_off_from_nodes(leader);
  const auto begin = steady_clock::now();
  std::vector<std::int64_t> acknowledged = {0};
  std::int64_t n = 1;
  // Its lease may last a moment longer, but it gets nobody's agreement any more.
  for (; steady_clock::now() - begin < std::chrono::seconds(4); ++n) {
    const auto one_begin = steady_clock::now();
    const auto done = at_leader->execute("INSERT INTO t VALUES (?)", {n});
    EXPECT_LT(steady_clock::now() - one_begin, kSoon);
    if (done) {
      acknowledged.push_back(n);
    } else {
      EXPECT_EQ(done.error().code(), Errc::unavailable) << done.error().to_string();
    }
  }
  EXPECT_EQ(acknowledged.size(), 1U) << "who agreed?";
  EXPECT_EQ(at_leader->execute("SELECT n FROM t").error().code(), Errc::unavailable);
  must(client->execute("INSERT INTO t VALUES (-1)"));
  acknowledged.push_back(-1);

  cluster.mend_network();
  cluster.wait_for(leader);
  const std::vector<Statement> read = {{"SELECT n FROM t", {}}};
  const auto rows = must(client->batch(read, Mode::read_latest))[0];
  std::vector<std::int64_t> stored;
  for (std::size_t i = 0; i < rows.rows(); ++i) stored.push_back(to_integer(rows.row(i)[0]));
  EXPECT_THAT(stored, testing::IsSupersetOf(acknowledged));
  must(at_leader->execute("INSERT INTO t VALUES (-2)"));
}

}  // namespace
}  // namespace offx::db
