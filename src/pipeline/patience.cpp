#include "pipeline/patience.h"

#include <algorithm>
#include <thread>

namespace offx::pipeline {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{20};  ///< doubled each time
constexpr milliseconds kLongestPause{1'000};
constexpr milliseconds kLook{50};  ///< how soon an interruption is seen

}  // namespace

Result<void> persist(const Patience& patience, const std::function<Result<void>()>& attempt) {
  const auto interrupted = [&] { return patience.interrupted != nullptr && *patience.interrupted; };
  auto done = attempt();
  if (done || !done.error().retryable() || interrupted()) return done;
  if (patience.on_away) patience.on_away(done.error());
  const auto give_up = steady_clock::now() + patience.longest;
  for (auto pause = kFirstPause; !done && done.error().retryable(); pause = std::min(pause * 2, kLongestPause)) {
    const auto next = steady_clock::now() + pause;
    if (next >= give_up) break;
    while (steady_clock::now() < next && !interrupted()) std::this_thread::sleep_for(std::min(pause, kLook));
    if (interrupted()) break;
    done = attempt();
  }
  return done;
}

}  // namespace offx::pipeline
