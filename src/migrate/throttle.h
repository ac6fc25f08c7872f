#pragma once

#include <chrono>
#include <cstdint>

namespace offx::migrate {

/// How many rows the next chunk of background work has, and how long to wait after it, so that a writer who comes in
/// the middle waits no longer than about `max_stall`.
class Throttle {
 public:
  explicit Throttle(std::chrono::milliseconds max_stall) : max_stall_(max_stall) {}

  [[nodiscard]] std::int64_t next_rows() const noexcept { return rows_; }
  /// A chunk of `rows` took `elapsed`, its commit included.
  void record(std::int64_t rows, std::chrono::microseconds elapsed) noexcept;
  /// The chunk was refused: the next ones are smaller, down to one row, until record().
  void narrow() noexcept { rows_ = rows_ > 4 ? rows_ / 4 : 1; }
  [[nodiscard]] std::chrono::microseconds pause() const noexcept { return pause_; }

 private:
  std::chrono::milliseconds max_stall_;
  std::int64_t rows_ = 100;
  std::chrono::microseconds pause_{0};
};

}  // namespace offx::migrate
