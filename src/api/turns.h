#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>

namespace offx::api {

/// So many at once, the others in the order in which they came: what keeps a processor busy is done sooner by all if
/// each is done in one go. But nobody waits longer than `patience`: then one more goes, lest a few that are slow hold
/// up all that are quick. Thread-safe.
class Turns {
 public:
  Turns(unsigned at_once, std::chrono::milliseconds patience) : at_once_(at_once), patience_(patience) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// How many wait.
  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return waiting_.size();
  }

  /// Waits for its turn, which is over when it goes out of scope.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns) { turns_.begin(); }
    ~Turn() { turns_.end(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
  };

 private:
  struct Waiting {
    std::condition_variable changed;
    bool may_go = false;
  };

  void begin();
  void end();

  const unsigned at_once_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::list<Waiting> waiting_;
  unsigned taken_ = 0;
};

}  // namespace offx::api
