#include "store/store.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test_support.h"
#include "db/script.h"
#include "migrate/table.h"
#include "store/catalogue.h"
#include "store/posts.h"
#include "store/schema_files.h"
#include "store/summaries.h"
#include "store/tables.h"
#include "store/topics.h"

namespace offx::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string scalar(db::DatabaseClient& client, std::string_view sql, const db::Params& params = {}) {
  return db::to_text(must(client.execute(sql, params), std::string(sql).c_str()).row(0)[0]);
}

TEST(Schema, version_1_has_the_tables_columns_and_indexes_of_the_contract) {
  auto client = must(open(":memory:"));
  const std::map<std::string, std::string> columns = {
      {"topics_v1", "id,title,description,created_at,updated_at"},
      {"posts_v1", "id,external_id,content,author,author_username,platform,created_at,fetched_at,url"},
      {"post_media_v1", "id,post_id,media_url,media_type,alt_text,created_at"},
      {"topic_posts_v1", "topic_id,post_id,added_at"},
      {"summarizations_v1", "id,topic_id,content,prompt,post_count,created_at,time_period_start,time_period_end"}};
  for (const auto& [table, expected] : columns) {
    std::string names;
    for (const auto& column : must(migrate::get_table_columns(*client, table))) {
      names += (names.empty() ? "" : ",") + column.name;
    }
    EXPECT_EQ(names, expected) << table;
  }
  const std::map<std::string, std::string> indexes = {
      {"idx_posts_external_id", "posts_v1:external_id,platform"},
      {"idx_posts_author", "posts_v1:author"},
      {"idx_posts_created_at", "posts_v1:created_at"},
      {"idx_posts_platform", "posts_v1:platform"},
      {"idx_topic_posts_topic_id", "topic_posts_v1:topic_id"},
      {"idx_topic_posts_post_id", "topic_posts_v1:post_id"},
      {"idx_summarizations_topic_id", "summarizations_v1:topic_id"},
      {"idx_summarizations_created_at", "summarizations_v1:created_at"},
      {"idx_summarizations_time_period", "summarizations_v1:time_period_start,time_period_end"}};
  for (const auto& [index, expected] : indexes) {
    EXPECT_EQ(scalar(*client,
                     "SELECT s.tbl_name || ':' || (SELECT group_concat(name) FROM pragma_index_info(s.name)) "
                     "FROM sqlite_schema AS s WHERE s.name = ?",
                     {index}),
              expected);
  }
}

TEST(Schema, the_search_table_uses_the_tokenizer_its_documents_are_written_for) {
  auto client = must(open(":memory:"));
  EXPECT_THAT(scalar(*client, "SELECT sql FROM sqlite_schema WHERE name = ?", {with_physical_names("{post_search}")}),
              HasSubstr("\"" + std::string(text::kSearchTokenizer) + "\""));
}

TEST(Schema, no_trigger_needs_more_than_plain_sql_of_the_program_that_fires_it) {
  auto client = must(open(":memory:"));
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND instr(sql, ?) > 0",
                   {with_physical_names("{post_search}")}),
            "0");
}

TEST(Schema, every_statement_says_what_it_makes_and_registered_tables_exist) {
  auto client = must(open(":memory:"));
  for (const auto& file : schema_files()) {
    for (const auto statement : db::split_script(file.sql)) EXPECT_THAT(statement, HasSubstr("IF NOT EXISTS "));
  }
  for (const auto& table : kTables) {
    EXPECT_TRUE(must(migrate::table_exists(*client, table.physical))) << table.physical;
  }
}

TEST(Initialise, is_idempotent_and_can_be_left_to_the_user) {
  TemporaryFolder folder;
  setenv("OFFX_AUTO_INIT", "0", 1);
  const auto refused = open(folder / "a.db");
  unsetenv("OFFX_AUTO_INIT");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("offx db init"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.db"));

  auto client = must(db::create_database_client(folder / "a.db"));
  setenv("OFFX_AUTO_INIT", "0", 1);
  const auto refused_too = open(folder / "a.db");
  unsetenv("OFFX_AUTO_INIT");
  ASSERT_FALSE(refused_too.has_value());
  EXPECT_THAT(refused_too.error().message(), HasSubstr("offx db init"));
  EXPECT_FALSE(must(is_initialised(*client)));
  must(initialise(*client));
  EXPECT_TRUE(must(is_initialised(*client)));
  must(initialise(*client));
}

TEST(CompleteMigrations, those_this_release_began_are_left_to_the_next) {
  auto client = must(open(":memory:"));
  const auto done = must(complete_migrations(*client));
  EXPECT_TRUE(done.completed.empty());
  EXPECT_TRUE(done.refused.empty());
  EXPECT_TRUE(must(migrate::table_exists(*client, "topics_v1")));
}

TEST(CompleteMigrations, those_of_an_earlier_release_are_completed_unless_somebody_uses_the_old_tables) {
  // A ledger from before it noted who began a migration, and one that says so.
  for (const std::string_view before :
       {"DELETE FROM offx_migration_programs", "UPDATE offx_migration_programs SET program = '0.1.9'"}) {
    auto client = must(open(":memory:"));
    TopicRepository topics(*client);
    const Topic topic{0, "Apples", "", "apple", {}, {}};
    must(topics.add(topic, *parse_time("2026-01-02")));
    must(client->execute(before));
    {
      const std::vector<std::string_view> old_tables = {"topics_v1"};
      const auto user = must(migrate::TableUse::announce(*client, "offx 0.1.0", old_tables));
      const auto refused = must(complete_migrations(*client));
      EXPECT_TRUE(refused.completed.empty());
      ASSERT_EQ(refused.refused.size(), 1U);
      EXPECT_THAT(refused.refused[0].second, HasSubstr("offx 0.1.0"));
      EXPECT_TRUE(must(migrate::table_exists(*client, "topics_v1")));
    }
    EXPECT_THAT(must(complete_migrations(*client)).completed, ElementsAre("topics_v2"));
    EXPECT_FALSE(must(migrate::table_exists(*client, "topics_v1")));
    EXPECT_TRUE(must(topics.find("apples")).has_value());
    EXPECT_TRUE(must(is_initialised(*client)));
    EXPECT_TRUE(must(complete_migrations(*client)).completed.empty());
  }
}

TEST(Initialise, many_processes_at_once_make_one_schema) {
  TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      auto client = open(folder / "a.db");
      if (!client) fprintf(stderr, "%s\n", client.error().to_string().c_str());
      _exit(client ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  auto client = must(open(folder / "a.db"));
  EXPECT_EQ(scalar(*client, "PRAGMA integrity_check"), "ok");
}

TEST(Times, are_stored_to_the_second) {
  auto client = must(open(":memory:"));
  const Timestamp moment = *parse_time("2026-01-02 10:00:00.789");
  TopicRepository topics(*client);
  PostRepository posts(*client);
  SummaryRepository summaries(*client);
  const Topic topic{must(topics.add({0, "Apples", "", "apple", {}, {}}, moment)), "Apples", "", "plum", {}, {}};
  must(topics.update(topic, moment));
  FiledPost filed;
  filed.post.external_id = "1";
  filed.post.platform = "x";
  filed.post.created_at = moment - std::chrono::hours(1);
  filed.post.fetched_at = moment;
  filed.post.details.edited_at = moment;
  filed.post.media = {{"https://example.org/a.png", "image", {}}};
  filed.topic_ids = {topic.id};
  for (const std::uint64_t added : {1U, 0U}) {
    const auto counts = must(posts.put(std::span(&filed, 1), must(topics.rule_revision())));
    EXPECT_EQ(counts.added, added);
    EXPECT_EQ(counts.updated, 0U);
  }
  must(posts.file(std::vector<FiledPost>{{must(posts.get(1)), {}, {topic.id}}}, {}, moment));
  must(topics.set_posts(topic, {1}, 1, moment));
  StoredSummary summary;
  summary.topic_id = topic.id;
  summary.created_at = summary.period_start = summary.period_end = moment;
  must(summaries.add(summary, {}));
  must(add_import(*client, {1, "a", "jsonl", moment, moment, 1, 0, 0, 0}));

  std::size_t times = 0;
  for (const auto& table : kTables) {
    if (table.logical == "jobs" || table.logical == "job_runs") continue;  // to the millisecond: see jobs.h
    for (const auto& column : must(migrate::get_table_columns(*client, table.physical))) {
      if (!column.name.ends_with("_at") && !column.name.starts_with("time_period")) continue;
      const std::string query = "SELECT " + column.name + " FROM " + std::string(table.physical);
      const auto rows = must(client->execute(query));
      for (std::size_t i = 0; i < rows.rows(); ++i) {
        ++times;
        EXPECT_THAT(db::to_text(rows.row(i)[0]), testing::MatchesRegex("2026-01-02 ..:..:..")) << query;
      }
    }
  }
  EXPECT_GT(times, 10U);
  // Milliseconds tell two changes of a rule within one second apart.
  EXPECT_EQ(must(topics.rule_revision()).revision, moment.time_since_epoch().count() + 1);
}

TEST(Times, with_milliseconds_from_an_earlier_version_are_read_and_left_alone) {
  auto client = must(open(":memory:"));
  PostRepository posts(*client);
  std::vector<FiledPost> filed;
  for (const char* id : {"1", "2", "3"}) {
    FiledPost one;
    one.post.external_id = id;
    one.post.platform = "x";
    one.post.created_at = *parse_time("2026-01-02 10:00:00");
    one.post.fetched_at = *parse_time("2026-01-02 11:00:00");
    filed.push_back(one);
  }
  must(posts.put(filed, {}));
  must(client->execute("UPDATE posts_v1 SET created_at = created_at || '.' || (4 - id) || '00'"));

  std::string order;
  std::optional<PageKey> after;
  do {
    const auto page = must(posts.page({}, 1, after));
    for (const auto& post : page.posts) order += post.external_id;
    after = page.next;
  } while (after);
  EXPECT_EQ(order, "123") << "newest first, none twice, none left out";

  for (auto& one : filed) one.post.created_at += std::chrono::milliseconds(50);
  EXPECT_EQ(must(posts.put(filed, {})).unchanged, 3U);
}

TEST(Catalogue, every_statement_runs_with_its_sample_and_is_what_it_says) {
  auto client = must(open(":memory:"));
  TopicRepository topics(*client);
  must(topics.add({0, "Existing", "", "word", {}, {}}, Timestamp{}));
  for (const auto& query : catalogue()) {
    auto result = client->execute(sql(query.query), db::Params(query.sample));
    // Of the run of the sample there is none, and the guard's is to refuse that.
    const bool refuses = query.query == Query::job_run_guard;
    EXPECT_EQ(result.has_value(), !refuses) << query.name << ": " << (result ? "" : result.error().to_string());
    if (!query.writes && result) {
      EXPECT_EQ(result->rows_affected(), 0) << query.name;
    }
    EXPECT_THAT(std::string(query.logical_sql), testing::Not(HasSubstr("_v1"))) << query.name << " names a version";
    EXPECT_THAT(std::string(query.logical_sql), testing::Not(HasSubstr("CURRENT_"))) << query.name;
    EXPECT_THAT(std::string(query.logical_sql), testing::Not(HasSubstr("random"))) << query.name;
  }
}

/// A database as the first OffX left it: the five tables, some with its habits, no triggers.
void make_first_offx_database(const std::string& path, bool unique) {
  auto client = must(db::create_database_client(path));
  for (const std::string& statement : {
           std::string(
               "CREATE TABLE topics_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT, "
               "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"),
           std::string("CREATE TABLE posts_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT, content TEXT, "
                       "author TEXT, "
                       "author_username TEXT, platform TEXT, created_at TIMESTAMP, fetched_at TIMESTAMP DEFAULT "
                       "CURRENT_TIMESTAMP, url TEXT") +
               (unique ? ", UNIQUE(platform, external_id))" : ")"),
           std::string("CREATE INDEX idx_posts_external_id ON posts_v1(external_id)"),
           std::string(
               "CREATE TABLE post_media_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, post_id INTEGER, media_url TEXT, "
               "media_type TEXT, alt_text TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
               "FOREIGN KEY (post_id) REFERENCES posts_v1(id))"),
           std::string(
               "CREATE TABLE topic_posts_v1 (topic_id INTEGER, post_id INTEGER, added_at TIMESTAMP DEFAULT "
               "CURRENT_TIMESTAMP, PRIMARY KEY (topic_id, post_id), FOREIGN KEY (topic_id) REFERENCES topics_v1(id), "
               "FOREIGN KEY (post_id) REFERENCES posts_v1(id))"),
           std::string(
               "CREATE TABLE summarizations_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, topic_id INTEGER, content TEXT, "
               "prompt TEXT, post_count INTEGER, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
               "time_period_start TIMESTAMP, time_period_end TIMESTAMP, "
               "FOREIGN KEY (topic_id) REFERENCES topics_v1(id))"),
           std::string("INSERT INTO topics_v1 (title) VALUES ('databases')"),
           std::string("INSERT INTO posts_v1 (external_id, content, author, platform, created_at) VALUES "
                       "('1', 'first', NULL, 'twitter', '2026-01-02T10:00:00.000Z'), "
                       "('2', 'second', 'Ann', 'twitter', '2026-01-02 11:00:00'), "
                       "('3', 'third', 'Ann', 'twitter', '2026-01-02T13:30:00+01:00'), "
                       "('4', 'undated', 'Ann', 'twitter', 'last week'), (NULL, 'nameless', NULL, NULL, NULL)"),
           std::string("INSERT INTO post_media_v1 (post_id, media_url) VALUES (1, 'https://example.org/a.png')"),
           std::string("INSERT INTO topic_posts_v1 (topic_id, post_id) VALUES (1, 1), (1, 3)"),
           std::string("INSERT INTO summarizations_v1 (topic_id, content, post_count, time_period_start, "
                       "time_period_end) VALUES "
                       "(1, 'Old summary', 2, '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z')"),
       }) {
    must(client->execute(statement), statement.c_str());
  }
}

TEST(FirstOffx, its_database_opens_and_works_as_it_is) {
  for (const bool unique : {true, false}) {
    TemporaryFolder folder;
    make_first_offx_database(folder / "a.db", unique);
    auto client = must(open(folder / "a.db"));
    PostRepository posts(*client);
    TopicRepository topics(*client);
    SummaryRepository summaries(*client);

    EXPECT_EQ(must(topics.list()).at(0).title, "databases");
    const auto old = must(summaries.list(1, {}, 1)).at(0);
    EXPECT_EQ(old.content, "Old summary");
    EXPECT_EQ(to_sql_time(old.period_start), "2026-01-02 00:00:00");

    std::vector<FiledPost> filed;
    for (auto& post : must(posts.unfiled(100))) filed.push_back({std::move(post), {}, {}});
    ASSERT_EQ(filed.size(), 5U);
    EXPECT_EQ(filed[0].post.media.size(), 1U);
    must(posts.file(filed, {}, Timestamp{}));
    EXPECT_TRUE(must(posts.unfiled(100)).empty());

    std::string order;
    PostFilter of_2026;
    of_2026.since = parse_time("2026-01-01");
    of_2026.until = parse_time("2027-01-01");
    for (const auto& post : must(posts.page(of_2026, 10)).posts) order += post.external_id;
    EXPECT_EQ(order, "321") << "by time, whatever form it was written in";
    EXPECT_EQ(scalar(*client, "SELECT created_at FROM posts_v1 WHERE external_id = '4'"), "last week") << "left alone";

    PostFilter of_topic;
    of_topic.topic_id = 1;
    EXPECT_EQ(must(posts.page(of_topic, 10)).posts.size(), 2U) << "filed by hand: stays without a rule";

    FiledPost again;
    again.post.external_id = "1";
    again.post.platform = "twitter";
    again.post.content = "first, edited";
    again.post.created_at = *parse_time("2026-01-02T10:00:00Z");
    const auto counts = must(posts.put(std::span(&again, 1), {}));
    EXPECT_EQ(counts.updated, 1U);
    EXPECT_EQ(scalar(*client, "SELECT count(*) FROM posts_v1"), "5");
    must(posts.remove(1, Timestamp()));
    must(topics.remove(1));
  }
}

TEST(FirstOffx, its_tables_may_refuse_null) {
  TemporaryFolder folder;
  {
    auto client = must(db::create_database_client(folder / "a.db"));
    for (const std::string_view statement :
         {"CREATE TABLE topics_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT NOT "
          "NULL, "
          "created_at TEXT NOT NULL, updated_at TEXT NOT NULL)",
          "CREATE TABLE posts_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL, content TEXT NOT "
          "NULL, "
          "author TEXT NOT NULL, author_username TEXT NOT NULL, platform TEXT NOT NULL, created_at TEXT NOT NULL, "
          "fetched_at TEXT NOT NULL, url TEXT NOT NULL)",
          "CREATE TABLE post_media_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, post_id INTEGER NOT NULL, "
          "media_url TEXT NOT NULL, media_type TEXT NOT NULL, alt_text TEXT, created_at TEXT NOT NULL)"}) {
      must(client->execute(statement));
    }
  }
  auto client = must(open(folder / "a.db"));
  FiledPost filed;
  filed.post.external_id = "1";
  filed.post.platform = "x";
  filed.post.media = {{"https://example.org/a", "", {}}};
  PostRepository posts(*client);
  EXPECT_EQ(must(posts.put(std::span(&filed, 1), {})).added, 1U);
  filed.post.content = "edited";
  EXPECT_EQ(must(posts.put(std::span(&filed, 1), {})).updated, 1U);
  TopicRepository topics(*client);
  const auto id = must(topics.add({0, "Apples", "", "apple", {}, {}}, Timestamp{}));
  must(topics.update({id, "Pears", "", "pear", {}, {}}, Timestamp{}));
}

TEST(FirstOffx, posts_it_writes_beside_us_are_noted_as_unfiled) {
  TemporaryFolder folder;
  auto client = must(open(folder / "a.db"));
  PostRepository posts(*client);
  must(
      client->execute("INSERT INTO posts_v1 (external_id, content, platform, created_at, fetched_at) VALUES "
                      "('1', 'a', 'x', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"));
  auto unfiled = must(posts.unfiled(10));
  ASSERT_EQ(unfiled.size(), 1U);
  std::vector<FiledPost> filed = {{unfiled[0], {"a", ""}, {}}};
  must(posts.file(filed, {}, Timestamp{}));
  EXPECT_TRUE(must(posts.unfiled(10)).empty());
  must(client->execute("UPDATE posts_v1 SET content = 'b'"));
  EXPECT_EQ(must(posts.unfiled(10)).size(), 1U);
}

}  // namespace
}  // namespace offx::store
