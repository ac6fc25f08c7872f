#include "store/catalogue.h"

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::store {
namespace {

using testing::IsEmpty;

/// Tables that grow with the posts.
constexpr std::array<std::string_view, 6> kLarge = {"{posts}",       "{post_details}",   "{post_media}",
                                                    "{topic_posts}", "{topic_timeline}", "{topic_volume}"};

struct Allowed {
  std::string_view statement;
  std::string_view why;
};
/// Those that read a whole one all the same.
constexpr std::array<Allowed, 9> kReadAll = {{
    {"unfiled_posts.note_all", "takes over a database, once"},
    {"topic_timeline.fill", "likewise"},
    {"topic_totals.fill", "likewise"},
    {"topic_volume.fill", "likewise"},
    {"posts.count", "counts; the server gives such answers with their age"},
    {"posts.count_by_platform", "likewise"},
    {"posts.by_platform", "likewise; the times of a platform that is frequent are found at once"},
    {"post_media.candidates", "along an index, until it has enough"},
    {"topic_volume.delete_orphans", "a job's, every hour"},
}};

/// What a plan of `logical_sql` calls its large tables: as the statement does, `{posts} AS p` or `{posts} p`, or by
/// name.
std::set<std::string> names_of_large_tables(std::string_view logical_sql) {
  std::set<std::string> names;
  for (const auto table : kLarge) {
    for (auto at = logical_sql.find(table); at != std::string_view::npos; at = logical_sql.find(table, at + 1)) {
      auto rest = logical_sql.substr(at + table.size());
      if (rest.starts_with(" AS ")) rest.remove_prefix(3);
      // Keywords are written in capitals.
      const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1);
      const auto alias = rest.starts_with(" ") ? rest.substr(1, end - 1) : "";
      names.insert(alias.empty() ? with_physical_names(std::string(table)) : std::string(alias));
    }
  }
  return names;
}

bool reads_one(const std::set<std::string>& names, std::string_view step) {
  constexpr std::string_view kScan = "SCAN ";
  if (!step.starts_with(kScan) || step.find("VIRTUAL TABLE") != std::string_view::npos) return false;
  return names.contains(std::string(step.substr(kScan.size(), step.find(' ', kScan.size()) - kScan.size())));
}

/// The steps of statements that read a large table from end to end, by the statement.
std::map<std::string_view, std::string> large_reads(db::DatabaseClient& client) {
  std::map<std::string_view, std::string> found;
  for (const auto& query : catalogue()) {
    if (query.logical_sql.starts_with("CREATE")) continue;
    const auto names = names_of_large_tables(query.logical_sql);
    const auto plan = must(client.execute("EXPLAIN QUERY PLAN " + std::string(sql(query.query)), query.sample));
    for (std::size_t i = 0; i < plan.rows(); ++i) {
      const auto step = db::to_text(plan.row(i)[3]);
      if (reads_one(names, step)) found[query.name] += std::string(step) + "\n";
    }
  }
  return found;
}

std::map<std::string_view, std::string> without_allowed(std::map<std::string_view, std::string> reads) {
  for (const auto& allowed : kReadAll) reads.erase(allowed.statement);
  return reads;
}

/// As ANALYZE finds a million posts; of an empty table it says nothing.
void tell_what_is_large(db::DatabaseClient& client) {
  must(client.execute("ANALYZE"));
  for (const std::string_view row :
       {"('{posts}', 'idx_posts_created_at', '1000000 2')", "('{posts}', 'idx_posts_platform', '1000000 500000')",
        "('{posts}', 'idx_posts_external_id', '1000000 1 1')", "('{post_details}', NULL, '970000')",
        "('{topic_posts}', 'idx_topic_posts_post_id', '325000 2')",
        "('{topic_timeline}', 'idx_topic_timeline_post_id', '325000 2')", "('{topic_volume}', NULL, '275000')",
        "('{topics}', NULL, '1000')"}) {
    must(client.execute(with_physical_names("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES " + std::string(row))));
  }
  must(client.execute("ANALYZE sqlite_schema"));
}

TEST(Catalogue, no_statement_reads_a_large_table_from_end_to_end) {
  const auto client = must(open(":memory:"));
  EXPECT_THAT(without_allowed(large_reads(*client)), IsEmpty());
}

TEST(Catalogue, nor_where_statistics_say_what_is_large) {
  const auto client = must(open(":memory:"));
  tell_what_is_large(*client);
  EXPECT_THAT(without_allowed(large_reads(*client)), IsEmpty());
}

TEST(Catalogue, those_that_may_read_one_do) {
  const auto client = must(open(":memory:"));
  auto reads = large_reads(*client);
  tell_what_is_large(*client);
  reads.merge(large_reads(*client));
  for (const auto& allowed : kReadAll) {
    EXPECT_TRUE(reads.contains(allowed.statement)) << allowed.statement << " is gone or has an index: take it off";
  }
}

}  // namespace
}  // namespace offx::store
