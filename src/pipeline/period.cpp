#include "pipeline/period.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

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

constexpr auto kMonths = std::to_array<std::string_view>(
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});

/// `30 Dec 2025`: as much of it as differs from `rest_of`.
std::string day_name(sys_days day, std::optional<sys_days> rest_of = {}) {
  const year_month_day date{day};
  std::string name = fmt::format("{}", static_cast<unsigned>(date.day()));
  const auto other = rest_of ? std::optional(year_month_day{*rest_of}) : std::nullopt;
  const bool same_year = other && other->year() == date.year();
  if (!same_year || other->month() != date.month()) {
    name.append(" ").append(kMonths.at(static_cast<unsigned>(date.month()) - 1));
  }
  if (!same_year) name += fmt::format(" {}", static_cast<int>(date.year()));
  return name;
}

std::string clock_name(Timestamp time) { return to_sql_time(time).substr(11, 5); }

}  // namespace

std::string period_name(const Period& period) {
  const auto first = floor<days>(period.start);
  const auto last = floor<days>(period.end - milliseconds{1});
  if (period.start == first && period.end == floor<days>(period.end)) {
    return first == last ? day_name(last) : day_name(first, last) + " – " + day_name(last);
  }
  const auto from = clock_name(period.start);
  const auto to = clock_name(period.end);
  const auto end = floor<days>(period.end);
  if (first == end) return fmt::format("{}, {} – {}", day_name(first), from, to);
  return fmt::format("{}, {} – {}, {}", day_name(first), from, day_name(end), to);
}

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
