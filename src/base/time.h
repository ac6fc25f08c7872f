#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace offx {

/// A moment in UTC, to the millisecond. Years 0000 to 9999 can be written and read.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// `2026-08-22 14:05:17`, with `.123` behind it only if the milliseconds are not zero: what SQLite's
/// CURRENT_TIMESTAMP writes, so texts sort as times do.
[[nodiscard]] std::string to_sql_time(Timestamp time);

/// `2026-08-22T14:05:17Z`, with milliseconds only if they are not zero.
[[nodiscard]] std::string to_iso_time(Timestamp time);

/// Reads SQLite's form and ISO 8601 / RFC 3339: a date alone, `T` or a space, seconds and any number of fraction
/// digits optional, `Z`, `±hh:mm`, `±hhmm`, `±hh` or nothing (then UTC). Impossible dates are refused.
[[nodiscard]] std::optional<Timestamp> parse_time(std::string_view text) noexcept;

/// Where the time comes from; handed in, so that tests and replays say what time it is.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

/// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
};

}  // namespace offx
