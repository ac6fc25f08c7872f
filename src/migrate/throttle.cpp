#include "migrate/throttle.h"

#include <algorithm>

namespace offx::migrate {
namespace {

/// Of max_stall: what one chunk is aimed at, as the slowest one of a hundred takes half as long again.
constexpr double kAim = 0.8;
/// One slow sync of the disk makes the next chunk no smaller than this part of what it was, …
constexpr double kShrinkMost = 0.5;
/// … from where it is back in two chunks.
constexpr double kGrowMost = 1.5;
/// As long as a chunk takes less than an eighth of its aim: four times as much still is less than half of it.
constexpr double kFarBelow = 8;
constexpr double kGrowFarBelow = 4;

}  // namespace

void Throttle::record(std::int64_t rows, std::chrono::nanoseconds elapsed) noexcept {
  const double aim = kAim * static_cast<double>(std::chrono::nanoseconds(max_stall_).count());
  const double took = std::max(1.0, static_cast<double>(elapsed.count()));
  const double room = aim / took;
  const double growth = std::clamp(room, kShrinkMost, room > kFarBelow ? kGrowFarBelow : kGrowMost);
  const double fitting = static_cast<double>(rows) * growth;
  rows_ = std::clamp<std::int64_t>(static_cast<std::int64_t>(fitting + 0.5), 1, kRowsMax);
  pause_ = std::min<std::chrono::nanoseconds>(elapsed, kPauseMax);
}

}  // namespace offx::migrate
