#include "api/request_log.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>
#include <utility>

#include <sys/resource.h>

#include "base/log.h"

namespace offx::api {
namespace {

constexpr std::size_t kWaitingMax = 20'000;
constexpr std::size_t kBatch = 250;  // who wants to write waits so long: a millisecond or two
constexpr int kNiceness = 10;
constexpr auto kPause = std::chrono::milliseconds(500);  // between writes: a page's requests are stored together

}  // namespace

RequestLog::RequestLog(db::DatabaseClient& client, db::sqlite::ChangeWatch* changes)
    : client_(client), changes_(changes), thread_([this] { run(); }) {}

RequestLog::~RequestLog() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RequestLog::add(store::RequestLogEntry entry) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= kWaitingMax) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(entry));
    if (waiting_.size() > 1) return;  // it knows
  }
  changed_.notify_one();
}

std::size_t RequestLog::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

void RequestLog::run() {
  // This thread's alone, on Linux: answers come before what is noted of them. If that is not to be had, nothing is
  // lost.
  (void)setpriority(PRIO_PROCESS, 0, kNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    changed_.wait_for(lock, kPause, [this] { return stopping_; });
    if (waiting_.empty()) {
      if (stopping_) return;
      continue;
    }
    auto batch = std::exchange(waiting_, {});
    lock.unlock();
    for (std::span<const store::RequestLogEntry> left = batch; !left.empty();) {
      const auto part = left.first(std::min(left.size(), kBatch));
      if (const auto stored = store::add_to_request_log(client_, part, changes_); !stored) {
        const std::scoped_lock counting(mutex_);
        dropped_ += left.size();
        log(LogLevel::warning, "request_log.dropped",
            {{"entries", std::to_string(left.size())}, {"message", stored.error().to_string()}});
        break;
      }
      left = left.subspan(part.size());
    }
    lock.lock();
  }
}

}  // namespace offx::api
