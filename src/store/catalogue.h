#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "db/value.h"

namespace offx::store {

/// Every statement of OffX, by name. The text is in catalogue.cpp, in the same order.
enum class Query : std::uint8_t {
  schema_names,
  schema_unique_keys_of,
  posts_make_unique,
  unfiled_posts_note_all,
  topic_timeline_fill,
  topic_totals_fill,
  topic_volume_fill,

  topic_insert,
  topic_update,
  topic_delete,
  topic_get,
  topic_get_several,
  topic_find_by_title,
  topic_list,
  topic_rule_put,
  topic_rule_delete,
  topic_rule_revision,
  topic_rules_not_filed,
  topic_rule_filed,
  topic_totals_list,

  filing_begin,
  filing_end,
  posts_existing,
  posts_insert,
  post_update,
  post_details_put,
  post_media_insert,
  post_links_delete_stale,
  post_links_put,
  post_links_of_topic_delete,
  post_links_of_topic_delete_others,
  post_links_of_topic_put,
  post_unfiled_delete,
  post_unfiled_put,
  post_search_put,
  post_search_last,
  post_created_at_set,
  post_get,
  post_find,
  post_delete_links,
  post_delete_media,
  post_delete_search,
  post_delete,
  posts_page,
  posts_page_filtered,
  posts_page_of_topic,
  posts_page_of_ids,
  posts_candidates,
  posts_candidates_of_author,
  posts_candidates_with_media,
  posts_like,
  posts_unfiled_ids,
  posts_in_period_of_topic,
  posts_search_newest,
  posts_search_along_time,
  posts_time_further_back,
  posts_search_best,
  posts_after_id,
  posts_unfiled,
  posts_media_of,
  posts_labels_of,
  posts_count,
  posts_per_day,
  posts_per_day_of_topic,
  posts_count_by_platform,

  summarization_insert,
  summarization_details_insert,
  summarization_post_insert,
  summarization_find_same,
  summarization_get,
  summarization_posts,
  summarization_list,
  summarization_delete,
  summarizations_of_topic_delete,

  import_insert,
  import_latest,

  job_list,
  job_get,
  job_insert,
  job_find_same,
  job_update,
  job_delete,
  job_set_next_due,
  job_run_insert_due,
  job_run_insert,
  job_run_find_same,
  job_run_get,
  job_run_list,
  job_run_list_of_job,
  job_run_latest,
  job_run_cancel,
  job_runs_cancel_of_job,
  job_runs_leave_job,
  job_runs_delete_finished,
  job_run_claim,
  job_run_claimed,
  job_run_renew,
  job_run_finish,
  job_run_open,
  job_run_take_away,
  job_run_guard,
  posts_before,

  import_list,

  topic_volume_series,
  topic_volume_hours,
  topic_mood_sums,
  topic_volume_stale,
  topic_volume_forget,
  topic_total_forget,
  topic_totals_forget_orphans,
  topic_volume_forget_orphans,
  topic_mood_put,
  topic_mood_forget,
  topic_mood_forget_orphans,
  posts_texts_in_hour_of_topic,
  posts_new_of_topics,

  topic_mark_put,
  topic_mark_delete,
  topic_marks_forget,
  topic_marks_of_user,
  visit_put,
  visit_get,

  summarizations_newest,
  summarization_media,
  summarization_labels,

  removed_post_put,
  removed_posts_among,

  post_media_get,
  posts_by_platform,
  summarization_count,

  user_insert,
  user_insert_first,
  user_any,
  user_list,
  user_find,
  user_get,
  user_delete,
  user_sessions_delete,
  user_sessions_delete_leaving,
  user_tokens_delete,
  user_password_set,
  user_hash_renew,
  user_logged_in,
  session_insert,
  session_id,
  session_find,
  session_seen,
  session_list,
  session_delete,
  sessions_delete_expired,
  token_insert,
  token_id,
  token_find,
  token_used,
  token_list,
  token_delete,
  login_attempt_insert,
  login_attempts_from,
  login_attempt_oldest,
  login_attempts_forget,
  login_attempts_delete_before,
  setting_list,
  setting_get,
  setting_put,
  request_log_insert,
  request_log_list,
  request_log_trim,

  posts_newest,
  job_runs_asked_since,

  count_,
};

/// A statement as it stands in the catalogue.
struct QueryDefinition {
  Query query;
  std::string_view name;          ///< for logs and reports: `posts.page`
  std::string_view logical_sql;   ///< with {logical} table names
  std::vector<db::Value> sample;  ///< arguments it can be run with on any database
  bool writes;
};

/// The whole catalogue, for checks that replay it.
std::span<const QueryDefinition> catalogue();

/// Statements that are only run together, in one transaction: each alone would break what holds between their tables.
struct Batch {
  std::string_view name;
  std::vector<std::pair<Query, std::vector<db::Value>>> parts;  ///< arguments that fit together
};
std::span<const Batch> batches();

/// The statement with the names of the live table versions. Valid for ever.
[[nodiscard]] std::string_view sql(Query query);

}  // namespace offx::store
