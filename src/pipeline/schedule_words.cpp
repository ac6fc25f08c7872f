// A schedule in words.

#include <array>
#include <span>

#include <fmt/format.h>

#include "pipeline/schedule.h"

namespace offx::pipeline {
namespace {

constexpr std::array<std::string_view, 13> kMonthNames = {"",        "January",  "February", "March",  "April",
                                                          "May",     "June",     "July",     "August", "September",
                                                          "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                           "Thursday", "Friday", "Saturday"};

std::string joined(std::span<const std::string> parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

/// The values that are set, three or more in a row as a range. `name` says one.
template <std::size_t N, class Name>
std::string listed(const std::bitset<N>& values, std::size_t from, const Name& name) {
  std::vector<std::string> parts;
  for (std::size_t i = from; i < N; ++i) {
    if (!values.test(i)) continue;
    std::size_t end = i;
    while (end + 1 < N && values.test(end + 1)) ++end;
    if (end >= i + 2) {
      parts.push_back(fmt::format("{} to {}", name(i), name(end)));
      i = end;
    } else {
      parts.push_back(name(i));
    }
  }
  return joined(parts);
}

std::string ordinal(std::size_t n) {
  const auto last = n % 10;
  const bool teen = n / 10 == 1;
  return std::to_string(n) + (teen || last == 0 || last > 3 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : "rd");
}

/// n, if the values are 0, n, 2n, … and nothing else.
template <std::size_t N>
std::size_t step_of(const std::bitset<N>& values) {
  std::size_t step = 1;
  while (step < N && !values.test(step)) ++step;
  if (step == N) return 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (values.test(i) != (i % step == 0)) return 0;
  }
  return step;
}

std::string interval_words(std::chrono::minutes interval) {
  constexpr std::array<std::pair<long, std::string_view>, 4> kUnits = {
      {{7L * 24 * 60, "week"}, {24 * 60, "day"}, {60, "hour"}, {1, "minute"}}};
  for (const auto& [length, name] : kUnits) {
    if (interval.count() % length != 0) continue;
    const auto count = interval.count() / length;
    return count == 1 ? fmt::format("every {}", name) : fmt::format("every {} {}s", count, name);
  }
  return {};
}

/// The times of a day.
std::string time_words(const std::bitset<60>& minutes, const std::bitset<24>& hours) {
  const auto number = [](std::size_t n) { return std::to_string(n); };
  const auto minute_step = step_of(minutes);
  if (hours.all()) {
    if (minutes.all()) return "every minute";
    if (minute_step > 0 && 60 % minute_step == 0) return fmt::format("every {} minutes", minute_step);
    if (minutes.count() == 1 && minutes.test(0)) return "every hour";
    return fmt::format("every hour at minute {}", listed(minutes, 0, number));
  }
  if (minutes.count() * hours.count() <= 6) {
    std::vector<std::string> times;
    for (std::size_t hour = 0; hour < 24; ++hour) {
      for (std::size_t minute = 0; minute < 60; ++minute) {
        if (hours.test(hour) && minutes.test(minute)) times.push_back(fmt::format("{:02}:{:02}", hour, minute));
      }
    }
    return "at " + joined(times);
  }
  const auto hour_step = step_of(hours);
  const std::string of_hours = hour_step > 1 && 24 % hour_step == 0
                                   ? fmt::format("every {} hours", hour_step)
                                   : fmt::format("the hours {}", listed(hours, 0, number));
  if (minutes.all()) return fmt::format("every minute of {}", of_hours);
  if (minute_step > 0 && 60 % minute_step == 0) return fmt::format("every {} minutes of {}", minute_step, of_hours);
  if (hour_step > 1 && 24 % hour_step == 0 && minutes.count() == 1 && minutes.test(0)) return of_hours;
  return fmt::format("at minute {} of {}", listed(minutes, 0, number), of_hours);
}

}  // namespace

std::string Schedule::description() const {
  if (interval_) return interval_words(*interval_);
  std::string text = time_words(minutes_, hours_);
  const bool all_days = days_.count() == 31;
  const bool all_weekdays = weekdays_.all();
  std::string day;
  if (!all_days) day = "on the " + listed(days_, 1, ordinal) + " of the month";
  std::string weekday;
  if (!all_weekdays) {
    // Monday first, as people count.
    std::bitset<7> from_monday;
    for (std::size_t i = 0; i < 7; ++i) from_monday.set(i, weekdays_.test((i + 1) % 7));
    weekday = "on " + listed(from_monday, 0, [](std::size_t i) { return std::string(kWeekdayNames[(i + 1) % 7]); });
  }
  if (!day.empty() && !weekday.empty()) {
    const bool both = days_starred_ || weekdays_starred_;
    text += fmt::format(", {} {} {}", day, both ? "if it is also" : "and", weekday);
  } else if (!day.empty() || !weekday.empty()) {
    text += " " + day + weekday;
  } else if (text.starts_with("at ") && months_.count() == 12) {
    text = "every day " + text;
  }
  if (months_.count() != 12) {
    text += " in " + listed(months_, 1, [](std::size_t i) { return std::string(kMonthNames[i]); });
  }
  return text;
}

}  // namespace offx::pipeline
