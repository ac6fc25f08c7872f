#include <array>

#include "api/route.h"

// Defined in openapi.S.
extern "C" {
extern const char offx_openapi[];      // NOLINT(readability-identifier-naming): named in openapi.S
extern const char offx_openapi_end[];  // NOLINT(readability-identifier-naming)
}

namespace offx::api {
namespace {

/// The document is JSON, and served as such; kept in sync with the routes by a test.
Result<net::HttpResponse> get_openapi(const Request& request, const Services& /*services*/) {
  OFFX_TRY(request.only({}));
  net::HttpResponse response;
  response.headers.push_back({"Content-Type", "application/json"});
  response.body = openapi_document();
  return response;
}

}  // namespace

std::string_view openapi_document() {
  return {offx_openapi, static_cast<std::size_t>(offx_openapi_end - offx_openapi)};
}

std::span<const Route> document_routes() {
  static constexpr std::array<Route, 1> kRoutes = {{{"GET", "/api/v1/openapi.json", Access::open, &get_openapi}}};
  return kRoutes;
}

}  // namespace offx::api
