#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace date {
class time_zone;
}

namespace offx {

/// A time on a wall: what a clock of some place shows.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

/// The rules of a place for its clocks, from the system's tzdata, which know them until 2037. Copied freely, never
/// gone; thread-safe.
class TimeZone {
 public:
  /// `Europe/Berlin`, `UTC`. Errc::invalid_argument if the system does not know it.
  static Result<TimeZone> find(std::string_view name);
  /// The name of the zone this machine is set to (TZ, /etc/localtime); `UTC` if that cannot be told.
  static std::string name_of_system();

  /// A time during which clocks are not changed: [begin, end).
  struct Span {
    Timestamp begin;
    Timestamp end;
    std::chrono::seconds offset;  ///< local time is UTC plus this
  };
  [[nodiscard]] Span at(Timestamp time) const;

  [[nodiscard]] LocalTime to_local(Timestamp time) const;
  /// The first moment at which a clock there shows `time`, or, if clocks are put forward over it, the moment of that.
  [[nodiscard]] Timestamp to_utc(LocalTime time) const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  TimeZone(const date::time_zone* zone, std::string name) : zone_(zone), name_(std::move(name)) {}

  const date::time_zone* zone_;
  std::string name_;
};

}  // namespace offx
