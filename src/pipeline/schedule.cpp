#include "pipeline/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

namespace offx::pipeline {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr days kFarthest{50 * 366};
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// One of the five.
struct Field {
  std::string_view name;
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;  // of min, min + 1, …
};
constexpr std::array<Field, 5> kFields = {{{"minute", 0, 59, {}},
                                           {"hour", 0, 23, {}},
                                           {"day of the month", 1, 31, {}},
                                           {"month", 1, 12, kMonths},
                                           {"weekday", 0, 7, kWeekdays}}};

tl::unexpected<Error> wrong(std::size_t offset, const std::string& what) {
  return fail(Error(Errc::invalid_argument, fmt::format("character {}: {}", offset + 1, what)).within("schedule"));
}

/// Reads one field; `offset` is where it stands in the whole.
class FieldReader {
 public:
  FieldReader(const Field& field, std::string_view text, std::size_t offset)
      : field_(field), text_(text), offset_(offset) {}

  /// The values it names.
  Result<std::bitset<64>> read() {
    std::bitset<64> values;
    do {
      OFFX_TRY(read_item(values));
    } while (take(','));
    if (at_ < text_.size()) return wrong(here(), fmt::format("'{}' does not belong into the {}", rest(), field_.name));
    return values;
  }

 private:
  Result<void> read_item(std::bitset<64>& values) {
    unsigned first = field_.min;
    unsigned last = field_.max;
    bool is_range = true;
    if (!take('*')) {
      OFFX_ASSIGN(first, read_value());
      last = first;
      is_range = take('-');
      if (is_range) {
        const auto begin = here();
        OFFX_ASSIGN(last, read_value());
        // Sunday ends a week as well as it begins one; sun-sun is that day alone.
        if (field_.max == 7 && last == 0 && first != 0) last = 7;
        if (last < first) {
          return wrong(begin, fmt::format("the range of the {} ends before it begins; write two ranges", field_.name));
        }
      }
    }
    unsigned step = 1;
    if (take('/')) {
      const auto begin = here();
      if (!is_range) return wrong(begin - 1, fmt::format("a step needs a range: write {}-{}/…", first, field_.max));
      OFFX_ASSIGN(step, read_number());
      if (step == 0 || step > field_.max) {
        return wrong(begin, fmt::format("a step of the {} is 1 to {}", field_.name, field_.max));
      }
    }
    for (unsigned value = first; value <= last; value += step) values.set(value);
    return {};
  }

  Result<unsigned> read_value() {
    const auto begin = here();
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      OFFX_ASSIGN(const unsigned value, read_number());
      if (value < field_.min || value > field_.max) {
        return wrong(begin, fmt::format("{} is no {}: {} to {}", value, field_.name, field_.min, field_.max));
      }
      return value;
    }
    const auto end = std::min(text_.find_first_of(",-/", at_), text_.size());
    const auto word = text_.substr(at_, end - at_);
    if (word.empty()) return wrong(begin, fmt::format("here a {} is missing", field_.name));
    const auto found = std::find(field_.names.begin(), field_.names.end(), lower(word));
    if (found == field_.names.end()) {
      return wrong(begin,
                   fmt::format("'{}' is no {}: write {} to {}{}", word, field_.name, field_.min, field_.max,
                               field_.names.empty() ? std::string() : fmt::format(" or {}", field_.names[0]) + ", …"));
    }
    at_ = end;
    return field_.min + static_cast<unsigned>(found - field_.names.begin());
  }

  Result<unsigned> read_number() {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) return wrong(here(), "here a number is missing, or it is too large");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::size_t here() const { return offset_ + at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  const Field& field_;
  std::string_view text_;
  std::size_t offset_;
  std::size_t at_ = 0;
};

struct Word {
  std::string_view text;
  std::size_t offset;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0;;) {
    at = text.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) return words;
    const auto end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back({text.substr(at, end - at), at});
    at = end;
  }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShorthands = {{{"@hourly", "0 * * * *"},
                                                                                       {"@daily", "0 0 * * *"},
                                                                                       {"@midnight", "0 0 * * *"},
                                                                                       {"@weekly", "0 0 * * 0"},
                                                                                       {"@monthly", "0 0 1 * *"},
                                                                                       {"@yearly", "0 0 1 1 *"},
                                                                                       {"@annually", "0 0 1 1 *"}}};

/// `15m` as minutes.
Result<minutes> parse_interval(const Word& word) {
  constexpr std::array<std::pair<char, int>, 4> kUnits = {{{'m', 1}, {'h', 60}, {'d', 24 * 60}, {'w', 7 * 24 * 60}}};
  constexpr int kMax = 366 * 24 * 60;
  int count = 0;
  const char* const text_end = word.text.data() + word.text.size();
  const auto [end, error] = std::from_chars(word.text.data(), text_end, count);
  const auto unit = error == std::errc() && end + 1 == text_end
                        ? std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return u.first == *end; })
                        : kUnits.end();
  if (unit == kUnits.end()) {
    return wrong(word.offset, fmt::format("'{}' is no interval: write 15m, 6h, 2d or 1w", word.text));
  }
  if (count < 1 || count > kMax / unit->second) {
    return wrong(word.offset, fmt::format("'{}': an interval is one minute to 366 days", word.text));
  }
  return minutes(count * unit->second);
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text) {
  auto words = words_of(text);
  if (words.empty()) return wrong(0, "it is empty: write five cron fields (0 6 * * *), @daily or every 15m");
  Schedule schedule;
  const auto first = words[0].text[0];
  const bool says_every = lower(words[0].text) == "every";
  if (says_every || (words.size() == 1 && first >= '0' && first <= '9')) {
    if (says_every) words.erase(words.begin());
    if (words.size() != 1) return wrong(text.size(), "an interval is missing: write every 15m, every 6h or every 2d");
    OFFX_ASSIGN(schedule.interval_, parse_interval(words[0]));
    return schedule;
  }
  if (first == '@') {
    const auto* const known = std::find_if(kShorthands.begin(), kShorthands.end(),
                                           [&](const auto& s) { return s.first == lower(words[0].text); });
    if (known == kShorthands.end()) {
      return wrong(words[0].offset,
                   fmt::format("'{}' is not known: @hourly, @daily, @weekly, @monthly, @yearly", words[0].text));
    }
    if (words.size() > 1) return wrong(words[1].offset, fmt::format("nothing may follow {}", words[0].text));
    words = words_of(known->second);
  }
  if (words.size() != kFields.size()) {
    return wrong(
        words.size() > kFields.size() ? words[kFields.size()].offset : text.size(),
        fmt::format("a cron schedule has five fields, MINUTE HOUR DAY MONTH WEEKDAY, and here are {}", words.size()));
  }
  std::array<std::bitset<64>, kFields.size()> values;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    OFFX_ASSIGN(values[i], FieldReader(kFields[i], words[i].text, words[i].offset).read());
  }
  schedule.minutes_ = std::bitset<60>(values[0].to_ullong());
  schedule.hours_ = std::bitset<24>(values[1].to_ullong());
  schedule.days_ = std::bitset<32>(values[2].to_ullong());
  schedule.months_ = std::bitset<13>(values[3].to_ullong());
  schedule.weekdays_ = std::bitset<7>((values[4].to_ullong() | (values[4].to_ullong() >> 7U)) & 0x7FU);
  schedule.days_starred_ = words[2].text[0] == '*';
  schedule.weekdays_starred_ = words[4].text[0] == '*';
  // From a leap year on, all there is comes within the 28 years in which weekdays go round, or the eight around 2100.
  const LocalMinutes begin(std::chrono::local_days(std::chrono::year(2000) / 1 / 1));
  if (!schedule.first_in(begin, begin + kFarthest)) {
    return wrong(words[2].offset, "this day never comes: no such month has it");
  }
  return schedule;
}

bool Schedule::matches(std::chrono::local_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_.test(unsigned(date.month()))) return false;
  const bool by_day = days_.test(unsigned(date.day()));
  const bool by_weekday = weekdays_.test(std::chrono::weekday(day).c_encoding());
  return days_starred_ || weekdays_starred_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<Schedule::LocalMinutes> Schedule::first_in(LocalMinutes from, LocalMinutes before) const {
  auto day = std::chrono::floor<days>(from);
  for (auto start = from - day; day < before; ++day, start = minutes(0)) {
    if (!matches(day)) continue;
    for (auto hour = static_cast<std::size_t>(start.count() / 60); hour < 24; ++hour) {
      if (!hours_.test(hour)) continue;
      const auto hour_start = minutes(60 * static_cast<int>(hour));
      for (auto minute = static_cast<std::size_t>(std::max(start - hour_start, minutes(0)).count()); minute < 60;
           ++minute) {
        if (!minutes_.test(minute)) continue;
        const auto found = day + hour_start + minutes(minute);
        return found < before ? std::optional(found) : std::nullopt;
      }
    }
  }
  return std::nullopt;
}

std::optional<Timestamp> Schedule::next(Timestamp after, const TimeZone& zone) const {
  if (interval_) {
    const auto since = std::chrono::floor<minutes>(after.time_since_epoch());
    const auto rest = since % *interval_;
    return Timestamp(since - (rest < minutes(0) ? rest + *interval_ : rest) + *interval_);
  }
  // Piece by piece between changes of the clocks, in which local time goes on evenly.
  const bool every_hour = hours_.all();
  const auto limit = after + kFarthest;
  for (auto span = zone.at(after); span.begin < limit; span = zone.at(span.end)) {
    const auto local = [&](Timestamp time, std::chrono::seconds offset) {
      return std::chrono::ceil<minutes>(LocalTime(time.time_since_epoch() + offset));
    };
    const auto offset_before = zone.at(span.begin - std::chrono::milliseconds(1)).offset;
    const auto begin = local(span.begin, span.offset);
    const auto begin_before = local(span.begin, offset_before);
    auto from = after < span.begin ? begin : local(after + std::chrono::milliseconds(1), span.offset);
    if (!every_hour) {
      if (after < span.begin && begin_before < begin && first_in(begin_before, begin)) return span.begin;
      from = std::max(from, begin_before);
    }
    if (const auto found = first_in(from, local(std::min(span.end, limit), span.offset))) {
      return Timestamp(LocalTime(*found).time_since_epoch() - span.offset);
    }
    if (span.end >= limit) break;
  }
  return std::nullopt;
}

std::optional<Timestamp> Schedule::last(Timestamp now, const TimeZone& zone) const {
  // From ever further back, so that few times lie between.
  for (minutes back(1); back < kFarthest; back *= 2) {
    auto found = next(now - back, zone);
    if (!found || *found > now) continue;
    for (auto later = next(*found, zone); later && *later <= now; later = next(*found, zone)) found = later;
    return found;
  }
  return std::nullopt;
}

std::vector<Timestamp> Schedule::upcoming(Timestamp after, const TimeZone& zone, std::size_t count) const {
  std::vector<Timestamp> times;
  for (auto time = next(after, zone); time && times.size() < count; time = next(*time, zone)) times.push_back(*time);
  return times;
}

}  // namespace offx::pipeline
