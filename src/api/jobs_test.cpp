// The handlers of jobs and runs.

#include "store/jobs.h"

#include "api/test_routes.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class JobRoutes : public RoutesTest {
 protected:
  JobRoutes() { clock_.time = *parse_time("2026-11-20 12:00:00"); }

  /// Of the built-in job.
  std::string id_of(std::string_view name) {
    const auto answer = call("GET", "/jobs");
    for (const auto& job : answer.body.at("jobs").as_array()) {
      if (job.at("name") == json::value(name)) return std::to_string(job.at("id").as_int64());
    }
    return "0";
  }
};

TEST_F(JobRoutes, a_job_is_of_a_topic_that_is_there) {
  const auto made = [&](std::int64_t topic_id) {
    const json::object options{{"topic_id", topic_id}};
    return call("POST", "/jobs", {}, {}, json::object{{"schedule", "@daily"}, {"options", options}});
  };
  const auto missing = made(9999);
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.error, HasSubstr("topic 9999"));
  store::Topic topic;
  topic.title = "Data";
  topic.id = must(store::TopicRepository(*client_).add(topic, clock_.now()));
  const auto job = made(topic.id);
  ASSERT_EQ(job.status, 201) << job.error;
  const Pairs id = {{"id", std::to_string(job.body.at("id").as_int64())}};
  EXPECT_EQ(call("PATCH", "/jobs/{id}", id, {}, {{"options", {{"topic_id", 9999}}}}).status, 404);
  must(store::TopicRepository(*client_).remove(topic.id));
  EXPECT_EQ(call("PATCH", "/jobs/{id}", id, {}, {{"enabled", false}}).status, 200);
}

TEST_F(JobRoutes, a_job_is_made_edited_run_and_removed) {
  const auto made = call("POST", "/jobs", {}, {},
                         {{"title", "Evening"},
                          {"schedule", "0 18 * * *"},
                          {"time_zone", "Europe/Berlin"},
                          {"options", {{"topic_id", nullptr}, {"period", "week"}, {"max_sentences", 3}}}});
  ASSERT_EQ(made.status, 201) << made.error;
  EXPECT_EQ(made.body.at("next_due_at"), "2026-11-20T17:00:00Z");
  EXPECT_EQ(made.body.at("explanation"), "every day at 18:00");
  EXPECT_EQ(made.body.at("next_times").as_array().size(), 5U);
  EXPECT_EQ(made.body.at("kind"), "summarise");
  const Pairs id = {{"id", std::to_string(made.body.at("id").as_int64())}};

  const auto paused = call("PATCH", "/jobs/{id}", id, {}, {{"enabled", false}});
  EXPECT_EQ(paused.body.at("enabled"), false);
  EXPECT_TRUE(paused.body.at("next_due_at").is_null());
  const auto edited = call("PATCH", "/jobs/{id}", id, {}, {{"enabled", true}, {"schedule", "every 6h"}});
  EXPECT_EQ(edited.body.at("next_due_at"), "2026-11-20T18:00:00Z");

  const auto asked = call("POST", "/jobs/{id}/run", id);
  EXPECT_EQ(asked.status, 202);
  const auto& run = asked.body.at("run");
  EXPECT_EQ(run.at("state"), "waiting");
  EXPECT_EQ(run.at("created_by"), "ann");
  EXPECT_EQ(call("GET", "/jobs/{id}", id).body.at("last_run").at("id"), run.at("id"));
  const Pairs run_id = {{"id", std::to_string(run.at("id").as_int64())}};
  EXPECT_EQ(call("POST", "/runs/{id}/cancel", run_id).body.at("state"), "cancelled");
  EXPECT_EQ(call("GET", "/runs/{id}", run_id).body.at("state"), "cancelled");
  EXPECT_EQ(wakes_, 5);
  const auto forced = call("POST", "/jobs/{id}/run", {{"id", id_of("cleanup")}}, {}, {{"force", true}});
  ASSERT_EQ(forced.status, 202);
  const auto stored = must(store::JobRepository(*client_).run(forced.body.at("run").at("id").as_int64()));
  EXPECT_THAT(stored.options, HasSubstr(R"("force":true)"));
  EXPECT_EQ(call("POST", "/jobs/{id}/run", {{"id", id_of("backup")}}, {}, {{"force", true}}).status, 400);

  EXPECT_EQ(call("DELETE", "/jobs/{id}", id).status, 204);
  EXPECT_EQ(call("GET", "/jobs/{id}", id).status, 404);
  EXPECT_EQ(call("DELETE", "/jobs/{id}", {{"id", id_of("backup")}}).status, 409);
}

TEST_F(JobRoutes, what_looks_after_the_database_is_for_administrators) {
  const auto run_of_backup = call("POST", "/jobs/{id}/run", {{"id", id_of("backup")}}).body.at("run").at("id");
  may_admin_ = false;  // an administrator's token without that scope, too
  for (const auto* name : {"cleanup", "backup", "integrity_check", "statistics", "complete_migrations"}) {
    const Pairs id = {{"id", id_of(name)}};
    EXPECT_EQ(call("PATCH", "/jobs/{id}", id, {}, {{"enabled", false}}).status, 403) << name;
    EXPECT_EQ(call("POST", "/jobs/{id}/run", id).status, 403) << name;
    EXPECT_EQ(call("DELETE", "/jobs/{id}", id).status, 403) << name;
    EXPECT_EQ(call("GET", "/jobs/{id}", id).body.at("enabled"), true) << name;
  }
  const auto cancel = [&](const json::value& run) {
    return call("POST", "/runs/{id}/cancel", {{"id", std::to_string(run.as_int64())}}).status;
  };
  EXPECT_EQ(cancel(run_of_backup), 403);
  const Pairs summarise = {{"id", id_of("summarise")}};
  EXPECT_EQ(call("PATCH", "/jobs/{id}", summarise, {}, {{"schedule", "every 6h"}}).status, 200);
  const auto asked = call("POST", "/jobs/{id}/run", summarise);
  ASSERT_EQ(asked.status, 202);
  EXPECT_EQ(cancel(asked.body.at("run").at("id")), 200);
  store::JobRepository jobs(*client_);
  EXPECT_EQ(cancel(must(jobs.enqueue("import", "Import", "{}", "ann", clock_.now())).id), 200);
}

TEST_F(JobRoutes, runs_come_in_pages) {
  const Pairs id = {{"id", id_of("statistics")}};
  store::JobRepository jobs(*client_);
  for (int i = 0; i < 5; ++i) must(jobs.enqueue("backup", std::to_string(i), "{}", "ann", clock_.now()));
  auto page = call("GET", "/runs", {}, {{"limit", "2"}});
  EXPECT_EQ(page.body.at("runs").at(0).at("title"), "4");
  std::size_t seen = page.body.at("runs").as_array().size();
  while (!page.body.at("next").is_null()) {
    const std::string next(page.body.at("next").as_string());
    page = call("GET", "/runs", {}, {{"limit", "2"}, {"after", next}});
    seen += page.body.at("runs").as_array().size();
  }
  EXPECT_EQ(seen, 5U);
  EXPECT_EQ(call("GET", "/runs", {}, {{"state", "done"}}).body.at("runs").as_array().size(), 0U);
  EXPECT_EQ(call("GET", "/runs", {}, {{"kind", "backup"}}).body.at("runs").as_array().size(), 5U);
  EXPECT_EQ(call("GET", "/runs", {}, {{"job", id[0].second}}).body.at("runs").as_array().size(), 0U);
}

TEST_F(JobRoutes, what_is_wrong_is_said_with_its_field) {
  const auto post = [&](const json::value& body) { return call("POST", "/jobs", {}, {}, body).error; };
  EXPECT_THAT(post({{"schedule", "0 25 * * *"}}), HasSubstr("schedule: character 3: 25 is no hour"));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"time_zone", "Mars"}}), HasSubstr("time_zone: "));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"kind", "cleanup"}}), HasSubstr("kind: "));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"options", {{"period", "year"}}}}), HasSubstr("options: period"));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"options", {{"since", "soon"}}}}), HasSubstr("options: since: \"soon\""));
  EXPECT_EQ(
      call("POST", "/jobs", {}, {}, {{"schedule", "@daily"}, {"options", {{"since", "7d"}, {"until", "now"}}}}).status,
      201);
  EXPECT_THAT(post({{"schedule", "@daily"}, {"options", 7}}), HasSubstr("options: has to be an object"));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"title", ""}}), HasSubstr("title: "));
  EXPECT_THAT(post({{"schedule", "@daily"}, {"surprise", 1}}), HasSubstr("surprise: "));
  EXPECT_THAT(post({{"schedule", 7}}), HasSubstr("schedule: has to be a text"));
  for (const Pairs& query : std::vector<Pairs>{{{"job", "x"}},
                                               {{"state", "asleep"}},
                                               {{"limit", "0"}},
                                               {{"limit", "201"}},
                                               {{"after", "-1"}},
                                               {{"a", "b"}}}) {
    const auto answer = call("GET", "/runs", {}, query);
    EXPECT_EQ(answer.status, 400) << query[0].first;
    EXPECT_THAT(answer.error, HasSubstr(query[0].first));
  }
  EXPECT_EQ(call("GET", "/runs/{id}", {{"id", "99"}}).status, 404);
  EXPECT_EQ(call("POST", "/runs/{id}/cancel", {{"id", "99"}}).status, 404);
  EXPECT_EQ(call("POST", "/jobs/{id}/run", {{"id", "99"}}).status, 404);
}

TEST_F(JobRoutes, a_schedule_is_explained_before_it_is_stored) {
  const auto told = call("GET", "/schedule", {}, {{"schedule", "30 2 * * *"}, {"time_zone", "Europe/Berlin"}});
  EXPECT_EQ(told.body.at("explanation"), "every day at 02:30");
  EXPECT_EQ(told.body.at("next_times").at(0), "2026-11-21T01:30:00Z");
  EXPECT_EQ(call("GET", "/schedule", {}, {{"schedule", ""}}).status, 400);
}

}  // namespace
}  // namespace offx::api
