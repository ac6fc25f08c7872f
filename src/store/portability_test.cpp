// Everything OffX asks of a database, asked of each engine.

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/test_servers.h"
#include "migrate/copy.h"
#include "migrate/linted_client.h"
#include "migrate/sql_text.h"
#include "store/catalogue.h"
#include "store/posts.h"
#include "store/schema_files.h"
#include "store/store.h"
#include "store/tables.h"
#include "store/today.h"
#include "store/topics.h"

namespace offx::store {
namespace {

class Portability : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "sqlite") {
      client_ = migrate::linted(must(db::create_database_client(":memory:")));
    } else if (const auto missing = db::servers_missing(); !missing.empty()) {
      GTEST_SKIP() << missing;
    } else {
      client_ = migrate::linted(must(db::create_database_client(db::empty_database_on(GetParam()))));
    }
  }
  std::unique_ptr<db::DatabaseClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Engines, Portability, testing::Values("sqlite", "sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

TEST_P(Portability, initialising_makes_all_and_may_be_repeated) {
  EXPECT_FALSE(must(is_initialised(*client_)));
  must(initialise(*client_));
  EXPECT_TRUE(must(is_initialised(*client_)));
  must(initialise(*client_));
}

TEST_P(Portability, every_statement_of_the_catalogue_runs) {
  must(initialise(*client_));
  for (const auto& query : catalogue()) {
    const auto result = client_->execute(sql(query.query), query.sample);
    // A sample may refer to rows that are not there; what counts is that the server understands the statement.
    EXPECT_TRUE(result || result.error().code() == Errc::conflict)
        << query.name << ": " << (result ? "" : result.error().to_string());
  }
}

// Many rows go to a server in one text, and come out of it by SQL.
TEST_P(Portability, a_batch_of_posts_is_stored_as_it_is) {
  using namespace std::string_literals;
  must(initialise(*client_));
  const Timestamp now = *parse_time("2026-08-22 12:00:00");
  const auto topic = must(TopicRepository(*client_).add({0, "Topic", "", "a", {}, {}}, now));
  const std::string contents[] = {"",
                                  "42",
                                  "null",
                                  "[1,\"two\"]",
                                  "\"quoted\" \\ and / \\u0041 \\n",
                                  "lines\nand\ttabs\r\x01\x1F\x7F",
                                  "東京 \U0001F600 e\u0301 \u2028",
                                  "before\0behind"s,
                                  std::string(700'000, '"'),
                                  std::string(700'000, 'x')};
  std::vector<FiledPost> filed;
  for (const auto& content : contents) {
    auto& post = filed.emplace_back().post;
    // Not in the order of their ids here.
    post.external_id = "id \"" + std::to_string(100 - filed.size());
    post.platform = "x";
    post.content = content;
    post.author = content.substr(0, 100);
    post.created_at = post.fetched_at = now;
    post.media = {{"https://example.org/" + std::to_string(filed.size()), "image", content.substr(0, 100)},
                  {"https://example.org/", "video", std::nullopt}};
    // Each with other facts, so that rows end at other columns.
    if (filed.size() % 2 == 0) post.details.lang = "en";
    if (filed.size() % 3 == 0) post.details.is_quote = true;
    if (filed.size() % 4 == 0) post.details.links = {"https://example.org/\"x\"", ""};
    if (filed.size() % 5 == 0) post.details.edited_at = now;
    filed.back().document = {"word" + std::to_string(filed.size()), "lang:en"};
    filed.back().topic_ids = {topic, topic + 1};  // the second has been removed meanwhile
  }
  PostRepository posts(*client_);
  EXPECT_EQ(must(posts.put(filed, must(TopicRepository(*client_).rule_revision()))).added, std::size(contents));
  EXPECT_TRUE(must(posts.unfiled(1)).empty());
  std::vector<Post> stored;
  must(posts.each([&](const Post& post) -> Result<void> {
    stored.push_back(post);
    return {};
  }));
  ASSERT_EQ(stored.size(), filed.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const auto& sent = filed[i].post;
    EXPECT_EQ(stored[i].external_id, sent.external_id) << "ids are not in the order of the batch";
    EXPECT_TRUE(stored[i].content == sent.content) << i << ": " << stored[i].content.substr(0, 100);
    EXPECT_EQ(stored[i].author, sent.author);
    EXPECT_EQ(stored[i].media, sent.media) << i;
    EXPECT_EQ(stored[i].details, sent.details) << i;
    const auto found = must(posts.search("body : " + filed[i].document.body, SearchOrder::best, {}, 10));
    ASSERT_EQ(found.posts.size(), 1U) << i;
    EXPECT_EQ(found.posts[0].id, stored[i].id);
    ASSERT_EQ(found.links[0].topics.size(), 1U);
    EXPECT_EQ(found.links[0].topics[0].id, topic);
  }
  // The same again changes nothing, as often as somebody repeats it.
  EXPECT_EQ(must(posts.put(filed, must(TopicRepository(*client_).rule_revision()))).unchanged, std::size(contents));
  EXPECT_EQ(must(TopicRepository(*client_).counts()).at(0).posts, static_cast<std::int64_t>(std::size(contents)));
}

/// The page of the day of that many topics, each with posts in every hour.
void read_full_days(db::DatabaseClient& client, std::size_t count) {
  constexpr std::int64_t kDays = 14;
  must(initialise(client));
  const Timestamp begin = *parse_time("2026-08-01 00:00:00");
  TopicRepository topics(client);
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back(must(topics.add({0, "Topic " + std::to_string(i), "", "a", {}, {}}, begin)));
  }
  must(mark_done(client, 1, ids.back(), begin));
  must(client.execute(with_physical_names(
      "WITH RECURSIVE hours (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM hours WHERE n + 1 < 24 * 14) "
      "INSERT INTO {topic_volume} (topic_id, hour, posts, revision) "
      "SELECT t.id, printf('2026-08-%02d %02d', 1 + n / 24, n % 24), 2, 1 FROM {topics} AS t CROSS JOIN hours")));
  std::vector<Timestamp> bounds;
  for (std::int64_t day = 0; day <= kDays; ++day) bounds.push_back(begin + std::chrono::days(day));
  const auto today = must(read_today(client, 1, {bounds, begin, begin - std::chrono::hours(1)}));
  ASSERT_EQ(today.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(today[i].topic.id, ids[i]);
    EXPECT_EQ(today[i].done_at.has_value(), i + 1 == count);
    EXPECT_EQ(today[i].new_posts, 2 * 24 * kDays);
    for (const auto posts : today[i].posts) EXPECT_EQ(posts, 2 * 24);
  }
}

TEST_P(Portability, the_page_of_the_day_reads_many_topics_with_posts_in_every_hour) { read_full_days(*client_, 300); }

// sqld takes 10 MB, which 1,850 topics would fill.
TEST(BoundedAnswers, hold_a_part_of_the_topics_of_the_page_of_the_day) {
  if (const auto missing = db::servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
  setenv("SQLD_MAX_RESPONSE_SIZE", "2MB", 1);
  db::Sqld sqld;
  unsetenv("SQLD_MAX_RESPONSE_SIZE");
  read_full_days(*must(db::create_database_client(sqld.make_database())), 400);
}

// rqlite runs statements again on every node and at every restart: each would get another time, another number.
TEST(Determinism, no_statement_reads_a_clock_or_rolls_dice) {
  for (const auto& query : catalogue()) {
    EXPECT_EQ(migrate::non_deterministic_part(query.logical_sql), "") << query.name << ": bind the value instead";
  }
  for (const auto& file : schema_files()) {
    EXPECT_EQ(migrate::non_deterministic_part(file.sql), "") << file.name << ": bind the value instead";
  }
  for (const auto& file : migration_files()) {
    const auto migration = must(migrate::parse_migration(file.text, std::string(file.name) + ".toml"));
    for (const auto& change : migration.tables) {
      std::vector<std::string> texts = {change.create, change.sync};
      for (const auto* expressions : {&change.up, &change.down}) {
        for (const auto& [column, expression] : *expressions) texts.push_back(expression);
      }
      for (const auto& text : texts) {
        EXPECT_EQ(migrate::non_deterministic_part(text), "") << file.name << ": bind the value instead";
      }
    }
  }
}

TEST(Determinism, a_copy_writes_the_same_everywhere) {
  auto from = must(db::create_database_client(":memory:"));
  must(initialise(*from));
  const auto to = migrate::linted(must(db::create_database_client(":memory:")));
  migrate::CopyOptions options;
  options.derived = {
      {with_physical_names("{post_search}"), [](db::DatabaseClient& /*copy*/) { return Result<void>(); }}};
  must(migrate::copy_database(*from, *to, options));
}

}  // namespace
}  // namespace offx::store
