#include "store/today.h"

#include <string>
#include <unordered_map>

#include <boost/json.hpp>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

using db::Statement;

/// Gives the posts of all citations what belongs to them.
void add_links(std::span<ShownSummary> summaries, const db::QueryResult& media, const db::QueryResult& labels) {
  std::vector<Post> posts;
  for (auto& shown : summaries) {
    for (auto& citation : shown.citations) posts.push_back(std::move(citation.post));
  }
  std::vector<PostLinks> links(posts.size());
  tie_links(posts, links, media, labels);
  std::size_t next = 0;
  for (auto& shown : summaries) {
    for (auto& citation : shown.citations) {
      citation.post = std::move(posts[next]);
      shown.links.push_back(std::move(links[next]));
      ++next;
    }
  }
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
  for (std::size_t i = 0; i < results[1].rows(); ++i) shown.citations.push_back(row_to_citation(results[1].row(i)));
  add_links(std::span(&shown, 1), results[2], results[3]);
  return shown;
}

namespace {

std::string spans_json(std::span<const HourSpan> spans) {
  boost::json::array array;
  for (const auto& span : spans) array.push_back(boost::json::array{hour_text(span.from), hour_text(span.to)});
  return boost::json::serialize(array);
}

}  // namespace

Result<std::vector<TopicToday>> read_today(db::DatabaseClient& client, std::int64_t user_id,
                                           std::span<const HourSpan> spans, Timestamp new_since) {
  const Statement statements[] = {
      {sql(Query::topic_list), {std::int64_t{0}, std::int64_t{1'000'000}}},
      {sql(Query::topic_volume_by_span), {spans_json(spans)}},
      {sql(Query::posts_new_of_topics), {to_sql_time(new_since), hour_text(new_since + std::chrono::hours(1))}},
      {sql(Query::topic_marks_of_user), {user_id}},
      {sql(Query::summarizations_newest), {}},
      {sql(Query::summarization_posts_of_newest), {}},
      {sql(Query::summarization_media_of_newest), {}},
      {sql(Query::summarization_labels_of_newest), {}}};
  OFFX_ASSIGN(const auto results, client.batch(statements, db::Mode::read));

  std::vector<TopicToday> today;
  std::unordered_map<std::int64_t, std::size_t> place_of;
  for (std::size_t i = 0; i < results[0].rows(); ++i) {
    auto& entry = today.emplace_back();
    entry.topic = row_to_topic(results[0].row(i));
    entry.spans.resize(spans.size());
    place_of.emplace(entry.topic.id, i);
  }
  // Nothing if it is not there: a replica may receive a topic between two statements, and marks may be left of one that
  // another program removed.
  const auto of = [&](const db::Value& topic_id) {
    const auto place = place_of.find(db::to_integer(topic_id));
    return place == place_of.end() ? nullptr : &today[place->second];
  };
  for (std::size_t i = 0; i < results[1].rows(); ++i) {
    const auto row = results[1].row(i);
    auto* const entry = of(row[0]);
    if (entry == nullptr) continue;
    auto& span = entry->spans.at(static_cast<std::size_t>(db::to_integer(row[1])));
    span.posts = db::to_integer(row[2]);
    span.mood.posts = db::to_integer(row[3]);
    span.mood.score_sum = db::to_real(row[4]);
  }
  for (std::size_t i = 0; i < results[2].rows(); ++i) {
    const auto row = results[2].row(i);
    if (auto* const entry = of(row[0])) entry->new_posts = db::to_integer(row[1]);
  }
  for (std::size_t i = 0; i < results[3].rows(); ++i) {
    const auto row = results[3].row(i);
    if (auto* const entry = of(row[0])) entry->done_at = to_time(row[1]);
  }
  std::vector<ShownSummary> summaries;
  std::unordered_map<std::int64_t, std::size_t> summary_of;
  for (std::size_t i = 0; i < results[4].rows(); ++i) {
    summaries.push_back({row_to_summary(results[4].row(i)), {}, {}});
    summary_of.emplace(summaries.back().summary.id, i);
  }
  for (std::size_t i = 0; i < results[5].rows(); ++i) {
    const auto row = results[5].row(i);
    const auto place = summary_of.find(db::to_integer(row[0]));
    if (place != summary_of.end()) summaries[place->second].citations.push_back(row_to_citation(row.subspan(1)));
  }
  add_links(summaries, results[6], results[7]);
  for (auto& shown : summaries) {
    if (auto* const entry = of(shown.summary.topic_id)) entry->summary = std::move(shown);
  }
  return today;
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
