#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace offx::db {

using Blob = std::vector<std::byte>;

/// NULL, INTEGER, REAL, TEXT or BLOB: SQLite's five storage classes. TEXT may hold any byte.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

[[nodiscard]] inline bool is_null(const Value& value) noexcept { return std::holds_alternative<std::monostate>(value); }

/// The number in `value`: a REAL is cut off, TEXT is read as decimal digits, anything else is `otherwise`.
[[nodiscard]] std::int64_t to_integer(const Value& value, std::int64_t otherwise = 0) noexcept;

/// The number in `value`; NULL, TEXT and BLOB are `otherwise`.
[[nodiscard]] double to_real(const Value& value, double otherwise = 0.0) noexcept;

/// The text in `value`; numbers are printed, a BLOB gives its bytes, NULL is empty.
[[nodiscard]] std::string to_text(const Value& value);

/// NULL for an empty text, the text otherwise: for columns in which NULL says "unknown".
[[nodiscard]] Value text_or_null(std::string_view text);

}  // namespace offx::db
