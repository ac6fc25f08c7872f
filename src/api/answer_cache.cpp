#include "api/answer_cache.h"

#include <algorithm>

namespace offx::api {
namespace {

using Clock = std::chrono::steady_clock;

/// What depends on the time too (posts of today) may be so old.
constexpr auto kAgeMax = std::chrono::seconds(5);
constexpr auto kTryAgain = std::chrono::seconds(1);
constexpr std::size_t kEntriesMax = 128;
constexpr std::size_t kBytesMax = 256U << 10U;  ///< of one answer
constexpr std::size_t kKeyBytesMax = 2048;

}  // namespace

std::optional<std::int64_t> AnswerCache::mark() {
  db::sqlite::ChangeWatch* watch = nullptr;
  {
    const std::scoped_lock lock(watch_mutex_);
    // The database may not be there yet.
    if (!watch_ && Clock::now() >= next_try_) {
      watch_ = db::sqlite::ChangeWatch::open(client_);
      next_try_ = Clock::now() + kTryAgain;
    }
    watch = watch_.get();
  }
  return watch == nullptr ? std::nullopt : watch->mark();
}

void AnswerCache::make_room() {
  if (entries_.size() < kEntriesMax) return;
  auto oldest = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->second.is_being_made) continue;
    if (oldest == entries_.end() || entry->second.made < oldest->second.made) oldest = entry;
  }
  if (oldest != entries_.end()) entries_.erase(oldest);
}

Result<net::HttpResponse> AnswerCache::get(const std::string& key, const Make& make) {
  if (key.size() > kKeyBytesMax) return make();
  // Before the answer is made: what changes meanwhile makes it old.
  const auto now = mark();
  if (!now) return make();
  {
    std::unique_lock lock(mutex_);
    const auto kept = [&]() -> std::shared_ptr<const net::HttpResponse> {
      const auto found = entries_.find(key);
      const bool holds = found != entries_.end() && found->second.answer && found->second.mark == *now &&
                         Clock::now() - found->second.made < kAgeMax;
      return holds ? found->second.answer : nullptr;
    };
    auto answer = kept();
    const auto is_being_made = [&] {
      const auto found = entries_.find(key);
      return found != entries_.end() && found->second.is_being_made;
    };
    if (!answer && is_being_made()) {
      changed_.wait(lock, [&] { return !is_being_made(); });
      answer = kept();
      // It could not be made, or is old again: each for himself, lest they wait one behind the other.
      if (!answer) {
        lock.unlock();
        return make();
      }
    }
    if (answer) {
      lock.unlock();
      return *answer;
    }
    make_room();
    entries_[key].is_being_made = true;
  }
  // Whatever happens, those who wait are told.
  struct Told {
    AnswerCache& cache;
    const std::string& key;
    ~Told() {
      const std::scoped_lock lock(cache.mutex_);
      if (const auto found = cache.entries_.find(key); found != cache.entries_.end()) {
        if (found->second.answer) {
          found->second.is_being_made = false;
        } else {
          cache.entries_.erase(found);
        }
      }
      cache.changed_.notify_all();
    }
  };
  const Told told{*this, key};
  auto made = make();
  const bool keeps = made && made->status == 200 && !made->body.empty() && made->body.size() <= kBytesMax;
  const std::scoped_lock lock(mutex_);
  auto& entry = entries_[key];
  entry.answer = keeps ? std::make_shared<const net::HttpResponse>(*made) : nullptr;
  entry.mark = *now;
  entry.made = Clock::now();
  return made;
}

}  // namespace offx::api
