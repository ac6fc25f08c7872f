#pragma once

#include <atomic>
#include <chrono>

namespace offx::db {

/// From now on calls to servers, those of every client of this process and those under way too, end once `flag` is set:
/// Errc::cancelled, about a second after what they have left. That is two seconds, so that what a server answers as
/// usual ends in order; once a call of its client was cut off, nothing, as then its server hangs. A write that was cut
/// off may have been applied, and the message says so. The flag, which a signal handler may set, must live as long as
/// calls are made; null: calls end by themselves again. Thread-safe.
void stop_calls_when(const std::atomic<bool>* flag) noexcept;

/// For the engines: when one call that begins now is to end before its deadline.
class CallStop {
 public:
  /// `hangs` belongs to the server that is called, and becomes true once a call to it was cut off; null: nobody keeps
  /// it. It must live longer.
  explicit CallStop(std::atomic<bool>* hangs = nullptr) noexcept
      : hangs_(hangs), begun_(std::chrono::steady_clock::now()) {}
  /// True: end now. Cheap; to be asked now and then.
  [[nodiscard]] bool requested() const noexcept;

 private:
  std::atomic<bool>* hangs_;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace offx::db
