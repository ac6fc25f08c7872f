#include "store/topics.h"

#include <algorithm>

#include "store/catalogue.h"
#include "store/rows.h"
#include "text/clean.h"

namespace offx::store {
namespace {

db::Value rule_of(const Topic& topic) { return topic.rule ? db::Value{*topic.rule} : db::Value{}; }

std::string no_topic(std::int64_t id) { return "there is no topic " + std::to_string(id); }

}  // namespace

Topic row_to_topic(std::span<const db::Value> row) {
  Topic topic;
  topic.id = db::to_integer(row[0]);
  topic.title = db::to_text(row[1]);
  topic.description = db::to_text(row[2]);
  topic.created_at = to_time(row[3]);
  topic.updated_at = to_time(row[4]);
  if (!db::is_null(row[5])) topic.rule = db::to_text(row[5]);
  topic.is_active = db::to_integer(row[6]) != 0;
  topic.color = db::to_text(row[7]);
  return topic;
}

bool is_color(std::string_view text) noexcept {
  return text.size() == 7 && text[0] == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

Result<void> check_title(std::string_view title) {
  const auto wrong = [](std::string message) {
    return fail(Error(Errc::invalid_argument, std::move(message)).within("title"));
  };
  if (title.find_first_not_of(" \t\r\n") == std::string_view::npos) return wrong("a topic needs a title");
  if (!text::is_one_line(title)) return wrong("may not have line breaks or other control characters");
  const auto begins_char = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  const auto chars = static_cast<std::size_t>(std::count_if(title.begin(), title.end(), begins_char));
  if (chars <= kTitleCharsMax) return {};
  return wrong("has " + std::to_string(chars) + " characters, more than the " + std::to_string(kTitleCharsMax) +
               " it may have: shorten it");
}

Result<void> TopicRepository::title_is_free(const Topic& topic) {
  OFFX_ASSIGN(const auto same, find(topic.title));
  if (same && same->id != topic.id) {
    return fail(Errc::conflict, "topic " + std::to_string(same->id) + " has the title \"" + same->title +
                                    "\" already; edit it, or choose another title");
  }
  return {};
}

Result<std::int64_t> TopicRepository::add(const Topic& topic, Timestamp now) {
  OFFX_TRY(check_title(topic.title));
  const db::Value time = stored_time(now);
  OFFX_ASSIGN(const auto same, find(topic.title));
  const bool is_this = same && same->title == topic.title && same->description == topic.description &&
                       same->rule == topic.rule && same->is_active == topic.is_active && same->color == topic.color &&
                       stored_time(same->created_at) == time;
  if (is_this) return same->id;
  OFFX_TRY(title_is_free(topic));
  std::vector<db::Statement> statements;
  statements.push_back(
      {sql(Query::topic_insert),
       {topic.title, topic.description, rule_of(topic), std::int64_t{topic.is_active}, topic.color, time}});
  if (topic.rule) {
    statements.push_back({sql(Query::topic_rule_put), {db::Value{}, time, now.time_since_epoch().count()}});
  }
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  return results[0].last_insert_rowid().value_or(0);
}

Result<void> TopicRepository::update(const Topic& topic, Timestamp now) {
  OFFX_ASSIGN(const auto stored, get(topic.id));
  if (topic.title != stored.title) OFFX_TRY(check_title(topic.title));
  OFFX_TRY(title_is_free(topic));
  const db::Value time = stored_time(now);
  std::vector<db::Statement> statements;
  statements.push_back(
      {sql(Query::topic_update),
       {topic.id, topic.title, topic.description, rule_of(topic), std::int64_t{topic.is_active}, topic.color, time}});
  if (!topic.rule) {
    statements.push_back({sql(Query::topic_rule_delete), {topic.id}});
  } else if (topic.rule != stored.rule || topic.is_active != stored.is_active) {
    statements.push_back({sql(Query::topic_rule_put), {topic.id, time, now.time_since_epoch().count()}});
  }
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[0].rows_affected() == 0) return fail(Errc::not_found, no_topic(topic.id));
  return {};
}

Result<void> TopicRepository::remove(std::int64_t id) {
  OFFX_ASSIGN(const auto topic, get(id));
  // Explicitly, for tables of the first OffX whose foreign keys may not cascade.
  const std::vector<db::Statement> statements = {{sql(Query::topic_rule_delete), {topic.id}},
                                                 {sql(Query::post_links_of_topic_delete), {topic.id}},
                                                 {sql(Query::summarizations_of_topic_delete), {topic.id}},
                                                 {sql(Query::topic_marks_forget), {topic.id}},
                                                 {sql(Query::topic_mood_forget), {topic.id}},
                                                 {sql(Query::topic_volume_forget), {topic.id}},
                                                 {sql(Query::topic_total_forget), {topic.id}},
                                                 {sql(Query::topic_delete), {topic.id}}};
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

Result<Topic> TopicRepository::get(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_get), {id}));
  if (rows.rows() == 0) return fail(Errc::not_found, no_topic(id));
  return row_to_topic(rows.row(0));
}

Result<std::vector<Topic>> TopicRepository::get(const std::vector<std::int64_t>& ids) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_get_several), {to_json(ids)}));
  std::vector<Topic> topics;
  for (std::size_t i = 0; i < rows.rows(); ++i) topics.push_back(row_to_topic(rows.row(i)));
  return topics;
}

Result<std::optional<Topic>> TopicRepository::find(std::string_view title) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_find_by_title), {std::string(title)}));
  if (rows.rows() == 0) return std::optional<Topic>();
  return std::optional<Topic>(row_to_topic(rows.row(0)));
}

Result<std::vector<Topic>> TopicRepository::list(std::int64_t after_id, std::int64_t limit) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_list), {after_id, limit}));
  std::vector<Topic> topics;
  for (std::size_t i = 0; i < rows.rows(); ++i) topics.push_back(row_to_topic(rows.row(i)));
  return topics;
}

Result<std::vector<TopicCounts>> TopicRepository::counts(std::optional<std::int64_t> id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_totals_list), {id ? db::Value{*id} : db::Value{}}));
  std::vector<TopicCounts> counts;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    TopicCounts count{db::to_integer(row[0]), db::to_integer(row[1]), std::nullopt, db::to_integer(row[3]) != 0};
    if (!db::is_null(row[2])) count.last_summary_at = to_time(row[2]);
    counts.push_back(count);
  }
  return counts;
}

Result<RuleRevision> TopicRepository::rule_revision() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_rule_revision)));
  return RuleRevision{db::to_integer(rows.row(0)[0]), db::to_integer(rows.row(0)[1])};
}

Result<std::vector<Topic>> TopicRepository::not_filed() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::topic_rules_not_filed)));
  std::vector<Topic> topics;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    OFFX_ASSIGN(auto topic, get(db::to_integer(rows.row(i)[0])));
    topics.push_back(std::move(topic));
  }
  return topics;
}

Result<void> TopicRepository::set_posts(const Topic& topic, const std::vector<std::int64_t>& post_ids,
                                        std::int64_t up_to_id, Timestamp now) {
  const std::string ids = to_json(post_ids);
  const std::vector<db::Statement> statements = {
      {sql(Query::post_links_of_topic_delete_others), {topic.id, ids, up_to_id, rule_of(topic)}},
      {sql(Query::post_links_of_topic_put), {topic.id, ids, stored_time(now), rule_of(topic)}},
      {sql(Query::topic_rule_filed), {topic.id, rule_of(topic)}}};
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

}  // namespace offx::store
