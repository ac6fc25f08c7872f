#include "store/today.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

using db::Statement;

/// Adds posts by the hour, `2026-08-22 14=3,…`, to those of the span that each hour begins in.
void add_hours(std::string_view hours, std::span<const std::string> bounds, std::span<std::int64_t> posts) {
  while (!hours.empty()) {
    const auto hour = hours.substr(0, hours.find(','));
    hours.remove_prefix(std::min(hour.size() + 1, hours.size()));
    const auto equals = hour.rfind('=');
    std::int64_t count = 0;
    std::from_chars(hour.data() + equals + 1, hour.data() + hour.size(), count);
    const auto next = std::upper_bound(bounds.begin(), bounds.end(), hour.substr(0, equals));
    // What is no hour, as another program may have written, may be beyond.
    if (next != bounds.begin() && next != bounds.end()) {
      posts[static_cast<std::size_t>(next - bounds.begin()) - 1] += count;
    }
  }
}

// What servers bound is the size of an answer (sqld: 10 MB): of a topic the hours of two weeks are 5 KB, its newest
// summary and its rule some more.
constexpr std::int64_t kTopicsAtOnce = 250;

/// Adds the next of the topics by id to those that are there, in one round trip.
Result<void> read_page(db::DatabaseClient& client, std::int64_t user_id, const TodayTimes& times,
                       std::span<const std::string> bounds, std::vector<TopicToday>& today) {
  const std::int64_t after = today.empty() ? 0 : today.back().topic.id;
  const Statement statements[] = {
      {sql(Query::topic_list), {after, kTopicsAtOnce}},
      {sql(Query::topic_volume_hours), {bounds.front(), bounds.back(), after, kTopicsAtOnce}},
      {sql(Query::topic_mood_sums), {hour_text(times.mood_since), bounds.back(), after, kTopicsAtOnce}},
      {sql(Query::posts_new_of_topics),
       {to_sql_time(times.new_since), hour_text(times.new_since + std::chrono::hours(1)), after, kTopicsAtOnce}},
      {sql(Query::topic_marks_of_user), {user_id, after, kTopicsAtOnce}},
      {sql(Query::summarizations_newest), {after, kTopicsAtOnce}}};
  OFFX_ASSIGN(const auto results, client.batch(statements, db::Mode::read));

  std::unordered_map<std::int64_t, std::size_t> place_of;
  for (std::size_t i = 0; i < results[0].rows(); ++i) {
    auto& entry = today.emplace_back();
    entry.topic = row_to_topic(results[0].row(i));
    entry.posts.resize(bounds.size() - 1);
    place_of.emplace(entry.topic.id, today.size() - 1);
  }
  // Of topics that are not there nothing is kept: a replica may receive one between two statements, and marks may be
  // left of one that another program removed.
  const auto for_each = [&](const db::QueryResult& rows, std::size_t id_column, const auto& take) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const auto row = rows.row(i);
      const auto place = place_of.find(db::to_integer(row[id_column]));
      if (place != place_of.end()) take(today[place->second], row);
    }
  };
  using Row = std::span<const db::Value>;
  for_each(results[1], 0, [&](TopicToday& entry, Row row) { add_hours(db::to_text(row[1]), bounds, entry.posts); });
  for_each(results[2], 0, [](TopicToday& entry, Row row) {
    entry.mood = {.posts = db::to_integer(row[1]), .score_sum = db::to_real(row[2])};
  });
  for_each(results[3], 0, [](TopicToday& entry, Row row) { entry.new_posts = db::to_integer(row[1]); });
  for_each(results[4], 0, [](TopicToday& entry, Row row) { entry.done_at = to_time(row[1]); });
  for_each(results[5], 1, [](TopicToday& entry, Row row) { entry.summary = row_to_summary(row); });
  return {};
}

}  // namespace

Result<ShownSummary> read_summary(db::DatabaseClient& client, std::int64_t id) {
  const Statement statements[] = {{sql(Query::summarization_get), {id}},
                                  {sql(Query::summarization_posts), {id}},
                                  {sql(Query::summarization_media), {id}},
                                  {sql(Query::summarization_labels), {id}}};
  OFFX_ASSIGN(const auto results, client.batch(statements, db::Mode::read));
  if (results[0].rows() == 0) return fail(Errc::not_found, "there is no summary " + std::to_string(id));
  ShownSummary shown{row_to_summary(results[0].row(0)), {}, {}};
  std::vector<Post> posts;
  for (std::size_t i = 0; i < results[1].rows(); ++i) {
    shown.citations.push_back(row_to_citation(results[1].row(i)));
    posts.push_back(std::move(shown.citations.back().post));
  }
  shown.links.resize(posts.size());
  tie_links(posts, shown.links, results[2], results[3]);
  for (std::size_t i = 0; i < posts.size(); ++i) shown.citations[i].post = std::move(posts[i]);
  return shown;
}

Result<std::vector<TopicToday>> read_today(db::DatabaseClient& client, std::int64_t user_id, const TodayTimes& times) {
  std::vector<std::string> bounds;
  for (const auto bound : times.bounds) bounds.push_back(hour_text(bound));
  std::vector<TopicToday> today;
  for (std::size_t before = 0;; before = today.size()) {
    OFFX_TRY(read_page(client, user_id, times, bounds, today));
    if (today.size() < before + std::size_t{kTopicsAtOnce}) return today;
  }
}

Result<void> mark_visit(db::DatabaseClient& client, std::int64_t user_id, Timestamp now) {
  OFFX_TRY(client.execute(sql(Query::visit_put), {user_id, stored_time(now), stored_time(now - kVisitGap)}));
  return {};
}

Result<std::optional<Timestamp>> visit_before(db::DatabaseClient& client, std::int64_t user_id, Timestamp now) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::visit_get), {user_id}));
  if (rows.rows() == 0) return std::optional<Timestamp>();
  const auto row = rows.row(0);
  // The present visit may not be marked yet: then the last one that is, is the one before.
  if (to_time(row[0]) < now - kVisitGap) return std::optional(to_time(row[0]));
  if (db::is_null(row[1])) return std::optional<Timestamp>();
  return std::optional(to_time(row[1]));
}

Result<void> mark_done(db::DatabaseClient& client, std::int64_t user_id, std::int64_t topic_id, Timestamp now) {
  OFFX_ASSIGN(const auto result, client.execute(sql(Query::topic_mark_put), {user_id, topic_id, stored_time(now)}));
  if (result.rows_affected() == 0) return fail(Errc::not_found, "there is no topic " + std::to_string(topic_id));
  return {};
}

Result<void> unmark_done(db::DatabaseClient& client, std::int64_t user_id, std::int64_t topic_id) {
  OFFX_TRY(client.execute(sql(Query::topic_mark_delete), {user_id, topic_id}));
  return {};
}

}  // namespace offx::store
