// The streams that the libSQL engine keeps, looked at from between it and real servers.

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"
#include "db/test_forwarder.h"
#include "db/test_servers.h"
#include "net/local_server.h"

namespace offx::db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;

std::string field(const std::string& json, const std::string& name) {
  const std::string marker = "\"" + name + "\":\"";
  const auto at = json.find(marker);
  return at == std::string::npos
             ? ""
             : json.substr(at + marker.size(), json.find('"', at + marker.size()) - at - marker.size());
}

/// Stands between a client and a server's port, passes every request and answer on, and remembers them.
class Between {
 public:
  struct Exchange {
    std::string request;  ///< its body
    std::string baton;    ///< that came with it
    std::string answer;   ///< with its head
    milliseconds took;    ///< with the server
    [[nodiscard]] bool closes() const { return request.find(R"({"type":"close"})") != std::string::npos; }
    [[nodiscard]] bool succeeded() const { return answer.starts_with("HTTP/1.1 200"); }
  };

  explicit Between(const std::string& place) : port_(std::stoi(place.substr(place.find(':') + 1))) {
    const auto bound = bind_to_free_port();
    if (listen(bound.descriptor, 64) != 0) std::abort();
    listener_ = bound.descriptor;
    place_ = "127.0.0.1:" + std::to_string(bound.port);
    acceptor_ = std::thread([this] {
      for (int client = accept(listener_, nullptr, nullptr); client >= 0;
           client = accept(listener_, nullptr, nullptr)) {
        const std::lock_guard lock(mutex_);
        sockets_.push_back(client);
        threads_.emplace_back([this, client] { serve(client); });
      }
    });
  }
  ~Between() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (const int client : sockets_) shutdown(client, SHUT_RDWR);
    for (auto& thread : threads_) thread.join();
    for (const int client : sockets_) close(client);
    close(listener_);
  }
  Between(const Between&) = delete;
  Between& operator=(const Between&) = delete;

  /// `url` with this in the place of the server.
  [[nodiscard]] std::string url(const std::string& url) const { return "http://" + place_ + url.substr(url.find('?')); }
  [[nodiscard]] const std::string& place() const { return place_; }
  /// The next request waits so long on its way.
  void delay_next(milliseconds time) { delay_ = time; }
  [[nodiscard]] std::vector<Exchange> exchanges() {
    const std::lock_guard lock(mutex_);
    return exchanges_;
  }

 private:
  /// A whole message with a length; false if the connection ended before.
  static bool receive(int from, std::string& message) {
    message.clear();
    std::size_t whole = std::string::npos;
    std::array<char, 65536> buffer{};
    while (message.size() < whole) {
      const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      message.append(buffer.data(), static_cast<std::size_t>(got));
      const auto end = message.find("\r\n\r\n");
      if (whole != std::string::npos || end == std::string::npos) continue;
      std::string head = message.substr(0, end);
      std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
      const auto length = head.find("content-length: ");
      whole = end + 4 + (length == std::string::npos ? 0 : std::strtoul(head.c_str() + length + 16, nullptr, 10));
    }
    return true;
  }
  static bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void serve(int client) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    std::string request;
    std::string answer;
    if (server >= 0 && connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      while (receive(client, request)) {
        std::this_thread::sleep_for(delay_.exchange(milliseconds(0)));
        const auto begin = steady_clock::now();
        if (!send_all(server, request) || !receive(server, answer)) break;
        const auto took = std::chrono::ceil<milliseconds>(steady_clock::now() - begin);
        const auto body = request.substr(request.find("\r\n\r\n") + 4);
        {
          const std::lock_guard lock(mutex_);
          exchanges_.push_back({body, field(body, "baton"), answer, took});
        }
        if (!send_all(client, answer)) break;
      }
    }
    close(server);
    shutdown(client, SHUT_RDWR);
  }

  const int port_;
  int listener_ = -1;
  std::string place_;
  std::atomic<milliseconds> delay_{milliseconds(0)};
  std::mutex mutex_;
  std::vector<Exchange> exchanges_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

class Streams : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  }
};

TEST_F(Streams, carry_one_read_after_the_other_and_are_closed_at_the_end) {
  const auto url = shared_sqld().make_database();
  Between between(shared_sqld().place());
  auto client = must(create_database_client(between.url(url)));
  must(client->execute("CREATE TABLE t (n INTEGER)"));
  for (std::int64_t n = 1; n <= 5; ++n) {
    must(client->execute("INSERT INTO t VALUES (?)", {n}));
    EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{n});
    const std::vector<Statement> reads = {{"SELECT ?", {1}}, {"SELECT ?", {2}}, {"SELECT max(n) FROM t", {}}};
    EXPECT_EQ(must(client->batch(reads, Mode::read))[2].row(0)[0], Value{n});
  }
  client.reset();
  const auto exchanges = between.exchanges();
  ASSERT_EQ(exchanges.size(), 17U) << "one more than there were calls";
  int opened = 0;
  for (const auto& exchange : exchanges) {
    EXPECT_TRUE(exchange.succeeded()) << exchange.answer;
    const bool writes =
        exchange.request.find("INSERT") != std::string::npos || exchange.request.find("CREATE") != std::string::npos;
    EXPECT_TRUE(!writes || (exchange.closes() && exchange.baton.empty())) << exchange.request;
    if (!writes && exchange.baton.empty()) ++opened;
  }
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(exchanges.back().request, R"({"requests":[{"type":"close"}],"baton":")" + exchanges.back().baton + R"("})");
}

TEST_F(Streams, are_each_used_by_one_thread_at_a_time) {
  const auto url = shared_sqld().make_database();
  Between between(shared_sqld().place());
  auto client = must(create_database_client(between.url(url)));
  must(client->execute("CREATE TABLE t (n INTEGER PRIMARY KEY)"));
  constexpr std::int64_t kThreads = 24;
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        if (i == 10) must(client->execute("INSERT INTO t VALUES (?)", {thread}));
        const auto rows = must(client->execute("SELECT ?1, count(*) FROM t WHERE n = ?1", {thread}));
        EXPECT_THAT(rows.row(0), ElementsAre(Value{thread}, Value{i < 10 ? 0 : 1}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto begin = steady_clock::now();
  client.reset();
  // Longer than half a second nobody waits for a stream to be closed: on a machine that has no time some stay open.
  bool has_time = steady_clock::now() - begin < milliseconds(400);
  std::set<std::string> used;
  std::size_t without = 0;
  std::size_t closed = 0;
  for (const auto& exchange : between.exchanges()) {
    EXPECT_TRUE(exchange.succeeded()) << exchange.answer;
    if (exchange.baton.empty()) {
      ++without;
    } else {
      EXPECT_TRUE(used.insert(exchange.baton).second) << "a baton went out twice";
    }
    if (exchange.closes()) ++closed;
    has_time = has_time && exchange.took < milliseconds(200);
  }
  EXPECT_LT(without, 240U);
  EXPECT_LE(closed, without);
  if (has_time) {
    EXPECT_EQ(closed, without) << "every stream that was opened is closed";
  }
}

TEST_F(Streams, that_the_server_has_forgotten_cost_a_read_one_more_request) {
  Sqld sqld;
  const auto url = sqld.make_database();
  auto between = std::make_unique<Between>(sqld.place());
  auto client = must(create_database_client(between->url(url)));
  must(client->execute("CREATE TABLE t (n INTEGER)"));
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{0});

  between->delay_next(std::chrono::seconds(11));
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{0});
  auto exchanges = between->exchanges();
  ASSERT_EQ(exchanges.size(), 4U);
  EXPECT_NE(exchanges[2].answer.find("STREAM_EXPIRED"), std::string::npos) << exchanges[2].answer;
  EXPECT_EQ(exchanges[3].baton, "");

  sqld.process().kill();
  sqld.start();
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{0});
  must(client->execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(must(client->execute("SELECT count(*) FROM t")).row(0)[0], Value{1});
}

TEST_F(Streams, that_idled_are_not_tried) {
  const auto url = shared_sqld().make_database();
  Between between(shared_sqld().place());
  auto client = must(create_database_client(between.url(url)));
  must(client->execute("SELECT 1"));
  std::this_thread::sleep_for(milliseconds(8'100));
  must(client->execute("SELECT 1"));
  const auto exchanges = between.exchanges();
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[1].baton, "");
}

TEST_F(Streams, see_what_others_made_of_the_schema) {
  const auto url = shared_sqld().make_database();
  auto reader = must(create_database_client(url));
  auto other = must(create_database_client(url));
  must(other->execute("CREATE TABLE t (a INTEGER)"));
  must(other->execute("INSERT INTO t VALUES (1)"));
  const std::vector<Statement> reads = {{"SELECT * FROM t", {}}};
  EXPECT_THAT(must(reader->execute("SELECT * FROM t")).columns(), ElementsAre("a"));
  must(other->execute("ALTER TABLE t ADD COLUMN b DEFAULT 2"));
  EXPECT_THAT(must(reader->execute("SELECT * FROM t")).columns(), ElementsAre("a", "b"));
  must(other->execute("ALTER TABLE t ADD COLUMN c DEFAULT 3"));
  const auto rows = must(reader->batch(reads, Mode::read))[0];
  EXPECT_THAT(rows.columns(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(rows.row(0), ElementsAre(Value{1}, Value{2}, Value{3}));
  must(other->execute("DROP TABLE t"));
  EXPECT_EQ(reader->execute("SELECT * FROM t").error().code(), Errc::invalid_argument);
  must(other->execute("CREATE TABLE u (d INTEGER)"));
  EXPECT_THAT(must(reader->execute("SELECT * FROM u")).columns(), ElementsAre("d"));
}

TEST_F(Streams, hold_nothing_open_after_a_read_that_failed) {
  const auto url = shared_sqld().make_database();
  Between between(shared_sqld().place());
  auto client = must(create_database_client(between.url(url)));
  must(client->execute("CREATE TABLE t (n INTEGER)"));
  must(client->execute("INSERT INTO t VALUES (0)"));
  const std::vector<Statement> bad = {{"SELECT n FROM t", {}}, {"SELECT n FROM nowhere", {}}};
  for (std::int64_t n = 1; n <= 5; ++n) {
    EXPECT_EQ(client->batch(bad, Mode::read).error().code(), Errc::invalid_argument);
    must(client->execute("UPDATE t SET n = ?", {n}));
    EXPECT_EQ(must(client->execute("SELECT n FROM t")).row(0)[0], Value{n});
  }
  client.reset();
  int open = 0;
  for (const auto& exchange : between.exchanges()) {
    if (exchange.baton.empty()) ++open;
    if (exchange.closes()) --open;
  }
  EXPECT_EQ(open, 0);
}

TEST_F(Streams, of_commands_that_end_leave_the_server_its_connections) {
  Sqld sqld;
  const auto url = sqld.make_database();
  for (int i = 0; i < 150; ++i) must(must(create_database_client(url))->execute("SELECT 1"));
}

TEST_F(Streams, of_a_replica_see_what_comes_there) {
  Sqld sqld;
  const auto url = sqld.make_database();
  sqld.start_replica();
  Between between(sqld.replica_place());
  auto writer = must(create_database_client(url));
  auto reader = must(create_database_client(url + "&replica=" + between.place()));
  must(writer->execute("CREATE TABLE t (n INTEGER)"));
  must(writer->execute("INSERT INTO t VALUES (0)"));
  const std::vector<Statement> read = {{"SELECT * FROM t", {}}};
  std::int64_t seen_at_replica = 0;
  for (std::int64_t n = 1; n <= 30; ++n) {
    if (n == 20) must(writer->execute("ALTER TABLE t ADD COLUMN more DEFAULT 5"));
    must(writer->execute("UPDATE t SET n = ?", {n}));
    const auto give_up = steady_clock::now() + std::chrono::seconds(5);
    const auto before = between.exchanges().size();
    for (auto rows = must(reader->batch(read, Mode::read_stale))[0]; rows.row(0)[0] != Value{n};
         rows = must(reader->batch(read, Mode::read_stale))[0]) {
      ASSERT_LT(steady_clock::now(), give_up) << "the stream does not see " << n;
      std::this_thread::sleep_for(milliseconds(5));
    }
    if (between.exchanges().size() > before) ++seen_at_replica;
    const auto columns = must(reader->batch(read, Mode::read_stale))[0].columns().size();
    EXPECT_EQ(columns, n < 20 ? 1U : 2U);
  }
  EXPECT_GT(seen_at_replica, 20) << "the primary answered for it";
  reader.reset();
  const auto exchanges = between.exchanges();
  const auto in_kept =
      std::count_if(exchanges.begin(), exchanges.end(), [](const auto& e) { return !e.baton.empty(); });
  EXPECT_GT(in_kept, 30);
}

// What the engine adds to a write is made by nobody who could be asked to bind its values.
TEST_F(Streams, of_writes_hold_nothing_that_reads_a_clock_or_rolls_dice) {
  const auto url = shared_sqld().make_database();
  Between between(shared_sqld().place());
  auto client = must(create_database_client(between.url(url) + "&replica=127.0.0.1:1"));
  must(client->execute("CREATE TABLE t (n INTEGER)"));
  must(client->execute("INSERT INTO t VALUES (1)"));
  for (const auto& exchange : between.exchanges()) {
    EXPECT_NE(exchange.request.find("UPDATE SET position"), std::string::npos) << exchange.request;
    for (const char* part : {"random", "now", "current_", "date(", "time(", "julianday", "unixepoch"}) {
      EXPECT_EQ(exchange.request.find(part), std::string::npos) << part << " in " << exchange.request;
    }
  }
}

TEST(StreamsElsewhere, keep_no_answer_waiting_for_their_end) {
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    if (connection.whole_request().find("SELECT") == std::string::npos) {
      connection.sleep(std::chrono::seconds(20));
      return;
    }
    const std::string answer =
        R"({"baton":"b1","results":[{"type":"ok","response":{"type":"execute","result":{"cols":[],"rows":[],)"
        R"("affected_row_count":0}}},{"type":"error","error":{"message":"no such table: t","code":"SQLITE_ERROR"}}]})";
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) +
                    "\r\nConnection: close\r\n\r\n" + answer);
  });
  auto client = must(create_database_client("http://" + server.place()));
  const auto begin = steady_clock::now();
  EXPECT_EQ(client->execute("SELECT * FROM t").error().code(), Errc::invalid_argument);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(StreamsElsewhere, that_answer_less_than_was_asked_are_not_believed) {
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    connection.whole_request();
    const std::string answer = R"({"results":[{"type":"ok","response":{"type":"execute","result":{"cols":[],"rows":[],)"
                               R"("affected_row_count":0}}}]})";
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) +
                    "\r\nConnection: close\r\n\r\n" + answer);
  });
  auto client = must(create_database_client("http://" + server.place()));
  const auto read = client->execute("SELECT 1");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), Errc::corrupt);
}

TEST(StreamsElsewhere, are_not_followed_with_our_token) {
  std::vector<std::string> bodies;
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    const auto request = connection.whole_request();
    bodies.push_back(request.substr(request.find("\r\n\r\n") + 4));
    const std::string answer =
        R"({"baton":"b1","base_url":"https://elsewhere.example","results":[{"type":"ok","response":{"type":"execute",)"
        R"("result":{"cols":[],"rows":[],"affected_row_count":0}}},{"type":"ok","response":{"type":"execute",)"
        R"("result":{"cols":[{"name":"1"}],"rows":[[{"type":"integer","value":"1"}]],"affected_row_count":0}}}]})";
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) +
                    "\r\nConnection: close\r\n\r\n" + answer);
  });
  auto client = must(create_database_client("http://" + server.place()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(must(client->execute("SELECT 1")).row(0)[0], Value{1});
  client.reset();
  ASSERT_EQ(bodies.size(), 3U);
  for (const auto& body : bodies) EXPECT_EQ(field(body, "baton"), "");
  EXPECT_NE(bodies[2].find(R"({"type":"close"})"), std::string::npos);
}

}  // namespace
}  // namespace offx::db
