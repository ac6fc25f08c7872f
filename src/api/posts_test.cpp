// The handlers of posts and their attachments.

#include <atomic>
#include <thread>

#include "api/test_routes.h"
#include "net/local_server.h"

namespace offx::api {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

class PostRoutes : public RoutesTest {};

TEST_F(PostRoutes, posts_come_by_pages_and_filters) {
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

TEST_F(PostRoutes, pages_are_whole_while_posts_come_in) {
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

TEST_F(PostRoutes, near_duplicates_of_a_page_are_one) {
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

TEST_F(PostRoutes, a_post_tells_why_it_is_there_and_who_said_the_same) {
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

TEST_F(PostRoutes, attachments_are_images_whatever_they_say) {
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
  ASSERT_EQ(image.status, 200) << image.error;
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

TEST_F(PostRoutes, slow_attachments_leave_workers_to_others) {
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

}  // namespace
}  // namespace offx::api
