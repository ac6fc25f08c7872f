#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "db/client.h"
#include "store/volume.h"

namespace offx::pipeline {

enum class Interval : std::uint8_t { hour, day, week };
[[nodiscard]] std::optional<Interval> to_interval(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(Interval interval) noexcept;

inline constexpr std::size_t kPointsMax = 1000;

/// Where the intervals begin that [since, until) touches, and where the last one ends. Days begin at midnight in that
/// zone, weeks with their Monday; a day may have 23 or 25 hours. Errc::invalid_argument if they are more than
/// kPointsMax, or none.
Result<std::vector<Timestamp>> interval_bounds(Interval interval, Timestamp since, Timestamp until,
                                               const TimeZone& zone);

struct SeriesPoint {
  Timestamp start{};
  std::int64_t posts = 0;
  store::Mood mood;  ///< of those whose mood is known
};

/// How many posts a topic has in each interval, and their mood; intervals without posts too. Counted are whole hours of
/// UTC: where clocks differ from it by a part of an hour, so do the bounds of days. Moods that are not known yet are
/// worked out here, of the newest posts first and of a bounded number, and kept; not where nothing can be written now.
Result<std::vector<SeriesPoint>> topic_series(db::DatabaseClient& client, std::int64_t topic_id, Interval interval,
                                              Timestamp since, Timestamp until, const TimeZone& zone);

/// Works out the moods that are not known of the hours since `since`, of one topic or of all, the newest hours first,
/// until `posts_max` posts are read; gives how many were. `progress` is told how many are done, of how many is not
/// known (0). May be interrupted at any time.
Result<std::uint64_t> work_out_moods(db::DatabaseClient& client, std::optional<std::int64_t> topic_id, Timestamp since,
                                     std::uint64_t posts_max, const db::Progress& progress = {});

}  // namespace offx::pipeline
