#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/route_table.h"

namespace offx::api {
namespace {

namespace json = boost::json;

TEST(OpenApi, the_document_describes_every_route_and_no_other) {
  const RouteTable table;
  const auto& routes = table.all();
  const auto document = json::parse(std::string(openapi_document())).as_object();
  std::set<std::string> described;
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& entry : path.value().as_object()) {
      if (entry.key() == "parameters") continue;
      std::string method(entry.key());
      std::transform(method.begin(), method.end(), method.begin(), [](char c) { return static_cast<char>(c - 32); });
      described.insert(method + " /api/v1" + std::string(path.key()));
      const auto& security = entry.value().at("security").as_array();
      const auto route = std::find_if(routes.begin(), routes.end(), [&](const Route& r) {
        return r.method == method && r.path == "/api/v1" + std::string(path.key());
      });
      if (route == routes.end()) continue;
      const std::string access = security.empty() ? "open"
                                 : security.size() == 1
                                     ? "account"
                                     : std::string(security[1].at("token").as_array()[0].as_string());
      constexpr std::array<std::string_view, 5> kNames = {"open", "account", "read", "write", "admin"};
      EXPECT_EQ(access, kNames[static_cast<std::size_t>(route->access)]) << method << " " << path.key();
    }
  }
  std::set<std::string> known;
  for (const auto& route : routes) known.insert(std::string(route.method) + " " + std::string(route.path));
  for (const auto& route : known) EXPECT_TRUE(described.contains(route)) << route << " is not in openapi.json";
  for (const auto& route : described) EXPECT_TRUE(known.contains(route)) << route << " is no route";
}

}  // namespace
}  // namespace offx::api
