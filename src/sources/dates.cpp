#include "sources/dates.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

#include "text/clean.h"

namespace offx::sources {
namespace {

using std::chrono::milliseconds;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool equals(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

/// All of `text` as a number of at most nine digits.
std::optional<int> number(std::string_view text) noexcept {
  int value = 0;
  if (text.empty() || text.size() > 9) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<unsigned> month_of(std::string_view text) noexcept {
  static constexpr auto kMonths = std::to_array<std::string_view>(
      {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"});
  if (text.size() < 3) return std::nullopt;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (equals(text.substr(0, 3), kMonths[i])) return i + 1;
  }
  return std::nullopt;
}

/// Minutes east of UTC.
std::optional<int> zone_of(std::string_view text) noexcept {
  struct Zone {
    std::string_view name;
    int minutes;
  };
  static constexpr auto kZones =
      std::to_array<Zone>({{"gmt", 0},    {"utc", 0},    {"ut", 0},     {"z", 0},      {"est", -300}, {"edt", -240},
                           {"cst", -360}, {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420},
                           {"bst", 60},   {"wet", 0},    {"west", 60},  {"cet", 60},   {"mez", 60},   {"cest", 120},
                           {"mesz", 120}, {"eet", 120},  {"eest", 180}, {"msk", 180},  {"ist", 330},  {"jst", 540},
                           {"kst", 540},  {"aest", 600}, {"aedt", 660}, {"nzst", 720}, {"nzdt", 780}});
  for (const Zone& zone : kZones) {
    if (equals(text, zone.name)) return zone.minutes;
  }
  if (text.size() > 3 && (equals(text.substr(0, 3), "gmt") || equals(text.substr(0, 3), "utc"))) text.remove_prefix(3);
  if (text.size() < 2 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::size_t colon = text.find(':');
  std::optional<int> hours;
  std::optional<int> minutes = 0;
  if (colon != std::string_view::npos) {
    hours = number(text.substr(0, colon));
    minutes = number(text.substr(colon + 1));
  } else if (text.size() >= 3) {
    hours = number(text.substr(0, text.size() - 2));
    minutes = number(text.substr(text.size() - 2));
  } else {
    hours = number(text);
  }
  if (!hours || !minutes || *hours > 15 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<TimeOfDay> time_of_day(std::string_view text) noexcept {
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) text = text.substr(0, dot);
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  const auto hour = number(text.substr(0, first));
  const auto minute = number(text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1));
  const auto seconds = second == std::string_view::npos ? std::optional<int>(0) : number(text.substr(second + 1));
  if (!hour || !minute || !seconds || *hour > 24 || *minute > 59 || *seconds > 60) return std::nullopt;
  return TimeOfDay{*hour, *minute, *seconds};
}

/// Dates in words: whatever can only be a month, a time, a zone, a day or a year is taken as that.
std::optional<Timestamp> parse_words(std::string_view text) {
  std::optional<unsigned> month;
  std::optional<int> day;
  std::optional<int> year;
  std::optional<TimeOfDay> time;
  int zone = 0;
  int half_day = -1;  // 0: AM, 1: PM
  std::string token;
  int tokens = 0;
  const auto take = [&]() {
    if (token.empty()) return true;
    if (++tokens > 12) return false;
    if (token.find(':') != std::string::npos && is_digit(token.front())) {
      // A zone may stick to the time: 14:05:17+0200, 14:05:17Z
      const std::size_t sign = token.find_first_of("+-Zz");
      if (sign != std::string::npos) zone = zone_of(std::string_view(token).substr(sign)).value_or(0);
      time = time_of_day(std::string_view(token).substr(0, sign));
      if (!time) return false;
    } else if (is_digit(token.front())) {
      std::string_view digits = token;
      while (!digits.empty() && !is_digit(digits.back())) digits.remove_suffix(1);  // 1st, 2nd
      const auto value = number(digits);
      if (!value) return false;
      if (!day && digits.size() <= 2) {
        day = value;
      } else if (!year) {
        year = digits.size() <= 2 ? *value + (*value < 70 ? 2000 : 1900) : *value;
      }
    } else if (equals(token, "am") || equals(token, "pm")) {
      half_day = equals(token, "pm") ? 1 : 0;
    } else if (const auto minutes = zone_of(token); minutes && time) {
      zone = *minutes;
    } else if (!month) {
      month = month_of(token);
    }
    token.clear();
    return true;
  };
  for (const char c : text) {
    const bool splits = c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '(' || c == ')' ||
                        (c == '-' && !time && !token.empty());  // 19-Mar-2019
    if (splits) {
      if (!take()) return std::nullopt;
    } else {
      token += c;
    }
  }
  if (!take() || !month || !day || !year) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1 || *year > 9999) return std::nullopt;
  TimeOfDay clock = time.value_or(TimeOfDay{});
  if (half_day == 1 && clock.hour < 12) clock.hour += 12;
  if (half_day == 0 && clock.hour == 12) clock.hour = 0;
  if (clock.second == 60) clock.second = 59;
  return std::chrono::sys_days(date) + std::chrono::hours(clock.hour) + std::chrono::minutes(clock.minute - zone) +
         std::chrono::seconds(clock.second);
}

}  // namespace

std::optional<Timestamp> from_unix_time(double value) noexcept {
  double ms = value * 1000;
  const double size = std::fabs(value);
  if (size >= 1e17) {
    ms = value / 1e6;
  } else if (size >= 1e14) {
    ms = value / 1e3;
  } else if (size >= 1e11) {
    ms = value;
  }
  constexpr double kYear1Ms = -62135596800e3;
  constexpr double kYear9999Ms = 253402300799e3;
  if (!(ms >= kYear1Ms && ms <= kYear9999Ms)) return std::nullopt;
  return Timestamp(milliseconds(static_cast<std::int64_t>(std::floor(ms + 0.5))));
}

std::optional<Timestamp> time_of_x_id(std::string_view id) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  // Snowflakes: 41 bits of milliseconds since 2010-11-04 01:42:54.657 above 22 bits of machine and sequence. Ids below
  // this were counted one by one before.
  constexpr std::uint64_t kFirstSnowflake = 29'700'859'247;
  constexpr std::int64_t kEpochMs = 1'288'834'974'657;
  if (value < kFirstSnowflake || (value >> 63U) != 0) return std::nullopt;
  return Timestamp(milliseconds(static_cast<std::int64_t>(value >> 22U) + kEpochMs));
}

std::optional<Timestamp> parse_loose_time(std::string_view text) {
  text = text::trim(text);
  if (text.empty() || text.size() > 80) return std::nullopt;
  if (const auto time = parse_time(text)) return time;
  if (text.find_first_not_of("0123456789.-") == std::string_view::npos && text.rfind('-') != 0) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value >= 1e8) return from_unix_time(value);
  }
  if (text.size() > 4 && (text[4] == '/' || text[4] == '.')) {
    std::string dashes(text);
    for (std::size_t i = 4; i < std::min<std::size_t>(dashes.size(), 10); ++i) {
      if (dashes[i] == text[4]) dashes[i] = '-';
    }
    if (const auto time = parse_time(dashes)) return time;
  }
  return parse_words(text);
}

}  // namespace offx::sources
