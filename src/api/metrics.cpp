#include "api/metrics.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "base/version.h"

namespace offx::api {
namespace {

void describe(std::ostream& out, std::string_view name, std::string_view type, std::string_view help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void Metrics::count(std::size_t route, int status, std::chrono::nanoseconds duration, std::uint64_t bytes) noexcept {
  const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
  by_route_[route].by_status_class[status_class].fetch_add(1, std::memory_order_relaxed);
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket =
      static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin());
  by_duration_[bucket].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> value) {
  gauges_.push_back({std::move(name), std::move(help), std::move(value)});
}

std::string Metrics::text(const std::function<std::string(std::size_t)>& label_of) const {
  std::ostringstream out;
  describe(out, "offx_build_info", "gauge", "The release that runs.");
  out << "offx_build_info{version=\"" << version() << "\"} 1\n";
  describe(out, "offx_http_requests_total", "counter", "Requests answered, by route and class of status.");
  for (std::size_t route = 0; route < by_route_.size(); ++route) {
    for (std::size_t i = 1; i < by_route_[route].by_status_class.size(); ++i) {
      const auto n = by_route_[route].by_status_class[i].load(std::memory_order_relaxed);
      if (n == 0) continue;
      out << "offx_http_requests_total{" << label_of(route) << ",status=\"" << i << "xx\"} " << n << '\n';
    }
  }
  describe(out, "offx_http_request_duration_seconds", "histogram", "Time from a request's being whole to its answer.");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    total += by_duration_[i].load(std::memory_order_relaxed);
    out << "offx_http_request_duration_seconds_bucket{le=\"" << kBounds[i] << "\"} " << total << '\n';
  }
  total += by_duration_.back().load(std::memory_order_relaxed);
  out << "offx_http_request_duration_seconds_bucket{le=\"+Inf\"} " << total << '\n'
      << "offx_http_request_duration_seconds_sum "
      << static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9 << '\n'
      << "offx_http_request_duration_seconds_count " << total << '\n';
  describe(out, "offx_http_response_bytes_total", "counter", "Bytes of the bodies sent.");
  out << "offx_http_response_bytes_total " << bytes_.load(std::memory_order_relaxed) << '\n';
  for (const auto& gauge : gauges_) {
    describe(out, gauge.name, "gauge", gauge.help);
    out << gauge.name << ' ' << gauge.value() << '\n';
  }
  describe(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
  out << "process_resident_memory_bytes " << static_cast<std::uint64_t>(resident_bytes()) << '\n';
  return out.str();
}

}  // namespace offx::api
