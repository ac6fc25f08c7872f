#include "api/turns.h"

namespace offx::api {

void Turns::begin() {
  std::unique_lock lock(mutex_);
  if (taken_ < at_once_) {
    ++taken_;
    return;
  }
  const auto self = waiting_.emplace(waiting_.end());
  if (!self->changed.wait_for(lock, patience_, [&] { return self->may_go; })) ++taken_;
  waiting_.erase(self);
}

/// Hands its place on, so that nobody who comes now is first.
void Turns::end() {
  const std::scoped_lock lock(mutex_);
  for (auto& next : waiting_) {
    if (taken_ > at_once_) break;  // one too many went
    if (next.may_go) continue;
    next.may_go = true;
    next.changed.notify_one();
    return;
  }
  --taken_;
}

}  // namespace offx::api
