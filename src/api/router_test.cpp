#include "api/router.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "api/accounts.h"
#include "base/test_support.h"
#include "db/fallback_reads.h"
#include "db/sqlite/change_watch.h"
#include "db/test_faults.h"
#include "store/request_log.h"
#include "store/settings.h"
#include "store/store.h"
#include "store/topics.h"
#include "text/clean.h"

namespace offx::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SetClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return time; }
  Timestamp time = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 12h;
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    must(store::initialise(*client));
    readiness.set_ready();
  }

  net::HttpResponse ask(const std::string& method, const std::string& target, std::vector<net::Header> headers = {},
                        const std::string& body = "") {
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.headers.push_back({"Host", "offx.test"});
    request.body = body;
    request.peer = peer;
    return router.handle(request);
  }
  static std::string header(const net::HttpResponse& response, std::string_view name) {
    for (const auto& field : response.headers) {
      if (field.name == name) return field.value;
    }
    return {};
  }

  std::string peer = "192.0.2.1";
  SetClock clock;
  std::unique_ptr<db::DatabaseClient> client = must(db::create_database_client(":memory:"));
  net::HttpClient http = must(net::HttpClient::create());
  Accounts accounts{*client, clock, {}};
  Services services{*client, clock, http, "/nonexistent", [] {}, &accounts};
  Readiness readiness;
  std::vector<store::RequestLogEntry> logged;
  RouterOptions options() {
    RouterOptions chosen;
    chosen.requests_per_second = 0.0;
    chosen.trusted_proxies = must(net::NetworkList::parse("10.0.0.0/8"));
    chosen.metrics_allow = must(net::NetworkList::parse("10.0.0.0/8, 198.51.100.9"));
    return chosen;
  }
  Router router{options(), services, readiness,
                [this](store::RequestLogEntry entry) { logged.push_back(std::move(entry)); }};
};

TEST_F(ApiTest, an_unready_database_is_said_and_files_are_served_all_the_same) {
  readiness.set_away("the database does not answer", "Start it.", "127.0.0.1:1 gave no answer");
  const auto answer = ask("GET", "/api/v1/settings");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(header(answer, "Retry-After"), "1");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  const auto ready = ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.content(), "the database does not answer\n");
}

TEST_F(ApiTest, addresses_of_an_unready_database_are_told_to_those_who_may_see_metrics) {
  auto chosen = options();
  chosen.metrics_allow = must(net::NetworkList::parse("127.0.0.0/8"));
  Router told(chosen, services, readiness, {});
  readiness.set_away("the database does not answer", "Start it.", "127.0.0.1:1 gave\nno answer");
  const auto ready = [&](const std::string& from, std::vector<net::Header> headers = {}) {
    net::HttpRequest request;
    request.method = "GET";
    request.target = "/readyz";
    request.headers = std::move(headers);
    request.peer = from;
    return std::string(told.handle(request).content());
  };
  EXPECT_EQ(ready("192.0.2.1"), "the database does not answer\n");
  EXPECT_EQ(ready("127.0.0.1", {{"X-Forwarded-For", "192.0.2.1"}}), "the database does not answer\n")
      << "through a proxy that is not known";
  EXPECT_THAT(ready("127.0.0.1"), testing::MatchesRegex("the database does not answer\n127.0.0.1:1 gave.?no answer\n"));
}

TEST_F(ApiTest, programs_are_told_what_is_wrong_with_the_database_and_what_to_do) {
  const auto told = [&](const std::string& from) {
    peer = from;
    const auto answer = ask("GET", "/readyz", {{"Accept", "application/json"}});
    EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
    auto body = boost::json::parse(std::string(answer.content())).as_object();
    body["status"] = answer.status;
    return body;
  };
  using boost::json::object;
  readiness.set_away("the database does not answer", "Start it.", "127.0.0.1:1 gave no answer");
  const object away = {{"ready", false},        {"reason", "the database does not answer"},
                       {"advice", "Start it."}, {"details", nullptr},
                       {"reads", false},        {"status", 503}};
  EXPECT_EQ(told("192.0.2.1"), away);
  auto with_details = away;
  with_details["details"] = "127.0.0.1:1 gave no answer";
  EXPECT_EQ(told("198.51.100.9"), with_details);
  readiness.set_has_replica();
  EXPECT_EQ(told("192.0.2.1").at("reads"), true);
  readiness.set_ready();
  EXPECT_EQ(told("198.51.100.9"), (object{{"ready", true},
                                          {"reason", nullptr},
                                          {"advice", nullptr},
                                          {"details", nullptr},
                                          {"reads", true},
                                          {"status", 200}}));
}

TEST_F(ApiTest, with_a_replica_reads_go_on_and_say_that_they_may_be_behind) {
  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  const auto session = must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled));
  ASSERT_TRUE(session);
  const std::vector<net::Header> cookie = {{"Cookie", "__Host-offx=" + session->secret}};
  readiness.set_has_replica();
  EXPECT_EQ(header(ask("GET", "/api/v1/settings", cookie), "OffX-Stale"), "");

  db::FallbackReads reads(*client, [this] { return readiness.is_read_only(); });
  Accounts same_accounts{reads, clock, {}};
  const Services read_only{reads, clock, http, "/nonexistent", [] {}, &same_accounts};
  Router at_replica{options(), read_only, readiness, [](const store::RequestLogEntry&) {}};
  const auto call = [&](const std::string& method) {
    net::HttpRequest request;
    request.method = method;
    request.target = "/api/v1/settings";
    request.headers = cookie;
    request.body = "{}";
    request.peer = peer;
    return at_replica.handle(request);
  };
  EXPECT_EQ(header(call("GET"), "OffX-Stale"), "");
  readiness.set_away("the database does not answer", "Start it.", "127.0.0.1:1 gave no answer");
  clock.time += 2min;  // to note when it was used last would be due
  const auto shown = call("GET");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(header(shown, "OffX-Stale"), "true");
  EXPECT_EQ(header(shown, "Cache-Control"), "no-store");
  EXPECT_EQ(call("HEAD").status, 200);
  EXPECT_EQ(call("PATCH").status, 503);
  EXPECT_EQ(reads.execute("DELETE FROM settings_v1", {}).error().code(), Errc::unavailable);
  readiness.set_ready();
  EXPECT_EQ(header(call("GET"), "OffX-Stale"), "");
  must(reads.execute("DELETE FROM settings_v1", {}));
}

TEST_F(ApiTest, what_writes_reads_nothing_at_a_replica) {
  const auto id = must(accounts.add_user("ada", "correct horse battery", true));
  const auto token = must(accounts.add_token({.user_id = id, .username = "ada"}, "t", {"read", "write"}, std::nullopt));
  db::FaultyClient once_away(*client, db::Fault::refused, 1, Errc::unavailable);
  db::FallbackReads reads(once_away, [] { return false; });
  Accounts same_accounts{reads, clock, {}};
  const Services with_replica{reads, clock, http, "/nonexistent", [] {}, &same_accounts};
  Router at_replica{options(), with_replica, readiness, [](const store::RequestLogEntry&) {}};
  const auto call = [&](const std::string& method, const std::string& path, const std::string& body = "") {
    net::HttpRequest request;
    request.method = method;
    request.target = "/api/v1" + path;
    request.headers = {{"Authorization", "Bearer " + token.secret}};
    request.body = body;
    request.peer = peer;
    return at_replica.handle(request);
  };
  EXPECT_EQ(header(call("GET", "/topics"), "OffX-Stale"), "true");
  const auto added = call("POST", "/topics", R"({"title":"One"})");
  EXPECT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(header(added, "OffX-Stale"), "");
  const auto changed = call("PATCH", "/topics/1", R"({"title":"Two"})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(header(changed, "OffX-Stale"), "");
  EXPECT_EQ(header(call("HEAD", "/topics"), "OffX-Stale"), "true") << "reads stay there for some seconds";
}

TEST_F(ApiTest, sessions_idle_out_and_grow_old_by_the_clock) {
  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  const auto session = must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled));
  ASSERT_TRUE(session);
  const std::vector<net::Header> cookie = {{"Cookie", "__Host-offx=" + session->secret}};
  EXPECT_EQ(ask("GET", "/api/v1/settings", cookie).status, 200);
  for (int i = 0; i < 59; ++i) {  // used every 11 hours it lives on
    clock.time += 11h;
    EXPECT_EQ(ask("GET", "/api/v1/settings", cookie).status, 200) << i;
  }
  clock.time += 72h;
  EXPECT_EQ(ask("GET", "/api/v1/settings", cookie).status, 401);
  const auto again = must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled));
  clock.time += 12h + 1s;
  EXPECT_EQ(ask("GET", "/api/v1/settings", {{"Cookie", "__Host-offx=" + again->secret}}).status, 401);
}

TEST_F(ApiTest, a_clock_that_was_wrong_locks_nobody_out) {
  must(accounts.add_user("ada", "correct horse battery", true));
  clock.time += 24h * 365;
  std::optional<Accounts::Throttled> throttled;
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(must(accounts.log_in("ada", "wrong", "192.0.2.1", "", throttled)));
  EXPECT_FALSE(must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "", throttled)));
  ASSERT_TRUE(throttled);
  EXPECT_GT(throttled->wait, 0s);
  EXPECT_LE(throttled->wait, 15min);
  clock.time -= 24h * 365;
  throttled.reset();
  EXPECT_TRUE(must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "", throttled)));
}

TEST_F(ApiTest, an_account_that_is_attacked_from_everywhere_stays_open_where_it_is_known) {
  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  ASSERT_TRUE(must(accounts.log_in("ada", "correct horse battery", "198.51.100.7", "", throttled)));
  auto repository = accounts.repository();
  for (int i = 0; i < 100; ++i) {
    must(repository.begin_attempt("ada", "192.0.2." + std::to_string(i), store::LoginLimits{}, clock.time));
  }
  EXPECT_FALSE(must(accounts.log_in("ada", "correct horse battery", "203.0.113.1", "", throttled)));
  EXPECT_TRUE(throttled);
  throttled.reset();
  EXPECT_TRUE(must(accounts.log_in("ada", "correct horse battery", "198.51.100.7", "", throttled)));
}

TEST_F(ApiTest, only_a_good_token_stands_for_the_token_of_a_form) {
  const auto id = must(accounts.add_user("ada", "correct horse battery", true));
  const std::string body = R"({"username":"ada","password":"correct horse battery"})";
  for (const auto* authorization : {"Basic YTpi", "Bearer offx_nonsense", "x"}) {
    const auto answer =
        ask("POST", "/api/v1/session", {{"Authorization", authorization}, {"Origin", "https://evil.example"}}, body);
    EXPECT_EQ(answer.status, 403) << authorization;
    EXPECT_EQ(header(answer, "Set-Cookie"), "") << authorization;
  }
  const auto token = must(accounts.add_token({.user_id = id, .username = "ada"}, "t", {"write"}, std::nullopt));
  EXPECT_EQ(ask("POST", "/api/v1/topics", {{"Authorization", "Bearer " + token.secret}}, R"({"title":"T"})").status,
            201);
}

TEST_F(ApiTest, a_password_for_a_proxy_does_not_end_the_session) {
  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  const auto session = must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled));
  const net::Header cookie = {"Cookie", "__Host-offx=" + session->secret};
  EXPECT_EQ(ask("GET", "/api/v1/settings", {cookie, {"Authorization", "Basic YTpi"}}).status, 200);
  for (const char* token : {"Bearer offx_nonsense", "bearer offx_nonsense", "BEARER x"}) {
    EXPECT_EQ(ask("GET", "/api/v1/settings", {cookie, {"Authorization", token}}).status, 401) << token;
  }
}

TEST_F(ApiTest, every_line_of_forwarded_addresses_counts) {
  const auto address_of = [&](std::vector<net::Header> headers) {
    ask("GET", "/api/v1/settings", std::move(headers));
    return logged.back().address;
  };
  peer = "10.0.0.1";
  EXPECT_EQ(address_of({}), "10.0.0.1");
  EXPECT_EQ(address_of({{"X-Forwarded-For", "203.0.113.66, 198.51.100.7, 10.0.0.2"}}), "198.51.100.7");
  EXPECT_EQ(address_of({{"X-Forwarded-For", "203.0.113.66"}, {"x-forwarded-for", "198.51.100.7"}}), "198.51.100.7");
  EXPECT_EQ(address_of({{"X-Forwarded-For", "nonsense, 198.51.100.7"}, {"X-Forwarded-For", "10.0.0.2"}}),
            "198.51.100.7");
  peer = "192.0.2.1";
  EXPECT_EQ(address_of({{"X-Forwarded-For", "203.0.113.66"}}), "192.0.2.1");
}

TEST_F(ApiTest, metrics_are_not_shown_to_all_who_come_through_the_proxy) {
  const auto status = [&](std::string from, std::vector<net::Header> headers) {
    peer = std::move(from);
    return ask("GET", "/metrics", std::move(headers)).status;
  };
  EXPECT_EQ(status("10.0.0.1", {}), 200);
  EXPECT_EQ(status("192.0.2.1", {}), 404);
  EXPECT_EQ(status("10.0.0.1", {{"X-Forwarded-For", "203.0.113.66"}}), 404);
  EXPECT_EQ(status("10.0.0.1", {{"X-Forwarded-For", "198.51.100.9"}}), 200);
  EXPECT_EQ(status("10.0.0.1", {{"X-Forwarded-For", "unknown"}}), 404);
  EXPECT_EQ(status("198.51.100.9", {{"X-Forwarded-For", "203.0.113.66"}}), 404);  // a proxy that nobody named
}

TEST_F(ApiTest, attempts_are_counted_alike_whether_a_name_is_known_or_not) {
  must(accounts.add_user("ada", "correct horse battery", true));
  const auto attempts_until_throttled = [&](std::array<std::string, 2> spellings, const std::string& address) {
    std::optional<Accounts::Throttled> throttled;
    std::size_t attempts = 0;
    while (!throttled && attempts < 25) {
      EXPECT_FALSE(must(accounts.log_in(spellings[attempts++ % 2], "wrong", address, "", throttled)));
    }
    return attempts;
  };
  EXPECT_EQ(attempts_until_throttled({"ada", "ADA"}, "192.0.2.1"), 11U);
  EXPECT_EQ(attempts_until_throttled({"bob", "BOB"}, "192.0.2.2"), 11U);
}

TEST_F(ApiTest, an_address_that_may_not_try_takes_no_place_from_others) {
  must(accounts.add_user("ada", "correct horse battery", true));
  for (int i = 0; i < 10; ++i) {
    must(accounts.repository().begin_attempt("ada", "192.0.2.1", store::LoginLimits{}, clock.time));
  }
  Accounts crowded(*client, clock, {.log_ins_at_once = 0});
  std::optional<Accounts::Throttled> throttled;
  EXPECT_FALSE(must(crowded.log_in("ADA", "wrong", "192.0.2.1", "", throttled)));
  EXPECT_TRUE(throttled);
  throttled.reset();
  const auto busy = crowded.log_in("ada", "wrong", "192.0.2.2", "", throttled);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().context(), kBusy);
}

TEST_F(ApiTest, nobody_is_named_as_what_makes_runs_by_itself) {
  const auto added = accounts.add_user("Schedule", "correct horse battery", false);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().context(), "username");
}

TEST_F(ApiTest, names_are_of_letters_that_are_seen) {
  for (const char* name : {"ada", "\u00e4d\u00e4", "\u0410\u0434\u0430", "\u674e\u660e", "a.b+c@d-e_1"}) {
    EXPECT_TRUE(accounts.add_user(name, "correct horse battery", false)) << name;
  }
  for (const char* name : {"a b", "a/b", "a\u202eda", "a\u200bda", "a\u00a0da", "\ufeffada", "\xff", "ada\u2603"}) {
    const auto added = accounts.add_user(name, "correct horse battery", false);
    ASSERT_FALSE(added) << name;
    EXPECT_EQ(added.error().context(), "username") << name;
  }
}

TEST_F(ApiTest, requests_that_meet_no_route_are_limited_too) {
  auto chosen = options();
  chosen.requests_per_second = 0.001;
  chosen.requests_at_once = 3.0;
  Router limited(chosen, services, readiness, {});
  net::HttpRequest request;
  request.peer = peer;
  for (const auto* target : {"/api/v1/nothing", "/api/v1/%", "/api/v1/session"}) {
    request.method = "PUT";
    request.target = target;
    EXPECT_NE(limited.handle(request).status, 429) << target;
  }
  for (const auto* target : {"/api/v1/nothing", "/api/v1/%", "/api/v1/session"}) {
    request.target = target;
    EXPECT_EQ(limited.handle(request).status, 429) << target;
  }
}

TEST_F(ApiTest, strangers_do_not_fill_the_log) {
  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  const auto session = must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled));
  for (int i = 0; i < 10'000; ++i) ask("GET", "/api/v1/nothing");
  EXPECT_GT(logged.size(), 50U);
  EXPECT_LT(logged.size(), 500U);
  // One of them does not hide the others.
  peer = "192.0.2.2";
  ask("GET", "/api/v1/nothing");
  EXPECT_EQ(logged.back().address, "192.0.2.2");
  for (int i = 0; i < 10'000; ++i) {
    peer = "2001:db8:0:" + std::to_string(i % 5'000) + "::1";
    ask("GET", "/api/v1/nothing");
  }
  EXPECT_GT(logged.size(), 500U);
  EXPECT_LT(logged.size(), 5'000U);
  const auto before = logged.size();
  ask("GET", "/api/v1/settings", {{"Cookie", "__Host-offx=" + session->secret}});
  ASSERT_EQ(logged.size(), before + 1);
  EXPECT_EQ(logged.back().who, "ada");
}

TEST_F(ApiTest, what_is_stored_of_a_request_is_text) {
  ask("GET", "/api/v1/\xff\xc3");
  EXPECT_EQ(logged.back().path, "/api/v1/\uFFFD\uFFFD");
  std::string umlauts;
  for (int i = 0; i < 500; ++i) umlauts += "ä";
  ask("GET", "/api/v1" + umlauts);  // an odd number of bytes, then two for each
  EXPECT_TRUE(text::is_utf8(logged.back().path));
  EXPECT_EQ(logged.back().path.size(), 499U);

  must(accounts.add_user("ada", "correct horse battery", true));
  std::optional<Accounts::Throttled> throttled;
  const auto log_in = [&](const std::string& user_agent) {
    return must(accounts.log_in("ada", "correct horse battery", "192.0.2.1", user_agent, throttled));
  };
  ASSERT_TRUE(log_in("a\xff"));
  const auto session = log_in("a" + umlauts);
  ASSERT_TRUE(session);
  const auto answer = ask("GET", "/api/v1/account/sessions", {{"Cookie", "__Host-offx=" + session->secret}});
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(text::is_utf8(answer.body));
  EXPECT_THAT(answer.body, HasSubstr("a\uFFFD"));
}

TEST_F(ApiTest, what_is_logged_has_no_query) {
  ask("GET", "/api/v1/settings?q=secret");
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged[0].path, "/api/v1/settings");
  EXPECT_EQ(logged[0].status, 401);
  EXPECT_EQ(logged[0].address, "192.0.2.1");
}

TEST_F(ApiTest, a_password_that_was_hashed_weakly_is_hashed_anew_at_login) {
  const std::string password = "correct horse battery";
  std::array<char, crypto_pwhash_STRBYTES> weak{};
  ASSERT_EQ(crypto_pwhash_str_alg(weak.data(), password.data(), password.size(), 1, std::size_t{8} << 20U,
                                  crypto_pwhash_ALG_ARGON2ID13),
            0);
  store::User user;
  user.username = "ada";
  user.password_hash = weak.data();
  must(accounts.repository().add(user, clock.time));
  std::optional<Accounts::Throttled> throttled;
  EXPECT_TRUE(must(accounts.log_in("ada", password, "192.0.2.1", "", throttled)));
  EXPECT_THAT(must(accounts.repository().find("ada"))->password_hash, HasSubstr("$m=19456,t=2,p=1$"));
  EXPECT_TRUE(must(accounts.log_in("ada", password, "192.0.2.1", "", throttled)));
}

/// With a file, so that answers can be kept.
class KeptAnswers : public testing::Test {
 protected:
  KeptAnswers() {
    must(store::initialise(*client_));
    must(accounts_.add_user("ada", "correct horse battery", true));
    std::optional<Accounts::Throttled> throttled;
    secret_ = must(accounts_.log_in("ada", "correct horse battery", "192.0.2.1", "test", throttled))->secret;
    readiness_.set_ready();
  }
  net::HttpRequest request(std::vector<net::Header> more = {}) const {
    net::HttpRequest request;
    request.method = "GET";
    request.target = "/api/v1/topics";
    request.headers = std::move(more);
    request.headers.push_back({"Host", "offx.test"});
    request.headers.push_back({"Cookie", "__Host-offx=" + secret_});
    request.peer = "192.0.2.1";
    return request;
  }
  static std::string header(const net::HttpResponse& response, std::string_view name) {
    for (const auto& field : response.headers) {
      if (field.name == name) return field.value;
    }
    return {};
  }

  TemporaryFolder folder_;
  SetClock clock_;
  std::unique_ptr<db::DatabaseClient> client_ = must(db::create_database_client(folder_ / "a.db"));
  db::sqlite::ChangeWatch changes_{*client_};
  net::HttpClient http_ = must(net::HttpClient::create());
  Accounts accounts_{*client_, clock_, {.changes = &changes_}};
  Services services_{*client_, clock_, http_, "/nonexistent", [] {}, &accounts_, nullptr, 4, 0, &changes_};
  Readiness readiness_;
  std::vector<store::RequestLogEntry> logged_;
  Router router_{
      {}, services_, readiness_, [this](store::RequestLogEntry entry) { logged_.push_back(std::move(entry)); }};
  std::string secret_;
};

TEST_F(KeptAnswers, are_given_at_once_to_whoever_may_have_them) {
  EXPECT_FALSE(router_.answer_at_once(request()));
  const auto made = router_.handle(request());
  EXPECT_EQ(made.status, 200);
  const auto kept = router_.answer_at_once(request());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->status, 200);
  EXPECT_EQ(kept->content(), made.content());
  for (const auto& field : made.headers) {
    if (field.name == "X-Request-Id") continue;
    EXPECT_EQ(header(*kept, field.name), field.value) << field.name;
  }
  EXPECT_EQ(kept->headers.size(), made.headers.size());
  EXPECT_NE(header(*kept, "X-Request-Id"), header(made, "X-Request-Id"));
  EXPECT_EQ(logged_.size(), 2U);  // what was not answered is not logged
  EXPECT_EQ(logged_.back().who, "ada");

  const auto same = router_.answer_at_once(request({{"If-None-Match", header(made, "ETag")}}));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->status, 304);
  EXPECT_EQ(same->content(), "");

  auto stranger = request();
  stranger.headers.pop_back();
  EXPECT_FALSE(router_.answer_at_once(stranger));
  EXPECT_EQ(router_.handle(stranger).status, 401);
  readiness_.set_away("the database does not answer", "Start it.", "127.0.0.1:1 gave no answer");
  EXPECT_FALSE(router_.answer_at_once(request()));
}

TEST_F(KeptAnswers, end_with_what_they_are_made_of) {
  router_.handle(request());
  EXPECT_TRUE(router_.answer_at_once(request()));
  store::TopicRepository topics(*client_);
  must(topics.add({0, "Weather", "", {}, {}, {}}, clock_.now()));
  EXPECT_FALSE(router_.answer_at_once(request()));
  EXPECT_NE(router_.handle(request()).content().find("Weather"), std::string::npos);
  EXPECT_TRUE(router_.answer_at_once(request()));
  // That requests were logged changes nothing; that a session has ended does.
  must(store::add_to_request_log(*client_, logged_, &changes_));
  EXPECT_TRUE(router_.answer_at_once(request()));
  const auto user = must(accounts_.repository().find("ada"));
  must(accounts_.set_password(*user, "another horse battery"));
  EXPECT_FALSE(router_.answer_at_once(request()));
  EXPECT_EQ(router_.handle(request()).status, 401);
}

TEST_F(KeptAnswers, end_for_a_session_that_idled_out) {
  router_.handle(request());
  clock_.time += 13h;
  EXPECT_FALSE(router_.answer_at_once(request()));
  EXPECT_EQ(router_.handle(request()).status, 401);
}

TEST_F(KeptAnswers, are_compressed_once_for_each_coding) {
  store::TopicRepository topics(*client_);
  must(topics.add({0, "Weather", std::string(5000, 'w'), {}, {}, {}}, clock_.now()));
  const auto plain = router_.handle(request());
  const auto small = router_.handle(request({{"Accept-Encoding", "gzip"}}));
  EXPECT_EQ(header(small, "Content-Encoding"), "gzip");
  EXPECT_LT(small.content().size(), plain.content().size());
  EXPECT_EQ(header(small, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(small, "ETag"), header(plain, "ETag"));
  const auto kept = router_.answer_at_once(request({{"Accept-Encoding", "gzip"}}));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->content(), small.content());
  EXPECT_EQ(header(*kept, "Content-Encoding"), "gzip");
  EXPECT_EQ(router_.answer_at_once(request())->content(), plain.content());
  EXPECT_EQ(header(*router_.answer_at_once(request()), "Vary"), "Accept-Encoding");
}

}  // namespace
}  // namespace offx::api
