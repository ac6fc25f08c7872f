#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"

namespace offx::pipeline {

/// When something is to happen again and again. Two forms:
///
/// - cron, `MINUTE HOUR DAY MONTH WEEKDAY`: numbers, names (`jan`, `mon`), `*`, lists `1,15`, ranges `mon-fri`, steps
///   `*/10`, `8-18/2`; weekdays 0 to 7, both of which are Sunday; `@hourly`, `@daily` (`@midnight`), `@weekly`,
///   `@monthly`, `@yearly` (`@annually`). As in cronie, if both day and weekday say something a day needs only one of
///   them, unless one begins with `*`: then it needs both.
/// - an interval, `every 15m`, `6h`, `2d`, `1w`: from a minute to a year. Its times are the multiples of the interval
///   since 1970-01-01 00:00 UTC, so `6h` is 00:00, 06:00, 12:00 and 18:00 UTC whatever the zone.
///
/// Where clocks are put forward, a cron time that is skipped happens at the first moment after it (several become one);
/// where they are put back, a time that comes twice happens the first time. Only if every hour is meant (`30 * * * *`)
/// do hours pass as they are: nothing is made up for an hour that was skipped, and none of those that come twice is
/// left out.
///
/// Immutable; threads share it.
class Schedule {
 public:
  /// Errc::invalid_argument says what is wrong at which character, counted from 1. So is one that never comes, like
  /// 30 February.
  static Result<Schedule> parse(std::string_view text);

  /// The first time after `after`; nothing if there is none for 50 years.
  [[nodiscard]] std::optional<Timestamp> next(Timestamp after, const TimeZone& zone) const;
  /// The last time that is not after `now`; nothing if there was none for 50 years.
  [[nodiscard]] std::optional<Timestamp> last(Timestamp now, const TimeZone& zone) const;
  /// The next `count` times after `after`.
  [[nodiscard]] std::vector<Timestamp> upcoming(Timestamp after, const TimeZone& zone, std::size_t count) const;

  /// In words: `every 15 minutes`, `at 06:00 on Monday to Friday`. The zone is not said.
  [[nodiscard]] std::string description() const;

 private:
  using LocalMinutes = std::chrono::local_time<std::chrono::minutes>;

  [[nodiscard]] bool matches(std::chrono::local_days day) const;
  [[nodiscard]] std::optional<LocalMinutes> first_in(LocalMinutes from, LocalMinutes before) const;

  std::optional<std::chrono::minutes> interval_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;      // from 1
  std::bitset<13> months_;    // from 1
  std::bitset<7> weekdays_;   // 0: Sunday
  bool days_starred_ = true;  // the field begins with *
  bool weekdays_starred_ = true;
};

}  // namespace offx::pipeline
