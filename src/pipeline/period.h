#pragma once

#include <string>

#include "base/error.h"
#include "base/time.h"

namespace offx::pipeline {

/// A moment as people write it: `2026-08-22`, `2026-08-22 14:05`, ISO 8601, `today`, `yesterday`, `now`, or a while
/// ago: `90m`, `24h`, `7d`, `2w`. Days begin at midnight UTC. To the second, as posts are stored.
Result<Timestamp> parse_moment(const std::string& text, Timestamp now);

/// [start, end)
struct Period {
  Timestamp start{};
  Timestamp end{};
};

/// Its days as people say them, the last one included: `1 Aug 2026`, `9 – 19 Nov 2026`, `30 Dec 2025 – 2 Jan 2026`;
/// with the hours where it is not of whole days: `9 Nov 2026, 10:00 – 14:30`. In UTC.
[[nodiscard]] std::string period_name(const Period& period);

/// The time that `since`, `until` and `period` (day, week, month; empty texts if not given) ask for:
/// both ends as given; one end and a period: so long from there; a period alone: the calendar's day, week (from Monday)
/// or month of now; only `since`: until the end of today; nothing: today.
Result<Period> parse_period(const std::string& since, const std::string& until, const std::string& period,
                            Timestamp now);

}  // namespace offx::pipeline
