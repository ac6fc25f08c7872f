#pragma once

#include <chrono>
#include <cstdint>

namespace offx::migrate {

/// How many rows the next chunk of background work has, and how long to wait after it, so that a writer who comes in
/// the middle of a chunk waits no longer than about `max_stall`. It knows nothing of clocks: it is told what each chunk
/// took.
class Throttle {
 public:
  explicit Throttle(std::chrono::milliseconds max_stall) : max_stall_(max_stall) {}

  /// Starts small, and grows as chunks turn out to be fast: four times at once while they take a small part of what
  /// they may, half as much again when they come near it.
  [[nodiscard]] std::int64_t next_rows() const noexcept { return rows_; }
  /// A chunk of `rows` kept others waiting for `elapsed`, its commit included.
  void record(std::int64_t rows, std::chrono::nanoseconds elapsed) noexcept;
  /// The chunk was refused: the next ones are smaller, down to one row, until record().
  void narrow() noexcept { rows_ = rows_ > 4 ? rows_ / 4 : 1; }
  /// As long as the last chunk, so that writers of other processes, who can only look now and then whether the database
  /// is free, find it so; but no longer than kPauseMax, in which SQLite's own waiting looks at least once.
  [[nodiscard]] std::chrono::nanoseconds pause() const noexcept { return pause_; }

  static constexpr std::int64_t kRowsMax = 1'000'000;
  static constexpr std::chrono::milliseconds kPauseMax{25};

 private:
  std::chrono::milliseconds max_stall_;
  std::int64_t rows_ = 100;
  std::chrono::nanoseconds pause_{0};
};

}  // namespace offx::migrate
