#pragma once

#include <cstddef>
#include <string_view>

/// Reading UTF-8 one character at a time, from any bytes.
namespace offx::text {

inline constexpr char32_t kReplacementChar = 0xFFFD;

/// The character at `position`, which is moved behind it; position < text.size(). U+FFFD for each longest part that
/// is no character (Unicode 15, section 3.9), so the bounds found do not depend on where reading began.
[[nodiscard]] inline char32_t next_char(std::string_view text, std::size_t& position) noexcept {
  const auto byte = [&](std::size_t i) -> char32_t { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(position++);
  if (lead < 0x80) return lead;
  if (lead < 0xC2 || lead > 0xF4) return kReplacementChar;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  // What the second byte may be keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
  char32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  char32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t c = lead & (more == 1 ? 0x1FU : more == 2 ? 0x0FU : 0x07U);
  for (int i = 0; i < more; ++i) {
    if (position >= text.size() || byte(position) < low || byte(position) > high) return kReplacementChar;
    c = (c << 6) | (byte(position++) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return c;
}

/// The character that ends at `position`, which is moved before it; 0 < position ≤ text.size().
[[nodiscard]] inline char32_t previous_char(std::string_view text, std::size_t& position) noexcept {
  const std::size_t end = position;
  const auto is_trail = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  std::size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && is_trail(begin)) --begin;
  std::size_t after = begin;
  const char32_t c = next_char(text.substr(0, end), after);
  if (after == end) {
    position = begin;
    return c;
  }
  position = end - 1;
  return kReplacementChar;
}

}  // namespace offx::text
