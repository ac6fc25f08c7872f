#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "db/sqlite/change_watch.h"
#include "net/http_server.h"

namespace offx::api {

/// Answers that many ask for, kept until anybody changes the database: it is asked before each one is given out, so
/// what was written is read. Those who ask for one that is being made wait for it. Behind a server nobody can say
/// cheaply whether something has changed: nothing is kept there. Thread-safe; a bounded number of answers of a bounded
/// size.
///
/// What counts whole tables takes long in a large database: get_counted() gives such an answer as it was made last,
/// with its age, while a thread of this makes it anew.
class AnswerCache {
 public:
  /// Of answers that count.
  struct CountedAges {
    std::chrono::milliseconds renewed{5000};  ///< it is made anew no sooner
    std::chrono::milliseconds max{30'000};    ///< what is older is given to nobody
  };
  /// `changes` must live longer; null: nothing is kept.
  explicit AnswerCache(db::sqlite::ChangeWatch* changes) : AnswerCache(changes, CountedAges()) {}
  AnswerCache(db::sqlite::ChangeWatch* changes, CountedAges ages) : changes_(changes), ages_(ages) {}
  /// Waits for the answer that is being made by its thread.
  ~AnswerCache();
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  using Make = std::function<Result<net::HttpResponse>()>;
  /// The answer kept under `key`, or what `make` gives, which is kept if it is a 200 with a body.
  Result<net::HttpResponse> get(const std::string& key, const Make& make);
  /// The same, but what took more than kQuick of a processor's time to make may be as old as CountedAges says, also for
  /// whoever has just written: it has then a header `Age`, and is made anew in the background, whether or not anybody
  /// asks again, for which `make` has to own what it needs.
  Result<net::HttpResponse> get_counted(const std::string& key, const Make& make);
  static constexpr std::chrono::milliseconds kQuick{20};
  /// The answer kept under `key`, if it still holds. Waits for nobody.
  std::optional<net::HttpResponse> find(const std::string& key);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Entry {
    std::shared_ptr<const net::HttpResponse> answer;
    std::int64_t mark = 0;
    Time made;
    std::chrono::nanoseconds work{};  ///< of a processor, to make it
    bool is_being_made = false;
    std::list<const std::string*>::iterator place;  ///< in by_age_, if there is an answer
  };

  std::shared_ptr<const net::HttpResponse> kept(const std::string& key, std::int64_t mark) const;
  Result<net::HttpResponse> make_anew(const std::string& key, const Make& make, std::int64_t mark);
  /// False if there can be no thread to make it.
  bool want(const std::string& key, Time due, const Make& make);
  void make_in_background();
  void make_wanted(const std::string& key, const Make& make);
  void make_room(std::size_t bytes);
  void drop_answer(Entry& entry);

  struct Wanted {
    Time due;
    Make make;
  };

  db::sqlite::ChangeWatch* const changes_;
  const CountedAges ages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<const std::string*> by_age_;  ///< keys of all entries with an answer, the oldest first
  std::size_t bytes_ = 0;                 ///< of all bodies that are kept
  std::map<std::string, Wanted> wanted_;  ///< by key
  bool stopping_ = false;
  std::thread thread_;  ///< started when there is first something to make
};

}  // namespace offx::api
