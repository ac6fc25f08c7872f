#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace offx::db {

/// From now on calls to servers, those of every client of this process and those under way too, end once `flag` is set:
/// Errc::cancelled, about a second after what they have left. That is two seconds, so that what a server answers as
/// usual ends in order; once a call of its client was cut off, nothing, as then its server hangs (but see LastWord). A
/// write that was cut off may have been applied, and the message says so. The flag, which a signal handler may set,
/// must live as long as calls are made; null: calls end by themselves again. Thread-safe.
void stop_calls_when(const std::atomic<bool>* flag) noexcept;

/// While it lives, calls of this thread to servers, however many, have until `time` has passed since it was made,
/// although they were to end sooner: for what is to be said at the end, also to a server that let another call hang.
/// One at a time.
class LastWord {
 public:
  explicit LastWord(std::chrono::milliseconds time) noexcept;
  ~LastWord();
  LastWord(const LastWord&) = delete;
  LastWord& operator=(const LastWord&) = delete;
};

/// For the engines: when one call that begins now is to end before its deadline.
class CallStop {
 public:
  /// `hangs` belongs to the server that is called, and becomes true once a call to it was cut off; null: nobody keeps
  /// it. It must live longer.
  explicit CallStop(std::atomic<bool>* hangs = nullptr) noexcept;
  /// True: end now. Cheap; to be asked now and then.
  [[nodiscard]] bool requested() const noexcept;

 private:
  std::atomic<bool>* hangs_;
  std::chrono::steady_clock::time_point begun_;
  std::optional<std::chrono::steady_clock::time_point> last_word_until_;
};

}  // namespace offx::db
