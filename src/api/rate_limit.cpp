#include "api/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace offx::api {
namespace {
constexpr std::size_t kCallersMax = 16'384;
}

std::chrono::milliseconds RateLimiter::take(const std::string& caller, Time now) {
  if (per_second_ <= 0.0) return {};
  const std::scoped_lock lock(mutex_);
  if (buckets_.size() >= kCallersMax && !buckets_.contains(caller)) forget(now);
  auto& bucket = buckets_.try_emplace(caller, Bucket{at_once_, now}).first->second;
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.filled_at).count());
  bucket.permits = std::min(at_once_, bucket.permits + seconds * per_second_);
  bucket.filled_at = now;
  if (bucket.permits >= 1.0) {
    bucket.permits -= 1.0;
    return {};
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1.0 - bucket.permits) / per_second_ * 1000.0)));
}

void RateLimiter::forget(Time now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const double seconds = std::chrono::duration<double>(now - entry.second.filled_at).count();
    return entry.second.permits + seconds * per_second_ >= at_once_;
  });
  // All of them call all the time: better to count some anew than to grow.
  if (buckets_.size() >= kCallersMax) buckets_.clear();
}

}  // namespace offx::api
