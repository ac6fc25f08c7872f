#include "api/assets.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

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

}  // namespace offx::api
