#pragma once

#include <span>
#include <string>
#include <string_view>

namespace offx::store {

/// A table by the name queries use and the name of its version in the database.
struct Table {
  std::string_view logical;
  std::string_view physical;
};

/// TABLES: the one registry. To change a table, write a migration in schema/migrations/ and name the new version here.
inline constexpr Table kTables[] = {
    {"topics", "topics_v2"},
    {"posts", "posts_v1"},
    {"post_media", "post_media_v1"},
    {"topic_posts", "topic_posts_v1"},
    {"summarizations", "summarizations_v1"},
    {"topic_rules", "topic_rules_v2"},
    {"post_details", "post_details_v1"},
    {"post_search", "post_search_v1"},
    {"unfiled_posts", "unfiled_posts_v1"},
    {"filing", "filing_v1"},
    {"topic_timeline", "topic_timeline_v1"},
    {"summarization_details", "summarization_details_v1"},
    {"summarization_posts", "summarization_posts_v1"},
    {"imports", "imports_v1"},
    {"jobs", "jobs_v1"},
    {"job_runs", "job_runs_v1"},
    {"topic_totals", "topic_totals_v1"},
    {"topic_volume", "topic_volume_v1"},
    {"topic_mood", "topic_mood_v1"},
    {"topic_marks", "topic_marks_v1"},
    {"visits", "visits_v1"},
    {"removed_posts", "removed_posts_v1"},
    {"users", "users_v1"},
    {"sessions", "sessions_v1"},
    {"api_tokens", "api_tokens_v1"},
    {"login_attempts", "login_attempts_v1"},
    {"settings", "settings_v1"},
    {"request_log", "request_log_v1"},
};

/// `sql` with every `{logical}` table name replaced by the physical one. A name that is not in TABLES is a mistake of
/// ours and ends the program.
[[nodiscard]] std::string with_physical_names(std::string_view sql, std::span<const Table> tables = kTables);

}  // namespace offx::store
