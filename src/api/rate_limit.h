#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

namespace offx::api {

/// How often each caller may call: a bucket of permits each, refilled steadily. Counts by the monotonic clock, so that
/// a clock that jumps locks nobody out. Bounded: it knows 16,384 callers, and forgets those first whose bucket is
/// full. Thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `per_second` 0: no limit.
  RateLimiter(double per_second, double at_once) : per_second_(per_second), at_once_(at_once) {}

  /// Zero: go on. Otherwise how long this caller has to wait for its next permit.
  [[nodiscard]] std::chrono::milliseconds take(const std::string& caller, Time now);

 private:
  struct Bucket {
    double permits;
    Time filled_at;
  };
  void forget(Time now);

  const double per_second_;
  const double at_once_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace offx::api
