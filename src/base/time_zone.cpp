#include "base/time_zone.h"

#include <cstdlib>
#include <exception>

#include <date/tz.h>

namespace offx {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a Timestamp can be written as: years 0000 to 9999. tzdata's first and last spans are endless.
constexpr std::chrono::sys_seconds kFirst{seconds(-62'167'219'200)};
constexpr std::chrono::sys_seconds kLast{seconds(253'402'300'800)};

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  try {
    return TimeZone(date::locate_zone(std::string(name)), std::string(name));
  } catch (const std::exception&) {
    return fail(Errc::invalid_argument,
                "'" + std::string(name) +
                    "' is not a time zone this system knows: give a name as Europe/Berlin or UTC (Debian has them in "
                    "the package tzdata)");
  }
}

std::string TimeZone::name_of_system() {
  std::string name;
  if (const char* set = std::getenv("TZ"); set != nullptr && *set != '\0') {
    name = *set == ':' ? set + 1 : set;
    if (!find(name)) name = "UTC";
  } else {
    try {
      name = date::current_zone()->name();
    } catch (const std::exception&) {
      name = "UTC";
    }
  }
  return name == "Etc/UTC" || name == "Etc/UCT" || name == "UCT" || name == "Zulu" ? "UTC" : name;
}

TimeZone::Span TimeZone::at(Timestamp time) const {
  const auto info = zone_->get_info(std::chrono::floor<seconds>(time));
  return {std::max(info.begin, kFirst), std::min(info.end, kLast), info.offset};
}

LocalTime TimeZone::to_local(Timestamp time) const { return LocalTime(time.time_since_epoch() + at(time).offset); }

Timestamp TimeZone::to_utc(LocalTime time) const {
  const auto info = zone_->get_info(date::local_seconds(std::chrono::floor<seconds>(time.time_since_epoch())));
  if (info.result == date::local_info::nonexistent) return info.second.begin;
  return Timestamp(time.time_since_epoch() - info.first.offset);
}

}  // namespace offx
