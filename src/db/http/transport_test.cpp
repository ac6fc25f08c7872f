#include "db/http/transport.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/test_servers.h"
#include "net/local_server.h"

namespace offx::db::http {
namespace {

using net::LocalServer;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

Deadline in(milliseconds time) { return steady_clock::now() + time; }
Deadline soon() { return in(std::chrono::seconds(20)); }

std::string ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// What a server that sends `bytes` and closes is understood to answer.
tl::expected<Response, Failure> answer_of(const std::string& bytes, Transport::Options options = {}) {
  LocalServer server([&](LocalServer::Connection& connection) {
    (void)connection.whole_request();
    connection.send(bytes);
  });
  return must(Transport::create(std::move(options)))->post(server.url("/path"), "{}", soon());
}
Failure failure_of(const std::string& bytes, Transport::Options options = {}) {
  auto answer = answer_of(bytes, std::move(options));
  EXPECT_FALSE(answer.has_value());
  return answer ? Failure{Error(Errc::internal, "")} : std::move(answer).error();
}

TEST(Transport, sends_what_a_server_needs_to_know) {
  LocalServer server([](LocalServer::Connection& connection) { connection.send(ok(connection.whole_request())); });
  const auto transport = must(Transport::create({.headers = {"Authorization: Bearer t"}}));
  const auto posted = transport->post(server.url("/db/query?level=none"), R"(["SELECT 1"])", soon());
  ASSERT_TRUE(posted.has_value());
  const auto& request = posted->body;
  EXPECT_TRUE(request.starts_with("POST /db/query?level=none HTTP/1.1\r\n")) << request;
  for (const auto& field : {"\r\nHost: " + server.place() + "\r\n", std::string("\r\nAuthorization: Bearer t\r\n"),
                            std::string("\r\nContent-Type: application/json\r\n"),
                            std::string("\r\nContent-Length: 12\r\n"), std::string("\r\nUser-Agent: OffX/")}) {
    EXPECT_THAT(request, HasSubstr(field));
  }
  EXPECT_TRUE(request.ends_with("\r\n\r\n[\"SELECT 1\"]")) << request;

  const auto named = must(Transport::create({.headers = {"Host: name.localhost"}}));
  const auto hosts = named->post(server.url(), "{}", soon());
  ASSERT_TRUE(hosts.has_value());
  EXPECT_THAT(hosts->body, HasSubstr("\r\nHost: name.localhost\r\n"));
  EXPECT_EQ(hosts->body.find(server.place()), std::string::npos);
}

TEST(Transport, understands_every_form_of_an_answer) {
  EXPECT_EQ(answer_of(ok("{}"))->body, "{}");
  EXPECT_EQ(
      answer_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n")
          ->body,
      "abcde");
  EXPECT_EQ(answer_of("HTTP/1.0 200 OK\r\n\r\nuntil it closes")->body, "until it closes");
  EXPECT_EQ(answer_of("HTTP/1.1 204 No Content\r\n\r\n")->status, 204);
  EXPECT_EQ(answer_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok("late"))->body, "late");
  const auto refused = answer_of("HTTP/1.1 500 X\r\nContent-Length: 3\r\n\r\nwhy");
  EXPECT_EQ(refused->status, 500);
  EXPECT_EQ(refused->body, "why");
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(answer_of(ok(large))->body, large);
}

TEST(Transport, names_where_a_redirect_leads_and_does_not_follow_it) {
  const auto location_of = [](const std::string& status, const std::string& location) {
    return answer_of("HTTP/1.1 " + status + " X\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n")->location;
  };
  EXPECT_EQ(location_of("307", "http://other.example:4001/db?x"), "http://other.example:4001/db?x");
  EXPECT_EQ(location_of("301", "//other.example/db"), "http://other.example/db");
  EXPECT_THAT(location_of("301", "/db"), testing::MatchesRegex("http://127.0.0.1:[0-9]+/db"));
  EXPECT_EQ(location_of("200", "/db"), "");
}

TEST(Transport, says_what_is_wrong_with_an_answer) {
  const auto closed = failure_of("");
  EXPECT_EQ(closed.error.code(), Errc::unavailable);
  EXPECT_TRUE(closed.sent);
  EXPECT_THAT(closed.error.message(), HasSubstr("closed the connection"));
  for (const std::string cut : {"HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    EXPECT_EQ(failure_of(cut).error.code(), Errc::unavailable) << cut;
  }
  for (const std::string& nonsense :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("\x15\x03\x01\x00\x02\x02\x50", 7),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(70'000, 'a')}) {
    EXPECT_EQ(failure_of(nonsense).error.code(), Errc::corrupt) << nonsense.substr(0, 60);
  }
  for (const auto& large : {ok(std::string(101, 'x')), "HTTP/1.0 200 OK\r\n\r\n" + std::string(101, 'x')}) {
    EXPECT_EQ(failure_of(large, {.response_max_bytes = 100}).error.code(), Errc::unsupported);
  }
  EXPECT_TRUE(answer_of(ok(std::string(100, 'x')), {.response_max_bytes = 100}).has_value());
}

TEST(Transport, hands_over_what_it_gets_piece_by_piece_until_told_to_stop) {
  const std::string large(1'000'000, 'x');
  LocalServer server([&](LocalServer::Connection& connection) {
    const std::string status = connection.request().starts_with("GET /refused") ? "500" : "200";
    connection.send("HTTP/1.1 " + status + " X\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nF4240\r\n" +
                    large + "\r\n0\r\n\r\n");
  });
  const auto transport = must(Transport::create({.response_max_bytes = 10}));
  std::size_t taken = 0;
  const auto take_all = [&](std::string_view piece) {
    taken += piece.size();
    return true;
  };
  const auto got = transport->get(server.url(), soon(), take_all);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->body, "");
  EXPECT_EQ(taken, large.size());
  const auto stopped = transport->get(server.url(), soon(), [](std::string_view) { return false; });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().error.code(), Errc::cancelled);
  const auto refused = transport->get(server.url("/refused"), soon(), [](std::string_view) { return false; });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->body, large.substr(0, 64U << 10U));
}

TEST(Transport, keeps_connections_as_long_as_both_sides_want_it) {
  std::atomic<bool> closes = false;
  LocalServer server([&](LocalServer::Connection& connection) {
    do {
      (void)connection.whole_request();
      connection.send(ok("{}", closes ? "Connection: close\r\n" : ""));
    } while (!closes && connection.next_request());
  });
  {
    const auto transport = must(Transport::create({}));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
    EXPECT_EQ(server.connections(), 1);
  }
  closes = true;
  const auto transport = must(Transport::create({}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
  EXPECT_EQ(server.connections(), 4);
}

TEST(Transport, sees_that_a_kept_connection_was_closed_and_makes_another) {
  // Says that it keeps the connection, and closes it.
  LocalServer server([](LocalServer::Connection& connection) {
    (void)connection.whole_request();
    connection.send(ok("{}"));
  });
  const auto transport = must(Transport::create({}));
  ASSERT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
  // It takes one after the other: when it has answered somebody else, it has closed the first.
  ASSERT_TRUE(must(Transport::create({}))->post(server.url(), "{}", soon()).has_value());
  ASSERT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
  EXPECT_EQ(server.connections(), 3);
}

TEST(Transport, does_not_send_again_what_a_kept_connection_took) {
  std::atomic<int> requests = 0;
  LocalServer server([&](LocalServer::Connection& connection) {
    do {
      (void)connection.whole_request();
      if (++requests == 2) return;  // took it, and dies
      connection.send(ok("{}"));
    } while (connection.next_request());
  });
  const auto transport = must(Transport::create({}));
  ASSERT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
  const auto lost = transport->post(server.url(), "{}", soon());
  ASSERT_FALSE(lost.has_value());
  EXPECT_TRUE(lost.error().sent);
  EXPECT_EQ(lost.error().error.code(), Errc::unavailable);
  EXPECT_EQ(requests, 2);
  EXPECT_TRUE(transport->post(server.url(), "{}", soon()).has_value());
}

TEST(Transport, hears_a_server_that_refuses_before_it_has_everything) {
  LocalServer server([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n");
    connection.sleep(std::chrono::seconds(20));  // and takes no more
  });
  const auto transport = must(Transport::create({}));
  const std::string large(std::size_t{64} << 20U, ' ');
  const auto refused = transport->post(server.url(), large, soon());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 413);
}

TEST(Transport, goes_on_when_it_is_told_to_continue) {
  LocalServer server([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    connection.sleep(milliseconds(200));
    const auto request = connection.whole_request();
    connection.send(ok(std::to_string(request.size() - request.find("\r\n\r\n") - 4)));
  });
  const auto transport = must(Transport::create({}));
  const std::string large(std::size_t{64} << 20U, ' ');
  const auto answer = transport->post(server.url(), large, soon());
  ASSERT_TRUE(answer.has_value()) << answer.error().error.to_string();
  EXPECT_EQ(answer->body, std::to_string(large.size()));
}

TEST(Transport, ends_at_the_deadline_and_says_whether_anything_was_sent) {
  LocalServer server([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (connection.sleep(milliseconds(20)) && connection.send("x")) {
    }
  });
  const auto transport = must(Transport::create({}));
  const auto late = transport->post(server.url(), "{}", in(milliseconds(300)));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().error.code(), Errc::unavailable);
  EXPECT_TRUE(late.error().sent);

  const auto over = transport->post(server.url(), "{}", in(milliseconds(-1)));
  ASSERT_FALSE(over.has_value());
  EXPECT_FALSE(over.error().sent);
  const auto nobody = transport->post("http://127.0.0.1:" + std::to_string(free_port()), "{}", soon());
  ASSERT_FALSE(nobody.has_value());
  EXPECT_FALSE(nobody.error().sent);
  EXPECT_THAT(nobody.error().error.message(), HasSubstr("cannot connect"));
}

/// rqlited with a certificate that it signed itself.
class Tls : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
    const std::string make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key_ + " -out " + certificate_ + " 2>/dev/null";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "openssl is missing: run ./dev setup";
    server_.start();
    const auto transport = trusting();
    wait_until("rqlited", server_, [&] {
      const auto ready = transport->get("https://" + place_ + "/readyz", soon(), [](std::string_view) { return true; });
      return ready && ready->status == 200;
    });
  }
  std::unique_ptr<Transport> trusting() { return must(Transport::create({.authorities = certificate_})); }

  const TemporaryFolder folder_;
  const std::string key_ = folder_ / "key.pem";
  const std::string certificate_ = folder_ / "certificate.pem";
  const std::string place_ = "127.0.0.1:" + std::to_string(free_port());
  ServerProcess server_{
      {rqlited_binary(), "-http-addr=" + place_, "-raft-addr=127.0.0.1:" + std::to_string(free_port()),
       "-http-cert=" + certificate_, "-http-key=" + key_, folder_ / "node"},
      folder_ / "node.log"};
};

TEST_F(Tls, a_certificate_that_nobody_vouches_for_is_refused) {
  const auto refused = must(Transport::create({}))->post("https://" + place_ + "/db/query", "[]", soon());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().error.code(), Errc::unavailable);
  EXPECT_FALSE(refused.error().sent);
  EXPECT_THAT(refused.error().error.message(), HasSubstr("certificate"));
  // It is for another name.
  const auto port = place_.substr(place_.find(':'));
  const auto other = trusting()->post("https://localhost" + port + "/db/query", "[]", soon());
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().error.message(), HasSubstr("certificate"));
}

TEST_F(Tls, requests_and_answers_of_any_size_go_through) {
  const auto transport = trusting();
  for (const std::size_t size : {0U, 1U, 1'000U, 100'000U, 5'000'000U, 3U}) {
    const std::string text(size, 'x');
    const auto answer =
        transport->post("https://" + place_ + "/db/query", R"([["SELECT ?", ")" + text + R"("]])", soon());
    ASSERT_TRUE(answer.has_value()) << answer.error().error.message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_THAT(answer->body, HasSubstr("[[\"" + text + "\"]]")) << size;
  }
}

TEST_F(Tls, a_server_that_is_gone_is_noticed) {
  const auto transport = trusting();
  const auto ask = [&] { return transport->post("https://" + place_ + "/db/query", R"(["SELECT 1"])", soon()); };
  ASSERT_TRUE(ask().has_value());
  server_.kill();
  const auto gone = ask();
  ASSERT_FALSE(gone.has_value());
  EXPECT_FALSE(gone.error().sent);
  server_.start();
  wait_until("rqlited", server_, [&] { return ask() && ask()->status == 200; });
}

}  // namespace
}  // namespace offx::db::http
