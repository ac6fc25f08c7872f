// The handlers of topics, posts, summaries and sources, as the functions they are.

#include <atomic>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/events.h"
#include "api/route.h"
#include "base/test_support.h"
#include "migrate/users.h"
#include "net/local_server.h"
#include "pipeline/filer.h"
#include "pipeline/import.h"
#include "pipeline/summarize.h"
#include "store/jobs.h"
#include "store/store.h"
#include "store/summaries.h"
#include "store/tables.h"
#include "store/topics.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class SetClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return time; }
  Timestamp time = *parse_time("2026-08-22 12:00:00");
};

struct Answer {
  int status = 0;
  json::value body;
  std::string field;  ///< of an error
  std::string message;
  net::HttpResponse response;
};

class Resources : public testing::Test {
 protected:
  Resources()
      : client_(must(store::open(":memory:"))),
        http_(must(net::HttpClient::create())),
        services_{*client_, clock_, http_, folder_ / "data", [this] { ++wakes_; }} {}

  /// What the route of this pattern answers.
  Answer call(std::string_view method, const std::string& pattern, const Pairs& path = {}, const Pairs& query = {},
              const json::value& body = nullptr, std::int64_t user = 1) {
    net::HttpRequest http;
    http.method = method;
    if (!body.is_null()) http.body = json::serialize(body);
    return call(http, pattern, path, query, user);
  }
  Answer call(const net::HttpRequest& http, const std::string& pattern, const Pairs& path = {}, const Pairs& query = {},
              std::int64_t user = 1) {
    const Request request(http, path, query, Caller{.user_id = user, .username = "ann", .is_admin = true}, "r1");
    for (const auto routes : {topic_routes(), post_routes(), summary_routes(), source_routes(), database_routes()}) {
      for (const auto& route : routes) {
        if (route.method != http.method || route.path != "/api/v1" + pattern) continue;
        auto result = route.handler(request, services_);
        if (!result) {
          return {status_of(result.error().code()), {}, result.error().context(), result.error().message(), {}};
        }
        Answer answer{result->status, {}, "", "", std::move(*result)};
        boost::system::error_code error;
        if (!answer.response.body.empty()) answer.body = json::parse(answer.response.body, error);
        return answer;
      }
    }
    ADD_FAILURE() << "no route " << http.method << " " << pattern;
    return {};
  }
  json::value ask(const std::string& pattern, const Pairs& path = {}, const Pairs& query = {}) {
    auto answer = call("GET", pattern, path, query);
    EXPECT_EQ(answer.status, 200) << pattern << ": " << answer.message << answer.response.body;
    return answer.body;
  }

  void import(const std::string& lines) {
    pipeline::ImportOptions options;
    options.read.clock = &clock_;
    const auto imported = must(pipeline::import_posts(*client_, {.name = "posts.jsonl", .bytes = lines}, options, {}));
    ASSERT_FALSE(imported.failure) << imported.failure->to_string();
  }
  static std::string line(const std::string& id, const std::string& content, const std::string& created_at,
                          const std::string& more = "") {
    return json::serialize(json::object{{"external_id", id}, {"content", content}, {"created_at", created_at}})
               .substr(0, std::string::npos)
               .insert(1, "\"platform\":\"x\",\"author_username\":\"user" + id + "\"," + more) +
           "\n";
  }
  std::int64_t add_topic(const std::string& title, const std::string& rule) {
    auto answer = call("POST", "/topics", {}, {}, {{"title", title}, {"rule", rule}});
    EXPECT_EQ(answer.status, 201) << answer.message << answer.response.body;
    const auto id = answer.body.at("id").to_number<std::int64_t>();
    must(pipeline::file_stored_posts(*client_, must(store::TopicRepository(*client_).get(id)), clock_, {}));
    return id;
  }
  static std::vector<std::string> ids_of(const json::value& page) {
    std::vector<std::string> ids;
    for (const auto& post : page.at("posts").as_array()) ids.emplace_back(post.at("external_id").as_string());
    return ids;
  }

  TemporaryFolder folder_;
  SetClock clock_;
  std::unique_ptr<db::DatabaseClient> client_;
  net::HttpClient http_;
  std::atomic<int> wakes_ = 0;
  Services services_;
};

TEST_F(Resources, a_topic_is_made_changed_and_removed) {
  auto made = call("POST", "/topics", {}, {}, {{"title", "Data"}, {"rule", "sqlite"}, {"color", "#112233"}});
  ASSERT_EQ(made.status, 201);
  EXPECT_EQ(made.body.at("title"), "Data");
  EXPECT_EQ(made.body.at("filing"), true);
  EXPECT_EQ(made.body.at("posts"), 0);
  EXPECT_EQ(made.body.at("run").at("kind"), "file_topic");
  EXPECT_EQ(made.body.at("run").at("created_by"), "ann");
  EXPECT_EQ(wakes_, 1);
  const Pairs id = {{"id", std::to_string(made.body.at("id").as_int64())}};
  const auto run = must(store::JobRepository(*client_).run(made.body.at("run").at("id").as_int64()));
  EXPECT_EQ(json::parse(run.options).at("topic_id"), made.body.at("id"));

  EXPECT_EQ(call("POST", "/topics", {}, {}, {{"title", "DATA"}}).status, 409);
  std::string long_title;  // characters are counted, not bytes
  for (int i = 0; i < 200; ++i) long_title += "é";
  EXPECT_EQ(call("PATCH", "/topics/{id}", id, {}, {{"title", long_title}}).status, 200);
  auto changed = call("PATCH", "/topics/{id}", id, {}, {{"title", "More"}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body.at("title"), "More");
  EXPECT_EQ(changed.body.at("rule"), "sqlite");
  EXPECT_TRUE(changed.body.at("run").is_null());
  changed = call("PATCH", "/topics/{id}", id, {}, {{"rule", nullptr}});
  EXPECT_TRUE(changed.body.at("rule").is_null());
  EXPECT_EQ(changed.body.at("filing"), false);
  EXPECT_EQ(ask("/topics").at("topics").as_array().size(), 1U);
  EXPECT_EQ(call("DELETE", "/topics/{id}", id).status, 204);
  EXPECT_EQ(call("GET", "/topics/{id}", id).status, 404);
  EXPECT_EQ(call("DELETE", "/topics/{id}", id).status, 404);
}

TEST_F(Resources, what_is_wrong_with_a_topic_is_said_of_its_member) {
  const std::pair<const char*, json::value> wrong[] = {
      {"title", {{"title", " "}}},
      {"title", {{"title", 7}}},
      {"title", {{"title", std::string(201, 'x')}}},
      {"description", {{"title", "a"}, {"description", std::string(10'001, 'x')}}},
      {"color", {{"title", "a"}, {"color", "red"}}},
      {"is_active", {{"title", "a"}, {"is_active", "yes"}}},
      {"titel", {{"titel", "a"}}},
  };
  for (const auto& [field, body] : wrong) {
    const auto answer = call("POST", "/topics", {}, {}, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.field, field) << body;
  }
  const auto rule = call("POST", "/topics", {}, {}, {{"title", "a"}, {"rule", "🎈 (b"}});
  EXPECT_EQ(rule.status, 400);
  EXPECT_EQ(rule.body.at("errors").at(0).at("field"), "rule");
  EXPECT_TRUE(ask("/topics").at("topics").as_array().empty());
}

TEST_F(Resources, a_rule_is_validated_with_the_place_in_utf16) {
  EXPECT_EQ(call("POST", "/rules/validate", {}, {}, {{"rule", "cats -dogs"}}).body.at("valid"), true);
  const auto wrong = call("POST", "/rules/validate", {}, {}, {{"rule", "🎈🎈 is:x"}}).body;
  EXPECT_EQ(wrong.at("valid"), false);
  EXPECT_EQ(wrong.at("position"), 8) << wrong;  // a balloon is two units
  EXPECT_GE(wrong.at("length").as_int64(), 1);
  EXPECT_EQ(call("POST", "/rules/validate", {}, {}, {{"rule", ""}}).body.at("valid"), false);
}

TEST_F(Resources, a_preview_shows_the_newest_and_where_they_match) {
  import(line("1", "🎈 sqlite is small", "2026-08-20T08:00:00Z") + line("2", "other", "2026-08-20T09:00:00Z") +
         line("3", "SQLite again", "2026-08-21T08:00:00Z"));
  const auto found = call("POST", "/rules/preview", {}, {}, {{"rule", "sqlite"}, {"limit", 5}}).body;
  EXPECT_EQ(found.at("seen"), 3);
  EXPECT_EQ(found.at("matched"), 2);
  EXPECT_EQ(found.at("complete"), true);
  EXPECT_THAT(ids_of(found), ElementsAre("3", "1"));
  // The balloon is two units.
  EXPECT_EQ(found.at("posts").at(1).at("matched"), json::parse(R"([{"term":"sqlite","places":[[3,9]]}])"));
  EXPECT_EQ(call("POST", "/rules/preview", {}, {}, {{"rule", "sqlite"}, {"limit", 0}}).field, "limit");
  EXPECT_EQ(call("POST", "/rules/preview", {}, {}, {{"rule", "-a"}}).status, 400);
}

TEST_F(Resources, posts_come_by_pages_and_filters) {
  std::string lines;
  for (int i = 0; i < 25; ++i) {
    lines += line(std::to_string(i), i % 5 == 0 ? "sqlite number " + std::to_string(i) : "text of something else",
                  "2026-08-20T08:" + std::to_string(10 + i) + ":00Z",
                  i % 3 == 0 ? R"("media":["https://img.example/a.png"],)" : "");
  }
  import(lines);
  const auto topic = add_topic("Data", "sqlite");
  std::vector<std::string> all;
  std::string after;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = ask("/posts", {}, {{"limit", "10"}, {"after", after}});
    for (const auto& id : ids_of(page)) all.push_back(id);
    if (page.at("next").is_null()) break;
    after = page.at("next").as_string();
  }
  ASSERT_EQ(all.size(), 25U);
  EXPECT_EQ(all.front(), "24");
  EXPECT_EQ(all.back(), "0");
  const Pairs of_topic = {{"topic", std::to_string(topic)}};
  const auto page = ask("/posts", {}, of_topic);
  EXPECT_THAT(ids_of(page), ElementsAre("20", "15", "10", "5", "0"));
  EXPECT_EQ(page.at("posts").at(0).at("topics").at(0).at("title"), "Data");
  EXPECT_TRUE(page.at("posts").at(0).at("score").is_double());
  EXPECT_TRUE(page.at("posts").at(0).at("label").is_string());
  EXPECT_THAT(ids_of(ask("/posts", {}, {{"author", "@USER7"}})), ElementsAre("7"));
  EXPECT_THAT(ids_of(ask("/posts", {}, {{"q", "sqlite"}, {"media", "image"}})), ElementsAre("15", "0"));
  EXPECT_THAT(ids_of(ask("/posts", {}, {{"q", "sqlite"}, {"since", "2026-08-20T08:30:00Z"}})), ElementsAre("20"));
  EXPECT_THAT(ids_of(ask("/posts", {}, {{"platform", "X"}, {"until", "2026-08-20T08:11:00Z"}})), ElementsAre("0"));
  EXPECT_TRUE(ids_of(ask("/posts", {}, {{"lang", "xx"}})).empty());
  const auto found = ask("/posts", {}, {{"q", "sqlite"}, {"sort", "relevance"}, {"limit", "2"}});
  EXPECT_EQ(ids_of(found).size(), 2U);
  EXPECT_TRUE(found.at("next").is_null());
  EXPECT_EQ(found.at("posts").at(0).at("matched").at(0).at("places"), json::parse("[[0,6]]"));
  const auto media = ask("/posts", {}, {{"media", "any"}, {"limit", "1"}}).at("posts").at(0).at("media").at(0);
  EXPECT_EQ(media.at("proxy"), json::value("/api/v1/media/" + std::to_string(media.at("id").as_int64())));
}

TEST_F(Resources, every_wrong_parameter_is_named) {
  const std::tuple<const char*, const char*, const char*> wrong[] = {
      {"/posts", "limit", "0"},        {"/posts", "limit", "201"},      {"/posts", "limit", "ten"},
      {"/posts", "topic", "x"},        {"/posts", "since", "soon"},     {"/posts", "until", "later"},
      {"/posts", "media", "gifs"},     {"/posts", "sort", "best"},      {"/posts", "sort", "relevance"},
      {"/posts", "cluster", "1"},      {"/posts", "after", "page2"},    {"/posts", "offset", "10"},
      {"/summaries", "limit", "1000"}, {"/summaries", "topic", "-1"},   {"/summaries", "after", "x"},
      {"/summaries", "page", "2"},     {"/today", "time_zone", "Mars"}, {"/today", "zone", "UTC"},
      {"/topics", "limit", "1"},       {"/imports", "after", "x"},      {"/stats", "x", "1"},
      {"/sources", "x", "1"},          {"/database", "x", "1"},         {"/database/backups", "x", "1"},
  };
  for (const auto& [pattern, name, value] : wrong) {
    const auto answer = call("GET", pattern, {}, {{name, value}});
    EXPECT_EQ(answer.status, 400) << pattern << " " << name << "=" << value;
    EXPECT_EQ(answer.field, name) << pattern << " " << answer.message;
  }
  const auto query = call("GET", "/posts", {}, {{"q", "🎈 (cat"}});
  EXPECT_EQ(query.status, 400);
  EXPECT_EQ(query.body.at("errors").at(0).at("field"), "q");
  EXPECT_TRUE(query.body.at("errors").at(0).at("position").is_number());
  const auto topic = std::to_string(add_topic("a", "b"));
  for (const auto& [name, value] : Pairs{{"interval", "month"},
                                         {"since", "x"},
                                         {"until", "x"},
                                         {"time_zone", "x"},
                                         {"since", "2026-08-30"},
                                         {"since", "1900-01-01"},
                                         {"step", "1"}}) {
    const auto answer = call("GET", "/topics/{id}/series", {{"id", topic}}, {{name, value}});
    EXPECT_EQ(answer.status, 400) << name << "=" << value;
    EXPECT_EQ(answer.field, name) << answer.message;
  }
  for (const char* id : {"0", "-1", "x", "999", "99999999999999999999"}) {
    for (const char* pattern :
         {"/topics/{id}", "/topics/{id}/series", "/posts/{id}", "/summaries/{id}", "/media/{id}"}) {
      EXPECT_EQ(call("GET", pattern, {{"id", id}}).status, 404) << pattern << " " << id;
    }
  }
}

TEST_F(Resources, hostile_texts_stay_texts) {
  const std::string nasty = R"(<script>alert("x")</script> '; DROP TABLE posts_v1; --)";
  import(line("1", nasty + " sqlite", "2026-08-20T08:00:00Z"));
  add_topic(nasty, "sqlite");
  EXPECT_EQ(ask("/topics").at("topics").at(0).at("title"), json::value(nasty));
  EXPECT_EQ(ask("/posts").at("posts").at(0).at("topics").at(0).at("title"), json::value(nasty));
  EXPECT_TRUE(ids_of(ask("/posts", {}, {{"author", nasty}})).empty());
  EXPECT_TRUE(ids_of(ask("/posts", {}, {{"platform", "\" OR *"}})).empty());
  EXPECT_TRUE(ids_of(ask("/posts", {}, {{"lang", "en\" OR body : \"sqlite"}})).empty());
  // Bytes that are no text, as another program may have written them.
  must(client_->execute(store::with_physical_names("UPDATE {posts} SET content = ?1"), {std::string("a\xFF"
                                                                                                    "b\xC3")}));
  EXPECT_EQ(ask("/posts").at("posts").at(0).at("content"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST_F(Resources, pages_are_whole_while_posts_come_in) {
  std::string lines;
  for (int i = 0; i < 300; ++i) {
    lines += line(std::to_string(i), "text",
                  "2026-08-19T0" + std::to_string(i / 60) + ":" + std::string(i % 60 < 10 ? "0" : "") +
                      std::to_string(i % 60) + ":00Z");
  }
  import(lines);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 1000; !stop; ++i) {
      import(line(std::to_string(i), "new", i % 2 == 0 ? "2026-08-19T02:30:00Z" : "2026-08-21T08:00:00Z"));
    }
  });
  std::vector<int> seen;
  std::string after;
  do {
    const auto page = ask("/posts", {}, {{"limit", "7"}, {"after", after}});
    for (const auto& id : ids_of(page)) {
      if (std::stoi(id) < 1000) seen.push_back(std::stoi(id));
    }
    after = page.at("next").is_null() ? "" : std::string(page.at("next").as_string());
  } while (!after.empty());
  stop = true;
  writer.join();
  ASSERT_EQ(seen.size(), 300U);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], 299 - i);
}

TEST_F(Resources, near_duplicates_of_a_page_are_one) {
  const std::string said = "The bridge over the river is closed until Monday because of repairs";
  import(line("1", said, "2026-08-20T08:00:00Z") + line("2", said + "!", "2026-08-20T09:00:00Z") +
         line("3", "Something else altogether happened in town", "2026-08-20T10:00:00Z") +
         line("4", "RT @user1: " + said, "2026-08-20T11:00:00Z"));
  EXPECT_THAT(ids_of(ask("/posts")), ElementsAre("4", "3", "2", "1"));
  const auto page = ask("/posts", {}, {{"cluster", "true"}});
  EXPECT_THAT(ids_of(page), ElementsAre("4", "3"));
  EXPECT_EQ(page.at("posts").at(0).at("said_by"), 3);
  EXPECT_EQ(page.at("posts").at(0).at("same").as_array().size(), 2U);
  EXPECT_EQ(page.at("posts").at(1).at("said_by"), 1);
}

TEST_F(Resources, a_post_tells_why_it_is_there_and_who_said_the_same) {
  const std::string said = "SQLite has a new release with faster queries for everybody";
  import(line("1", said, "2026-08-20T08:00:00Z") + line("2", said, "2026-08-20T09:00:00Z") +
         line("3", "SQLite is small", "2026-08-20T10:00:00Z"));
  add_topic("Data", "sqlite (release OR bug)");
  const auto listed = ask("/posts", {}, {{"author", "user1"}}).at("posts").at(0);
  const Pairs id = {{"id", std::to_string(listed.at("id").as_int64())}};
  const auto post = ask("/posts/{id}", id);
  const auto matched = post.at("topics").at(0).at("matched");
  EXPECT_EQ(matched, json::parse(R"([{"term":"sqlite","places":[[0,6]]},{"term":"release","places":[[17,24]]}])"))
      << matched;
  ASSERT_EQ(post.at("same").as_array().size(), 1U);
  EXPECT_EQ(post.at("same").at(0).at("external_id"), "2");

  EXPECT_EQ(call("DELETE", "/posts/{id}", id).status, 204);
  EXPECT_EQ(call("GET", "/posts/{id}", id).status, 404);
  import(line("1", said, "2026-08-20T08:00:00Z"));
  EXPECT_THAT(ids_of(ask("/posts")), ElementsAre("3", "2"));
}

TEST_F(Resources, a_chart_has_every_interval_in_the_users_zone) {
  import(line("1", "sqlite is great, love it", "2026-03-28T23:30:00Z") +
         line("2", "sqlite is terrible and bad", "2026-03-29T21:30:00Z") + line("3", "sqlite", "2026-03-29T22:30:00Z"));
  const auto id = std::to_string(add_topic("Data", "sqlite"));
  const auto points = [&](const Pairs& query) { return ask("/topics/{id}/series", {{"id", id}}, query).at("points"); };
  // In Berlin the clocks are put forward on the 29th: it has 23 hours.
  const auto berlin =
      points({{"since", "2026-03-28T12:00:00Z"}, {"until", "2026-03-30T12:00:00Z"}, {"time_zone", "Europe/Berlin"}});
  ASSERT_EQ(berlin.as_array().size(), 3U) << berlin;
  EXPECT_EQ(berlin.at(0).at("start"), "2026-03-27T23:00:00Z");
  EXPECT_EQ(berlin.at(1).at("start"), "2026-03-28T23:00:00Z");
  EXPECT_EQ(berlin.at(2).at("start"), "2026-03-29T22:00:00Z");
  EXPECT_EQ(berlin.at(0).at("posts"), 0);
  EXPECT_TRUE(berlin.at(0).at("score").is_null());
  EXPECT_EQ(berlin.at(1).at("posts"), 2);
  EXPECT_EQ(berlin.at(1).at("positive"), 1);
  EXPECT_EQ(berlin.at(1).at("negative"), 1);
  EXPECT_EQ(berlin.at(2).at("posts"), 1);
  EXPECT_EQ(berlin.at(2).at("neutral"), 1);
  const auto utc = points({{"since", "2026-03-28"}, {"until", "2026-03-30"}});
  ASSERT_EQ(utc.as_array().size(), 2U);
  EXPECT_EQ(utc.at(0).at("posts"), 1);
  EXPECT_EQ(utc.at(1).at("posts"), 2);
  const auto hours = points({{"interval", "hour"}, {"since", "2026-03-29T20:00:00Z"}, {"until", "2026-03-30"}});
  ASSERT_EQ(hours.as_array().size(), 4U);
  EXPECT_EQ(hours.at(1).at("posts"), 1);
  const auto weeks =
      points({{"interval", "week"}, {"since", "2026-03-28"}, {"until", "2026-03-31"}, {"time_zone", "Europe/Berlin"}});
  ASSERT_EQ(weeks.as_array().size(), 2U) << weeks;
  EXPECT_EQ(weeks.at(0).at("start"), "2026-03-22T23:00:00Z");
  EXPECT_EQ(weeks.at(0).at("posts"), 2);
  EXPECT_EQ(weeks.at(1).at("posts"), 1);
}

TEST_F(Resources, the_page_of_the_day) {
  EXPECT_EQ(ask("/today").at("done"), false);
  import(line("1", "SQLite has a new release that everybody loves", "2026-08-22T08:00:00Z") +
         line("2", "SQLite is fast and small and good", "2026-08-20T08:00:00Z") +
         line("3", "SQLite is old news by now", "2026-08-01T08:00:00Z"));
  const auto id = add_topic("Data", "sqlite");
  const auto other = add_topic("Other", "nothing");
  must(pipeline::summarize_topic(*client_, must(store::TopicRepository(*client_).get(id)),
                                 {clock_.time - 72h, clock_.time}, {}, clock_.time));
  auto today = ask("/today");
  EXPECT_TRUE(today.at("since").is_null());
  auto card = today.at("topics").at(0);
  EXPECT_EQ(card.at("posts_today"), 1);
  EXPECT_EQ(card.at("posts_week"), 2);
  EXPECT_EQ(card.at("trend").as_array().size(), 14U);
  EXPECT_EQ(card.at("trend").at(13).at("posts"), 1);
  EXPECT_EQ(card.at("mood").at("label"), "positive") << card.at("mood");
  EXPECT_FALSE(card.at("summary").at("sentences").as_array().empty());
  EXPECT_EQ(card.at("summary").at("posts").at(0).at("n"), 1);
  EXPECT_TRUE(today.at("topics").at(1).at("mood").is_null());
  EXPECT_TRUE(today.at("topics").at(1).at("summary").is_null());

  EXPECT_EQ(call("PUT", "/today/visit").status, 204);
  clock_.time += 2h;
  import(line("4", "sqlite once more", "2026-08-22T13:00:00Z"));
  today = ask("/today");
  EXPECT_EQ(today.at("since"), "2026-08-22T12:00:00Z");
  EXPECT_EQ(today.at("topics").at(0).at("new_posts"), 1);

  EXPECT_EQ(call("PUT", "/today/{id}/done", {{"id", std::to_string(id)}}).status, 204);
  today = ask("/today");
  EXPECT_EQ(today.at("topics").at(0).at("done"), true);
  EXPECT_EQ(today.at("done"), false);
  EXPECT_EQ(call("PUT", "/today/{id}/done", {{"id", std::to_string(other)}}).status, 204);
  EXPECT_EQ(ask("/today").at("done"), true);
  EXPECT_EQ(call("GET", "/today", {}, {}, nullptr, 2).body.at("done"), false);  // another user
  clock_.time += 1h;
  must(pipeline::summarize_topic(*client_, must(store::TopicRepository(*client_).get(id)),
                                 {clock_.time - 72h, clock_.time}, {}, clock_.time));
  EXPECT_EQ(ask("/today").at("topics").at(0).at("done"), false);  // there is something new to read
  EXPECT_EQ(call("PUT", "/today/{id}/done", {{"id", std::to_string(id)}}).status, 204);
  // A span long past, whoever asks for its summary now, is not today's.
  clock_.time += 1h;
  const auto shown = ask("/today").at("topics").at(0).at("summary").at("id");
  must(pipeline::summarize_topic(*client_, must(store::TopicRepository(*client_).get(id)),
                                 {clock_.time - 72h, clock_.time - 48h}, {}, clock_.time));
  EXPECT_EQ(ask("/today").at("topics").at(0).at("summary").at("id"), shown);
  EXPECT_EQ(ask("/today").at("topics").at(0).at("done"), true);
  EXPECT_EQ(call("DELETE", "/today/{id}/done", {{"id", std::to_string(other)}}).status, 204);
  EXPECT_EQ(ask("/today").at("topics").at(1).at("done"), false);
  EXPECT_EQ(call("PUT", "/today/{id}/done", {{"id", "99"}}).status, 404);
  clock_.time += 24h;
  EXPECT_EQ(ask("/today").at("topics").at(0).at("posts_today"), 0);
}

TEST_F(Resources, summaries_are_listed_read_removed_and_asked_for) {
  import(line("1", "SQLite has a new release that everybody loves", "2026-08-22T08:00:00Z"));
  const auto id = add_topic("Data", "sqlite");
  for (int i = 0; i < 3; ++i) {
    must(pipeline::summarize_topic(*client_, must(store::TopicRepository(*client_).get(id)),
                                   {clock_.time - 72h, clock_.time}, {.force = true},
                                   clock_.time + std::chrono::seconds(i)));
  }
  auto page = ask("/summaries", {}, {{"limit", "2"}, {"topic", std::to_string(id)}});
  ASSERT_EQ(page.at("summaries").as_array().size(), 2U);
  page = ask("/summaries", {}, {{"limit", "2"}, {"after", std::string(page.at("next").as_string())}});
  ASSERT_EQ(page.at("summaries").as_array().size(), 1U);
  EXPECT_TRUE(page.at("next").is_null());
  const Pairs oldest = {{"id", std::to_string(page.at("summaries").at(0).at("id").as_int64())}};
  const auto summary = ask("/summaries/{id}", oldest);
  EXPECT_EQ(summary.at("posts").at(0).at("external_id"), "1");
  EXPECT_EQ(summary.at("posts").at(0).at("topics").at(0).at("title"), "Data");
  EXPECT_EQ(call("DELETE", "/summaries/{id}", oldest).status, 204);
  EXPECT_EQ(call("GET", "/summaries/{id}", oldest).status, 404);

  auto asked = call("POST", "/summaries", {}, {}, {{"topic_id", id}, {"period", "week"}, {"max_sentences", 3}});
  ASSERT_EQ(asked.status, 202) << asked.message;
  EXPECT_EQ(asked.body.at("run").at("kind"), "summarise");
  const auto options =
      json::parse(must(store::JobRepository(*client_).run(asked.body.at("run").at("id").as_int64())).options);
  EXPECT_EQ(options, json::parse(R"({"since":"2026-08-17T00:00:00Z","until":"2026-08-24T00:00:00Z","topic_id":)" +
                                 std::to_string(id) + R"(,"max_sentences":3})"));
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"topic_id", 99}}).status, 404);
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"period", "year"}}).field, "period");
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"since", "never"}}).field, "since");
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"max_sentences", 101}}).field, "max_sentences");
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"engine", "oracle"}}).field, "engine");
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"engine", "extractive"}}).status, 202);
  EXPECT_EQ(call("POST", "/summaries", {}, {}, {{"force", 1}}).field, "force");
}

TEST_F(Resources, summaries_are_made_on_request_within_a_budget) {
  services_.summaries_per_day = 2;
  store::JobRepository jobs(*client_);
  must(jobs.enqueue("summarise", "Summarise", "{}", "schedule", clock_.now()));
  must(jobs.enqueue("summarise", "Summarise", "{}", "command line", clock_.now()));
  EXPECT_EQ(call("POST", "/summaries").status, 202);
  clock_.time += 1h;
  EXPECT_EQ(call("POST", "/summaries").status, 202);
  const auto refused = call("POST", "/summaries");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(std::string(refused.body.at("detail").as_string()), HasSubstr("2 times within 24 hours"));
  EXPECT_EQ(refused.response.headers.back().name, "Retry-After");
  EXPECT_EQ(refused.response.headers.back().value, std::to_string(23 * 3600));
  clock_.time += 23h;
  EXPECT_EQ(call("POST", "/summaries").status, 202);
  EXPECT_EQ(call("POST", "/summaries").status, 429);
}

TEST_F(Resources, sources_and_numbers) {
  EXPECT_EQ(ask("/stats").at("posts"), 0);
  EXPECT_TRUE(ask("/sources").at("last_import").is_null());
  import(line("1", "a", "2026-08-20T08:00:00Z") + line("2", "b", "2026-08-22T08:00:00Z"));
  must(store::add_import(*client_, {7, "a.jsonl", "jsonl", clock_.time, clock_.time, 2, 0, 0, 1}));
  must(store::add_import(*client_, {8, "b.jsonl", "jsonl", clock_.time, clock_.time, 0, 0, 2, 0}));
  const auto sources = ask("/sources");
  EXPECT_EQ(sources.at("sources"), json::parse(R"([{"platform":"x","posts":2,"newest_at":"2026-08-22T08:00:00Z",
                                                    "oldest_at":"2026-08-20T08:00:00Z"}])"));
  EXPECT_EQ(sources.at("last_import").at("id"), 8);
  const auto stats = ask("/stats");
  EXPECT_EQ(stats.at("per_day").as_array().size(), 30U);
  EXPECT_EQ(stats.at("per_day").at(27).at("posts"), 1);
  EXPECT_EQ(stats.at("per_day").at(28).at("posts"), 0);
  EXPECT_EQ(stats.at("per_day").at(29).at("day"), "2026-08-22");
  EXPECT_EQ(stats.at("last_post_at"), "2026-08-22T08:00:00Z");
  EXPECT_EQ(stats.at("database").at("engine"), "sqlite");
  EXPECT_TRUE(stats.at("database").at("bytes").is_null());
  auto imports = ask("/imports", {}, {{"limit", "1"}});
  EXPECT_EQ(imports.at("imports").at(0).at("source"), "b.jsonl");
  imports = ask("/imports", {}, {{"limit", "1"}, {"after", std::string(imports.at("next").as_string())}});
  EXPECT_EQ(imports.at("imports").at(0).at("added"), 2);
  EXPECT_EQ(imports.at("imports").at(0).at("broken"), 1);
  EXPECT_TRUE(imports.at("next").is_null());
}

TEST_F(Resources, an_upload_waits_for_the_run_that_imports_it) {
  const auto upload = [&](const Pairs& query, const std::string& bytes) {
    net::HttpRequest http;
    http.method = "POST";
    http.body_file = folder_ / "upload";
    std::ofstream(http.body_file, std::ios::binary) << bytes;
    return call(http, "/imports", {}, query);
  };
  const auto answer = upload({{"filename", "my posts.jsonl.gz"}, {"format", "jsonl"}, {"platform", "x"}}, "{}");
  ASSERT_EQ(answer.status, 202) << answer.message;
  const auto run = must(store::JobRepository(*client_).run(answer.body.at("run").at("id").as_int64()));
  const auto options = json::parse(run.options);
  EXPECT_EQ(run.kind, "import");
  EXPECT_EQ(options.at("name"), "my posts.jsonl.gz");
  EXPECT_EQ(options.at("format"), "jsonl");
  const std::filesystem::path file(std::string(options.at("file").as_string()));
  EXPECT_EQ(file.parent_path(), services_.data_folder / "uploads");
  EXPECT_TRUE(file.string().ends_with(".jsonl.gz"));
  EXPECT_EQ(std::filesystem::file_size(file), 2U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "upload"));

  EXPECT_EQ(upload({}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", "../../etc/passwd"}}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", std::string("a\nb")}}, "{}").field, "filename");
  EXPECT_EQ(upload({{"filename", "a"}, {"format", "word"}}, "{}").field, "format");
  EXPECT_EQ(upload({{"filename", "a"}, {"mode", "x"}}, "{}").field, "mode");
  EXPECT_EQ(upload({{"filename", "a"}}, "").status, 400);
  EXPECT_EQ(wakes_, 1);
}

TEST_F(Resources, the_database_shows_its_tables_and_migrations) {
  const auto database = ask("/database");
  bool seen = false;
  for (const auto& table : database.at("tables").as_array()) {
    if (table.at("name") != "topics_v1") continue;
    seen = true;
    EXPECT_EQ(table.at("logical"), "topics");
    EXPECT_EQ(table.at("version"), 1);
    EXPECT_EQ(table.at("live"), false);
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(database.at("drift"), 0);
  EXPECT_EQ(database.at("migrations").at(0).at("name"), "topics_v2");
  EXPECT_EQ(database.at("migrations").at(0).at("phase"), "live");
  EXPECT_EQ(database.at("migrations").at(0).at("kept"), true) << "for the release before";
  const Pairs name = {{"name", "topics_v2"}};
  EXPECT_EQ(call("POST", "/database/migrations/{name}/pause", name).body.at("paused"), true);
  EXPECT_EQ(call("POST", "/database/migrations/{name}/resume", name).body.at("paused"), false);
  {
    // As a server says of its own tables.
    const auto use = must(store::announce(*client_, "a server"));
    const auto refused = call("POST", "/database/migrations/{name}/rollback", name);
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.message, testing::HasSubstr("a server"));
    EXPECT_EQ(call("POST", "/database/migrations/{name}/rollback", name, {}, {{"force", 1}}).status, 400);
    const auto forced =
        call("POST", "/database/migrations/{name}/rollback", name, {}, {{"force", true}, {"discard", true}});
    EXPECT_EQ(forced.status, 200) << forced.message;
    EXPECT_EQ(forced.body.at("phase"), "rolled_back");
  }
  must(store::initialise(*client_));
  const auto completed = call("POST", "/database/migrations/{name}/complete", name, {}, {{"keep_old", true}});
  EXPECT_EQ(completed.status, 200) << completed.message;
  EXPECT_EQ(completed.body.at("phase"), "completed");
  EXPECT_EQ(completed.body.at("tables").at(0).at("kept_as"), "topics_v1_archived");
  EXPECT_EQ(call("POST", "/database/migrations/{name}/rollback", name).status, 409);
  EXPECT_EQ(call("POST", "/database/migrations/{name}/complete", {{"name", "x"}}).status, 404);
}

TEST_F(Resources, backups_are_asked_for_listed_given_out_and_removed) {
  EXPECT_EQ(ask("/database/backups").at("backups").as_array().size(), 0U);
  EXPECT_EQ(call("POST", "/database/backups").body.at("run").at("kind"), "backup");
  const auto backups = services_.data_folder / "backups";
  std::filesystem::create_directories(backups);
  std::ofstream(backups / "offx-2026.db") << "data";
  std::ofstream(backups / ".partial") << "data";
  std::ofstream(services_.data_folder / "secret") << "data";
  std::filesystem::create_symlink(services_.data_folder / "secret", backups / "link");
  const auto list = ask("/database/backups").at("backups");
  ASSERT_EQ(list.as_array().size(), 1U);
  EXPECT_EQ(list.at(0).at("name"), "offx-2026.db");
  EXPECT_EQ(list.at(0).at("bytes"), 4);
  const Pairs name = {{"name", "offx-2026.db"}};
  EXPECT_EQ(call("GET", "/database/backups/{name}", name).response.file, backups / "offx-2026.db");
  for (const char* other : {"../secret", "..", ".", "", ".partial", "link", "a/b", "no.db"}) {
    EXPECT_EQ(call("GET", "/database/backups/{name}", {{"name", other}}).status, 404) << other;
    EXPECT_EQ(call("DELETE", "/database/backups/{name}", {{"name", other}}).status, 404) << other;
  }
  EXPECT_EQ(call("DELETE", "/database/backups/{name}", name).status, 204);
  EXPECT_FALSE(std::filesystem::exists(backups / "offx-2026.db"));
}

TEST_F(Resources, attachments_are_images_whatever_they_say) {
  std::string body = std::string("\x89PNG\r\n\x1a\n", 8) + "rest";
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    const bool missing = connection.request().starts_with("GET /missing");
    connection.send((missing ? "HTTP/1.1 404 No\r\n" : "HTTP/1.1 200 OK\r\n") +
                    std::string("Content-Type: image/svg+xml\r\nContent-Length: ") + std::to_string(body.size()) +
                    "\r\nConnection: close\r\n\r\n" + body);
  });
  const auto host = "127.0.0.1:" + std::to_string(server.port());
  import(line("1", "a", "2026-08-20T08:00:00Z",
              R"("media":["http://)" + host + R"(/a.png","http://)" + host + R"(/missing","http://127.0.0.1:1/x"],)"));
  const auto media = ask("/posts").at("posts").at(0).at("media");
  const auto get = [&](std::size_t index) {
    return call("GET", "/media/{id}", {{"id", std::to_string(media.at(index).at("id").as_int64())}});
  };
  EXPECT_EQ(get(0).status, 422);  // the guard: not public
  http_ = must(net::HttpClient::create({.allow_hosts = {host}}));
  const auto image = get(0);
  ASSERT_EQ(image.status, 200) << image.message;
  EXPECT_EQ(image.response.body, body);
  const auto header = [&](std::string_view name) {
    for (const auto& entry : image.response.headers) {
      if (entry.name == name) return entry.value;
    }
    return std::string();
  };
  EXPECT_EQ(header("Content-Type"), "image/png");
  EXPECT_EQ(header("Content-Security-Policy"), "default-src 'none'; sandbox");
  EXPECT_EQ(header("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(header("Cache-Control"), HasSubstr("private"));
  EXPECT_EQ(get(1).status, 422);
  for (const char* other : {"<svg xmlns='http://www.w3.org/2000/svg'/>", "<html>", "", "RIFF1234WAVE", "GIF"}) {
    body = other;
    EXPECT_EQ(get(0).status, 422) << other;
  }
  body = std::string("\xFF\xD8\xFF") + std::string((10U << 20U) + 1, 'x');
  EXPECT_EQ(get(0).status, 422);
  http_ = must(net::HttpClient::create({.allow_hosts = {"127.0.0.1:1"}}));
  EXPECT_EQ(get(2).status, 422);  // nobody listens there
}

TEST_F(Resources, slow_attachments_leave_workers_to_others) {
  std::function<Answer()> get;
  Answer meanwhile;
  net::LocalServer server([&](net::LocalServer::Connection& connection) {
    meanwhile = get();  // as others may while this one is waited for
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nGIF89a");
  });
  const auto host = "127.0.0.1:" + std::to_string(server.port());
  http_ = must(net::HttpClient::create({.allow_hosts = {host}}));
  import(line("1", "a", "2026-08-20T08:00:00Z", R"("media":["http://)" + host + R"(/a.gif"],)"));
  const auto id = std::to_string(ask("/posts").at("posts").at(0).at("media").at(0).at("id").as_int64());
  get = [&] { return call("GET", "/media/{id}", {{"id", id}}); };
  services_.media_at_once = 1;
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(meanwhile.status, 503);
  EXPECT_EQ(get().status, 200);  // the place is free again
}

TEST_F(Resources, new_posts_are_told_once) {
  const auto sources = standard_events(*client_);
  const auto& read = sources[0].read;
  ASSERT_EQ(sources[0].event, "posts");
  EXPECT_TRUE(must(read()).empty());
  import(line("1", "a", "2026-08-20T08:00:00Z"));
  const auto told = must(read());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(json::parse(told.begin()->second.data).at("added"), 1);
  EXPECT_TRUE(must(read()).empty());
  import(line("2", "b", "2026-08-20T09:00:00Z"));
  EXPECT_EQ(must(read()).size(), 1U);
}

TEST_F(Resources, that_a_program_still_uses_its_tables_is_no_news) {
  const std::array<std::string_view, 1> tables = {"topics_v1"};
  const auto use = must(migrate::TableUse::announce(*client_, "sample", tables));
  const auto sources = standard_events(*client_);
  const auto& read = sources[2].read;
  ASSERT_EQ(sources[2].event, "migration");
  const auto before = must(read()).at("topics_v2");
  EXPECT_EQ(json::parse(before.data).at("old_users").at(0).at("program"), "sample");
  must(client_->execute("UPDATE offx_table_users SET renewed_at = '2098-01-01', expires_at = '2099-01-01'"));
  const auto renewed = must(read()).at("topics_v2");
  EXPECT_NE(renewed.data, before.data);
  EXPECT_EQ(renewed.news, before.news);
  must(client_->execute("DELETE FROM offx_table_users"));
  EXPECT_NE(must(read()).at("topics_v2").news, before.news);
}

}  // namespace
}  // namespace offx::api
