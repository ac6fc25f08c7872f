#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

class Connection;

/// Tells cheaply (about a microsecond) whether a database file has changed: by a connection of its own, opened when it
/// is first needed. What is written through it is no change to those who ask it, only to everybody else. Thread-safe.
class ChangeWatch {
 public:
  /// Watches the file that `client` works on; behind a server or in memory nothing can be told.
  explicit ChangeWatch(const DatabaseClient& client);
  ~ChangeWatch();
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  /// Another number whenever anybody, this process or another, has committed something since the last call, but for
  /// what write_unmarked() wrote; nothing if that cannot be told. Waits for no other writer than write_unmarked(),
  /// while that commits.
  [[nodiscard]] std::optional<std::int64_t> mark();
  /// The same, or nothing if one would have to wait for another thread.
  [[nodiscard]] std::optional<std::int64_t> try_mark();

  /// Writes all statements or none, as DatabaseClient::batch does, for rows that no marked thing is made of. It is as
  /// durable as SQLite's synchronous=NORMAL: a crash of the program loses nothing, a power cut what nobody has written
  /// anything after. False, and nothing is written, if it is the client's turn: there is no file to watch, others keep
  /// it busy, or the write-ahead log has grown so long that the engine, which looks after it, has to hear of a commit.
  Result<bool> write_unmarked(std::span<const Statement> statements);

 private:
  static constexpr auto kNone = std::numeric_limits<std::int64_t>::min();

  bool open();
  std::optional<std::int64_t> read_mark();
  Result<void> write(std::span<const Statement> statements);

  const std::string path_;  ///< empty: there is nothing to watch
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  std::chrono::steady_clock::time_point next_try_;  ///< to open it
  bool has_log_ = false;
  int log_pages_ = 0;
  /// While this writes, nobody else can: so long the mark is known without the connection. Else kNone.
  std::atomic<std::int64_t> mark_while_writing_ = kNone;
};

}  // namespace offx::db::sqlite
