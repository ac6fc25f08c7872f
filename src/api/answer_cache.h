#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "db/client.h"
#include "db/sqlite/change_watch.h"
#include "net/http_server.h"

namespace offx::api {

/// Answers that many ask for, kept until anybody changes the database: it is asked before each one is given out, so
/// what was written is read. Those who ask for one that is being made wait for it. Behind a server nobody can say
/// cheaply whether something has changed: nothing is kept there. Thread-safe; a bounded number of answers of a bounded
/// size.
class AnswerCache {
 public:
  /// `client` must live longer.
  explicit AnswerCache(const db::DatabaseClient& client) : client_(client) {}

  using Make = std::function<Result<net::HttpResponse>()>;
  /// The answer kept under `key`, or what `make` gives, which is kept if it is a 200 with a body.
  Result<net::HttpResponse> get(const std::string& key, const Make& make);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Entry {
    std::shared_ptr<const net::HttpResponse> answer;
    std::int64_t mark = 0;
    Time made;
    bool is_being_made = false;
  };

  std::optional<std::int64_t> mark();
  void make_room();

  const db::DatabaseClient& client_;
  std::mutex watch_mutex_;
  std::unique_ptr<db::sqlite::ChangeWatch> watch_;
  Time next_try_;  ///< to open it

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace offx::api
