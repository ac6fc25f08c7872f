#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offx::text {

/// `bytes`, which are in the encoding of that name (`windows-1252`, `UTF-16`, `Shift_JIS`, …), as UTF-8; what is none
/// in it becomes U+FFFD. Nothing if no encoding has that name. Thread-safe.
[[nodiscard]] std::optional<std::string> decoded(std::string_view bytes, const std::string& encoding);

}  // namespace offx::text
