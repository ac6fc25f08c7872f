#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "db/client.h"

namespace offx::db::sqlite {

class Connection;

/// Tells cheaply (some microseconds) whether a database file has changed: a connection of its own that only reads.
/// Thread-safe.
class ChangeWatch {
 public:
  /// Watches the file that `client` works on; nothing if that is no file, or cannot be opened now.
  [[nodiscard]] static std::unique_ptr<ChangeWatch> open(const DatabaseClient& client);
  ~ChangeWatch();
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  /// Another number whenever anybody, this process or another, has committed something since the last call; nothing if
  /// that cannot be told.
  [[nodiscard]] std::optional<std::int64_t> mark();

 private:
  explicit ChangeWatch(std::unique_ptr<Connection> connection);

  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace offx::db::sqlite
