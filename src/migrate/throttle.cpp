#include "migrate/throttle.h"

#include <algorithm>

namespace offx::migrate {

void Throttle::record(std::int64_t rows, std::chrono::microseconds elapsed) noexcept {
  const auto target = std::chrono::duration_cast<std::chrono::microseconds>(max_stall_).count() / 2;
  const auto per_row = std::max(1.0, static_cast<double>(elapsed.count())) / static_cast<double>(rows);
  const auto fitting = static_cast<std::int64_t>(static_cast<double>(target) / per_row);
  rows_ = std::clamp(fitting, std::max<std::int64_t>(1, rows_ / 2), rows_ * 2);
  rows_ = std::clamp<std::int64_t>(rows_, 1, 100'000);
  pause_ = elapsed / 4;
}

}  // namespace offx::migrate
