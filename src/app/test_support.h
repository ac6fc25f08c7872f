#pragma once

#include <string>
#include <vector>

#include "base/test_support.h"
#include "db/client.h"
#include "pipeline/filer.h"
#include "store/posts.h"
#include "store/tables.h"
#include "topics/matcher.h"
#include "topics/rule.h"
#include "topics/search_query.h"

namespace offx::app {

/// 2026-08-22 12:00:00.
class FixedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return *parse_time("2026-08-22 12:00:00"); }
};

/// Each row as one line: its values with a blank between them, `NULL`, and `""` for an empty text.
inline Result<std::vector<std::string>> lines_of(db::DatabaseClient& client, const std::string& logical_sql) {
  const std::string sql = store::with_physical_names(logical_sql);
  OFFX_ASSIGN(const auto rows, client.execute(sql));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::string line;
    for (const auto& value : rows.row(i)) {
      const std::string text = db::is_null(value) ? "NULL" : db::to_text(value);
      line += (line.empty() ? "" : " ") + (text.empty() ? "\"\"" : text);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// External ids of the posts a search finds, newest first, then the ones stored later.
inline Result<std::vector<std::string>> found_by(db::DatabaseClient& client, const std::string& query) {
  const auto parsed = topics::parse_query(query);
  if (!parsed) return fail(parsed.error().to_error());
  const auto compiled = topics::compile_search_query(*parsed);
  const topics::TopicRule rule{1, *parsed};
  const topics::Matcher matcher(std::span(&rule, 1), text::NormalForm::search);
  topics::MatchScratch scratch;
  store::PostRepository posts(client);
  auto page = compiled.match.empty() ? posts.page({}, 1000)
                                     : posts.search(compiled.match, store::SearchOrder::newest, {}, 1000);
  if (!page) return fail(std::move(page).error());
  std::vector<std::string> ids;
  for (const auto& post : page->posts) {
    if (compiled.verify && matcher.match(post, scratch).empty()) continue;
    ids.push_back(post.external_id);
  }
  return ids;
}

/// What must hold of a database at any moment, whatever failed before.
inline void expect_consistent(db::DatabaseClient& client) {
  const auto expect_none = [&](const char* what, const std::string& sql) {
    const auto lines = must(lines_of(client, sql), what);
    EXPECT_TRUE(lines.empty()) << what << ": " << lines.front();
  };
  expect_none("rows that refer to nothing", "SELECT * FROM pragma_foreign_key_check");
  expect_none("a filing mark outside a transaction", "SELECT id FROM {filing}");
  expect_none("a link that the timeline lacks",
              "SELECT l.topic_id, l.post_id FROM {topic_posts} AS l JOIN {posts} AS p ON p.id = l.post_id "
              "EXCEPT SELECT topic_id, post_id FROM {topic_timeline}");
  expect_none("a timeline entry without its link or at another time",
              "SELECT topic_id, post_id, created_at FROM {topic_timeline} EXCEPT SELECT l.topic_id, l.post_id, "
              "p.created_at FROM {topic_posts} AS l JOIN {posts} AS p ON p.id = l.post_id");
  expect_none("an hour that counts other posts than the timeline has",
              "SELECT topic_id, hour, posts FROM {topic_volume} WHERE posts <> 0 EXCEPT SELECT topic_id, "
              "substr(created_at, 1, 13) AS h, count(*) FROM {topic_timeline} GROUP BY topic_id, h");
  expect_none("posts of the timeline that no hour counts",
              "SELECT topic_id, substr(created_at, 1, 13) AS h, count(*) FROM {topic_timeline} GROUP BY topic_id, h "
              "EXCEPT SELECT topic_id, hour, posts FROM {topic_volume}");
  expect_none("a topic that counts other posts than the timeline has",
              "SELECT topic_id, posts FROM {topic_totals} WHERE posts <> 0 EXCEPT SELECT topic_id, count(*) FROM "
              "{topic_timeline} GROUP BY topic_id");
  expect_none("a post that is neither searchable nor noted as unfiled",
              "SELECT id FROM {posts} EXCEPT SELECT rowid FROM {post_search} EXCEPT SELECT post_id FROM "
              "{unfiled_posts}");
  must(lines_of(client, "INSERT INTO {post_search} ({post_search}) VALUES ('integrity-check')"), "full-text index");
}

}  // namespace offx::app
