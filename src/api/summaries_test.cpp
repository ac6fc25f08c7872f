// The handlers of summaries.

#include "api/test_routes.h"
#include "pipeline/summarize.h"
#include "store/jobs.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

class SummaryRoutes : public RoutesTest {};

TEST_F(SummaryRoutes, summaries_are_listed_read_removed_and_asked_for) {
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
  ASSERT_EQ(asked.status, 202) << asked.error;
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

TEST_F(SummaryRoutes, summaries_are_made_on_request_within_a_budget) {
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

}  // namespace
}  // namespace offx::api
