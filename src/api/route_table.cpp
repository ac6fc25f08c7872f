#include "api/route_table.h"

#include <algorithm>

namespace offx::api {
namespace {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

bool fits(std::span<const std::string> segments, std::span<const std::string_view> pattern) {
  return std::equal(segments.begin(), segments.end(), pattern.begin(), pattern.end(),
                    [](const std::string& segment, std::string_view expected) {
                      return is_parameter(expected) ? !segment.empty() : segment == expected;
                    });
}

}  // namespace

RouteTable::RouteTable() {
  for (const auto routes : {account_routes(), topic_routes(), post_routes(), summary_routes(), source_routes(),
                            database_routes(), job_routes(), event_routes(), document_routes()}) {
    routes_.insert(routes_.end(), routes.begin(), routes.end());
  }
  for (const auto& route : routes_) patterns_.push_back({split_path(route.path), &route});
}

RouteTable::Match RouteTable::match(std::string_view method, std::span<const std::string> segments) const {
  if (method == "HEAD") method = "GET";
  Match match;
  for (const auto& pattern : patterns_) {
    if (!fits(segments, pattern.segments)) continue;
    match.methods.push_back(pattern.route->method);
    if (pattern.route->method != method || match.route != nullptr) continue;
    match.route = pattern.route;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto expected = pattern.segments[i];
      if (is_parameter(expected)) match.path.emplace_back(expected.substr(1, expected.size() - 2), segments[i]);
    }
  }
  return match;
}

std::size_t RouteTable::number_of(const Route* route) const noexcept {
  return route == nullptr ? routes_.size() : static_cast<std::size_t>(route - routes_.data());
}

}  // namespace offx::api
