#include "base/time.h"

#include <array>
#include <cstdint>

namespace offx {
namespace {

void put_digits(char*& out, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out += digits;
}

std::string format(Timestamp time, char separator, bool zulu) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 32> buffer;
  char* out = buffer.data();
  put_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *out++ = '-';
  put_digits(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  put_digits(out, static_cast<unsigned>(date.day()), 2);
  *out++ = separator;
  put_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  *out++ = ':';
  put_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  *out++ = ':';
  put_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  if (clock.subseconds().count() != 0) {
    *out++ = '.';
    put_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  }
  if (zulu) *out++ = 'Z';
  return {buffer.data(), out};
}

/// Takes exactly `digits` digits from the front of `text`.
bool take_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction_ms(std::string_view& text, int& ms) {
  if (!take(text, '.') && !take(text, ',')) return true;
  int scale = 100;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    ms += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    any = true;
  }
  return any;
}

bool take_zone(std::string_view& text, int& offset_minutes) {
  if (take(text, 'Z') || take(text, 'z')) return true;
  if (text.empty()) return true;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_digits(text, 2, hours)) return false;
  if (!text.empty()) {
    take(text, ':');
    if (!take_digits(text, 2, minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  offset_minutes = sign * (hours * 60 + minutes);
  return true;
}

}  // namespace

std::string to_sql_time(Timestamp time) { return format(time, ' ', false); }
std::string to_iso_time(Timestamp time) { return format(time, 'T', true); }

std::optional<Timestamp> parse_time(std::string_view text) noexcept {
  using namespace std::chrono;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  int y = 0;
  int mo = 0;
  int d = 0;
  if (!take_digits(text, 4, y) || !take(text, '-') || !take_digits(text, 2, mo) || !take(text, '-') ||
      !take_digits(text, 2, d)) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  int h = 0;
  int mi = 0;
  int s = 0;
  int ms = 0;
  int offset_minutes = 0;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    if (!take_digits(text, 2, h) || !take(text, ':') || !take_digits(text, 2, mi)) return std::nullopt;
    if (take(text, ':') && !(take_digits(text, 2, s) && take_fraction_ms(text, ms))) return std::nullopt;
    take(text, ' ');  // "2026-08-22 14:05:17 +02:00" is common
    if (!take_zone(text, offset_minutes) || !text.empty()) return std::nullopt;
    if (h > 23 || mi > 59 || s > 60) return std::nullopt;  // 60: a leap second
  }
  const Timestamp time = sys_days{date} + hours{h} + minutes{mi - offset_minutes} + seconds{s} + milliseconds{ms};
  // An offset or a leap second may lead out of the years that can be written.
  if (time < sys_days{year{0} / 1 / 1} || time >= sys_days{year{10'000} / 1 / 1}) return std::nullopt;
  return time;
}

Timestamp SystemClock::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace offx
