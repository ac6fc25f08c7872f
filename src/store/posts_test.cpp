#include "store/posts.h"

#include <algorithm>
#include <functional>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/store.h"
#include "store/summaries.h"
#include "store/tables.h"

namespace offx::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const Timestamp kNow = *parse_time("2026-08-22 12:00:00");

class Posts : public testing::Test {
 protected:
  Posts() : client_(must(open(":memory:"))), posts_(*client_), topics_(*client_) {}

  static FiledPost make(const std::string& external_id, const std::string& content, Timestamp created_at = kNow - 1h) {
    FiledPost filed;
    filed.post.external_id = external_id;
    filed.post.content = content;
    filed.post.author = "Ann Example";
    filed.post.author_username = "ann";
    filed.post.platform = "x";
    filed.post.created_at = created_at;
    filed.post.fetched_at = kNow;
    filed.document.body = content;
    return filed;
  }
  /// Stores posts and, as an import does at its end, files what was updated: under the topics given for it here.
  PutCounts put(std::vector<FiledPost> posts) {
    for (auto& filed : posts) {
      filed.document.terms = "from:" + filed.post.author_username + " platform:" + filed.post.platform;
    }
    const auto revision = must(topics_.rule_revision());
    const auto counts = must(posts_.put(posts, revision));
    std::vector<FiledPost> updated;
    for (auto& post : must(posts_.unfiled(1000))) {
      for (const auto& filed : posts) {
        if (filed.post.external_id != post.external_id || filed.post.platform != post.platform) continue;
        updated.push_back({post, filed.document, filed.topic_ids});
      }
    }
    must(posts_.file(updated, revision, kNow));
    return counts;
  }
  std::vector<Post> in_period(std::int64_t topic, Timestamp since, Timestamp until) {
    std::vector<Post> posts;
    must(posts_.each_in_period(topic, since, until, [&](const Post& post) { posts.push_back(post); }));
    return posts;
  }
  std::string found(const std::string& match, SearchOrder order = SearchOrder::newest) {
    std::string ids;
    for (const auto& post : must(posts_.search(match, order, {}, 100)).posts) ids += post.external_id;
    return ids;
  }
  static std::string ids_of(const PostPage& page) {
    std::string ids;
    for (const auto& post : page.posts) ids += post.external_id;
    return ids;
  }

  std::unique_ptr<db::DatabaseClient> client_;
  PostRepository posts_;
  TopicRepository topics_;
};

TEST_F(Posts, everything_a_post_holds_is_read_back) {
  auto filed = make("1", "text with \"quotes\" and 東京");
  auto& post = filed.post;
  post.url = "https://example.org/1";
  post.media = {{"https://example.org/a.png", "image", "a cat"}, {"https://example.org/b.mp4", "video", std::nullopt}};
  post.details = {"en",
                  "42",
                  "c1",
                  "bob",
                  true,
                  true,
                  true,
                  "r1",
                  "carol",
                  "quoted",
                  {"https://t.co/x", "https://e.org/\"y\""},
                  "spoiler",
                  "<p>text</p>",
                  true,
                  kNow - 5min};
  put({filed});
  const auto read = must(posts_.find("x", "1"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->content, post.content);
  EXPECT_EQ(read->author, post.author);
  EXPECT_EQ(read->author_username, post.author_username);
  EXPECT_EQ(read->created_at, post.created_at);
  EXPECT_EQ(read->fetched_at, post.fetched_at);
  EXPECT_EQ(read->url, post.url);
  EXPECT_EQ(read->media, post.media);
  EXPECT_EQ(read->details, post.details);
  EXPECT_EQ(must(posts_.get(read->id)).external_id, "1");
  EXPECT_EQ(posts_.get(999).error().code(), Errc::not_found);
  const auto several = must(posts_.get(std::vector<std::int64_t>{999, read->id}));
  ASSERT_EQ(several.size(), 1U);
  EXPECT_EQ(several[0].media, must(posts_.get(read->id)).media);
  EXPECT_TRUE(must(posts_.get(std::span<const std::int64_t>())).empty());
  EXPECT_EQ(must(posts_.find("bluesky", "1")), std::nullopt);
}

TEST_F(Posts, the_same_again_changes_nothing_and_new_text_updates) {
  EXPECT_EQ(put({make("1", "one"), make("2", "two")}).added, 2U);
  const auto same = put({make("1", "one"), make("2", "two")});
  EXPECT_EQ(same.unchanged, 2U);
  EXPECT_EQ(same.added + same.updated, 0U);
  const auto edited = put({make("1", "one, edited"), make("2", "two"), make("3", "three")});
  EXPECT_EQ(edited.updated, 1U);
  EXPECT_EQ(edited.unchanged, 1U);
  EXPECT_EQ(edited.added, 1U);
  EXPECT_EQ(must(posts_.find("x", "1"))->content, "one, edited");
  EXPECT_EQ(found("edited"), "1");
  EXPECT_EQ(must(posts_.totals()).posts, 3);
}

TEST_F(Posts, a_second_version_within_a_batch_is_an_update_of_the_first) {
  auto first = make("1", "old");
  first.post.url = "https://example.org/1";
  const auto counts = put({first, make("1", "new"), make("1", "new")});
  EXPECT_EQ(counts.added, 1U);
  EXPECT_EQ(counts.updated, 1U);
  EXPECT_EQ(counts.unchanged, 1U);
  EXPECT_EQ(must(posts_.find("x", "1"))->url, "https://example.org/1");
  EXPECT_EQ(must(posts_.find("x", "1"))->content, "new");
}

TEST_F(Posts, the_same_id_on_two_platforms_is_two_posts) {
  auto other = make("1", "elsewhere");
  other.post.platform = "bluesky";
  EXPECT_EQ(put({make("1", "here"), other}).added, 2U);
}

TEST_F(Posts, a_poorer_source_does_not_erase_what_a_richer_one_told) {
  auto rich = make("1", "text");
  rich.post.url = "https://example.org/1";
  rich.post.details.lang = "en";
  rich.post.media = {{"https://example.org/a.png", "image", "a cat"}};
  put({rich});
  auto poor = make("1", "new text");
  poor.post.author.clear();
  poor.post.created_at = poor.post.fetched_at = kNow + 24h;  // it has no date of its own
  EXPECT_EQ(put({poor}).updated, 1U);
  const auto read = *must(posts_.find("x", "1"));
  EXPECT_EQ(read.content, "new text");
  EXPECT_EQ(read.author, "Ann Example");
  EXPECT_EQ(read.created_at, kNow - 1h);
  EXPECT_EQ(read.fetched_at, kNow);
  EXPECT_EQ(read.details.lang, "en");
  EXPECT_EQ(read.media.size(), 1U);
}

TEST_F(Posts, are_filed_under_their_topics_and_leave_them_when_edited) {
  const auto first = must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  const auto second = must(topics_.add({0, "B", "", "two", {}, {}}, kNow));
  auto filed = make("1", "one two");
  filed.topic_ids = {first, second};
  put({filed});
  const auto id = must(posts_.find("x", "1"))->id;
  Post probe;
  probe.id = id;
  const auto topics = [&] {
    std::vector<std::int64_t> ids;
    const auto links = must(posts_.links_of(std::span(&probe, 1)));
    for (const auto& topic : links.at(0).topics) ids.push_back(topic.id);
    return ids;
  };
  EXPECT_THAT(topics(), ElementsAre(first, second));
  filed.post.content = "two";
  filed.topic_ids = {second};
  put({filed});
  EXPECT_THAT(topics(), ElementsAre(second));
  EXPECT_EQ(must(topics_.counts()).at(1).posts, 1);
}

TEST_F(Posts, an_updated_post_is_noted_to_be_filed_by_all_that_is_known_of_it) {
  put({make("1", "one")});
  auto poorer = make("1", "two");
  poorer.post.author_username.clear();
  must(posts_.put(std::vector<FiledPost>{poorer}, must(topics_.rule_revision())));
  const auto unfiled = must(posts_.unfiled(10));
  ASSERT_EQ(unfiled.size(), 1U);
  EXPECT_EQ(unfiled[0].content, "two");
  EXPECT_EQ(unfiled[0].author_username, "ann");
}

TEST_F(Posts, a_guessed_language_does_not_replace_the_one_a_source_gave) {
  auto told = make("1", "one");
  told.post.details.lang = "nl";
  put({told});
  auto guessed = make("1", "one");
  guessed.post.details.lang = "de";
  guessed.lang_detected = true;
  EXPECT_EQ(put({guessed}).unchanged, 1U);
  EXPECT_EQ(must(posts_.find("x", "1"))->details.lang, "nl");
}

TEST_F(Posts, two_clients_that_store_the_same_posts_at_once_end_with_all_of_both) {
  TemporaryFolder folder;
  auto first = must(open(folder / "a.db"));
  auto second = must(open(folder / "a.db"));
  const auto store_all = [](db::DatabaseClient& client, const std::string& content, bool with_url) {
    PostRepository posts(client);
    for (int i = 0; i < 60; ++i) {
      auto filed = make(std::to_string(i), content);
      if (with_url) filed.post.url = "https://example.org/" + std::to_string(i);
      must(posts.put(std::span(&filed, 1), {}));
    }
  };
  std::thread other([&] { store_all(*second, "b", false); });
  store_all(*first, "a", true);
  other.join();
  PostRepository posts(*first);
  EXPECT_EQ(must(posts.totals()).posts, 60);
  for (const auto& post : must(posts.page({}, 100)).posts) EXPECT_NE(post.url, "") << post.external_id;
}

TEST_F(Posts, filed_with_rules_that_have_changed_meanwhile_are_filed_again_later) {
  const auto revision = must(topics_.rule_revision());
  must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  const std::vector<FiledPost> posts = {make("1", "one")};
  must(posts_.put(posts, revision));
  EXPECT_EQ(must(posts_.unfiled(10)).size(), 1U);
  put({make("2", "two")});
  EXPECT_EQ(must(posts_.unfiled(10)).size(), 1U) << "filed with the rules of now";
  const auto now = must(topics_.rule_revision());
  must(topics_.remove(1));
  must(topics_.add({0, "B", "", "two", {}, {}}, kNow + 1ms));
  EXPECT_NE(must(topics_.rule_revision()), now) << "a revision never comes back";
}

TEST_F(Posts, a_topic_that_is_gone_by_then_is_no_error) {
  auto filed = make("1", "one");
  filed.topic_ids = {77};
  EXPECT_EQ(put({filed}).added, 1U);
}

TEST_F(Posts, pages_are_newest_first_and_complete_even_with_equal_times) {
  std::vector<FiledPost> all;
  for (int i = 0; i < 9; ++i) all.push_back(make(std::to_string(i), "n", kNow - std::chrono::hours(i / 3)));
  put(all);
  std::string seen;
  std::optional<PageKey> after;
  int pages = 0;
  do {
    const auto page = must(posts_.page({}, 2, after));
    seen += ids_of(page);
    after = page.next;
    ++pages;
  } while (after);
  EXPECT_EQ(seen, "210543876");
  EXPECT_EQ(pages, 5);
}

TEST_F(Posts, pages_by_platform_author_time_and_topic) {
  const auto topic = must(topics_.add({0, "A", "", "n", {}, {}}, kNow));
  auto a = make("a", "n", kNow - 3h);
  auto b = make("b", "n", kNow - 2h);
  auto c = make("c", "n", kNow - 1h);
  b.post.platform = "bluesky";
  b.post.author = "Bob Example";
  b.post.author_username = "Bob";
  a.topic_ids = c.topic_ids = {topic};
  put({a, b, c});
  const auto ids = [&](const PostFilter& filter) { return ids_of(must(posts_.page(filter, 10))); };
  EXPECT_EQ(ids({}), "cba");
  EXPECT_EQ(ids({.topic_id = topic}), "ca");
  EXPECT_EQ(ids({.topic_id = topic, .author = "Bob"}), "");
  EXPECT_EQ(ids({.platform = "bluesky"}), "b");
  EXPECT_EQ(ids({.author = "bob"}), "b");
  EXPECT_EQ(ids({.author = "Ann Example"}), "ca");
  EXPECT_EQ(ids({.since = kNow - 2h}), "cb");
  EXPECT_EQ(ids({.until = kNow - 2h}), "a");
  EXPECT_EQ(ids({.topic_id = topic, .until = kNow - 1h}), "a");
  EXPECT_EQ(ids_of(must(posts_.page({.until = kNow}, 10, PageKey{to_sql_time(kNow - 2h), 99}))), "ba");
  const auto period = in_period(topic, kNow - 3h, kNow - 1h);
  ASSERT_EQ(period.size(), 1U);
  EXPECT_EQ(period[0].external_id, "a");
}

TEST_F(Posts, a_period_of_many_posts_is_whole_and_in_order) {
  const auto topic = must(topics_.add({0, "A", "", "n", {}, {}}, kNow));
  std::vector<FiledPost> all;
  for (int i = 0; i < 2500; ++i) {
    all.push_back(make(std::to_string(i), "n", kNow - std::chrono::hours(i % 2)));
    all.back().topic_ids = {topic};
  }
  put(all);
  const auto period = in_period(topic, kNow - 1h, kNow + 1s);
  ASSERT_EQ(period.size(), 2500U);
  for (std::size_t i = 1; i < period.size(); ++i) {
    ASSERT_LT(std::tie(period[i - 1].created_at, period[i - 1].id), std::tie(period[i].created_at, period[i].id));
  }
  EXPECT_EQ(in_period(topic, kNow, kNow + 1s).size(), 1250U);
}

TEST_F(Posts, full_text_search_with_prefix_phrase_and_boolean) {
  put({make("a", "write ahead log", kNow - 3h), make("b", "ahead of the write", kNow - 2h),
       make("c", "logs logs logs and nothing else but log", kNow - 1h)});
  EXPECT_EQ(found("\"write ahead\""), "a");
  EXPECT_EQ(found("log*"), "ca");
  EXPECT_EQ(found("write NOT log"), "b");
  EXPECT_EQ(found("write OR logs"), "cba");
  EXPECT_EQ(found("log", SearchOrder::best), "ac") << "a shorter text that is more about it comes first";
  EXPECT_EQ(posts_.search("\"", SearchOrder::newest, {}, 10).error().code(), Errc::invalid_argument);
}

TEST_F(Posts, what_is_removed_is_found_no_more) {
  const auto topic = must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  auto filed = make("1", "one");
  filed.topic_ids = {topic};
  filed.post.media = {{"https://example.org/a.png", "image", std::nullopt}};
  put({filed});
  must(posts_.remove(must(posts_.find("x", "1"))->id, kNow));
  EXPECT_EQ(found("one"), "");
  EXPECT_THAT(must(posts_.page({.topic_id = topic}, 10)).posts, IsEmpty());
  EXPECT_EQ(posts_.remove(1, kNow).error().code(), Errc::not_found);
  EXPECT_EQ(db::to_integer(must(client_->execute("SELECT (SELECT count(*) FROM post_media_v1) + (SELECT count(*) FROM "
                                                 "topic_timeline_v1) + (SELECT count(*) FROM post_details_v1)"))
                               .row(0)[0]),
            0);
}

TEST_F(Posts, counts_per_day_and_platform) {
  const auto topic = must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  auto a = make("a", "one", kNow - 48h);
  a.topic_ids = {topic};
  put({a, make("b", "two", kNow - 48h), make("c", "two", kNow)});
  EXPECT_THAT(must(posts_.count_per_day({}, {}, {})), ElementsAre(Pair("2026-08-20", 2), Pair("2026-08-22", 1)));
  EXPECT_THAT(must(posts_.count_per_day(topic, {}, {})), ElementsAre(Pair("2026-08-20", 1)));
  EXPECT_THAT(must(posts_.count_per_day({}, kNow - 1h, {})), ElementsAre(Pair("2026-08-22", 1)));
  EXPECT_THAT(must(posts_.count_by_platform()), ElementsAre(Pair("x", 3)));
}

TEST_F(Posts, a_changed_date_moves_the_post_in_its_topic) {
  const auto topic = must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  auto a = make("a", "one", kNow - 3h);
  auto b = make("b", "one", kNow - 2h);
  a.topic_ids = b.topic_ids = {topic};
  put({a, b});
  a.post.created_at = kNow - 1h;
  put({a});
  EXPECT_EQ(ids_of(must(posts_.page({.topic_id = topic}, 10))), "ab");
}

TEST_F(Posts, topics_are_kept_apart_by_title_and_removed_with_what_is_theirs) {
  const auto id = must(topics_.add({0, "Databases", "what moves", "sqlite", {}, {}}, kNow));
  EXPECT_EQ(topics_.add({0, "databases", "", {}, {}, {}}, kNow).error().code(), Errc::conflict);
  auto topic = must(topics_.get(id));
  EXPECT_EQ(topic.rule, "sqlite");
  EXPECT_EQ(topic.created_at, kNow);
  const auto before = must(topics_.rule_revision());
  topic.title = "DBs";
  topic.rule = "sqlite OR duckdb";
  must(topics_.update(topic, kNow + 1h));
  EXPECT_NE(must(topics_.rule_revision()), before);
  EXPECT_EQ(must(topics_.find("dbs"))->updated_at, kNow + 1h);
  EXPECT_EQ(must(topics_.not_filed()).size(), 1U);
  must(topics_.set_posts(topic, {}, 0, kNow));
  EXPECT_TRUE(must(topics_.not_filed()).empty());
  topic.rule.reset();
  must(topics_.update(topic, kNow));
  EXPECT_EQ(must(topics_.get(id)).rule, std::nullopt);
  put({make("1", "one")});
  must(topics_.set_posts(must(topics_.get(id)), {1, 99}, 99, kNow));
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 1);
  must(topics_.set_posts(must(topics_.get(id)), {}, 0, kNow));
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 1) << "filed after the posts were looked at";
  must(topics_.set_posts(must(topics_.get(id)), {}, 1, kNow));
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 0);
  // Another process began to file by the rule of before, and is late.
  const auto old = must(topics_.get(id));
  topic.rule = "one";
  must(topics_.update(topic, kNow));
  must(topics_.set_posts(topic, {1}, 1, kNow));
  must(topics_.set_posts(old, {}, 1, kNow));
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 1);
  topic.rule = "none";
  must(topics_.update(topic, kNow));
  must(topics_.set_posts(topic, {}, 1, kNow));
  topic.rule = "one";
  must(topics_.set_posts(topic, {1}, 1, kNow));
  EXPECT_EQ(must(topics_.counts()).at(0).posts, 0);
  const auto other = must(topics_.add({0, "Weather", "", {}, {}, {}}, kNow));
  const auto several = must(topics_.get(std::vector<std::int64_t>{other, 99, id}));
  ASSERT_EQ(several.size(), 2U);
  EXPECT_EQ(several[0].id, id);
  EXPECT_EQ(several[1].title, "Weather");
  must(topics_.remove(id));
  EXPECT_EQ(topics_.get(id).error().code(), Errc::not_found);
  EXPECT_EQ(topics_.remove(id).error().code(), Errc::not_found);
}

TEST_F(Posts, summaries_with_their_citations) {
  const auto topic = must(topics_.add({0, "A", "", "one", {}, {}}, kNow));
  put({make("1", "one"), make("2", "two")});
  SummaryRepository summaries(*client_);
  StoredSummary summary{0,          topic, "Text. [1]",    "extractive/1", 2,    kNow,
                        kNow - 24h, kNow,  "extractive/1", "abc",          "[]", "{}"};
  SummaryCitation citation{1, 14, {}};
  citation.post.id = 2;
  EXPECT_EQ(must(summaries.find_same(summary)), std::nullopt);
  const auto id = must(summaries.add(summary, std::span(&citation, 1)));
  EXPECT_EQ(must(summaries.find_same(summary))->id, id);
  const auto cited = must(summaries.citations(id));
  ASSERT_EQ(cited.size(), 1U);
  EXPECT_EQ(cited[0].said_by, 14);
  EXPECT_EQ(cited[0].post.content, "two");
  const auto read = must(summaries.get(id));
  EXPECT_EQ(read.content, "Text. [1]");
  EXPECT_EQ(read.period_start, kNow - 24h);
  summary.input_hash = "other";
  const auto second = must(summaries.add(summary, {}));
  EXPECT_EQ(must(summaries.list(topic, {}, 1)).at(0).id, second);
  EXPECT_EQ(must(summaries.list(topic, second, 10)).size(), 1U);
  EXPECT_EQ(must(summaries.list({}, {}, 10)).size(), 2U);
  summary.topic_id = 99;
  EXPECT_EQ(summaries.add(summary, {}).error().code(), Errc::conflict);
  EXPECT_EQ(must(summaries.list({}, {}, 10)).size(), 2U) << "all or nothing";
  must(summaries.remove(id));
  EXPECT_EQ(summaries.get(id).error().code(), Errc::not_found);
}

TEST_F(Posts, what_many_posts_have_is_found_newest_first_page_by_page) {
  // More than a search sorts, in no order of time; the word "old" only in the older half.
  constexpr int kPosts = 6000;
  std::vector<FiledPost> batch;
  for (int i = 0; i < kPosts; ++i) {
    const int age = (i * 7919) % kPosts;
    const bool is_old = age >= kPosts / 12;
    batch.push_back(make("p" + std::to_string(age), is_old ? "common old" : "common",
                         kNow - std::chrono::minutes(age / 2)));  // two of each time
    if (batch.size() == 2000) {
      put(std::exchange(batch, {}));
    }
  }
  for (const std::string word : {"common", "old"}) {
    std::vector<std::pair<Timestamp, std::int64_t>> keys;
    std::optional<PageKey> after;
    std::size_t pages = 0;
    do {
      const auto page = must(posts_.search(word, SearchOrder::newest, {}, 700, after));
      for (const auto& post : page.posts) keys.emplace_back(post.created_at, post.id);
      EXPECT_TRUE(page.posts.size() == 700 || !page.next);
      after = page.next;
      ++pages;
    } while (after && pages < 20);
    EXPECT_EQ(keys.size(), word == "old" ? kPosts - kPosts / 12 : kPosts);
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(), std::greater<>()));
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
  }
  PostFilter filter;
  filter.until = kNow - std::chrono::minutes(100);
  filter.since = kNow - std::chrono::minutes(110);
  EXPECT_EQ(must(posts_.search("common", SearchOrder::newest, filter, 100)).posts.size(), 20U);
  filter.author = "nobody";
  EXPECT_TRUE(must(posts_.search("common", SearchOrder::newest, filter, 100)).posts.empty());
  // Behind very many others that lack the word.
  const auto before = ids_of(must(posts_.search("common", SearchOrder::newest, {}, 10)));
  must(client_->execute(with_physical_names(
      "INSERT INTO {posts} (external_id, content, author, author_username, platform, created_at, fetched_at, url) "
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50100) "
      "SELECT 'f' || i, 'filler', '', '', 'x', '2026-09-01 00:00:00', '2026-09-01 00:00:00', '' FROM n")));
  EXPECT_EQ(ids_of(must(posts_.search("common", SearchOrder::newest, {}, 10))), before);
}

}  // namespace
}  // namespace offx::store
