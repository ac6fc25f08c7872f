#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/route.h"

namespace offx::api {

/// Every route of the API, and which of them a request means. Immutable, thread-safe.
class RouteTable {
 public:
  RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  struct Match {
    const Route* route = nullptr;                           ///< null: none that has this method
    std::vector<std::string_view> methods;                  ///< of all routes at this path; empty: it is none of ours
    std::vector<std::pair<std::string, std::string>> path;  ///< parameters of the path and what stands there
  };
  /// `segments` are those of the path, decoded. HEAD is answered by the route of GET.
  [[nodiscard]] Match match(std::string_view method, std::span<const std::string> segments) const;

  [[nodiscard]] const std::vector<Route>& all() const noexcept { return routes_; }
  /// Where a route of a match stands among all(); their number for null.
  [[nodiscard]] std::size_t number_of(const Route* route) const noexcept;

 private:
  struct Pattern {
    std::vector<std::string_view> segments;
    const Route* route;
  };

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;
};

}  // namespace offx::api
