#include "pipeline/period.h"

#include <charconv>

namespace offx::pipeline {
namespace {

using namespace std::chrono;

sys_days start_of(sys_days day, const std::string& period) {
  if (period == "week") return day - (weekday{day} - Monday);
  if (period == "month") {
    const year_month_day date{day};
    return sys_days{date.year() / date.month() / 1};
  }
  return day;
}

Timestamp plus(Timestamp moment, const std::string& period, int count) {
  if (period == "day") return moment + days{count};
  if (period == "week") return moment + days{7 * count};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const auto month = date.year() / date.month() + months{count};
  const auto last = year_month_day_last{month.year(), month_day_last{month.month()}}.day();
  return sys_days{month / std::min(date.day(), last)} + (moment - day);
}

}  // namespace

Result<Timestamp> parse_moment(const std::string& text, Timestamp exact_now) {
  const Timestamp now = floor<seconds>(exact_now);
  const auto today = floor<days>(now);
  if (text == "now") return now;
  if (text == "today") return today;
  if (text == "yesterday") return today - days{1};
  if (const auto moment = parse_time(text)) return floor<seconds>(*moment);
  long count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && count >= 0 && count <= 100'000 && end + 1 == text.data() + text.size()) {
    switch (*end) {
      case 'm': return now - minutes{count};
      case 'h': return now - hours{count};
      case 'd': return now - days{count};
      case 'w': return now - days{7 * count};
      default: break;
    }
  }
  return fail(Errc::invalid_argument,
              "\"" + text +
                  "\" is no time; write 2026-08-22, \"2026-08-22 14:05\", today, yesterday, 24h, 7d "
                  "or 2w");
}

Result<Period> parse_period(const std::string& since, const std::string& until, const std::string& period,
                            Timestamp now) {
  if (!period.empty() && period != "day" && period != "week" && period != "month") {
    return fail(Errc::invalid_argument, "\"" + period + "\" is no period; write day, week or month");
  }
  const auto today = floor<days>(now);
  Period result{start_of(today, period), plus(start_of(today, period), period.empty() ? "day" : period, 1)};
  if (!since.empty()) {
    OFFX_ASSIGN(result.start, parse_moment(since, now));
    if (until.empty() && !period.empty()) result.end = plus(result.start, period, 1);
  }
  if (!until.empty()) {
    OFFX_ASSIGN(result.end, parse_moment(until, now));
    if (since.empty()) result.start = plus(result.end, period.empty() ? "day" : period, -1);
  }
  if (result.start < sys_days{year{0} / 1 / 1} || result.end >= sys_days{year{10'000} / 1 / 1}) {
    return fail(Errc::invalid_argument, "the period is not within the years 0000 to 9999");
  }
  if (result.start >= result.end) {
    return fail(Errc::invalid_argument, "the period is empty: it starts at " + to_sql_time(result.start) +
                                            " and ends at " + to_sql_time(result.end));
  }
  return result;
}

}  // namespace offx::pipeline
