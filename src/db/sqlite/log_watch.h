#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

class Connection;

/// Looks at how long a file's write-ahead log is, in a connection of its own. Not thread-safe.
class LogWatch {
 public:
  /// Watches the log of the file that `client` works on; null if that is no file.
  [[nodiscard]] static Result<std::unique_ptr<LogWatch>> open(const DatabaseClient& client);
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  /// How long it is from where it was last started anew. Takes no lock and waits for nobody; a few microseconds.
  [[nodiscard]] Result<std::int64_t> bytes();

 private:
  LogWatch(std::unique_ptr<Connection> connection, std::int64_t page_bytes);

  std::unique_ptr<Connection> connection_;
  std::int64_t page_bytes_;
};

}  // namespace offx::db::sqlite
