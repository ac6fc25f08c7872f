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

/// The connections that read a file, each opened when there is first a use for it. While there is much to read they
/// read the file as memory, mapped (see mapped_vfs()): a page is neither asked for nor copied. Once there is less,
/// trim() gives that memory back, lest a server at rest counts as large as all it has read. Thread-safe.
class Readers {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_busy` is called when trim_due() has something to say again, by whoever borrows.
  Readers(std::string path, std::function<void()> on_busy, std::chrono::milliseconds rest = std::chrono::seconds(5))
      : path_(std::move(path)), on_busy_(std::move(on_busy)), rest_(rest) {}
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

  /// So many uses within a second are much to read.
  static constexpr std::size_t kBusyUses = 100;
  /// When trim() is to be called; nothing if there is nothing to trim.
  [[nodiscard]] std::optional<Clock::time_point> trim_due() const;
  /// Gives memory back if there was not much to read since `rest`; those in use do it when they are given back.
  void trim();
  /// Closes those that are not in use.
  void close();

 private:
  [[nodiscard]] Result<std::unique_ptr<Connection>> open() const;
  void give_back(std::unique_ptr<Connection> connection);
  static void unmap(Connection& connection);

  const std::string path_;
  const std::function<void()> on_busy_;
  const std::chrono::milliseconds rest_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
  Clock::time_point second_began_;  ///< in which uses_ are counted
  std::size_t uses_ = 0;
  bool is_busy_ = false;
  Clock::time_point busy_until_;
};

}  // namespace offx::db::sqlite
