// What the contract's tests cannot show of every engine: servers that hang, die, come back, lag, and lose their leader.

#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/fallback_reads.h"
#include "db/http/transport.h"
#include "db/outage.h"
#include "db/stop.h"
#include "db/test_servers.h"
#include "net/local_server.h"

namespace offx::db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

/// Takes connections and never answers.
class SilentListener {
 public:
  SilentListener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(socket_, 16) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    place_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentListener() { close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  int socket_;
  std::string place_;
};

Error error_of(Result<QueryResult> result) {
  EXPECT_FALSE(result.has_value());
  return result ? Error(Errc::internal, "") : std::move(result).error();
}

class Servers : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
};
using Libsql = Servers;
using Cluster = Servers;

TEST(Deadline, ends_every_call_to_a_server_that_never_answers) {
  const SilentListener silent;
  for (const std::string scheme : {"http://", "rqlite://u:p@", "valtown://"}) {
    const std::string more = scheme == "valtown://" ? "&tls=0&authToken=t" : "";
    auto client = must(create_database_client(scheme + silent.place() + "?timeout_ms=300" + more));
    const auto begin = steady_clock::now();
    const auto error = error_of(client->execute("INSERT INTO t VALUES (1)"));
    EXPECT_EQ(error.code(), Errc::unavailable) << scheme;
    EXPECT_LT(steady_clock::now() - begin, milliseconds(3000));
    EXPECT_GE(steady_clock::now() - begin, milliseconds(290));
  }
}

/// Until the end of a test.
class StopAfter {
 public:
  explicit StopAfter(milliseconds time)
      : thread_([this, time] {
          std::this_thread::sleep_for(time);
          flag_ = true;
        }) {
    stop_calls_when(&flag_);
  }
  ~StopAfter() {
    thread_.join();
    stop_calls_when(nullptr);
  }
  StopAfter(const StopAfter&) = delete;
  StopAfter& operator=(const StopAfter&) = delete;

 private:
  std::atomic<bool> flag_ = false;
  std::thread thread_;
};

TEST(Stop, ends_calls_to_servers_that_hang_long_before_their_deadline) {
  const SilentListener silent;
  for (const std::string scheme : {"http://", "rqlite://u:p@", "valtown://"}) {
    const std::string more = scheme == "valtown://" ? "&tls=0&authToken=t" : "";
    auto client = must(create_database_client(scheme + silent.place() + "?timeout_ms=60000" + more));
    const StopAfter stop(milliseconds(100));
    const auto begin = steady_clock::now();
    EXPECT_EQ(error_of(client->execute("SELECT 1")).code(), Errc::cancelled) << scheme;
    EXPECT_EQ(error_of(client->execute("INSERT INTO t VALUES (1)")).code(), Errc::cancelled) << scheme;
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(20));
  }
}

TEST(Stop, leaves_other_servers_their_time_when_one_hangs) {
  const SilentListener silent;
  net::LocalServer server([](net::LocalServer::Connection& connection) {
    (void)connection.whole_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  });
  const auto hanging = must(http::Transport::create({}));
  const auto answering = must(http::Transport::create({}));
  const auto deadline = steady_clock::now() + std::chrono::seconds(60);
  const StopAfter stop(milliseconds(0));
  const auto none = hanging->post("http://" + silent.place() + "/", "{}", deadline);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().error.code(), Errc::cancelled);
  EXPECT_TRUE(answering->post("http://" + server.place() + "/", "{}", deadline).has_value());
}

TEST(Answers, that_are_none_of_a_database_say_what_to_do) {
  std::string status;
  std::string more;
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    (void)connection.whole_request();
    connection.send("HTTP/1.1 " + status + " X\r\n" + more + "Content-Length: 6\r\nConnection: close\r\n\r\n<html>");
  });
  const auto answer_to = [&](const std::string& scheme, const std::string& with, const std::string& header = "") {
    status = with;
    more = header;
    auto client = must(create_database_client(scheme + server.place() + "?tls=0&authToken=t"));
    return error_of(client->execute("SELECT 1"));
  };
  EXPECT_EQ(answer_to("rqlite://u:p@", "429").code(), Errc::unavailable);
  const auto moved = answer_to("libsql://", "307", "Location: https://other.example/v3/pipeline?secret\r\n");
  EXPECT_EQ(moved.code(), Errc::invalid_argument);
  EXPECT_THAT(moved.message(), HasSubstr("at https://other.example;"));
  EXPECT_THAT(answer_to("valtown://", "200").message(), HasSubstr("web page"));
}

// --- What is said of it to everybody

TEST(Outage, says_how_a_server_is_not_reached) {
  const SilentListener silent;
  net::LocalServer closing([](net::LocalServer::Connection& connection) { (void)connection.whole_request(); });
  const std::string unknown =
      std::string(64, 'a') + ".invalid";  // longer than a part of a name may be: nobody is asked
  for (const std::string scheme : {"http://", "rqlite://u:p@"}) {
    const auto outage = [&](const std::string& place) {
      auto client = must(create_database_client(scheme + place + "?timeout_ms=300"));
      const auto error = error_of(client->execute("SELECT 1"));
      const std::string said(outage_of(error).reason);
      EXPECT_THAT(said, Not(HasSubstr(place))) << error.to_string();
      return said;
    };
    EXPECT_THAT(outage(silent.place()), HasSubstr("does not answer in time"));
    EXPECT_THAT(outage("127.0.0.1:1"), HasSubstr("refuses the connection"));
    EXPECT_THAT(outage(closing.place()), HasSubstr("closes the connection"));
    EXPECT_THAT(outage(unknown), HasSubstr("is not found"));
  }
}

TEST_F(Servers, say_in_what_way_they_refuse) {
  const auto outage = [](const std::string& url) {
    return std::string(outage_of(error_of(must(create_database_client(url))->execute("SELECT 1"))).reason);
  };
  auto& sqld = shared_sqld();
  const auto database = sqld.make_database();
  EXPECT_THAT(outage(database.substr(0, database.find("&authToken=")) + "&authToken=x"), HasSubstr("token"));
  EXPECT_THAT(outage(sqld.url("nowhere")), HasSubstr("no such database"));
  EXPECT_THAT(outage("rqlite://app:wrong@" + shared_rqlite().place(0)), HasSubstr("password"));
}

TEST_F(Libsql, a_frozen_server_ends_calls_at_their_deadline_and_a_killed_one_comes_back) {
  Sqld sqld;
  auto client = must(create_database_client(sqld.make_database() + "&timeout_ms=500"));
  must(client->execute("CREATE TABLE t (n INTEGER UNIQUE)"));
  must(client->execute("INSERT INTO t VALUES (1)"));

  sqld.process().freeze();
  const auto frozen = error_of(client->execute("INSERT INTO t VALUES (2)"));
  EXPECT_EQ(frozen.code(), Errc::unavailable);
  EXPECT_THAT(frozen.message(), HasSubstr("may have been applied"));
  EXPECT_THAT(error_of(client->execute("SELECT n FROM t")).message(), Not(HasSubstr("applied")));
  sqld.process().thaw();

  sqld.process().kill();
  const auto down = error_of(client->execute("INSERT INTO t VALUES (3)"));
  EXPECT_EQ(down.code(), Errc::unavailable);
  EXPECT_THAT(down.message(), Not(HasSubstr("applied"))) << "nobody was there to apply it";
  sqld.start();
  must(client->execute("INSERT INTO t VALUES (3)"));
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t WHERE n <> 2")).row(0)[0], Value{2});
}

TEST_F(Libsql, tokens_and_namespaces_that_are_wrong_are_told_apart) {
  auto& sqld = shared_sqld();
  std::string database = sqld.make_database();
  database.erase(database.find("&authToken="));
  auto forged = must(create_database_client(database + "&authToken=nonsense"));
  const auto refused = error_of(forged->execute("SELECT 1"));
  EXPECT_EQ(refused.code(), Errc::invalid_argument);
  EXPECT_THAT(refused.message(), HasSubstr("token"));
  auto lost = must(create_database_client(sqld.url("nowhere")));
  EXPECT_EQ(error_of(lost->execute("SELECT 1")).code(), Errc::not_found);
  EXPECT_FALSE(create_database_client(sqld.url("../x")).has_value());
}

TEST_F(Libsql, a_session_sees_its_writes_although_the_replica_lags) {
  Sqld sqld;
  const std::string database = sqld.make_database();
  sqld.start_replica();
  auto client = must(create_database_client(database + "&replica=" + sqld.replica_place()));
  must(client->execute("CREATE TABLE t (n INTEGER)"));
  must(client->execute("INSERT INTO t VALUES (0)"));
  const std::vector<Statement> read = {{"SELECT n FROM t", {}}};
  std::int64_t stale = 0;
  for (std::int64_t n = 1; n <= 300; ++n) {
    must(client->execute("UPDATE t SET n = ?", {n}));
    stale += must(client->batch(read, Mode::read_stale))[0].row(0)[0] == Value{n} ? 0 : 1;
  }
  EXPECT_EQ(stale, 0);

  // The replica does answer: with the primary frozen it is the only one that can.
  wait_for_replica(sqld, database, "SELECT n FROM t", Value{300});
  sqld.process().freeze();
  EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{300});
  sqld.process().thaw();

  // What the replica does not have yet, it is not asked for.
  sqld.replica().freeze();
  must(client->execute("UPDATE t SET n = 301"));
  auto hasty = must(create_database_client(database + "&timeout_ms=1000&replica=" + sqld.replica_place()));
  EXPECT_EQ(must(hasty->batch(read, Mode::read_stale))[0].row(0)[0], Value{301}) << "the primary answers for it";
  sqld.replica().kill();
  must(client->execute("UPDATE t SET n = 302"));
  EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{302});
  EXPECT_FALSE(client->batch(std::vector<Statement>{{"DELETE FROM t", {}}}, Mode::read_stale).has_value());
}

TEST_F(Libsql, a_replica_answers_reads_while_the_primary_is_away) {
  Sqld sqld;
  const std::string database = sqld.make_database();
  sqld.start_replica();
  const std::string url = database + "&timeout_ms=1000&replica=" + sqld.replica_place();
  EXPECT_TRUE(may_fall_back(url));
  EXPECT_FALSE(may_fall_back(database));
  auto writer = must(create_database_client(database));
  must(writer->execute("CREATE TABLE t (n INTEGER)"));
  must(writer->execute("INSERT INTO t VALUES (7)"));
  wait_for_replica(sqld, database, "SELECT n FROM t", Value{7});

  int told = 0;
  FallbackReads client(must(create_database_client(url)), FallbackReads::Primary::there, [&] { ++told; });
  const std::vector<Statement> read = {{"SELECT n FROM t", {}}};
  EXPECT_EQ(must(client.execute("SELECT n FROM t", {})).row(0)[0], Value{7});
  EXPECT_EQ(told, 0);
  sqld.process().kill();
  EXPECT_EQ(must(client.execute("SELECT n FROM t", {})).row(0)[0], Value{7});
  EXPECT_EQ(told, 1);
  EXPECT_EQ(must(client.batch(read, Mode::read))[0].row(0)[0], Value{7});
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(client.batch(read, Mode::read_latest).has_value()) << "that is more than a replica can say";
  EXPECT_EQ(error_of(client.execute("INSERT INTO t VALUES (8)", {})).code(), Errc::unavailable);
  EXPECT_EQ(client.execute("SELECT nothing FROM t", {}).error().code(), Errc::unavailable);
}

TEST_F(Libsql, a_replica_that_hangs_costs_its_time_once) {
  Sqld sqld;
  const std::string database = sqld.make_database();
  sqld.start_replica();
  auto client = must(create_database_client(database + "&timeout_ms=60000&replica=" + sqld.replica_place()));
  sqld.replica().freeze();
  const std::vector<Statement> read = {{"SELECT 7", {}}};
  const auto begin = steady_clock::now();
  // Half a second for each would be fifty: a machine that has little time is not taken for that.
  for (int i = 0; i < 100; ++i) EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{7});
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(40)) << "each of them waited";
  sqld.replica().thaw();
}

TEST_F(Libsql, a_replica_that_hangs_costs_nobody_half_of_a_long_timeout) {
  Sqld sqld;
  const std::string database = sqld.make_database();
  sqld.start_replica();
  const std::string url = database + "&timeout_ms=60000&replica=" + sqld.replica_place();
  auto client = must(create_database_client(url));
  const std::vector<Statement> read = {{"SELECT 7", {}}};
  EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{7});
  std::this_thread::sleep_for(milliseconds(1100));  // as long as it is trusted after it answered
  sqld.replica().freeze();
  const auto begin = steady_clock::now();
  std::vector<std::thread> wave;
  for (int i = 0; i < 8; ++i) {
    wave.emplace_back([&] { EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{7}); });
  }
  for (auto& thread : wave) thread.join();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10)) << "the primary was there";

  sqld.process().freeze();
  FallbackReads other(*client, [] { return true; });
  const auto none = other.batch(read, Mode::read);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code(), Errc::unavailable);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(20))
      << "nobody waits for a primary that is known to be away";
  sqld.process().thaw();
  sqld.replica().thaw();
}

TEST_F(Libsql, sessions_that_write_beside_one_another_see_their_own_writes) {
  Sqld sqld;
  const std::string database = sqld.make_database();
  sqld.start_replica();
  auto first = must(create_database_client(database));
  must(first->execute("CREATE TABLE t (session INTEGER PRIMARY KEY, n INTEGER)"));
  std::vector<std::thread> sessions;
  for (std::int64_t session = 0; session < 4; ++session) {
    sessions.emplace_back([&, session] {
      auto client = must(create_database_client(database + "&replica=" + sqld.replica_place()));
      must(client->execute("INSERT INTO t VALUES (?, 0)", {session}));
      const std::vector<Statement> read = {{"SELECT n FROM t WHERE session = ?", {session}}};
      for (std::int64_t n = 1; n <= 60; ++n) {
        const std::vector<Statement> write = {{"UPDATE t SET n = ?2 WHERE session = ?1", {session, n}}};
        must(client->batch(write, Mode::write));
        for (int again = 0; again < 3; ++again) {
          EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{n});
        }
      }
    });
  }
  for (auto& session : sessions) session.join();
}

TEST_F(Cluster, wrong_passwords_and_nodes_without_foreign_keys_are_told) {
  auto& rqlite = shared_rqlite();
  auto stranger = must(create_database_client("rqlite://app:wrong@" + rqlite.place(0)));
  const auto refused = error_of(stranger->execute("SELECT 1"));
  EXPECT_EQ(refused.code(), Errc::invalid_argument);
  EXPECT_THAT(refused.message(), HasSubstr("password"));
  EXPECT_THAT(refused.message(), Not(HasSubstr("wrong")));
}

/// Three nodes, written to while something happens: every acknowledged write is there once, on every node.
class ThreeNodes : public Servers {
 protected:
  void SetUp() override {
    Servers::SetUp();
    if (IsSkipped()) return;
    cluster_ = std::make_unique<Rqlite>(3);
    client_ = must(create_database_client(cluster_->url("?timeout_ms=15000")));
    must(client_->execute("CREATE TABLE t (n INTEGER PRIMARY KEY, v TEXT NOT NULL)"));
  }

  std::unique_ptr<Rqlite> cluster_;
  std::unique_ptr<DatabaseClient> client_;
};

TEST_F(ThreeNodes, serve_whichever_is_named_first_and_while_one_is_down) {
  for (std::size_t i = 0; i < 3; ++i) {
    auto client = must(create_database_client(cluster_->url_of(i)));
    must(client->execute("INSERT INTO t (v) VALUES (?)", {std::to_string(i)}));
    const std::vector<Statement> read = {{"SELECT count(*) FROM t", {}}};
    for (const auto mode : {Mode::read, Mode::read_latest}) {
      EXPECT_EQ(must(client->batch(read, mode))[0].row(0)[0], Value{static_cast<std::int64_t>(i + 1)});
    }
  }
  for (std::size_t down = 0; down < 3; ++down) {
    cluster_->node(down).kill();
    must(client_->execute("INSERT INTO t (v) VALUES ('down')"));
    auto fresh = must(create_database_client(cluster_->url("?timeout_ms=15000")));
    EXPECT_EQ(must(fresh->execute("SELECT count(*) FROM t")).row(0)[0], Value{static_cast<std::int64_t>(down + 4)});
    cluster_->restart(down);
  }
}

TEST_F(ThreeNodes, lose_no_acknowledged_write_and_double_none_when_leaders_are_killed) {
  std::atomic<bool> stop = false;
  std::set<std::int64_t> acknowledged;
  std::set<std::int64_t> unknown;
  std::thread writer([&] {
    for (std::int64_t n = 1; !stop; ++n) {
      const auto done = client_->execute("INSERT INTO t (n, v) VALUES (?, 'x')", {n});
      if (done) {
        acknowledged.insert(n);
      } else {
        // A write that went out twice would be refused the second time.
        EXPECT_EQ(done.error().code(), Errc::unavailable) << done.error().to_string();
        unknown.insert(n);
      }
    }
  });
  for (int kill = 0; kill < 3; ++kill) {
    std::this_thread::sleep_for(milliseconds(500));
    const auto leader = cluster_->leader();
    cluster_->node(leader).kill();
    std::this_thread::sleep_for(milliseconds(1500));
    cluster_->restart(leader);
  }
  stop = true;
  writer.join();
  EXPECT_GT(acknowledged.size(), 100U);

  const std::vector<Statement> read = {{"SELECT n FROM t ORDER BY n", {}}};
  const auto rows = must(client_->batch(read, Mode::read_latest))[0];
  std::set<std::int64_t> stored;
  for (std::size_t i = 0; i < rows.rows(); ++i) stored.insert(to_integer(rows.row(i)[0]));
  for (const auto n : acknowledged) EXPECT_TRUE(stored.contains(n)) << n;
  for (const auto n : stored) EXPECT_TRUE(acknowledged.contains(n) || unknown.contains(n)) << n;
}

TEST_F(ThreeNodes, without_a_majority_writes_end_and_stale_reads_go_on) {
  must(client_->execute("INSERT INTO t (v) VALUES ('x')"));
  const auto leader = cluster_->leader();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster_->node(i).kill();
  }
  std::this_thread::sleep_for(milliseconds(1500));
  auto client = must(create_database_client(cluster_->url("?timeout_ms=1500")));
  const std::vector<Statement> read = {{"SELECT v FROM t", {}}};
  EXPECT_EQ(must(client->batch(read, Mode::read_stale))[0].row(0)[0], Value{"x"});
  EXPECT_EQ(error_of(client->execute("SELECT v FROM t")).code(), Errc::unavailable);
  const auto error = error_of(client->execute("INSERT INTO t (v) VALUES ('y')"));
  EXPECT_EQ(error.code(), Errc::unavailable);
  EXPECT_THAT(std::string(outage_of(error).reason), HasSubstr("has no leader")) << error.to_string();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != leader) cluster_->restart(i);
  }
  EXPECT_EQ(must(client_->execute("SELECT count(*) FROM t WHERE v = 'x'")).row(0)[0], Value{1});
}

TEST_F(ThreeNodes, one_that_hangs_is_found_out_soon_by_whoever_is_new) {
  must(client_->execute("INSERT INTO t (v) VALUES ('x')"));
  const std::size_t hung = cluster_->leader() == 0 ? 1 : 0;  // a follower: there is no election to wait for
  cluster_->node(hung).freeze();
  std::string places;
  for (std::size_t i = 0; i < 3; ++i) places += "," + cluster_->place((hung + i) % 3);
  auto fresh = must(create_database_client("rqlite://app:secret@" + places.substr(1) + "?timeout_ms=60000"));
  const auto begin = steady_clock::now();
  EXPECT_EQ(must(fresh->execute("SELECT v FROM t")).row(0)[0], Value{"x"});
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
  auto writer = must(create_database_client("rqlite://app:secret@" + places.substr(1) + "?timeout_ms=60000"));
  must(writer->execute("INSERT INTO t (v) VALUES ('y')"));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(20));
  cluster_->node(hung).thaw();
}

TEST_F(ThreeNodes, a_frozen_leader_costs_reads_a_part_of_their_time) {
  must(client_->execute("INSERT INTO t (v) VALUES ('x')"));
  const auto leader = cluster_->leader();
  cluster_->node(leader).freeze();
  EXPECT_EQ(must(client_->execute("SELECT v FROM t")).row(0)[0], Value{"x"});
  must(client_->execute("INSERT INTO t (v) VALUES ('y')"));
  cluster_->node(leader).thaw();
  EXPECT_EQ(must(client_->execute("SELECT count(*) FROM t")).row(0)[0], Value{2});
}

/// Holds the write lock of an SQLite file until its end: whoever wants to write there waits.
class WriteLock {
 public:
  explicit WriteLock(const std::string& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db_);
  }
  ~WriteLock() { sqlite3_close(db_); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  sqlite3* db_ = nullptr;
};

/// Which is elected before it has applied all that it has in its log.
TEST_F(ThreeNodes, a_new_leader_shows_no_less_than_the_old_one_acknowledged) {
  const auto leader = cluster_->leader();
  std::string places;
  for (std::size_t i = 0; i < 3; ++i) places += "," + cluster_->place((leader + 1 + i) % 3);
  // Through a node that is not in the list's first place, and through one that asks the leader for its clients.
  auto other = must(create_database_client("rqlite://app:secret@" + places.substr(1) + "?timeout_ms=15000"));
  auto forwarded = must(create_database_client(cluster_->url_of((leader + 1) % 3) + "?timeout_ms=15000"));
  for (auto* client : {other.get(), forwarded.get()}) {
    EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{0});
  }
  std::vector<std::unique_ptr<WriteLock>> locks;
  for (std::size_t i = 1; i < 3; ++i) {
    locks.push_back(std::make_unique<WriteLock>(cluster_->file_of((leader + i) % 3)));
  }
  must(client_->execute("INSERT INTO t (v) VALUES ('x')"));
  cluster_->node(leader).kill();
  // rqlite itself waits no longer than 5 s for the lock.
  const std::jthread unlocking([&locks] {
    std::this_thread::sleep_for(milliseconds(2'500));
    locks.clear();
  });
  for (auto* client : {client_.get(), other.get(), forwarded.get()}) {
    EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{1});
  }
}

/// Which leads before it has applied its log anew.
TEST_F(Cluster, a_node_that_starts_again_shows_no_less_than_it_acknowledged) {
  Rqlite single;
  auto client = must(create_database_client(single.url("?timeout_ms=15000")));
  must(client->execute("CREATE TABLE t (n INTEGER PRIMARY KEY, v TEXT NOT NULL)"));
  const std::vector<Statement> slow = {
      {"INSERT INTO t (v) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT "
       "'x' FROM n WHERE i = 1000000",
       {}}};
  for (int i = 1; i <= 6; ++i) must(client->batch(slow, Mode::write));
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{6});
  single.node(0).kill();
  single.node(0).start();
  auto counted = client->execute("SELECT count(*) FROM t");
  const auto give_up = steady_clock::now() + std::chrono::seconds(30);
  while (!counted && counted.error().retryable() && steady_clock::now() < give_up) {
    std::this_thread::sleep_for(milliseconds(1));
    counted = client->execute("SELECT count(*) FROM t");
  }
  EXPECT_EQ(must(std::move(counted)).row(0)[0], Value{6});
}

TEST_F(Cluster, a_backup_is_a_database_file) {
  auto& rqlite = shared_rqlite();
  rqlite.clear();
  auto client = must(create_database_client(rqlite.url()));
  must(client->execute("CREATE TABLE t (v TEXT)"));
  must(client->execute("INSERT INTO t VALUES ('kept')"));
  const TemporaryFolder folder;
  must(client->backup(folder / "copy.db", {}));
  auto copy = must(create_database_client(folder / "copy.db"));
  EXPECT_EQ(must(copy->execute("SELECT v FROM t")).row(0)[0], Value{"kept"});
  EXPECT_EQ(client->backup(folder / "copy.db", {}).error().code(), Errc::conflict);
}

}  // namespace
}  // namespace offx::db
