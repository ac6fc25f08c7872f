#include "store/volume.h"

#include <functional>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/forwarding_client.h"
#include "store/posts.h"
#include "store/store.h"
#include "store/tables.h"
#include "store/today.h"
#include "store/topics.h"

namespace offx::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Timestamp kNow = *parse_time("2026-08-22 12:00:00");

class Volume : public testing::Test {
 protected:
  Volume() : client_(must(open(":memory:"))), volume_(*client_), topics_(*client_), posts_(*client_) {}

  std::int64_t topic(const std::string& title) { return must(topics_.add({0, title, "", "a", {}, {}}, kNow)); }
  void put(const std::string& id, Timestamp created_at, std::vector<std::int64_t> topics,
           const std::string& content = "text") {
    FiledPost filed;
    filed.post.external_id = id;
    filed.post.content = content;
    filed.post.platform = "x";
    filed.post.created_at = created_at;
    filed.post.fetched_at = kNow;
    filed.topic_ids = std::move(topics);
    must(posts_.put(std::span(&filed, 1), must(topics_.rule_revision())));
  }
  /// `hour=posts` of every hour that has any.
  std::string hours(std::int64_t topic) {
    std::string text;
    for (const auto& hour : must(volume_.series(topic, {kNow - 100h, kNow + 100h}))) {
      text += (text.empty() ? "" : " ") + hour_text(hour.hour).substr(8) + "=" + std::to_string(hour.posts);
    }
    return text;
  }
  std::vector<std::string> ask(const std::string& logical_sql) {
    const auto rows = must(client_->execute(with_physical_names(logical_sql)));
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      std::string line;
      for (const auto& value : rows.row(i)) line += (line.empty() ? "" : "|") + db::to_text(value);
      lines.push_back(line);
    }
    return lines;
  }
  void tell(const std::string& logical_sql) { must(client_->execute(with_physical_names(logical_sql))); }

  std::unique_ptr<db::DatabaseClient> client_;
  VolumeRepository volume_;
  TopicRepository topics_;
  PostRepository posts_;
};

TEST_F(Volume, counts_posts_by_hour_as_they_come_move_and_go) {
  const auto one = topic("one");
  put("1", kNow, {one});
  put("2", kNow + 59min, {one});
  put("3", kNow + 60min, {one});
  EXPECT_EQ(hours(one), "22 12=2 22 13=1");
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 3);
  tell("UPDATE {posts} SET created_at = '2026-08-22 13:30:00' WHERE external_id = '1'");
  EXPECT_EQ(hours(one), "22 12=1 22 13=2");
  tell("DELETE FROM {posts} WHERE external_id = '3'");
  EXPECT_EQ(hours(one), "22 12=1 22 13=1");
  tell("DELETE FROM {topic_posts}");
  EXPECT_EQ(hours(one), "");
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 0);
}

TEST_F(Volume, a_topic_takes_what_is_counted_of_it_along) {
  const auto one = topic("one");
  put("1", kNow, {one});
  must(topics_.remove(one));
  EXPECT_THAT(ask("SELECT topic_id FROM {topic_volume} UNION ALL SELECT topic_id FROM {topic_totals}"), IsEmpty());
  const auto two = topic("two");
  put("2", kNow, {two});
  tell("DELETE FROM {topics}");  // as another program does
  EXPECT_THAT(ask("SELECT sum(posts) FROM {topic_volume}"), ElementsAre("0"));
  must(volume_.forget_removed_topics());
  EXPECT_THAT(ask("SELECT topic_id FROM {topic_volume} UNION ALL SELECT topic_id FROM {topic_totals}"), IsEmpty());
}

TEST_F(Volume, a_mood_holds_as_long_as_its_posts_do) {
  const auto one = topic("one");
  put("1", kNow, {one});
  const auto known = [&] { return must(volume_.without_mood(one, kNow - 1h, 10)).empty(); };
  const auto learn = [&] {
    auto hours = must(volume_.without_mood(one, kNow - 1h, 10));
    for (auto& hour : hours) hour.mood = Mood{hour.posts, 0.5, 1, 0};
    must(volume_.put_moods(hours));
    return hours;
  };
  EXPECT_FALSE(known());
  const auto old = learn();
  EXPECT_TRUE(known());
  EXPECT_DOUBLE_EQ(must(volume_.series(one, {kNow, kNow + 1h})).at(0).mood->score_sum, 0.5);
  put("2", kNow, {one});
  EXPECT_FALSE(known());
  EXPECT_FALSE(must(volume_.series(one, {kNow, kNow + 1h})).at(0).mood);
  must(volume_.put_moods(old));  // worked out from the posts of before
  EXPECT_FALSE(known());
  learn();
  EXPECT_TRUE(known());
  tell("UPDATE {posts} SET content = 'other' WHERE external_id = '1'");
  EXPECT_FALSE(known());
  learn();
  tell("UPDATE {posts} SET content = 'third', created_at = '2026-08-22 13:30:00' WHERE external_id = '1'");
  EXPECT_EQ(must(volume_.without_mood(one, kNow - 1h, 10)).size(), 2U) << "the hour it left and the one it came to";
  learn();
  // The hour is emptied and filled again: it has one post as in the beginning, but it is another one.
  tell("DELETE FROM {posts}");
  put("3", kNow, {one});
  EXPECT_FALSE(known());
  EXPECT_THAT(must(volume_.texts(must(volume_.without_mood(one, kNow, 10)))), ElementsAre(testing::Pair(0, "text")));
}

TEST_F(Volume, is_made_for_a_database_that_had_none) {
  const auto one = topic("one");
  put("1", kNow, {one});
  put("2", kNow + 1h, {one});
  for (const char* trigger : {"filed", "unfiled", "moved", "edited"}) {
    tell(std::string("DROP TRIGGER topic_volume_v1_") + trigger);
  }
  tell("DROP TABLE {topic_volume}");
  tell("DROP TABLE {topic_totals}");
  put("3", kNow + 1h, {one});
  must(initialise(*client_));
  EXPECT_EQ(hours(one), "22 12=1 22 13=2");
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 3);
}

TEST_F(Volume, agrees_with_the_timeline_whatever_is_done) {
  std::mt19937 random(7);
  const auto pick = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  const std::int64_t topics[] = {topic("a"), topic("b"), topic("c")};
  for (int step = 0; step < 400; ++step) {
    const auto id = std::to_string(pick(40));
    const auto time = to_sql_time(kNow + std::chrono::minutes(pick(300)));
    switch (pick(6)) {
      case 0:
      case 1: {
        std::vector<std::int64_t> under;
        for (const auto topic : topics) {
          if (pick(2) == 0) under.push_back(topic);
        }
        put(id, *parse_time(time), under, "text " + std::to_string(pick(3)));
        break;
      }
      case 2: tell("UPDATE {posts} SET created_at = '" + time + "' WHERE external_id = '" + id + "'"); break;
      case 3: tell("DELETE FROM {posts} WHERE external_id = '" + id + "'"); break;
      case 4:
        tell("INSERT OR REPLACE INTO {topic_posts} (topic_id, post_id, added_at) SELECT " +
             std::to_string(topics[pick(3)]) + ", id, created_at FROM {posts} WHERE external_id = '" + id + "'");
        break;
      default:
        tell("DELETE FROM {topic_posts} WHERE topic_id = " + std::to_string(topics[pick(3)]) +
             " AND post_id % 2 = " + std::to_string(pick(2)));
    }
    ASSERT_EQ(ask("SELECT topic_id, hour, posts FROM {topic_volume} WHERE posts <> 0 ORDER BY 1, 2"),
              ask("SELECT topic_id, substr(created_at, 1, 13) AS h, count(*) FROM {topic_timeline} GROUP BY 1, 2 "
                  "ORDER BY 1, 2"))
        << "step " << step;
    ASSERT_EQ(ask("SELECT topic_id, posts FROM {topic_totals} WHERE posts <> 0 ORDER BY 1"),
              ask("SELECT topic_id, count(*) FROM {topic_timeline} GROUP BY 1 ORDER BY 1"));
  }
}

TEST_F(Volume, the_day_has_a_card_for_each_topic) {
  const auto one = topic("one");
  const auto two = topic("two");
  put("1", kNow, {one});
  put("2", kNow + 30min, {one, two});
  put("3", kNow + 2h, {one});
  SummaryRepository summaries(*client_);
  StoredSummary summary;
  summary.topic_id = one;
  summary.content = "old";
  summary.engine = "e";
  must(summaries.add(summary, {}));
  summary.content = "new";
  summary.created_at = kNow;
  SummaryCitation citation;
  citation.n = 1;
  citation.post.id = must(posts_.find("x", "2"))->id;
  must(summaries.add(summary, std::span(&citation, 1)));
  must(mark_done(*client_, 7, two, kNow));

  const Timestamp bounds[] = {kNow, kNow + 1h, kNow + 24h};
  const TodayTimes times{.bounds = bounds, .mood_since = kNow, .new_since = kNow + 10min};
  const auto cards = must(read_today(*client_, 7, times));
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_EQ(cards[0].posts, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(cards[0].new_posts, 2);
  EXPECT_FALSE(cards[0].done_at);
  ASSERT_TRUE(cards[0].summary);
  const auto shown = must(read_summary(*client_, cards[0].summary->id));
  EXPECT_EQ(shown.summary.content, "new");
  ASSERT_EQ(shown.citations.size(), 1U);
  EXPECT_EQ(shown.citations[0].post.external_id, "2");
  EXPECT_EQ(shown.links.at(0).topics.size(), 2U);
  EXPECT_EQ(cards[1].posts, (std::vector<std::int64_t>{1, 0}));
  EXPECT_FALSE(cards[1].summary);
  EXPECT_EQ(cards[1].done_at, kNow);
  must(unmark_done(*client_, 7, two));
  EXPECT_FALSE(must(read_today(*client_, 7, times)).at(1).done_at);
  EXPECT_EQ(mark_done(*client_, 7, 99, kNow).error().code(), Errc::not_found);
}

/// As a replica: each statement of a batch sees what is there by then.
class Replica final : public db::ForwardingClient {
 public:
  Replica(db::DatabaseClient& client, std::function<void(std::size_t)> arrives)
      : ForwardingClient(client), arrives_(std::move(arrives)) {}
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode /*mode*/) override {
    std::vector<db::QueryResult> results;
    for (const auto& statement : statements) {
      results.push_back(must(client().execute(statement.sql, statement.params)));
      arrives_(results.size());
    }
    return results;
  }

 private:
  const std::function<void(std::size_t)> arrives_;
};

TEST_F(Volume, the_day_leaves_out_what_arrives_while_it_is_read) {
  const auto one = topic("one");
  put("1", kNow, {one});
  SummaryCitation citation;
  citation.n = 1;
  citation.post.id = must(posts_.find("x", "1"))->id;
  StoredSummary summary;
  summary.engine = "e";
  const Timestamp bounds[] = {kNow, kNow + 1h};
  // After each statement comes a topic with all that may belong to one.
  for (std::size_t after = 1; after <= 6; ++after) {
    Replica replica(*client_, [&](std::size_t done) {
      if (done != after) return;
      const auto name = std::to_string(after);
      summary.topic_id = topic("after " + name);
      put("after " + name, kNow, {summary.topic_id});
      must(mark_done(*client_, 7, summary.topic_id, kNow));
      summary.content = name;
      must(SummaryRepository(*client_).add(summary, std::span(&citation, 1)));
    });
    const auto cards = must(read_today(replica, 7, {bounds, kNow, kNow - 1min}));
    ASSERT_EQ(cards.size(), after) << "the one that came is not there yet";
    EXPECT_EQ(cards[0].posts.at(0), 1);
    EXPECT_EQ(cards[0].new_posts, 1);
  }
}

TEST_F(Volume, a_visit_ends_when_the_user_is_away) {
  EXPECT_FALSE(must(visit_before(*client_, 7, kNow)));
  must(mark_visit(*client_, 7, kNow));
  EXPECT_FALSE(must(visit_before(*client_, 7, kNow)));
  must(mark_visit(*client_, 7, kNow + 10min));
  EXPECT_FALSE(must(visit_before(*client_, 7, kNow + 20min)));
  EXPECT_EQ(must(visit_before(*client_, 7, kNow + 24h)), kNow + 10min);
  must(mark_visit(*client_, 7, kNow + 24h));
  must(mark_visit(*client_, 7, kNow + 24h));  // the answer to the first was lost
  EXPECT_EQ(must(visit_before(*client_, 7, kNow + 24h)), kNow + 10min);
  EXPECT_FALSE(must(visit_before(*client_, 8, kNow)));
}

TEST_F(Volume, what_was_removed_does_not_come_back) {
  put("1", kNow, {});
  const auto id = must(posts_.find("x", "1"))->id;
  must(posts_.remove(id, kNow));
  FiledPost filed;
  filed.post.external_id = "1";
  filed.post.content = "again";
  filed.post.platform = "x";
  FiledPost other = filed;
  other.post.platform = "rss";
  const auto counts = must(posts_.put(std::vector{filed, other}, must(topics_.rule_revision())));
  EXPECT_EQ(counts.added, 1U);
  EXPECT_EQ(counts.unchanged, 1U);
  EXPECT_EQ(counts.kept_out, 1U);
  EXPECT_FALSE(must(posts_.find("x", "1")));
  EXPECT_TRUE(must(posts_.find("rss", "1")));
}

TEST_F(Volume, pages_are_filtered_by_everything_at_once) {
  const auto one = topic("one");
  for (int i = 0; i < 40; ++i) {
    FiledPost filed;
    filed.post.external_id = std::to_string(i);
    filed.post.content = "text";
    filed.post.platform = i % 2 == 0 ? "x" : "rss";
    filed.post.author = i % 5 == 0 ? "Ann Example" : "";
    filed.post.author_username = i % 5 == 1 ? "Ann" : "bob";
    filed.post.created_at = kNow + std::chrono::minutes(i);
    filed.post.fetched_at = kNow;
    filed.post.details.lang = i % 3 == 0 ? "en" : "de";
    if (i % 4 == 0) filed.post.media.push_back({"https://example.org/a", i % 8 == 0 ? "video" : "image", std::nullopt});
    if (i < 30) filed.topic_ids = {one};
    text::Tokenizer tokenizer(text::NormalForm::search);
    text::write_search_document(filed.post.content,
                                {.author_username = filed.post.author_username,
                                 .lang = filed.post.details.lang,
                                 .platform = filed.post.platform},
                                tokenizer, filed.document);
    must(posts_.put(std::span(&filed, 1), must(topics_.rule_revision())));
  }
  // Every combination, by pages of three, against the same said in C++.
  for (int bits = 0; bits < 64; ++bits) {
    PostFilter filter;
    if (bits & 1) filter.topic_id = one;
    if (bits & 2) filter.platform = "x";
    if (bits & 4) filter.author = "ann";
    if (bits & 8) filter.lang = "en";
    if (bits & 16) filter.media = MediaFilter::image;
    if (bits & 32) filter.since = kNow + 5min;
    std::string expected;
    for (int i = 39; i >= 0; --i) {
      const bool fits = (!(bits & 1) || i < 30) && (!(bits & 2) || i % 2 == 0) && (!(bits & 4) || i % 5 == 1) &&
                        (!(bits & 8) || i % 3 == 0) && (!(bits & 16) || i % 8 == 4) && (!(bits & 32) || i >= 5);
      if (fits) expected += std::to_string(i) + " ";
    }
    for (const bool searched : {false, true}) {
      std::string found;
      std::optional<PageKey> after;
      do {
        const auto page = searched ? must(posts_.search("body : text", SearchOrder::newest, filter, 3, after))
                                   : must(posts_.page(filter, 3, after));
        for (const auto& post : page.posts) found += post.external_id + " ";
        EXPECT_EQ(page.links.size(), page.posts.size());
        after = page.next;
      } while (after);
      EXPECT_EQ(found, expected) << "filter " << bits << " searched " << searched;
    }
  }
  EXPECT_EQ(must(posts_.page({.author = "Ann Example"}, 100)).posts.size(), 8U);
  const auto platforms = must(posts_.totals_by_platform());
  ASSERT_EQ(platforms.size(), 2U);
  EXPECT_EQ(platforms[1].platform, "x");
  EXPECT_EQ(platforms[1].posts, 20);
  EXPECT_EQ(platforms[1].newest, kNow + 38min);
  EXPECT_EQ(platforms[1].oldest, kNow);
}

}  // namespace
}  // namespace offx::store
