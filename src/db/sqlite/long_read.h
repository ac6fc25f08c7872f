#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

class Connection;

/// Reads a database file in a connection of its own, and ends in the middle of a statement when it is told to: for
/// statements that take minutes, which would keep a reader from others and a process from its end. Not thread-safe.
class LongRead {
 public:
  /// Reads the file that `client` works on; null if that is no file. `goes_on` is asked some hundred times a second
  /// while a statement runs, and false ends it.
  [[nodiscard]] static Result<std::unique_ptr<LongRead>> open(const DatabaseClient& client,
                                                              std::function<bool()> goes_on);
  ~LongRead();
  LongRead(const LongRead&) = delete;
  LongRead& operator=(const LongRead&) = delete;

  /// As DatabaseClient's; Errc::cancelled if it was told to end.
  [[nodiscard]] Result<QueryResult> execute(std::string_view sql);

 private:
  LongRead(std::unique_ptr<Connection> connection, std::function<bool()> goes_on);

  std::function<bool()> goes_on_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace offx::db::sqlite
