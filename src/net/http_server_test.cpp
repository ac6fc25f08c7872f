#include "net/http_server.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/test_support.h"

namespace offx::net {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A client that sends exactly the bytes it is told.
class Client {
 public:
  explicit Client(const std::string& address, const char* from = "127.0.0.1")
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    if (inet_pton(AF_INET, from, &source.sin_addr) != 1 ||
        bind(socket_, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0) {
      ADD_FAILURE() << "cannot come from " << from;
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) ADD_FAILURE() << "cannot connect";
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Client& send(const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t sent = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) break;
      done += static_cast<std::size_t>(sent);
    }
    return *this;
  }

  /// What comes until `text` was seen, or the end.
  std::string until(const std::string& text, std::chrono::milliseconds patience = 20s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::vector<char> part(64U << 10U);
    while (true) {
      if (const auto at = received_.find(text); !text.empty() && at != std::string::npos) {
        const auto got = received_.substr(0, at + text.size());
        received_.erase(0, got.size());
        return got;
      }
      pollfd wait{socket_, POLLIN, 0};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left <= 0ms || poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
        ADD_FAILURE() << "nothing more came, after: " << received_;
        break;
      }
      const ssize_t got = recv(socket_, part.data(), part.size(), 0);
      if (got <= 0) break;
      received_.append(part.data(), static_cast<std::size_t>(got));
    }
    return std::exchange(received_, {});
  }
  /// How much comes until the server closes.
  std::size_t count_rest() {
    std::size_t count = std::exchange(received_, {}).size();
    std::vector<char> part(1U << 20U);
    for (ssize_t got = 0; (got = recv(socket_, part.data(), part.size(), 0)) > 0;)
      count += static_cast<std::size_t>(got);
    return count;
  }
  /// What comes until the server closes.
  std::string rest() { return until(""); }

 private:
  int socket_;
  std::string received_;  // and not asked for yet
};

std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + more + "\r\n";
}

constexpr std::size_t kLarge = 32U << 20U;  // more than a system keeps on its way

/// Answers with what it was asked; some paths do more.
class Echo final : public HttpHandler {
 public:
  std::optional<HttpResponse> answer_at_once(const HttpRequest& request) override {
    if (request.target != "/at-once") return std::nullopt;
    return HttpResponse{.body = "at once"};
  }
  Admission admit(const HttpRequest& head) override {
    if (head.target == "/refused") return {HttpResponse{.status = 401, .body = "who are you?"}};
    return {std::nullopt, 1000, head.target == "/upload"};
  }
  HttpResponse handle(const HttpRequest& request) override {
    ++handled;
    if (request.target == "/slow") gate.wait();
    if (request.target == "/step") {
      std::this_thread::sleep_for(2ms);
      ++steps;
    }
    if (request.target == "/throws") throw std::runtime_error("unexpected");
    if (request.target == "/asset") return {.asset = "of the program"};
    if (request.target == "/header") return {.headers = {{"X-Echo", "a\r\nSet-Cookie: b"}}};
    if (request.target == "/nothing") return {.status = 204};
    if (request.target == "/file") return {.file = file};
    if (request.target == "/large") return {.body = std::string(kLarge, 'x')};
    if (request.target == "/events") {
      return {.headers = {{"Content-Type", "text/event-stream"}},
              .on_events = [this](const std::shared_ptr<EventStream>& stream) {
                stream->send("hello", "one\ntwo");
                const std::scoped_lock lock(mutex);
                streams.push_back(stream);
                listening = true;
              }};
    }
    std::string body = request.method + " " + request.target + " " + request.body;
    if (!request.body_file.empty()) {
      std::ifstream stored(request.body_file);
      body += "file:" + std::string(std::istreambuf_iterator<char>(stored), {});
    }
    return {.headers = {{"X-Peer", request.peer}}, .body = body};
  }
  HttpResponse refuse(int status, std::string_view reason) override {
    return {.status = status, .headers = {{"X-Safe", "yes"}}, .body = std::string(reason)};
  }

  std::atomic<int> handled = 0;
  std::atomic<int> steps = 0;
  std::promise<void> opener;
  std::shared_future<void> gate = opener.get_future().share();
  std::filesystem::path file;
  std::mutex mutex;
  std::vector<std::shared_ptr<EventStream>> streams;
  std::atomic<bool> listening = false;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServer& start(HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.upload_folder = folder / "";
    server = must(HttpServer::start(std::move(options), echo));
    return *server;
  }
  Client client(const char* from = "127.0.0.1") { return Client(server->address(), from); }
  template <class Condition>
  static bool eventually(const Condition& condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  TemporaryFolder folder;
  Echo echo;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, answers_requests_of_a_connection_in_order_also_when_they_are_sent_at_once) {
  start();
  const auto got = client()
                       .send(get("/a?x=1") + get("/b") + "HEAD /c HTTP/1.1\r\nHost: t\r\n\r\n" + get("/nothing") +
                             "POST /d HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nxyz" + get("/asset") +
                             get("/last", "Connection: close\r\n"))
                       .rest();
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(got, HasSubstr("X-Peer: 127.0.0.1\r\n"));
  std::size_t at = 0;
  for (const auto* part : {"GET /a?x=1 ", "GET /b ", "Content-Length: 8\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 204",
                           "POST /d xyz", "of the program", "Connection: close\r\n\r\nGET /last "}) {
    at = got.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << " is missing in\n" << got;
  }
  EXPECT_THAT(got, Not(HasSubstr("HEAD /c ")));
}

TEST_F(HttpServerTest, closes_behind_a_request_of_http_1_0) {
  start();
  EXPECT_THAT(client().send("GET /old HTTP/1.0\r\n\r\n").rest(),
              AllOf(HasSubstr("Connection: close"), EndsWith("GET /old ")));
}

TEST_F(HttpServerTest, takes_bodies_in_chunks_and_into_files_and_removes_the_files) {
  start();
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  EXPECT_THAT(client().send("POST /c HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + chunked).rest(),
              EndsWith("POST /c abcde"));
  EXPECT_THAT(client().send("POST /upload HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + chunked).rest(),
              EndsWith("POST /upload file:abcde"));
  auto patient = client();
  patient.send("POST /c HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(patient.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  patient.send("ok");
  EXPECT_THAT(patient.until("POST /c ok"), StartsWith("HTTP/1.1 200"));
  const std::string too_much = "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + std::string(500, 'x') + "\r\n";
  EXPECT_THAT(client().send("POST /upload HTTP/1.1\r\nHost: t\r\n" + too_much + "3e8\r\n").until("\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  {
    auto leaves = client();
    leaves.send("POST /upload HTTP/1.1\r\nHost: t\r\n" + too_much);
    ASSERT_TRUE(eventually([&] { return !std::filesystem::is_empty(folder / ""); }));
  }
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(folder / ""); }));
}

TEST_F(HttpServerTest, a_value_begins_no_header_of_its_own) {
  start();
  EXPECT_THAT(client().send(get("/header", "X-Echo: a\r\nConnection: close\r\n")).rest(),
              AllOf(HasSubstr("X-Echo: a  Set-Cookie: b\r\n"), Not(HasSubstr("\r\nSet-Cookie"))));
}

TEST_F(HttpServerTest, sends_files_and_says_so_when_one_is_gone) {
  start();
  const std::string content(700'000, 'f');
  echo.file = folder / "file";
  std::ofstream(echo.file) << content;
  auto one = client();
  const auto got = one.send(get("/file") + get("/then")).until("GET /then ");
  EXPECT_THAT(got, AllOf(HasSubstr("Content-Length: 700000\r\n"), HasSubstr("\r\n\r\n" + content + "HTTP/1.1 200")));
  echo.file = folder / "gone";
  EXPECT_THAT(client().send(get("/file", "Connection: close\r\n")).rest(), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, refuses_what_is_no_request_with_the_handlers_words) {
  start();
  const std::pair<std::string, std::string> cases[] = {
      {"garbage\r\n\r\n", "400"},
      {"GET / HTTP/3.7\r\nHost: t\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1, 1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "501"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\nx\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: t\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", "417"},
      {get("/" + std::string(8'192, 'x')), "414"},
      {get("/" + std::string(100'000, 'x')), "414"},
      {get("/", "X-Large: " + std::string(70'000, 'x') + "\r\n"), "431"},
      {"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n" + std::string(1025, 'x') + "\r\n",
       "413"},
      {"POST /refused HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n", "401"},
  };
  for (const auto& [bytes, status] : cases) {
    const auto got = client().send(bytes).until("\r\n\r\n");
    EXPECT_THAT(got, AllOf(StartsWith("HTTP/1.1 " + status + " "), HasSubstr("Connection: close")))
        << bytes.substr(0, 100);
    if (status == "401") continue;  // in the words of admit()
    EXPECT_THAT(got, HasSubstr("X-Safe: yes")) << bytes.substr(0, 100);
  }
  EXPECT_EQ(echo.handled, 0);
}

TEST_F(HttpServerTest, what_chunks_carry_beside_the_body_is_bounded) {
  start();
  const std::string endless(1U << 20U, 'x');
  for (const auto* begin : {"1;a=", "1\r\nb\r\n0\r\nX-Trailer: ", "0\r\n"}) {
    const auto got = client()
                         .send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + (begin + endless))
                         .until("\r\n\r\n");
    EXPECT_THAT(got, AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close"))) << begin;
  }
  // Also on a connection that idled before.
  auto again = client();
  again.send(get("/first")).until("GET /first ");
  again.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;a=" + endless);
  EXPECT_THAT(again.until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(echo.handled, 1);
}

TEST_F(HttpServerTest, a_refused_upload_leaves_no_file_behind) {
  start({.transfer_timeout = 200ms});
  const std::string head = "POST /upload HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& [body, status] : {std::pair<std::string, std::string>{"3\r\nabc\r\n", "408"},
                                     {"401\r\n" + std::string(1025, 'x') + "\r\n", "413"},
                                     {"3\r\nabc\r\nzz\r\n", "400"}}) {
    auto refused = client();
    EXPECT_THAT(refused.send(head + body).until("\r\n\r\n"), StartsWith("HTTP/1.1 " + status + " "));
    refused.rest();
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(folder / ""); })) << status;
  }
}

TEST_F(HttpServerTest, a_client_that_writes_all_before_it_reads_sees_the_refusal) {
  start();
  const std::string body(10U << 20U, 'p');
  EXPECT_THAT(
      client()
          .send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)
          .until("\r\n\r\n"),
      StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, what_a_handler_throws_is_an_answer) {
  start();
  EXPECT_THAT(client().send(get("/throws") + get("/next", "Connection: close\r\n")).rest(),
              AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("GET /next ")));
}

TEST_F(HttpServerTest, slow_clients_are_ended_and_delay_nobody) {
  start({.header_timeout = 200ms, .idle_timeout = 200ms, .transfer_timeout = 200ms});
  auto silent = client();
  auto slow_head = client();
  slow_head.send("GET / HTTP/1.1\r\nHo");
  auto slow_body = client();
  slow_body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nab");
  auto idles = client();
  EXPECT_THAT(idles.send(get("/first")).until("GET /first "), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(client().send(get("/quick", "Connection: close\r\n")).rest(), EndsWith("GET /quick "));
  EXPECT_EQ(silent.rest(), "");
  EXPECT_THAT(slow_head.rest(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(slow_body.rest(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(idles.rest(), "");
}

TEST_F(HttpServerTest, a_body_in_drops_is_ended_although_it_never_rests) {
  start({.transfer_timeout = 300ms});
  auto drops = client();
  drops.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n");
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  std::thread dripping([&] {
    while (!*stop) {
      drops.send("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_THAT(drops.until("\r\n\r\n"), StartsWith("HTTP/1.1 408 "));
  *stop = true;
  dripping.join();
}

TEST_F(HttpServerTest, more_than_it_can_hold_is_answered_at_once) {
  start({.workers = 1, .requests_waiting_max = 1});
  auto busy = client();
  busy.send(get("/slow"));
  ASSERT_TRUE(eventually([&] { return echo.handled == 1; }));
  auto waits = client();
  waits.send(get("/waits"));
  ASSERT_TRUE(eventually([&] { return server->load().requests == 2; }));
  auto refused = client();
  for (int i = 0; i < 2; ++i) {  // it need not connect anew to come again
    EXPECT_THAT(refused.send(get("/too-many")).until("too many requests at once"), StartsWith("HTTP/1.1 503 "));
  }
  EXPECT_THAT(client().send(get("/at-once", "Connection: close\r\n")).rest(), EndsWith("at once"));
  echo.opener.set_value();
  EXPECT_THAT(busy.until("GET /slow "), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(waits.until("GET /waits "), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, connections_that_idle_make_room_for_new_ones) {
  start({.connections_max = 2});
  auto first = client();
  first.send(get("/1")).until("GET /1 ");
  auto second = client();
  second.send(get("/2")).until("GET /2 ");
  auto third = client();
  EXPECT_THAT(third.send(get("/3")).until("GET /3 "), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(first.rest(), "");
  auto busy = client();  // takes the place of the second
  EXPECT_EQ(second.rest(), "");
  auto busy_too = client();  // of the third: it has waited for longer than one that has not asked yet
  EXPECT_EQ(third.rest(), "");
  busy.send(get("/slow"));
  busy_too.send(get("/slow"));
  ASSERT_TRUE(eventually([&] { return echo.handled == 5; }));
  EXPECT_THAT(client().rest(), StartsWith("HTTP/1.1 503 "));
  echo.opener.set_value();
}

TEST_F(HttpServerTest, who_lets_an_answer_or_a_body_rest_makes_room_for_new_ones) {
  start({.connections_max = 1});
  const auto comes_in = [&] {
    return client().send(get("/new", "Connection: close\r\n")).rest().starts_with("HTTP/1.1 200 ");
  };
  auto slow = client();
  slow.send(get("/large")).until("HTTP/1.1 200");
  EXPECT_TRUE(eventually(comes_in));
  EXPECT_LT(slow.count_rest(), kLarge);
  ASSERT_TRUE(eventually([&] { return server->load().connections == 0; }));
  auto drips = client();
  drips.send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n").until("Continue");
  drips.send("abc");
  EXPECT_TRUE(eventually(comes_in));
  drips.count_rest();
}

TEST_F(HttpServerTest, an_answer_may_take_long_but_not_rest) {
  start({.transfer_timeout = 200ms});
  auto slow = client();
  slow.send(get("/large")).until("HTTP/1.1 200");
  EXPECT_TRUE(eventually([&] { return server->load().connections == 0; }));
  EXPECT_LT(slow.count_rest(), kLarge);
  EXPECT_GT(client().send(get("/large", "Connection: close\r\n")).count_rest(), kLarge);
}

TEST_F(HttpServerTest, no_caller_has_all_connections) {
  start({.connections_per_caller_max = 2});
  auto first = client();
  first.send(get("/1")).until("GET /1 ");
  auto second = client();
  second.send(get("/slow"));
  ASSERT_TRUE(eventually([&] { return echo.handled == 2; }));
  auto third = client();  // in the place of the first, which idles
  third.send(get("/slow"));
  EXPECT_EQ(first.rest(), "");
  ASSERT_TRUE(eventually([&] { return echo.handled == 3; }));
  EXPECT_THAT(client().send(get("/4")).rest(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(client("127.0.0.2").send(get("/5", "Connection: close\r\n")).rest(), StartsWith("HTTP/1.1 200 "));
  echo.opener.set_value();
  second.until("GET /slow ");
  third.until("GET /slow ");
  EXPECT_THAT(client().send(get("/6", "Connection: close\r\n")).rest(), StartsWith("HTTP/1.1 200 "));
  server->stop(0ms);

  // A proxy brings many.
  start({.connections_per_caller_max = 1,
         .is_shared_address = [](const std::string& address) { return address == "127.0.0.1"; }});
  auto one = client();
  one.send(get("/1")).until("GET /1 ");
  client().send(get("/2")).until("GET /2 ");
  one.send(get("/3")).until("GET /3 ");
}

TEST_F(HttpServerTest, streams_events_until_the_client_goes) {
  start({.header_timeout = 100ms, .event_comment_interval = 50ms});
  std::shared_ptr<EventStream> stream;
  {
    auto listener = client();
    listener.send(get("/events"));
    EXPECT_THAT(listener.until("\r\n\r\nevent"),
                AllOf(StartsWith("HTTP/1.1 200 OK"), Not(HasSubstr("Content-Length"))));
    EXPECT_EQ(listener.until("\n\n"), ": hello\ndata: one\ndata: two\n\n");
    ASSERT_TRUE(eventually([&] { return echo.listening.load(); }));
    stream = echo.streams[0];
    EXPECT_TRUE(stream->send("run", "{}"));
    EXPECT_THAT(listener.until("data: {}\n\n"), HasSubstr("event: run\n"));
    EXPECT_EQ(server->load().event_streams, 1U);
    EXPECT_THAT(listener.until(":\n\n"), EndsWith(":\n\n"));
  }
  EXPECT_TRUE(eventually([&] { return !stream->send("run", "{}"); }));
  EXPECT_TRUE(eventually([&] { return server->load().event_streams == 0; }));
}

TEST_F(HttpServerTest, a_listener_that_does_not_read_is_cut_off) {
  start();
  auto listener = client();
  listener.send(get("/events"));
  ASSERT_TRUE(eventually([&] { return echo.listening.load(); }));
  const std::string large(10'000, 'e');
  int sent = 0;
  while (sent < 100'000 && echo.streams[0]->send("e", large)) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_TRUE(eventually([&] { return server->load().connections == 0; }));
}

TEST_F(HttpServerTest, stopping_lets_what_runs_finish_and_closes_the_rest) {
  start();
  auto idle = client();
  idle.send(get("/before")).until("GET /before ");
  auto busy = client();
  busy.send(get("/slow"));
  auto listener = client();
  listener.send(get("/events"));
  ASSERT_TRUE(eventually([&] { return echo.handled == 3 && echo.listening; }));
  auto stopped = std::async([&] { return server->stop(20s); });
  EXPECT_EQ(idle.rest(), "");
  EXPECT_THAT(listener.rest(), HasSubstr("event: hello"));
  echo.opener.set_value();
  EXPECT_THAT(busy.rest(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close"), EndsWith("GET /slow ")));
  EXPECT_TRUE(stopped.get());
  EXPECT_FALSE(echo.streams[0]->send("late", "{}"));
}

TEST_F(HttpServerTest, what_waits_for_a_worker_when_the_grace_is_over_is_never_handled) {
  start({.workers = 1});
  auto busy = client();
  busy.send(get("/slow"));
  ASSERT_TRUE(eventually([&] { return echo.handled == 1; }));
  auto waits = client();
  waits.send(get("/waits"));
  auto uploads = client();  // waits to be admitted
  uploads.send("POST /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] { return server->load().requests == 2; }));
  auto stopped = std::async([&] { return server->stop(50ms); });
  EXPECT_EQ(busy.rest(), "");
  EXPECT_EQ(waits.rest(), "");
  EXPECT_EQ(uploads.rest(), "");
  echo.opener.set_value();
  EXPECT_FALSE(stopped.get());
  EXPECT_EQ(echo.handled, 1);
  EXPECT_EQ(server->load().requests, 0U);
}

TEST_F(HttpServerTest, many_idle_connections_do_not_delay_a_request) {
  start();
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(std::make_unique<Client>(server->address()));
    idle.back()->send(get("/" + std::to_string(i)));
  }
  for (int i = 0; i < 400; ++i) idle[static_cast<std::size_t>(i)]->until("GET /" + std::to_string(i) + " ");
  EXPECT_EQ(server->load().connections, 400U);
  EXPECT_THAT(client().send(get("/one-more", "Connection: close\r\n")).rest(), EndsWith("GET /one-more "));
}

TEST_F(HttpServerTest, who_asks_much_at_once_and_never_reads_delays_nobody) {
  constexpr int kClients = 200;
  start({.workers = 2, .requests_waiting_max = kClients});
  std::string many;
  for (int i = 0; i < 200; ++i) many += get("/step");
  std::deque<Client> flood;
  for (int i = 0; i < kClients; ++i) flood.emplace_back(server->address()).send(many);
  ASSERT_TRUE(eventually([&] { return echo.steps > kClients + 20; }));  // everybody has had a first answer

  auto kept = client();
  int before_kept = kClients;
  int before_new = kClients;
  for (int i = 0; i < 5; ++i) {
    int done = echo.steps;
    kept.send(get("/kept")).until("GET /kept ");
    before_kept = std::min(before_kept, echo.steps - done);
    done = echo.steps;
    client().send(get("/new")).until("GET /new ");
    before_new = std::min(before_new, echo.steps - done);
  }
  EXPECT_LT(before_kept, kClients / 2);
  EXPECT_LT(before_new, kClients / 2);
  const int so_far = echo.steps;
  EXPECT_TRUE(eventually([&] { return echo.steps > so_far + 10; })) << "the others go on";
}

TEST_F(HttpServerTest, who_asks_without_reading_makes_room_for_new_ones) {
  start({.workers = 2, .connections_max = 2});
  const std::string both = get("/1") + get("/slow");
  auto first = client();
  auto second = client();
  first.send(both).until("GET /1 ");
  second.send(both).until("GET /1 ");
  ASSERT_TRUE(eventually([&] { return echo.handled == 3; }));  // one is at its second, the other waits for its turn
  auto next = client();
  next.send(get("/2"));
  echo.opener.set_value();
  EXPECT_THAT(next.until("GET /2 "), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, says_what_is_wrong_with_an_address_to_listen_at) {
  start();
  const auto taken = HttpServer::start({.listen = server->address()}, echo);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::io);
  EXPECT_THAT(taken.error().message(), HasSubstr("another program"));
  for (const auto* text : {"8080", "example.org:80", "127.0.0.1:99999", "127.0.0.1:", "[::1:80"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code(), Errc::invalid_argument);
  }
  EXPECT_TRUE(must(parse_listen_address("localhost:80")).is_loopback);
  EXPECT_TRUE(must(parse_listen_address("[::1]:80")).is_loopback);
  EXPECT_FALSE(must(parse_listen_address(":80")).is_loopback);
}

}  // namespace
}  // namespace offx::net
