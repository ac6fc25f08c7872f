#include "store/volume.h"

#include <boost/json.hpp>

#include "store/catalogue.h"
#include "store/rows.h"

namespace offx::store {
namespace {

/// An hour as the tables write it; the epoch where some program wrote what is none.
Timestamp to_hour(const db::Value& value) { return parse_time(db::to_text(value) + ":00").value_or(Timestamp{}); }

std::string hours_json(std::span<const HourVolume> hours) {
  boost::json::array array;
  for (const auto& hour : hours) {
    array.push_back(
        boost::json::array{hour.topic_id, hour_text(hour.hour), hour_text(hour.hour + std::chrono::hours(1))});
  }
  return boost::json::serialize(array);
}

}  // namespace

std::string hour_text(Timestamp time) {
  return to_sql_time(std::chrono::floor<std::chrono::hours>(time)).substr(0, 13);
}

Result<std::vector<HourVolume>> VolumeRepository::series(std::int64_t topic_id, HourSpan span) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::topic_volume_series), {topic_id, hour_text(span.from), hour_text(span.to)}));
  std::vector<HourVolume> hours;
  hours.reserve(rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    HourVolume hour{topic_id, to_hour(row[0]), db::to_integer(row[1]), db::to_integer(row[2]), std::nullopt};
    if (!db::is_null(row[3])) {
      hour.mood = Mood{hour.posts, db::to_real(row[3]), db::to_integer(row[4]), db::to_integer(row[5])};
    }
    hours.push_back(std::move(hour));
  }
  return hours;
}

Result<std::vector<HourVolume>> VolumeRepository::without_mood(std::optional<std::int64_t> topic_id, Timestamp since,
                                                               std::size_t limit) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::topic_volume_stale), {topic_id ? db::Value{*topic_id} : db::Value{},
                                                               hour_text(since), static_cast<std::int64_t>(limit)}));
  std::vector<HourVolume> hours;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    // What is no hour stays without a mood.
    if (to_hour(row[1]) == Timestamp{}) continue;
    hours.push_back(
        {db::to_integer(row[0]), to_hour(row[1]), db::to_integer(row[2]), db::to_integer(row[3]), std::nullopt});
  }
  return hours;
}

Result<std::vector<std::pair<std::size_t, std::string>>> VolumeRepository::texts(std::span<const HourVolume> hours) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::posts_texts_in_hour_of_topic), {hours_json(hours)}));
  std::vector<std::pair<std::size_t, std::string>> texts;
  texts.reserve(rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    texts.emplace_back(static_cast<std::size_t>(db::to_integer(row[0])), db::to_text(row[1]));
  }
  return texts;
}

Result<void> VolumeRepository::put_moods(std::span<const HourVolume> hours) {
  std::vector<db::Statement> statements;
  for (const auto& hour : hours) {
    if (!hour.mood) continue;
    statements.push_back({sql(Query::topic_mood_put),
                          {hour.topic_id, hour_text(hour.hour), hour.posts, hour.revision, hour.mood->score_sum,
                           hour.mood->positive, hour.mood->negative}});
  }
  if (statements.empty()) return {};
  OFFX_TRY(client_.batch(statements, db::Mode::background));
  return {};
}

Result<void> VolumeRepository::forget_removed_topics() {
  const db::Statement statements[] = {{sql(Query::topic_mood_forget_orphans), {}},
                                      {sql(Query::topic_volume_forget_orphans), {}},
                                      {sql(Query::topic_totals_forget_orphans), {}}};
  OFFX_TRY(client_.batch(statements, db::Mode::background));
  return {};
}

}  // namespace offx::store
