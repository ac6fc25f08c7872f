#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

class Connection;

/// Tells cheaply (some 50 ns) whether a database file has changed: the head of its write-ahead log's index, which all
/// who use the file share in memory, is another after each commit. Held open by a connection of its own, opened when it
/// is first needed. What is written through it is no change to those who ask it, only to everybody else. Thread-safe.
class ChangeWatch {
 public:
  /// Watches the file that `client` works on; behind a server, in memory, and while a file has no write-ahead log (the
  /// engine gives it one with its first write), nothing can be told.
  explicit ChangeWatch(const DatabaseClient& client);
  ~ChangeWatch();
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  /// Another number whenever anybody, this process or another, has committed something since the last call, but for
  /// what write_unmarked() wrote; nothing if that cannot be told. Opens the file if need be.
  [[nodiscard]] std::optional<std::int64_t> mark();
  /// The same, or nothing if the file has to be opened first. Waits for nobody.
  [[nodiscard]] std::optional<std::int64_t> try_mark();

  /// Writes all statements or none, as DatabaseClient::batch does, for rows that no marked thing is made of. It is as
  /// durable as SQLite's synchronous=NORMAL: a crash of the program loses nothing, a power cut what nobody has written
  /// anything after. False, and nothing is written, if it is the client's turn: there is no file to watch, others keep
  /// it busy, or the write-ahead log is so long that the engine, which looks after it, has to hear of a commit: once a
  /// second, however long a reader keeps it so.
  Result<bool> write_unmarked(std::span<const Statement> statements);

 private:
  /// The head of the index: WalIndexHdr in https://sqlite.org/walformat.html, section 2.1.
  using Head = std::array<std::uint32_t, 12>;

  bool open();
  std::optional<std::int64_t> look();
  static std::optional<Head> read_head(const volatile std::uint32_t* index) noexcept;
  Result<void> write(std::span<const Statement> statements);

  const std::string path_;  ///< empty: there is nothing to watch
  std::mutex mutex_;        ///< of the connection
  std::unique_ptr<Connection> connection_;
  std::chrono::steady_clock::time_point next_try_;  ///< to open it
  int log_pages_ = 0;
  std::chrono::steady_clock::time_point engine_due_;            ///< the engine's next turn, if the log is long
  std::atomic<const volatile std::uint32_t*> index_ = nullptr;  ///< in memory as long as the connection is open

  std::mutex mark_mutex_;  ///< of what follows; never waited for with long
  std::int64_t mark_ = 0;
  Head head_{};  ///< as it was seen last
  /// While this has the right to write: what the index will count when it has committed. Until then nobody else can.
  std::optional<std::uint32_t> own_commit_;
};

}  // namespace offx::db::sqlite
