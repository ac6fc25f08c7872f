#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace offx::api {

/// `%41` to `A`; with `plus_is_space`, as in queries, `+` to a blank. Nothing if it is no encoding, or if what it gives
/// is no UTF-8 or holds a NUL.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

/// A target taken apart: the path's segments and the query's parameters, decoded.
struct TargetParts {
  std::string path;  ///< as sent, without query
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
};
/// Errc::invalid_argument if something in it cannot be decoded.
[[nodiscard]] Result<TargetParts> take_apart(std::string_view target);

/// What a client sent, as text that can be stored and shown: valid UTF-8 without control characters, at most
/// `max_bytes` of it, cut between characters.
[[nodiscard]] std::string storable_text(std::string_view bytes, std::size_t max_bytes);

enum class Coding : std::uint8_t { none, gzip, brotli };
/// What the client likes best of what we have, by its Accept-Encoding.
[[nodiscard]] Coding preferred_coding(std::string_view accept_encoding);

/// Compressed at a fast level; empty if that fails or is no gain.
[[nodiscard]] std::string compressed(std::string_view body, Coding coding);

/// A weak entity tag of these bytes, quotes and all.
[[nodiscard]] std::string entity_tag(std::string_view body);
/// True if an If-None-Match header names this tag, by weak comparison.
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace offx::api
