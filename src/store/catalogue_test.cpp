#include "store/catalogue.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::store {
namespace {

/// Tables that grow with the posts, and what statements call them.
constexpr std::array<std::string_view, 9> kLarge = {
    "{posts}", "{post_details}", "{post_media}", "{topic_posts}", "{topic_timeline}", "{topic_volume}", "p", "l", "v"};

struct Allowed {
  std::string_view statement;
  std::string_view why;
};
/// Those that read a whole one all the same.
constexpr std::array<Allowed, 10> kReadAll = {{
    {"unfiled_posts.note_all", "takes over a database, once"},
    {"topic_timeline.fill", "likewise"},
    {"topic_totals.fill", "likewise"},
    {"topic_volume.fill", "likewise"},
    {"posts.count", "counts; the server gives such answers with their age"},
    {"posts.count_by_platform", "likewise"},
    {"posts.by_platform", "likewise; the times of a platform that is frequent are found at once"},
    {"post_media.candidates", "along an index, until it has enough"},
    {"topic_volume.delete_orphans", "a job's, every hour"},
    {"topic_posts.delete_others_of_topic", "of one topic"},
}};

bool reads_large_table(std::string_view step) {
  constexpr std::string_view kScan = "SCAN ";
  if (!step.starts_with(kScan) || step.find("VIRTUAL TABLE") != std::string_view::npos) return false;
  const auto name = step.substr(kScan.size(), step.find(' ', kScan.size()) - kScan.size());
  return std::any_of(kLarge.begin(), kLarge.end(),
                     [&](std::string_view large) { return with_physical_names(std::string(large)) == name; });
}

std::string large_reads(db::DatabaseClient& client) {
  std::string found;
  for (const auto& query : catalogue()) {
    const bool is_allowed = std::any_of(kReadAll.begin(), kReadAll.end(),
                                        [&](const Allowed& allowed) { return allowed.statement == query.name; });
    if (is_allowed || query.logical_sql.starts_with("CREATE")) continue;
    const auto plan = must(client.execute("EXPLAIN QUERY PLAN " + std::string(sql(query.query)), query.sample));
    for (std::size_t i = 0; i < plan.rows(); ++i) {
      const auto step = db::to_text(plan.row(i)[3]);
      if (reads_large_table(step)) found += std::string(query.name) + ": " + step + "\n";
    }
  }
  return found;
}

TEST(Catalogue, no_statement_reads_a_large_table_from_end_to_end) {
  const auto client = must(open(":memory:"));
  EXPECT_EQ(large_reads(*client), "");
}

TEST(Catalogue, nor_where_statistics_say_what_is_large) {
  const auto client = must(open(":memory:"));
  // As ANALYZE finds a million posts; of an empty table it says nothing.
  must(client->execute("ANALYZE"));
  for (const std::string_view row :
       {"('{posts}', 'idx_posts_created_at', '1000000 2')", "('{posts}', 'idx_posts_platform', '1000000 500000')",
        "('{posts}', 'idx_posts_external_id', '1000000 1 1')", "('{post_details}', NULL, '970000')",
        "('{topic_posts}', 'idx_topic_posts_post_id', '325000 2')",
        "('{topic_timeline}', 'idx_topic_timeline_post_id', '325000 2')", "('{topic_volume}', NULL, '275000')",
        "('{topics}', NULL, '1000')"}) {
    must(client->execute(with_physical_names("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES " + std::string(row))));
  }
  must(client->execute("ANALYZE sqlite_schema"));
  EXPECT_EQ(large_reads(*client), "");
}

}  // namespace
}  // namespace offx::store
