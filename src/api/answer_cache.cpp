#include "api/answer_cache.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace offx::api {
namespace {

using Clock = std::chrono::steady_clock;

/// What depends on the time too (posts of today) may be so old.
constexpr auto kAgeMax = std::chrono::seconds(5);
/// What took long is made anew only so often that it is one twentieth of the time, if it can be before it is too old.
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

void AnswerCache::drop_answer(Entry& entry) {
  if (!entry.answer) return;
  bytes_ -= bytes_of(entry.answer);
  entry.answer = nullptr;
  by_age_.erase(entry.place);
}

/// For one more entry with so many bytes.
void AnswerCache::make_room(std::size_t bytes) {
  for (auto key = by_age_.begin();
       key != by_age_.end() && (entries_.size() >= kEntriesMax || bytes_ + bytes > kAllBytesMax);) {
    const auto oldest = entries_.find(**key++);
    if (oldest->second.is_being_made) continue;
    drop_answer(oldest->second);
    entries_.erase(oldest);
  }
}

std::shared_ptr<const net::HttpResponse> AnswerCache::kept(const std::string& key, std::int64_t mark) const {
  const auto found = entries_.find(key);
  const bool holds = found != entries_.end() && found->second.answer && found->second.mark == mark &&
                     Clock::now() - found->second.made < kAgeMax;
  return holds ? found->second.answer : nullptr;
}

std::optional<net::HttpResponse> AnswerCache::find(const std::string& key) {
  const auto now = changes_ == nullptr ? std::nullopt : changes_->try_mark();
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
        found->second.is_being_made = false;
        if (!found->second.answer) cache.entries_.erase(found);
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
  drop_answer(entry);
  if (!keeps) return made;
  make_room(size);  // not this one, which is being made
  entry.answer = std::make_shared<const net::HttpResponse>(*made);
  entry.place = by_age_.insert(by_age_.end(), &entries_.find(key)->first);
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
      const auto& entry = found->second;
      const auto since = Clock::now() - entry.made;
      const auto latest = std::max<Clock::duration>(ages_.renewed, ages_.max * 2 / 3);
      const auto due = entry.made + std::clamp<Clock::duration>(kCountedShare * entry.work, ages_.renewed, latest);
      if (since < ages_.max && (entry.is_being_made || want(key, due, make))) {
        age = std::chrono::duration_cast<std::chrono::seconds>(since);
        old = entry.answer;
      }
    }
  }
  if (!old) return get(key, make);
  auto answer = *old;
  answer.headers.push_back({"Age", std::to_string(age.count())});
  return answer;
}

bool AnswerCache::want(const std::string& key, Time due, const Make& make) {
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { make_in_background(); });
    } catch (const std::system_error&) {
      return false;
    }
  }
  if (wanted_.size() >= kEntriesMax) return wanted_.contains(key);
  if (wanted_.try_emplace(key, Wanted{due, make}).second) changed_.notify_all();
  return true;
}

void AnswerCache::make_in_background() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(wanted_.begin(), wanted_.end(),
                                       [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
    if (next == wanted_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (const auto due = next->second.due; Clock::now() < due) {
      changed_.wait_until(lock, due);
      continue;
    }
    const auto wanted = wanted_.extract(next);
    lock.unlock();
    try {  // nobody above this thread would catch it
      make_wanted(wanted.key(), wanted.mapped().make);
    } catch (const std::exception& error) {
      log(LogLevel::error, "answer.not_made", {{"message", error.what()}});
    }
    lock.lock();
  }
}

void AnswerCache::make_wanted(const std::string& key, const Make& make) {
  const auto now = changes_->mark();
  if (!now) return;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    // It had to go, or whoever found it too old has made it, or is about to.
    if (found == entries_.end() || found->second.is_being_made || kept(key, *now)) return;
    found->second.is_being_made = true;
  }
  // A failure is told to whoever asks when there is nothing old to give.
  (void)make_anew(key, make, *now);
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
