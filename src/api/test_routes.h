// For tests: the handlers of routes, called as the functions they are, on a database in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/route_table.h"
#include "base/test_support.h"
#include "pipeline/filer.h"
#include "pipeline/import.h"
#include "store/store.h"
#include "store/topics.h"

namespace offx::api {

class RoutesTest : public testing::Test {
 protected:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  struct Answer {
    int status = 0;
    boost::json::value body;
    std::string field;  ///< that an error names
    std::string error;  ///< `field: message`
    net::HttpResponse response;
  };
  /// What the route of this pattern answers.
  Answer call(std::string_view method, const std::string& pattern, const Pairs& path = {}, const Pairs& query = {},
              const boost::json::value& body = nullptr, std::int64_t user = 1) {
    net::HttpRequest http;
    http.method = method;
    if (!body.is_null()) http.body = boost::json::serialize(body);
    return call(http, pattern, path, query, user);
  }
  Answer call(const net::HttpRequest& http, const std::string& pattern, const Pairs& path = {}, const Pairs& query = {},
              std::int64_t user = 1) {
    const Request request(http, path, query,
                          Caller{.user_id = user, .username = "ann", .is_admin = true, .may_admin = may_admin_}, "r1");
    for (const auto& route : routes_.all()) {
      if (route.method != http.method || route.path != "/api/v1" + pattern) continue;
      auto result = route.handler(request, services_);
      if (!result) {
        const auto& error = result.error();
        return {status_of(error.code()), {}, error.context(), error.to_string(), {}};
      }
      Answer answer{result->status, {}, "", "", std::move(*result)};
      boost::system::error_code error;  // what is no JSON stays in the response
      if (!answer.response.body.empty()) answer.body = boost::json::parse(answer.response.body, error);
      return answer;
    }
    ADD_FAILURE() << "no route " << http.method << " " << pattern;
    return {};
  }
  /// What a GET gives, which must be there.
  boost::json::value ask(const std::string& pattern, const Pairs& path = {}, const Pairs& query = {}) {
    auto answer = call("GET", pattern, path, query);
    EXPECT_EQ(answer.status, 200) << pattern << ": " << answer.error << answer.response.body;
    return answer.body;
  }

  void import(const std::string& lines) {
    pipeline::ImportOptions options;
    options.read.clock = &clock_;
    const auto imported = must(pipeline::import_posts(*client_, {.name = "posts.jsonl", .bytes = lines}, options, {}));
    ASSERT_FALSE(imported.failure) << imported.failure->to_string();
  }
  /// A post for import(), by an author of its own; `more` are members, each with a comma behind it.
  static std::string line(const std::string& id, const std::string& content, const std::string& created_at,
                          const std::string& more = "") {
    auto post = boost::json::serialize(
        boost::json::object{{"external_id", id}, {"content", content}, {"created_at", created_at}});
    return post.insert(1, "\"platform\":\"x\",\"author_username\":\"user" + id + "\"," + more) + "\n";
  }
  /// The id of a new topic, under which what is there is filed.
  std::int64_t add_topic(const std::string& title, const std::string& rule) {
    auto answer = call("POST", "/topics", {}, {}, {{"title", title}, {"rule", rule}});
    EXPECT_EQ(answer.status, 201) << answer.error << answer.response.body;
    const auto id = answer.body.at("id").to_number<std::int64_t>();
    must(pipeline::file_stored_posts(*client_, must(store::TopicRepository(*client_).get(id)), clock_, {}));
    return id;
  }
  static std::vector<std::string> ids_of(const boost::json::value& page) {
    std::vector<std::string> ids;
    for (const auto& post : page.at("posts").as_array()) ids.emplace_back(post.at("external_id").as_string());
    return ids;
  }

  class SetClock final : public Clock {
   public:
    [[nodiscard]] Timestamp now() const override { return time; }
    Timestamp time = *parse_time("2026-08-22 12:00:00");
  };

  const RouteTable routes_;
  TemporaryFolder folder_;
  SetClock clock_;
  std::unique_ptr<db::DatabaseClient> client_ = must(store::open(":memory:"));
  net::HttpClient http_ = must(net::HttpClient::create());
  std::atomic<int> wakes_ = 0;
  bool may_admin_ = true;  ///< who calls
  Services services_{*client_, clock_, http_, folder_ / "data", [this] { ++wakes_; }};
};

}  // namespace offx::api
