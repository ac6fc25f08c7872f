#include "net/http_client.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/local_server.h"

namespace offx::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string answer(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
LocalServer::Handler always(std::string text) {
  return [text = std::move(text)](LocalServer::Connection& connection) { connection.send(text); };
}
LocalServer::Handler redirect_to(const std::string& location) {
  return always(answer("302 Found", "Location: " + location + "\r\n", ""));
}

HttpClient client(std::vector<std::string> allow_hosts, std::string proxy = {}) {
  return HttpClient::create({.allow_hosts = std::move(allow_hosts), .proxy = std::move(proxy)}).value();
}
Request get(std::string url) { return {.url = std::move(url), .headers = {}, .limits = {}}; }

std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// A gzip stream of more than `size` zeros without its end: one zero, then matches of length 258 at distance 1, in
/// deflate's fixed code (RFC 1951). 13 bits make 258 bytes.
std::string gzip_bomb(std::size_t size) {
  std::string out = hex("1f8b08000000000000ff");
  unsigned bits = 0;
  unsigned filled = 0;
  const auto put = [&](unsigned value, unsigned count) {  // least significant bit first
    bits |= value << filled;
    for (filled += count; filled >= 8; filled -= 8, bits >>= 8U) out += static_cast<char>(bits & 0xffU);
  };
  put(0b011, 3);       // last block, fixed code
  put(0b00001100, 8);  // literal 0 is 00110000, sent from its first bit on
  for (std::size_t made = 1; made <= size; made += 258) {
    put(0b10100011, 8);  // length 258 is 11000101
    put(0, 5);           // distance 1
  }
  put(0, 8);
  return out;
}

TEST(HttpClient, FetchesBodyStatusAndHeaders) {
  const LocalServer server(always(answer("200 OK", "ETag: \"a1\"\r\nX-Empty:\r\n", "hello")));
  Request request = get(server.url("/feed?x=1#top"));
  request.headers = {{"Accept", "application/rss+xml"}, {"X-Blank", ""}};
  const Result<Response> response = client({server.place()}).fetch(request);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->final_url, server.url("/feed?x=1"));
  EXPECT_EQ(response->header("etag"), "\"a1\"");
  EXPECT_EQ(response->header("X-EMPTY"), "");
  EXPECT_EQ(response->header("Last-Modified"), std::nullopt);
  EXPECT_THAT(server.last_request(), HasSubstr("GET /feed?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.last_request(), HasSubstr("Accept: application/rss+xml\r\n"));
  EXPECT_THAT(server.last_request(), HasSubstr("X-Blank:\r\n"));
  EXPECT_THAT(server.last_request(), HasSubstr("User-Agent: OffX/"));
}

TEST(HttpClient, DecompressesGzip) {
  const std::string gzip = hex("1f8b0800000000000203cb48cdc9c95748cfcf4b5528cf2fca49010025c09c6e10000000");
  const LocalServer server(always(answer("200 OK", "Content-Encoding: gzip\r\n", gzip)));
  const Result<Response> response = client({server.place()}).fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body, "hello gone world");
}

TEST(HttpClient, DamagedCompressionIsCorrupt) {
  const LocalServer server(always(answer("200 OK", "Content-Encoding: gzip\r\n", "this is no gzip stream at all")));
  const Result<Response> response = client({server.place()}).fetch(get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::corrupt);
}

TEST(HttpClient, GzipBombStopsAtTheDecompressedLimit) {
  const std::string bomb = gzip_bomb(200U << 20U);
  ASSERT_LT(bomb.size(), 2U << 20U);
  const LocalServer server(always(answer("200 OK", "Content-Encoding: gzip\r\n", bomb)));
  Request request = get(server.url());
  request.limits.body_max_bytes = 4U << 20U;
  const Result<Response> response = client({server.place()}).fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::invalid_argument);
  EXPECT_EQ(response.error().message(), server.place() + " sends more than the limit of 4 MiB (decompressed)");
}

TEST(HttpClient, BodyOfExactlyTheLimitIsTakenOneByteMoreIsNot) {
  const LocalServer server(always(answer("200 OK", "", std::string(1000, 'a'))));
  Request request = get(server.url());
  request.limits.body_max_bytes = 1000;
  EXPECT_TRUE(client({server.place()}).fetch(request));
  request.limits.body_max_bytes = 999;
  const Result<Response> response = client({server.place()}).fetch(request);
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("more than the limit of 999 bytes"));
}

TEST(HttpClient, EndlessBodyAndEndlessHeadersStop) {
  const LocalServer body([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.send(std::string(4096, 'x'))) {
    }
  });
  Request request = get(body.url());
  request.limits.body_max_bytes = 1U << 20U;
  EXPECT_THAT(client({body.place()}).fetch(request).error().message(), HasSubstr("1 MiB"));

  const LocalServer headers([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n");
    while (connection.send("X-More: " + std::string(900, 'x') + "\r\n")) {
    }
  });
  const Result<Response> response = client({headers.place()}).fetch(get(headers.url()));
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("of headers"));
}

TEST(HttpClient, SlowServerMeetsTheDeadline) {
  const LocalServer server([](LocalServer::Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (connection.sleep(20ms) && connection.send("x")) {  // never idle for long, never done
    }
  });
  Request request = get(server.url());
  request.limits.total_timeout = 300ms;
  const auto begin = std::chrono::steady_clock::now();
  const Result<Response> response = client({server.place()}).fetch(request);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::timeout);
  EXPECT_EQ(response.error().message(), server.place() + " gave no whole answer within 300 ms");
}

TEST(HttpClient, NoConnectionInTimeIsATimeout) {
  // A listener whose queue is full drops further connections without a word.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(listener, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, generic, size), 0);
  ASSERT_EQ(listen(listener, 0), 0);
  ASSERT_EQ(getsockname(listener, generic, &size), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(connect(fillers.back(), generic, size));
  }
  const std::string place = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  Request request = get("http://" + place);
  request.limits.connect_timeout = 200ms;
  const Result<Response> response = client({place}).fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::timeout);
  EXPECT_EQ(response.error().message(), place + " took no connection within 200 ms");
  for (const int filler : fillers) close(filler);
  close(listener);
}

TEST(HttpClient, DeadlineCoversAllRedirectsTogether) {
  std::string self;
  const LocalServer server([&self](LocalServer::Connection& connection) {
    connection.sleep(150ms);
    connection.send(answer("302 Found", "Location: " + self + "\r\n", ""));
  });
  self = server.url("/again");
  Request request = get(server.url());
  request.limits.total_timeout = 400ms;
  request.limits.redirects_max = 1000;
  EXPECT_EQ(client({server.place()}).fetch(request).error().code(), Errc::timeout);
}

TEST(HttpClient, CancelledFromAnotherThreadEndsAtOnce) {
  const LocalServer server([](LocalServer::Connection& connection) { connection.sleep(20s); });
  std::stop_source stop;
  const std::jthread canceller([&stop] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Result<Response> response = client({server.place()}).fetch(get(server.url()), stop.get_token());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 900ms);  // woken, not found at the next poll
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::cancelled);
}

TEST(HttpClient, AStopOfAllFetchesEndsEachAtOnce) {
  const LocalServer server([](LocalServer::Connection& connection) { connection.sleep(20s); });
  std::stop_source stop;
  const HttpClient http = HttpClient::create({.allow_hosts = {server.place()}, .stop = stop.get_token()}).value();
  const std::jthread canceller([&stop] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Result<Response> response = http.fetch(get(server.url()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 900ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::cancelled);
}

TEST(HttpClient, CancelledBeforehandConnectsNowhere) {
  const LocalServer server(always(answer("200 OK", "", "")));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(client({server.place()}).fetch(get(server.url()), stop.get_token()).error().code(), Errc::cancelled);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, FollowsRedirectsUpToTheLimit) {
  std::atomic<int> left = 5;
  const LocalServer server([&left](LocalServer::Connection& connection) {
    if (left-- > 0) {
      connection.send(answer("301 Moved", "Location: next?" + std::to_string(left) + "\r\n", "moved"));
    } else {
      connection.send(answer("200 OK", "", "there"));
    }
  });
  const Result<Response> response = client({server.place()}).fetch(get(server.url("/a/b")));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body, "there");
  EXPECT_EQ(response->final_url, server.url("/a/next?0"));

  left = 6;
  const Result<Response> too_many = client({server.place()}).fetch(get(server.url("/a/b")));
  ASSERT_FALSE(too_many);
  EXPECT_THAT(too_many.error().message(), HasSubstr("redirects once more after 5 redirects, the limit"));
}

TEST(HttpClient, RedirectLoopEnds) {
  const LocalServer server(redirect_to("/loop"));
  const Result<Response> response = client({server.place()}).fetch(get(server.url("/loop")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::invalid_argument);
  EXPECT_EQ(server.connections(), 6);
}

TEST(HttpClient, LoopbackIsRefusedWithTheWayToAllowIt) {
  const LocalServer server(always(answer("200 OK", "", "secret")));
  const Result<Response> response = client({}).fetch(get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::invalid_argument);
  EXPECT_EQ(response.error().message(),
            "127.0.0.1 is a loopback address; if it is your own service, allow it: OFFX_ALLOW_HOSTS=" + server.place());
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, NameOfAPrivateAddressIsRefusedAtConnectTime) {
  const LocalServer server(always(answer("200 OK", "", "secret")));
  const std::string port = std::to_string(server.port());
  const Result<Response> response = client({}).fetch(get("http://localhost:" + port + "/"));
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message(), HasSubstr("localhost is at "));
  EXPECT_THAT(response.error().message(), HasSubstr("a loopback address"));
  EXPECT_THAT(response.error().message(), HasSubstr("OFFX_ALLOW_HOSTS=localhost:" + port));
  EXPECT_EQ(server.connections(), 0);
  // The name, or the address it has, may be allowed; another port is another service.
  EXPECT_TRUE(client({"LOCALHOST:" + port}).fetch(get("http://localhost:" + port + "/")));
  EXPECT_TRUE(client({server.place()}).fetch(get("http://localhost:" + port + "/")));
  EXPECT_FALSE(client({"localhost:1"}).fetch(get("http://localhost:" + port + "/")));
}

TEST(HttpClient, DisguisedAddressesAreRefused) {
  const LocalServer server(always(answer("200 OK", "", "secret")));
  const std::string port = std::to_string(server.port());
  for (const char* host : {"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::ffff:127.0.0.1]", "[::1]",
                           "[::]", "%31%32%37.0.0.1"}) {
    const Result<Response> response = client({}).fetch(get("http://" + std::string(host) + ":" + port + "/"));
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().code(), Errc::invalid_argument) << host << ": " << response.error().to_string();
  }
  // Whether a resolver knows these is its own affair; either way nothing is fetched.
  for (const char* host : {"127.0.0.1.", "localhost."}) {
    EXPECT_FALSE(client({}).fetch(get("http://" + std::string(host) + ":" + port + "/"))) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, RedirectToAPrivateAddressIsRefused) {
  const LocalServer inner(always(answer("200 OK", "", "secret")));
  for (const std::string& location :
       {inner.url("/admin?token=1"), "http://localhost:" + std::to_string(inner.port()) + "/",
        std::string("http://169.254.169.254/latest/meta-data/"), std::string("//10.0.0.1/")}) {
    const LocalServer outer(redirect_to(location));
    const Result<Response> response = client({outer.place()}).fetch(get(outer.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Errc::invalid_argument);
    EXPECT_EQ(response.error().context(), "redirect from " + outer.place());
    EXPECT_THAT(response.error().to_string(), Not(HasSubstr("token")));
  }
  EXPECT_EQ(inner.connections(), 0);
}

TEST(HttpClient, OnlyHttpAlsoAfterARedirect) {
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/x", "dict://127.0.0.1/"}) {
    const Result<Response> direct = client({}).fetch(get(url));
    ASSERT_FALSE(direct);
    EXPECT_EQ(direct.error().code(), Errc::invalid_argument);
    const LocalServer server(redirect_to(url));
    const Result<Response> redirected = client({server.place()}).fetch(get(server.url()));
    ASSERT_FALSE(redirected);
    EXPECT_EQ(redirected.error().code(), Errc::invalid_argument);
  }
}

TEST(HttpClient, WhatIsNoAddressIsRefused) {
  for (const std::string& url :
       {std::string(), std::string("posts.jsonl"), std::string("http://"), std::string("http://a b/"),
        std::string("http://a\nb/"), std::string("http://exa\0mple.org/", 20), "http://h/" + std::string(20'000, 'x'),
        std::string("http://127.0.0.1:99999/")}) {
    const Result<Response> response = client({}).fetch(get(url));
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().code(), Errc::invalid_argument) << url;
  }
}

TEST(HttpClient, CredentialsGoToTheirOriginOnly) {
  const LocalServer other(always(answer("200 OK", "", "")));
  const LocalServer first(redirect_to(other.url()));
  const HttpClient allowed = client({first.place(), other.place()});
  Request request = get("http://ann:s3cret@" + first.place() + "/");
  request.headers = {{"X-Api-Key", "k3y"}, {"Accept-Language", "de"}};
  const Result<Response> response = allowed.fetch(request);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_THAT(first.last_request(), HasSubstr("Authorization: Basic YW5uOnMzY3JldA=="));
  EXPECT_THAT(first.last_request(), HasSubstr("X-Api-Key: k3y"));
  EXPECT_THAT(other.last_request(), Not(HasSubstr("Authorization")));
  EXPECT_THAT(other.last_request(), Not(HasSubstr("X-Api-Key")));
  EXPECT_THAT(other.last_request(), HasSubstr("Accept-Language: de"));
  EXPECT_EQ(response->final_url, other.url());
}

TEST(HttpClient, CredentialsNeverShowInErrors) {
  for (const char* url : {"http://ann:s3cret@127.0.0.1:9/s3cret?key=s3cret", "ftp://ann:s3cret@example.org/",
                          "http://ann:s3cret@exa mple.org/", "http://ann:s3cret@[::1/"}) {
    const Result<Response> response = client({}).fetch(get(url));
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().to_string(), Not(HasSubstr("s3cret")));
  }
  EXPECT_THAT(client({"127.0.0.1:9"}).fetch(get("http://ann:s3cret@127.0.0.1:9/s3cret")).error().to_string(),
              Not(HasSubstr("s3cret")));
}

TEST(HttpClient, CookiesAreNotKept) {
  std::atomic<bool> seen = false;
  const LocalServer server([&](LocalServer::Connection& connection) {
    const bool second = connection.request().starts_with("GET /2");
    seen = seen || connection.request().find("Cookie") != std::string::npos;
    connection.send(second ? answer("200 OK", "", "") : answer("302 Found", "Set-Cookie: a=b\r\nLocation: /2\r\n", ""));
  });
  EXPECT_TRUE(client({server.place()}).fetch(get(server.url())));
  EXPECT_FALSE(seen);
}

TEST(HttpClient, ProxiesOnlyWhenConfigured) {
  const LocalServer proxy(always(answer("200 OK", "", "by proxy")));
  const LocalServer server(always(answer("200 OK", "", "direct")));
  setenv("http_proxy", proxy.url().c_str(), 1);
  setenv("all_proxy", proxy.url().c_str(), 1);
  const Result<Response> direct = client({server.place()}).fetch(get(server.url()));
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  ASSERT_TRUE(direct) << direct.error().to_string();
  EXPECT_EQ(direct->body, "direct");
  EXPECT_EQ(proxy.connections(), 0);

  const Result<Response> proxied = client({}, "http://" + proxy.place()).fetch(get("http://name.invalid/x"));
  ASSERT_TRUE(proxied) << proxied.error().to_string();
  EXPECT_EQ(proxied->body, "by proxy");
  EXPECT_THAT(proxy.last_request(), HasSubstr("GET http://name.invalid/x HTTP/1.1"));
  EXPECT_FALSE(client({}, "http://" + proxy.place()).fetch(get("http://10.0.0.1/x")));
}

TEST(HttpClient, NothingListensOrCutsOffIsUnavailable) {
  int port = 0;
  {
    const LocalServer gone(always(""));
    port = gone.port();
  }
  const std::string place = "127.0.0.1:" + std::to_string(port);
  const Result<Response> refused = client({place}).fetch(get("http://" + place));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unavailable);
  EXPECT_EQ(refused.error().message(), "cannot connect to " + place);

  for (const char* text : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}) {
    const LocalServer server(always(text));
    const Result<Response> cut = client({server.place()}).fetch(get(server.url()));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), Errc::unavailable);
  }
  EXPECT_EQ(client({}).fetch(get("http://name.invalid/")).error().code(), Errc::unavailable);
}

TEST(HttpClient, WhatIsNoHttpIsCorrupt) {
  const LocalServer server(always("220 mail.example.org ESMTP\r\n"));
  const Result<Response> response = client({server.place()}).fetch(get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Errc::corrupt);
}

TEST(HttpClient, MalformedHeadersAreRefused) {
  for (const Header& header : {Header{"X-A", "b\r\nX-Injected: 1"}, Header{"X A", "b"}, Header{"", "b"},
                               Header{"X:A", "b"}, Header{"X-A", std::string("b\0c", 3)}}) {
    Request request = get("http://example.org/");
    request.headers = {header};
    EXPECT_EQ(client({}).fetch(request).error().code(), Errc::invalid_argument);
  }
}

TEST(HttpClient, AllowListEntriesAreHostAndPort) {
  for (const char* entry : {"localhost", "localhost:", ":80", "localhost:0", "localhost:65536", "localhost:80x",
                            "http://localhost:80", "::1:80", "user@host:80", ""}) {
    EXPECT_EQ(HttpClient::create({.allow_hosts = {entry}, .proxy = {}}).error().code(), Errc::invalid_argument)
        << entry;
  }
  for (const char* entry : {"localhost:80", " 10.0.0.1:8080 ", "[::1]:80"}) {
    EXPECT_TRUE(HttpClient::create({.allow_hosts = {entry}, .proxy = {}})) << entry;
  }
}

TEST(HttpClient, StatusesComeBackAndMayBeTurnedIntoErrors) {
  struct Case {
    const char* status;
    std::optional<Errc> code;
  };
  for (const Case& c : {Case{"204 No Content", std::nullopt}, Case{"304 Not Modified", Errc::invalid_argument},
                        Case{"401 Unauthorized", Errc::invalid_argument}, Case{"404 Not Found", Errc::not_found},
                        Case{"410 Gone", Errc::not_found}, Case{"429 Too Many Requests", Errc::unavailable},
                        Case{"500 Oops", Errc::unavailable}, Case{"503 Busy", Errc::unavailable}}) {
    const LocalServer server(always(answer(c.status, "", "")));
    const Result<Response> response = client({server.place()}).fetch(get(server.url("/path?key=1")));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, std::atoi(c.status));
    const Result<void> success = require_success(*response);
    ASSERT_EQ(success.has_value(), !c.code.has_value());
    if (c.code) {
      EXPECT_EQ(success.error().code(), *c.code);
      EXPECT_THAT(success.error().message(), HasSubstr(server.place() + " answered " + std::string(c.status, 3)));
      EXPECT_THAT(success.error().message(), Not(HasSubstr("path")));
    }
  }
}

TEST(HttpClient, ManyThreadsShareOneClient) {
  const LocalServer server(always(answer("200 OK", "", "hello")));
  const HttpClient shared = client({server.place()});
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const Result<Response> response = shared.fetch(get(server.url()));
        if (response && response->body == "hello") ++good;
      });
    }
  }
  EXPECT_EQ(good, 8);
}

TEST(RedactedUrl, KeepsOnlyWhatIsNoSecret) {
  EXPECT_EQ(redacted_url("https://example.org/feed.xml"), "https://example.org/feed.xml");
  EXPECT_EQ(redacted_url("https://ann:pw@example.org:8080/a?token=x#y"), "https://example.org:8080/a?…");
  EXPECT_EQ(redacted_url("https://a@b@example.org"), "https://example.org");
  EXPECT_EQ(redacted_url("https://example.org/@ann/1#frag"), "https://example.org/@ann/1");
  EXPECT_EQ(redacted_url("http://[::1]:80/x"), "http://[::1]:80/x");
  for (const char* invalid : {"", "feed.xml", "://x", "https://", "http://ann:p/w@host/", "http://h/a b", "a?b://c"}) {
    EXPECT_EQ(redacted_url(invalid), "(invalid address)") << invalid;
  }
}

}  // namespace
}  // namespace offx::net
