// A database whose n-th call fails, for n = 1, 2, … until nothing is left to fail: what was promised holds in between,
// and doing the same again ends as if nothing had happened.

#include <gtest/gtest.h>

#include "app/test_support.h"
#include "db/test_faults.h"
#include "pipeline/filer.h"
#include "pipeline/import.h"
#include "store/store.h"
#include "store/summaries.h"

namespace offx::app {
namespace {

using db::Fault;
using db::FaultyClient;

constexpr std::string_view kFirst =
    R"({"external_id":"1","content":"sqlite is small","platform":"x","created_at":"2026-03-01T08:00:00Z"}
{"external_id":"2","content":"postgres is large","platform":"x","created_at":"2026-03-01T09:00:00Z","media":["https://img.example/2.png"]}
{"external_id":"3","content":"cats are cats","platform":"rss","created_at":"2026-03-01T10:00:00Z"}
)";
constexpr std::string_view kSecond =
    R"({"external_id":"1","content":"now about a cat","platform":"x","created_at":"2026-03-01T08:00:00Z"}
{"external_id":"4","content":"one more of sqlite","platform":"x","created_at":"2026-03-01T11:00:00Z"}
{"external_id":"2","content":"postgres is large","platform":"x","created_at":"2026-03-01T09:00:00Z","media":["https://img.example/3.png"]}
)";

Result<void> have_topic(db::DatabaseClient& client, const std::string& title, const std::string& rule) {
  const FixedClock clock;
  store::TopicRepository topics(client);
  OFFX_ASSIGN(auto topic, topics.find(title));
  if (!topic) {
    topic.emplace();
    topic->title = title;
    topic->rule = rule;
    OFFX_ASSIGN(topic->id, topics.add(*topic, clock.now()));
  } else {
    topic->rule = rule;
    OFFX_TRY(topics.update(*topic, clock.now()));
  }
  OFFX_TRY(pipeline::file_stored_posts(client, *topic, clock, {}));
  return {};
}

Result<void> import_text(db::DatabaseClient& client, std::string_view text) {
  const FixedClock clock;
  pipeline::ImportOptions options;
  options.read.clock = &clock;
  OFFX_ASSIGN(auto imported, pipeline::import_posts(client, {.name = "posts.jsonl", .bytes = text}, options, {}));
  if (imported.failure) return fail(std::move(*imported.failure));
  return {};
}

/// The work that is disturbed. Done again from its beginning it ends the same.
Result<void> work(db::DatabaseClient& client) {
  const FixedClock clock;
  OFFX_TRY(store::initialise(client));
  OFFX_TRY(have_topic(client, "Databases", "sqlite OR postgres"));
  OFFX_TRY(import_text(client, kFirst));
  OFFX_TRY(client.execute(
      store::with_physical_names("INSERT INTO {posts} (external_id, content, platform, created_at, fetched_at) VALUES "
                                 "('other', 'sqlite by others', "
                                 "'x', '2026-03-01T12:00:00.000Z', '2026-03-01 12:00:00') "
                                 "ON CONFLICT (external_id, platform) DO UPDATE SET content = excluded.content")));
  OFFX_TRY(have_topic(client, "Cats", "cat OR cats"));
  OFFX_TRY(pipeline::file_unfiled_posts(client, clock, {}));
  OFFX_TRY(have_topic(client, "Databases", "sqlite -others"));
  OFFX_TRY(import_text(client, kSecond));
  OFFX_TRY(pipeline::file_unfiled_posts(client, clock, {}));
  return {};
}

std::vector<std::string> state_of(db::DatabaseClient& client) {
  std::vector<std::string> state;
  const auto add = [&](std::vector<std::string> lines) {
    state.insert(state.end(), lines.begin(), lines.end());
    state.emplace_back("--");
  };
  add(must(lines_of(client, "SELECT external_id, platform, content, created_at FROM {posts} ORDER BY 1, 2")));
  add(must(lines_of(client,
                    "SELECT p.external_id, m.media_url FROM {post_media} AS m JOIN {posts} AS p ON p.id = m.post_id "
                    "ORDER BY 1, 2")));
  add(must(lines_of(client,
                    "SELECT t.title, p.external_id FROM {topic_posts} AS l JOIN {topics} AS t ON t.id = "
                    "l.topic_id JOIN {posts} AS p ON p.id = l.post_id ORDER BY 1, 2")));
  add(must(lines_of(client,
                    "SELECT t.title, t.rule FROM {topics} AS t LEFT JOIN {topic_rules} AS r ON r.topic_id = "
                    "t.id ORDER BY 1")));
  add(must(lines_of(client, "SELECT count(*) FROM {unfiled_posts}")));
  for (const char* query : {"sqlite", "cat", "cats", "postgres", "small"}) add(must(found_by(client, query)));
  return state;
}

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, any_call_may_fail) {
  auto undisturbed = must(db::create_database_client(":memory:"));
  must(work(*undisturbed));
  const auto expected = state_of(*undisturbed);

  constexpr int kMost = 1000;
  int nth = 1;
  for (; nth < kMost; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    auto client = must(db::create_database_client(":memory:"));
    FaultyClient faulty(*client, GetParam(), nth, GetParam() == Fault::refused ? Errc::unavailable : Errc::timeout);
    const auto disturbed = work(faulty);
    if (!faulty.failed()) break;
    // A failure may be made good by doing the same again, or concern what ends by itself (a lease): then all is done.
    if (disturbed) {
      ASSERT_EQ(state_of(*client), expected) << "the failure was swallowed";
    }
    if (must(store::is_initialised(*client))) expect_consistent(*client);
    must(work(*client));
    expect_consistent(*client);
    ASSERT_EQ(state_of(*client), expected);
  }
  EXPECT_GT(nth, 30);
  EXPECT_LT(nth, kMost);
}

/// Every kind of write of the store, each a call that is repeated verbatim when its answer was lost.
struct NamedWrite {
  const char* name;
  Result<void> (*write)(db::DatabaseClient&);
};

template <class T>
Result<void> without_value(const Result<T>& result) {
  if (!result) return fail(result.error());
  return {};
}

store::FiledPost some_post(const std::string& id, const std::string& content) {
  store::FiledPost filed;
  filed.post.external_id = id;
  filed.post.content = content;
  filed.post.platform = "x";
  filed.post.created_at = filed.post.fetched_at = FixedClock().now();
  filed.post.media = {{.url = "https://img.example/" + id + ".png"}};
  filed.document.body = content;
  filed.topic_ids = {1};
  return filed;
}

const NamedWrite kWrites[] = {
    {"add_topic",
     [](db::DatabaseClient& client) {
       store::Topic topic;
       topic.title = "New";
       topic.rule = "new";
       return without_value(store::TopicRepository(client).add(topic, FixedClock().now()));
     }},
    {"edit_topic",
     [](db::DatabaseClient& client) -> Result<void> {
       store::TopicRepository topics(client);
       OFFX_ASSIGN(auto topic, topics.get(1));
       topic.rule = "edited";
       topic.color = "#000000";
       return topics.update(topic, FixedClock().now());
     }},
    {"set_posts",
     [](db::DatabaseClient& client) -> Result<void> {
       store::TopicRepository topics(client);
       OFFX_ASSIGN(auto topic, topics.get(1));
       return topics.set_posts(topic, {2}, 10, FixedClock().now());
     }},
    {"put_posts",
     [](db::DatabaseClient& client) {
       const store::FiledPost posts[] = {some_post("1", "sqlite, edited"), some_post("new", "sqlite, new")};
       return without_value(store::PostRepository(client).put(posts, {}));
     }},
    {"index_posts", [](db::DatabaseClient& client) { return pipeline::index_stored_posts(client, {}); }},
    {"file_posts",
     [](db::DatabaseClient& client) { return without_value(pipeline::file_unfiled_posts(client, FixedClock(), {})); }},
    {"add_summary",
     [](db::DatabaseClient& client) {
       store::StoredSummary summary;
       summary.topic_id = 1;
       summary.content = "A summary.";
       summary.engine = "test";
       summary.input_hash = "hash";
       summary.sentences_json = "[]";
       summary.created_at = FixedClock().now();
       store::SummaryCitation citation;
       citation.n = 1;
       citation.post.id = 1;
       return without_value(store::SummaryRepository(client).add(summary, std::span(&citation, 1)));
     }},
    {"add_import",
     [](db::DatabaseClient& client) {
       const auto now = FixedClock().now();
       return store::add_import(client, {now.time_since_epoch().count(), "posts.jsonl", "jsonl", now, now, 1, 0, 0, 0});
     }},
};

/// Everything the store holds, but what counts the times a thing was tried.
std::vector<std::string> all_rows(db::DatabaseClient& client) {
  std::vector<std::string> rows = state_of(client);
  for (const char* query :
       {"SELECT id, title, rule, is_active, color FROM {topics} ORDER BY 1",
        "SELECT topic_id, is_filed FROM {topic_rules} ORDER BY 1",
        "SELECT id, external_id, content FROM {posts} ORDER BY 1",
        "SELECT post_id, media_url FROM {post_media} ORDER BY 1, 2",
        "SELECT topic_id, post_id FROM {topic_posts} ORDER BY 1, 2",
        "SELECT topic_id, created_at, post_id FROM {topic_timeline} ORDER BY 1, 2, 3",
        "SELECT id, topic_id, content FROM {summarizations} ORDER BY 1",
        "SELECT summarization_id, engine, input_hash FROM {summarization_details} ORDER BY 1",
        "SELECT summarization_id, n, post_id FROM {summarization_posts} ORDER BY 1, 2",
        "SELECT id, source, posts_added FROM {imports} ORDER BY 1", "SELECT post_id FROM {unfiled_posts} ORDER BY 1"}) {
    auto lines = must(lines_of(client, query));
    rows.insert(rows.end(), lines.begin(), lines.end());
  }
  return rows;
}

class LostAnswers : public testing::TestWithParam<NamedWrite> {};

TEST_P(LostAnswers, the_same_call_again_changes_nothing_more) {
  const auto& write = GetParam().write;
  const auto prepared = [] {
    auto client = must(db::create_database_client(":memory:"));
    must(work(*client));
    return client;
  };
  auto undisturbed = prepared();
  must(write(*undisturbed));
  const auto expected = all_rows(*undisturbed);

  int nth = 1;
  for (;; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    auto client = prepared();
    FaultyClient faulty(*client, Fault::lost, nth, Errc::timeout);
    const auto lost = write(faulty);
    if (!faulty.failed()) break;
    EXPECT_FALSE(lost);
    must(write(*client));
    EXPECT_EQ(all_rows(*client), expected);
    // And once more, as if a caller had not trusted the answer.
    must(write(*client));
    EXPECT_EQ(all_rows(*client), expected);
  }
  EXPECT_GT(nth, 1);
}

INSTANTIATE_TEST_SUITE_P(Writes, LostAnswers, testing::ValuesIn(kWrites),
                         [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(Kinds, Faults, testing::Values(Fault::refused, Fault::lost),
                         [](const auto& tested) { return tested.param == Fault::refused ? "refused" : "lost"; });

}  // namespace
}  // namespace offx::app
