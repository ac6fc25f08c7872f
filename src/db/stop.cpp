#include "db/stop.h"

#include <algorithm>

namespace offx::db {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{2};

std::atomic<const std::atomic<bool>*> stop_flag = nullptr;
std::atomic<Clock::rep> noticed = 0;  ///< when the flag was seen to be set; 0: it was not
std::atomic<bool> cut_off = false;    ///< a call had to be ended

}  // namespace

void stop_calls_when(const std::atomic<bool>* flag) noexcept {
  stop_flag = flag;
  noticed = 0;
  cut_off = false;
}

bool CallStop::requested() const noexcept {
  const auto* flag = stop_flag.load();
  if (flag == nullptr || !*flag) return false;
  if (cut_off) return true;
  const auto now = Clock::now();
  Clock::rep first = 0;
  if (noticed.compare_exchange_strong(first, now.time_since_epoch().count())) first = now.time_since_epoch().count();
  if (now < std::max(begun_, Clock::time_point(Clock::duration(first))) + kGrace) return false;
  cut_off = true;
  return true;
}

}  // namespace offx::db
