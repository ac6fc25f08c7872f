#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "db/value.h"

namespace offx::db::http {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Appends `text`, which is UTF-8, as a JSON string.
void append_json(std::string& json, std::string_view text);
/// Appends a JSON number that reads back as the same double, and as a real: with a point or an exponent. Finite only.
void append_json(std::string& json, double real);
void append_json(std::string& json, std::int64_t integer);

void append_base64(std::string& out, std::span<const std::byte> bytes);  ///< with padding
[[nodiscard]] std::string base64(std::string_view bytes);
/// Nothing if `text` is not base64. Padding may be missing.
[[nodiscard]] std::optional<Blob> from_base64(std::string_view text);

/// Appends a blob as SQL: `x'00FF'`.
void append_sql_literal(std::string& sql, std::span<const std::byte> blob);

}  // namespace offx::db::http
