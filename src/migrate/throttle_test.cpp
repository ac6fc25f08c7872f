#include "migrate/throttle.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace offx::migrate {
namespace {

using std::chrono::milliseconds;
using Ms = std::chrono::duration<double, std::milli>;

/// What `count` chunks take where `cost` says how long one of so many rows takes.
std::vector<double> run(Throttle& throttle, int count, const std::function<double(std::int64_t rows)>& cost_ms) {
  std::vector<double> took;
  for (int i = 0; i < count; ++i) {
    took.push_back(cost_ms(throttle.next_rows()));
    throttle.record(throttle.next_rows(), std::chrono::duration_cast<std::chrono::nanoseconds>(Ms(took.back())));
  }
  return took;
}

TEST(Throttle, chunks_come_to_take_somewhat_less_than_the_longest_stall) {
  for (const int stall : {1, 10, 50, 500}) {
    for (const double row_ms : {0.0005, 0.02, 0.3}) {
      Throttle throttle{milliseconds(stall)};
      const auto cost = [&](std::int64_t rows) { return 0.2 + row_ms * static_cast<double>(rows); };
      run(throttle, 40, cost);
      for (const double took : run(throttle, 20, cost)) {
        EXPECT_LE(took, stall) << stall << " " << row_ms;
        EXPECT_GE(took, 0.6 * stall) << stall << " " << row_ms;
      }
    }
  }
}

TEST(Throttle, it_soon_finds_what_fits_and_does_not_jump_beyond) {
  for (const double row_ms : {0.005, 0.02}) {
    Throttle throttle{milliseconds(500)};
    const auto took = run(throttle, 12, [&](std::int64_t rows) { return 0.5 + row_ms * static_cast<double>(rows); });
    EXPECT_LE(*std::max_element(took.begin(), took.end()), 500);
    EXPECT_GE(took.back(), 300);
    // Where a row costs twice as much in the next chunk, from indexes that do not fit into memory any more, …
    Throttle dearer{milliseconds(500)};
    double ms = row_ms;
    for (const double one : run(dearer, 12, [&](std::int64_t rows) {
           ms = std::min(ms * 2, 0.1);
           return ms * static_cast<double>(rows);
         })) {
      EXPECT_LE(one, 500);
    }
  }
}

TEST(Throttle, it_follows_when_rows_become_dearer) {
  Throttle throttle{milliseconds(10)};
  run(throttle, 30, [](std::int64_t rows) { return 0.01 * static_cast<double>(rows); });
  const auto took = run(throttle, 6, [](std::int64_t rows) { return 0.08 * static_cast<double>(rows); });
  EXPECT_GT(took[0], 50);
  EXPECT_LT(took[3], 10);
  EXPECT_LT(took[5], 10);
}

TEST(Throttle, one_slow_chunk_is_soon_forgotten) {
  Throttle throttle{milliseconds(10)};
  const auto cost = [](std::int64_t rows) { return 0.02 * static_cast<double>(rows); };
  run(throttle, 30, cost);
  const auto before = throttle.next_rows();
  run(throttle, 1, [](std::int64_t) { return 400.0; });
  EXPECT_GE(throttle.next_rows(), before / 2);
  run(throttle, 2, cost);
  EXPECT_NEAR(static_cast<double>(throttle.next_rows()), static_cast<double>(before), 2);
}

TEST(Throttle, rows_stay_between_one_and_the_most) {
  Throttle throttle{milliseconds(10)};
  run(throttle, 50, [](std::int64_t) { return 0.0; });
  EXPECT_EQ(throttle.next_rows(), Throttle::kRowsMax);
  run(throttle, 50, [](std::int64_t) { return 1e6; });
  EXPECT_EQ(throttle.next_rows(), 1);
  run(throttle, 50, [](std::int64_t) { return 0.01; });
  EXPECT_GT(throttle.next_rows(), 100) << "from one row, too, there is a way back";
}

TEST(Throttle, refused_chunks_narrow_down_to_one_row) {
  Throttle throttle{milliseconds(10)};
  for (int i = 0; i < 10; ++i) throttle.narrow();
  EXPECT_EQ(throttle.next_rows(), 1);
}

TEST(Throttle, the_pause_is_as_long_as_the_chunk_up_to_a_limit) {
  Throttle throttle{milliseconds(500)};
  EXPECT_EQ(throttle.pause(), milliseconds(0));
  throttle.record(100, milliseconds(7));
  EXPECT_EQ(throttle.pause(), milliseconds(7));
  throttle.record(100, milliseconds(300));
  EXPECT_EQ(throttle.pause(), Throttle::kPauseMax);
}

}  // namespace
}  // namespace offx::migrate
