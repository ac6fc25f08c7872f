// What holds for the handlers of all routes.

#include <tuple>

#include "api/accounts.h"
#include "api/events.h"
#include "api/test_routes.h"
#include "store/tables.h"

namespace offx::api {
namespace {

namespace json = boost::json;

class AllRoutes : public RoutesTest {};

TEST_F(AllRoutes, every_wrong_parameter_is_named) {
  const std::tuple<const char*, const char*, const char*> wrong[] = {
      {"/posts", "limit", "0"},        {"/posts", "limit", "201"},
      {"/posts", "limit", "ten"},      {"/posts", "topic", "x"},
      {"/posts", "since", "soon"},     {"/posts", "until", "later"},
      {"/posts", "media", "gifs"},     {"/posts", "sort", "best"},
      {"/posts", "sort", "relevance"}, {"/posts", "cluster", "1"},
      {"/posts", "after", "page2"},    {"/posts", "offset", "10"},
      {"/posts", "author", "@"},       {"/summaries", "limit", "1000"},
      {"/summaries", "topic", "-1"},   {"/summaries", "after", "x"},
      {"/summaries", "page", "2"},     {"/today", "time_zone", "Mars"},
      {"/today", "zone", "UTC"},       {"/topics", "limit", "1"},
      {"/imports", "after", "x"},      {"/stats", "x", "1"},
      {"/sources", "x", "1"},          {"/database", "x", "1"},
      {"/database/backups", "x", "1"},
  };
  for (const auto& [pattern, name, value] : wrong) {
    const auto answer = call("GET", pattern, {}, {{name, value}});
    EXPECT_EQ(answer.status, 400) << pattern << " " << name << "=" << value;
    EXPECT_EQ(answer.field, name) << pattern << " " << answer.error;
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
    EXPECT_EQ(answer.field, name) << answer.error;
  }
  for (const char* id : {"0", "-1", "x", "999", "99999999999999999999"}) {
    for (const char* pattern :
         {"/topics/{id}", "/topics/{id}/series", "/posts/{id}", "/summaries/{id}", "/media/{id}"}) {
      EXPECT_EQ(call("GET", pattern, {{"id", id}}).status, 404) << pattern << " " << id;
    }
  }
}

TEST_F(AllRoutes, parameters_that_are_not_known_are_refused_everywhere) {
  Accounts accounts(*client_, clock_, {});
  Events events({});
  services_.accounts = &accounts;
  services_.events = &events;
  for (const auto& route : routes_.all()) {
    const auto answer =
        call(std::string(route.method), std::string(route.path.substr(std::string_view("/api/v1").size())),
             {{"id", "1"}, {"name", "x"}}, {{"nonsense", "1"}});
    EXPECT_EQ(answer.status, 400) << route.method << " " << route.path;
    EXPECT_EQ(answer.field, "nonsense") << route.method << " " << route.path << " " << answer.error;
  }
}

TEST_F(AllRoutes, hostile_texts_stay_texts) {
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

}  // namespace
}  // namespace offx::api
