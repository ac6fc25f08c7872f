#include "pipeline/series.h"

#include <algorithm>

#include "summary/sentiment.h"

namespace offx::pipeline {
namespace {

using namespace std::chrono;

/// What one request may add to its own work: some 50 ms.
constexpr std::uint64_t kMoodPostsMax = 5000;
/// Posts that are read at once; an hour may have more.
constexpr std::int64_t kMoodBatchPosts = 2000;
/// Hours that are looked for at once: looking reads all that are not known, whatever their number.
constexpr std::uint64_t kMoodBatchHours = 5000;

}  // namespace

std::optional<Interval> to_interval(std::string_view text) noexcept {
  for (const auto interval : {Interval::hour, Interval::day, Interval::week}) {
    if (to_string(interval) == text) return interval;
  }
  return std::nullopt;
}

std::string_view to_string(Interval interval) noexcept {
  switch (interval) {
    case Interval::hour: return "hour";
    case Interval::day: return "day";
    case Interval::week: return "week";
  }
  return "day";
}

Result<std::vector<Timestamp>> interval_bounds(Interval interval, Timestamp since, Timestamp until,
                                               const TimeZone& zone) {
  if (since >= until) return fail(Errc::invalid_argument, "the time ends before it begins");
  const auto too_many = [&] {
    return fail(Errc::invalid_argument, "the time has more than " + std::to_string(kPointsMax) + " intervals of " +
                                            (interval == Interval::hour ? "an " : "a ") +
                                            std::string(to_string(interval)) +
                                            "; ask for a shorter one, or for longer intervals");
  };
  // Far apart, hostile times would be walked through for long.
  if (until - since > days(7 * (kPointsMax + 2))) return too_many();
  std::vector<Timestamp> bounds;
  if (interval == Interval::hour) {
    for (Timestamp hour = floor<hours>(since); hour < until; hour += hours(1)) {
      if (bounds.size() == kPointsMax) return too_many();
      bounds.push_back(hour);
    }
    bounds.push_back(bounds.back() + hours(1));
    return bounds;
  }
  const auto step = days(interval == Interval::week ? 7 : 1);
  auto day = floor<days>(zone.to_local(since));
  if (interval == Interval::week) day -= weekday{day} - Monday;
  Timestamp bound = zone.to_utc(day);
  for (; bound < until; bound = zone.to_utc(day)) {
    if (bounds.size() == kPointsMax) return too_many();
    bounds.push_back(bound);
    day += step;
  }
  bounds.push_back(bound);
  return bounds;
}

Result<std::vector<SeriesPoint>> topic_series(db::DatabaseClient& client, std::int64_t topic_id, Interval interval,
                                              Timestamp since, Timestamp until, const TimeZone& zone) {
  OFFX_ASSIGN(const auto bounds, interval_bounds(interval, since, until, zone));
  store::VolumeRepository volume(client);
  const store::HourSpan span{bounds.front(), bounds.back()};
  OFFX_ASSIGN(auto hours, volume.series(topic_id, span));
  const bool all_known =
      std::all_of(hours.begin(), hours.end(), [](const auto& hour) { return hour.mood.has_value(); });
  if (!all_known) {
    const auto done = work_out_moods(client, topic_id, span.from, kMoodPostsMax);
    // Where nothing can be written now, as at a replica, what is known is shown.
    if (!done && !done.error().retryable()) return fail(done.error());
    if (done && *done > 0) {
      OFFX_ASSIGN(hours, volume.series(topic_id, span));
    }
  }
  std::vector<SeriesPoint> points;
  points.reserve(bounds.size() - 1);
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) points.push_back({bounds[i], 0, {}});
  for (const auto& hour : hours) {
    // An hour belongs to the interval it begins in; the first one may begin before all of them.
    const auto next = std::upper_bound(bounds.begin(), bounds.end(), hour.hour);
    const auto place = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, next - bounds.begin() - 1));
    auto& point = points[std::min(place, points.size() - 1)];
    point.posts += hour.posts;
    if (!hour.mood) continue;
    point.mood.posts += hour.mood->posts;
    point.mood.score_sum += hour.mood->score_sum;
    point.mood.positive += hour.mood->positive;
    point.mood.negative += hour.mood->negative;
  }
  return points;
}

Result<std::uint64_t> work_out_moods(db::DatabaseClient& client, std::optional<std::int64_t> topic_id, Timestamp since,
                                     std::uint64_t posts_max, const db::Progress& progress) {
  store::VolumeRepository volume(client);
  const auto batch_hours = static_cast<std::size_t>(std::min(posts_max, kMoodBatchHours));  // none is without posts
  std::uint64_t done = 0;
  while (done < posts_max) {
    OFFX_ASSIGN(const auto unknown, volume.without_mood(topic_id, since, batch_hours));
    if (unknown.empty()) return done;
    for (std::size_t first = 0; first < unknown.size() && done < posts_max;) {
      std::int64_t posts = 0;
      std::size_t last = first;
      while (last < unknown.size() && (last == first || posts + unknown[last].posts <= kMoodBatchPosts)) {
        posts += unknown[last++].posts;
      }
      std::vector<store::HourVolume> batch(unknown.begin() + static_cast<std::ptrdiff_t>(first),
                                           unknown.begin() + static_cast<std::ptrdiff_t>(last));
      OFFX_ASSIGN(const auto texts, volume.texts(batch));
      for (auto& hour : batch) hour.mood = store::Mood{};
      for (const auto& [place, text] : texts) {
        const auto sentiment = summary::sentiment(text);
        auto& mood = *batch.at(place).mood;
        ++mood.posts;
        mood.score_sum += sentiment.score;
        if (sentiment.label == summary::SentimentLabel::positive) ++mood.positive;
        if (sentiment.label == summary::SentimentLabel::negative) ++mood.negative;
      }
      // Read after the hours were: if posts came between, the revision is another one and this is worked out again.
      OFFX_TRY(volume.put_moods(batch));
      done += texts.size();
      first = last;
      if (progress && !progress(done, 0)) return fail(Errc::cancelled, "stopped; the rest is worked out next time");
    }
    if (unknown.size() < batch_hours) return done;
  }
  return done;
}

}  // namespace offx::pipeline
