#include "api/rate_limit.h"

#include <gtest/gtest.h>

namespace offx::api {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, refills_steadily) {
  RateLimiter limiter(10.0, 3.0);
  RateLimiter::Time now{};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", now), 0ms);
  EXPECT_EQ(limiter.take("a", now), 100ms);
  EXPECT_EQ(limiter.take("b", now), 0ms);
  EXPECT_EQ(limiter.take("a", now + 100ms), 0ms);
  EXPECT_GT(limiter.take("a", now + 100ms), 0ms);
  for (int i = 0; i < 100'000; ++i) EXPECT_EQ(limiter.take("c" + std::to_string(i), now + 1s), 0ms);
}

}  // namespace
}  // namespace offx::api
