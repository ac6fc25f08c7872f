#include "api/assets.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

#include "api/finishing.h"

extern "C" const char kOffxWebAssets[];  // assets.S

namespace offx::api {

namespace {

/// Where a form of a file lies in the bytes that assets.S puts into the program.
struct Extent {
  std::size_t offset;
  std::size_t size;
};

struct Entry {
  std::string_view path;
  std::string_view content_type;
  std::string_view etag;
  bool immutable;
  Extent plain;
  Extent brotli;
  Extent gzip;
};

// Written by web/tools/build.mjs, by path; its last entry is empty, so that a program without the dashboard has an
// array too.
constexpr Entry kEntries[] = {
#include "api/assets_table.inc"
    {}};

std::string_view bytes(const Extent& extent) noexcept { return {kOffxWebAssets + extent.offset, extent.size}; }

}  // namespace

std::optional<Asset> find_asset(std::string_view path) noexcept {
  if (path == "/") path = "/index.html";
  const Entry* const last = std::prev(std::end(kEntries));
  const Entry* const found = std::ranges::lower_bound(std::begin(kEntries), last, path, {}, &Entry::path);
  if (found == last || found->path != path) return std::nullopt;
  return Asset{.content = bytes(found->plain),
               .content_brotli = bytes(found->brotli),
               .content_gzip = bytes(found->gzip),
               .content_type = found->content_type,
               .etag = found->etag,
               .immutable = found->immutable};
}

namespace {

bool wants_page(const net::HttpRequest& request) {
  return request.header("Accept").value_or("").find("text/html") != std::string_view::npos;
}

/// Its content in the coding that its client likes.
void write_content(const net::HttpRequest& request, const Asset& asset, net::HttpResponse& response) {
  response.asset = asset.content;
  const auto coding = coding_for(request);
  if (coding == Coding::brotli && !asset.content_brotli.empty()) {
    response.asset = asset.content_brotli;
    response.headers.push_back({"Content-Encoding", "br"});
  } else if (coding != Coding::none && !asset.content_gzip.empty()) {
    response.asset = asset.content_gzip;
    response.headers.push_back({"Content-Encoding", "gzip"});
  }
}

}  // namespace

std::optional<net::HttpResponse> dashboard_file(const net::HttpRequest& request, const TargetParts& target) {
  auto asset = find_asset(target.path);
  if (!asset) {
    const auto& segments = target.segments;
    const bool looks_like_page =
        wants_page(request) && std::none_of(segments.begin(), segments.end(), [](const std::string& segment) {
          return segment.find('.') != std::string::npos;
        });
    if (looks_like_page) asset = find_asset("/index.html");
  }
  if (!asset) return std::nullopt;
  net::HttpResponse response;
  response.headers = {{"Content-Type", std::string(asset->content_type)},
                      {"ETag", std::string(asset->etag)},
                      {"Vary", "Accept-Encoding"},
                      {"Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (names_tag(request.header("If-None-Match").value_or(""), asset->etag)) {
    response.status = 304;
    return response;
  }
  write_content(request, *asset, response);
  return response;
}

std::optional<net::HttpResponse> dashboard_not_found(const net::HttpRequest& request) {
  const auto page = find_asset("/index.html");
  if (!page || !wants_page(request)) return std::nullopt;
  net::HttpResponse response;
  response.status = 404;
  response.headers = {
      {"Content-Type", std::string(page->content_type)}, {"Vary", "Accept-Encoding"}, {"Cache-Control", "no-store"}};
  write_content(request, *page, response);
  return response;
}

}  // namespace offx::api
