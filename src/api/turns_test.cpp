#include "api/turns.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace offx::api {
namespace {

using namespace std::chrono_literals;

TEST(Turns, come_in_order_so_many_at_once) {
  constexpr int kCount = 6;
  Turns turns(2, 1h);
  std::mutex mutex;
  std::vector<int> order;
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  {
    std::optional<Turns::Turn> first(turns);
    const Turns::Turn second(turns);
    for (int i = 0; i < kCount; ++i) {
      threads.emplace_back([&, i] {
        const Turns::Turn turn(turns);
        most = std::max(most.load(), ++now);
        {
          const std::scoped_lock lock(mutex);
          order.push_back(i);
        }
        std::this_thread::sleep_for(5ms);
        --now;
      });
      while (turns.waiting() < static_cast<std::size_t>(i) + 1) std::this_thread::yield();
    }
    EXPECT_TRUE(order.empty());
    first.reset();  // the second is still taken: the others go one by one
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(most, 1);
  const Turns::Turn both(turns);
  const Turns::Turn free_again(turns);
}

TEST(Turns, nobody_waits_for_ever) {
  Turns turns(1, 1ms);
  std::optional<Turns::Turn> slow(turns);
  {
    const Turns::Turn all_the_same(turns);
    EXPECT_EQ(turns.waiting(), 0U);
  }
  slow.reset();
}

TEST(Turns, who_went_beyond_the_number_counts) {
  Turns turns(1, 100ms);
  std::optional<Turns::Turn> slow(turns);
  std::optional<Turns::Turn> beyond(turns);  // after 100 ms
  std::atomic<bool> went = false;
  std::thread next([&] {
    const Turns::Turn turn(turns);
    went = true;
  });
  while (turns.waiting() == 0) std::this_thread::yield();
  slow.reset();  // there is still one
  EXPECT_EQ(turns.waiting(), went ? 0U : 1U);
  beyond.reset();
  next.join();
  EXPECT_EQ(turns.waiting(), 0U);
}

}  // namespace
}  // namespace offx::api
