#include "api/answer_cache.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace offx::api {
namespace {

using Clock = std::chrono::steady_clock;

/// What depends on the time too (posts of today) may be so old.
constexpr auto kAgeMax = std::chrono::seconds(5);
/// What took long is not made anew sooner, nor oftener than it is one twentieth of the time.
constexpr auto kCountedFor = std::chrono::seconds(5);
constexpr int kCountedShare = 20;
constexpr std::size_t kEntriesMax = 128;
constexpr std::size_t kBytesMax = 1U << 20U;     ///< of one answer
constexpr std::size_t kAllBytesMax = 8U << 20U;  ///< of all together
constexpr std::size_t kKeyBytesMax = 2048;

std::size_t bytes_of(const std::shared_ptr<const net::HttpResponse>& answer) {
  return answer ? answer->content().size() : 0;
}

/// What this thread has used of a processor: waiting for others on a busy machine is no work.
std::chrono::nanoseconds work_of_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void AnswerCache::forget(std::unordered_map<std::string, Entry>::iterator entry) {
  bytes_ -= bytes_of(entry->second.answer);
  entries_.erase(entry);
}

/// For one more entry with so many bytes.
void AnswerCache::make_room(std::size_t bytes) {
  while (entries_.size() >= kEntriesMax || bytes_ + bytes > kAllBytesMax) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.is_being_made) continue;
      if (oldest == entries_.end() || entry->second.made < oldest->second.made) oldest = entry;
    }
    if (oldest == entries_.end()) return;
    forget(oldest);
  }
}

std::shared_ptr<const net::HttpResponse> AnswerCache::kept(const std::string& key, std::int64_t mark) const {
  const auto found = entries_.find(key);
  const bool holds = found != entries_.end() && found->second.answer && found->second.mark == mark &&
                     Clock::now() - found->second.made < kAgeMax;
  return holds ? found->second.answer : nullptr;
}

std::optional<net::HttpResponse> AnswerCache::find(const std::string& key) {
  const auto now = changes_ == nullptr ? std::nullopt : changes_->mark();
  if (!now) return std::nullopt;
  std::shared_ptr<const net::HttpResponse> answer;
  {
    const std::scoped_lock lock(mutex_);
    answer = kept(key, *now);
  }
  return answer ? std::optional(*answer) : std::nullopt;
}

Result<net::HttpResponse> AnswerCache::get(const std::string& key, const Make& make) {
  // Before the answer is made: what changes meanwhile makes it old.
  const auto now = changes_ == nullptr || key.size() > kKeyBytesMax ? std::nullopt : changes_->mark();
  if (!now) return make();
  {
    std::unique_lock lock(mutex_);
    auto answer = kept(key, *now);
    const auto is_being_made = [&] {
      const auto found = entries_.find(key);
      return found != entries_.end() && found->second.is_being_made;
    };
    if (!answer && is_being_made()) {
      changed_.wait(lock, [&] { return !is_being_made(); });
      answer = kept(key, *now);
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
    if (!entries_.contains(key)) make_room(0);
    entries_[key].is_being_made = true;
  }
  return make_anew(key, make, *now);
}

/// Its entry says already that it is being made.
Result<net::HttpResponse> AnswerCache::make_anew(const std::string& key, const Make& make, std::int64_t mark) {
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
          cache.forget(found);
        }
      }
      cache.changed_.notify_all();
    }
  };
  const Told told{*this, key};
  const auto work_before = work_of_thread();
  auto made = make();
  const auto work = work_of_thread() - work_before;
  if (made && !made->body.empty()) {  // from now on many share it
    made->shared_body = std::make_shared<const std::string>(std::move(made->body));
    made->body.clear();
  }
  const auto size = made ? made->content().size() : 0;
  const bool keeps = made && made->status == 200 && size > 0 && size <= kBytesMax;
  const std::scoped_lock lock(mutex_);
  auto& entry = entries_[key];
  bytes_ -= bytes_of(std::exchange(entry.answer, nullptr));
  if (!keeps) return made;
  make_room(size);  // not this one, which is being made
  entry.answer = std::make_shared<const net::HttpResponse>(*made);
  entry.mark = mark;
  entry.made = Clock::now();
  entry.work = work;
  bytes_ += size;
  return made;
}

Result<net::HttpResponse> AnswerCache::get_counted(const std::string& key, const Make& make) {
  const auto now = changes_ == nullptr || key.size() > kKeyBytesMax ? std::nullopt : changes_->mark();
  if (!now) return make();
  std::shared_ptr<const net::HttpResponse> old;
  std::chrono::seconds age{};
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (!kept(key, *now) && found != entries_.end() && found->second.answer && found->second.work > kQuick) {
      auto& entry = found->second;
      const auto since = Clock::now() - entry.made;
      age = std::chrono::duration_cast<std::chrono::seconds>(since);
      old = entry.answer;
      if (!entry.is_being_made && since > std::max<Clock::duration>(kCountedFor, kCountedShare * entry.work)) {
        entry.is_being_made = true;
        wanted_.emplace_back(key, make);
        if (!thread_.joinable()) thread_ = std::thread([this] { make_in_background(); });
        changed_.notify_all();
      }
    }
  }
  if (!old) return get(key, make);
  auto answer = *old;
  answer.headers.push_back({"Age", std::to_string(age.count())});
  return answer;
}

void AnswerCache::make_in_background() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    const auto [key, make] = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    const auto mark = changes_->mark();
    // A failure is told to whoever asks when there is nothing old to give.
    (void)make_anew(key, make, mark.value_or(0));
    lock.lock();
  }
}

AnswerCache::~AnswerCache() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace offx::api
