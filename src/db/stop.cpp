#include "db/stop.h"

#include <algorithm>

namespace offx::db {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{2};

std::atomic<const std::atomic<bool>*> stop_flag = nullptr;
std::atomic<Clock::rep> noticed = 0;  ///< when the flag was seen to be set; 0: it was not

thread_local std::optional<Clock::time_point> last_word_until;

}  // namespace

LastWord::LastWord(std::chrono::milliseconds time) noexcept { last_word_until = Clock::now() + time; }
LastWord::~LastWord() { last_word_until.reset(); }

CallStop::CallStop(std::atomic<bool>* hangs) noexcept
    : hangs_(hangs), begun_(Clock::now()), last_word_until_(last_word_until) {}

void stop_calls_when(const std::atomic<bool>* flag) noexcept {
  stop_flag = flag;
  noticed = 0;
}

bool CallStop::requested() const noexcept {
  const auto* flag = stop_flag.load();
  if (flag == nullptr || !*flag) return false;
  const auto now = Clock::now();
  if (last_word_until_) return now >= *last_word_until_;
  if (hangs_ != nullptr && *hangs_) return true;
  Clock::rep first = 0;
  if (noticed.compare_exchange_strong(first, now.time_since_epoch().count())) first = now.time_since_epoch().count();
  if (now < std::max(begun_, Clock::time_point(Clock::duration(first))) + kGrace) return false;
  if (hangs_ != nullptr) *hangs_ = true;
  return true;
}

}  // namespace offx::db
