// The handlers of topics, their rules and charts, and of the page of the day.

#include "api/test_routes.h"
#include "pipeline/summarize.h"
#include "store/jobs.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;

class TopicRoutes : public RoutesTest {};

TEST_F(TopicRoutes, a_topic_is_made_changed_and_removed) {
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

TEST_F(TopicRoutes, what_is_wrong_with_a_topic_is_said_of_its_member) {
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

TEST_F(TopicRoutes, a_rule_is_validated_with_the_place_in_utf16) {
  EXPECT_EQ(call("POST", "/rules/validate", {}, {}, {{"rule", "cats -dogs"}}).body.at("valid"), true);
  const auto wrong = call("POST", "/rules/validate", {}, {}, {{"rule", "🎈🎈 is:x"}}).body;
  EXPECT_EQ(wrong.at("valid"), false);
  EXPECT_EQ(wrong.at("position"), 8) << wrong;  // a balloon is two units
  EXPECT_GE(wrong.at("length").as_int64(), 1);
  EXPECT_EQ(call("POST", "/rules/validate", {}, {}, {{"rule", ""}}).body.at("valid"), false);
}

TEST_F(TopicRoutes, a_preview_shows_the_newest_and_where_they_match) {
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

TEST_F(TopicRoutes, a_chart_has_every_interval_in_the_users_zone) {
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

TEST_F(TopicRoutes, the_page_of_the_day) {
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
  EXPECT_EQ(card.at("trend"), json::parse("[0,0,0,0,0,0,0,0,0,0,0,1,0,1]"));
  EXPECT_EQ(today.at("days").as_array().size(), 14U);
  EXPECT_EQ(today.at("days").at(13), "2026-08-22T00:00:00Z");
  EXPECT_EQ(card.at("mood").at("label"), "positive") << card.at("mood");
  EXPECT_FALSE(card.at("summary").at("sentences").as_array().empty());
  EXPECT_TRUE(card.at("summary").at("content").is_null()) << "its sentences say it";
  EXPECT_TRUE(today.at("topics").at(1).at("mood").is_null());
  EXPECT_TRUE(today.at("topics").at(1).at("summary").is_null());
  // As the first OffX wrote it.
  must(
      client_->execute("INSERT INTO summarizations_v1 (topic_id, content, post_count, created_at, time_period_start, "
                       "time_period_end) VALUES (?, 'A text', 3, '2026-08-22 09:00:00', '2026-08-21', '2026-08-22')",
                       {other}));
  card = ask("/today").at("topics").at(1);
  EXPECT_EQ(card.at("summary").at("content"), "A text");
  EXPECT_TRUE(card.at("summary").at("sentences").is_null());

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

}  // namespace
}  // namespace offx::api
