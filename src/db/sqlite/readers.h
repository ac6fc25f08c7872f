#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/sqlite/connection.h"

namespace offx::db::sqlite {

/// The connections that read a file, each opened when there is first a use for it. While they are used they read the
/// file as memory, mapped: a page is neither asked for nor copied. Once none was for a while, trim() gives the memory
/// back, lest a server at rest counts as large as what it has read. Thread-safe.
class Readers {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_use` is called when there is something to trim again, by whoever borrows.
  Readers(std::string path, std::function<void()> on_use, std::chrono::milliseconds rest = std::chrono::seconds(5))
      : path_(std::move(path)), on_use_(std::move(on_use)), rest_(rest) {}
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// Gives the connection back when it goes out of scope.
  class Borrowed {
   public:
    Borrowed(Readers& readers, std::unique_ptr<Connection> connection)
        : readers_(&readers), connection_(std::move(connection)) {}
    Borrowed(Borrowed&&) noexcept = default;
    Borrowed& operator=(Borrowed&&) = delete;
    ~Borrowed() {
      if (connection_) readers_->give_back(std::move(connection_));
    }
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    Readers* readers_;
    std::unique_ptr<Connection> connection_;
  };
  /// Waits while all are in use.
  Result<Borrowed> borrow();

  /// When trim() has to be called; nothing if there is nothing to trim.
  [[nodiscard]] std::optional<Clock::time_point> trim_due() const;
  /// Gives memory back if none was used for long enough.
  void trim();
  /// Closes those that are not in use.
  void close();

 private:
  void give_back(std::unique_ptr<Connection> connection);

  const std::string path_;
  const std::function<void()> on_use_;
  const std::chrono::milliseconds rest_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
  Clock::time_point last_use_;
  bool holds_memory_ = false;  ///< some have read since the last trim()
};

}  // namespace offx::db::sqlite
