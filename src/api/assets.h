#pragma once

#include <optional>
#include <string_view>

#include "api/encoding.h"
#include "net/http_server.h"

namespace offx::api {

/// A file of the dashboard, part of the program: every view is valid as long as the program runs.
struct Asset {
  std::string_view content;
  std::string_view content_brotli;  ///< the same, compressed; empty where that would not be smaller
  std::string_view content_gzip;
  std::string_view content_type;  ///< with charset, ready for the header
  std::string_view etag;          ///< with its quotes; of the content, so the same for every encoding
  bool immutable = false;         ///< the name holds a hash of the content: may be kept for ever
};

/// The file at this path of an address (`/index.html`, `/assets/index-Bq3x.js`), which is compared as it is: there is
/// no folder to leave. `/` is the page itself. Nothing if there is no such file, or if the program was built without
/// the dashboard. Thread-safe; a binary search.
[[nodiscard]] std::optional<Asset> find_asset(std::string_view path) noexcept;

/// The file that a GET of `target` gets, in the coding that its client likes, or only that the client has it already:
/// 304. The dashboard finds its own way from the address: whatever is no file, and looks like a page, is its index.
/// Nothing for other addresses.
[[nodiscard]] std::optional<net::HttpResponse> dashboard_file(const net::HttpRequest& request,
                                                              const TargetParts& target);

/// For who wants a page and asked for an address that has none: 404, as the dashboard says it to people. Nothing for
/// who takes no HTML, as programs, and if the program was built without the dashboard.
[[nodiscard]] std::optional<net::HttpResponse> dashboard_not_found(const net::HttpRequest& request);

}  // namespace offx::api
