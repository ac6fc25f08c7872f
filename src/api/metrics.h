#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace offx::api {

/// Counts requests, and writes them in Prometheus' text format 0.0.4. Thread-safe, without locks.
class Metrics {
 public:
  explicit Metrics(std::size_t routes) : by_route_(routes + 1) {}

  /// `route` is a route's number, or how many there are for what is no route.
  void count(std::size_t route, int status, std::chrono::nanoseconds duration, std::uint64_t bytes) noexcept;

  /// A value that is asked for when it is wanted; added before the server starts.
  void add_gauge(std::string name, std::string help, std::function<double()> value);

  /// `label_of(route)` is how a route is called: `method="GET",route="/api/v1/topics"`.
  [[nodiscard]] std::string text(const std::function<std::string(std::size_t)>& label_of) const;

  static constexpr std::array<double, 10> kBounds = {0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0};

 private:
  struct OfRoute {
    std::array<std::atomic<std::uint64_t>, 6> by_status_class{};  // 1xx to 5xx
  };
  struct Gauge {
    std::string name;
    std::string help;
    std::function<double()> value;
  };
  std::vector<OfRoute> by_route_;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> by_duration_{};
  std::atomic<std::uint64_t> nanoseconds_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::vector<Gauge> gauges_;
};

}  // namespace offx::api
