#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "base/error.h"

namespace offx::pipeline {

/// How work that may be repeated outlasts a database that is away: a server that was killed, a cluster without a
/// leader, a file that somebody has locked.
struct Patience {
  std::chrono::milliseconds longest{60'000};       ///< from the first failure; a call begun in time may end later
  const std::atomic<bool>* interrupted = nullptr;  ///< set: no more is tried
  /// Told once when the database is away, before it is tried again; by the thread that does the work.
  std::function<void(const Error&)> on_away = {};
};

/// Does `attempt`, again and again while it says Errc::unavailable; the error is that of the last attempt. Of a write
/// that was not answered nobody knows whether it was applied, so `attempt` must change nothing more the second time.
Result<void> persist(const Patience& patience, const std::function<Result<void>()>& attempt);

}  // namespace offx::pipeline
