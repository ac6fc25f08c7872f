#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Classes of ASCII characters. Bytes of longer characters are in none.
namespace offx::text {

/// Classes of ASCII, or'ed: what the fast path and twitter-text's patterns ask for.
inline constexpr unsigned kAlnum = 1;
inline constexpr unsigned kAlpha = 2;
inline constexpr unsigned kPunct = 4;
inline constexpr unsigned kSpaceOrControl = 8;
inline constexpr unsigned kSign = 16;

inline constexpr std::array<std::uint8_t, 256> kAscii = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < 0x80; ++c) {
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    unsigned flags = 0;
    if (alpha) flags |= kAlpha;
    if (alpha || digit) flags |= kAlnum;
    if (c > ' ' && c < 0x7F && !alpha && !digit) flags |= kPunct;
    if (c <= ' ' || c == 0x7F) flags |= kSpaceOrControl;
    if (c == '#' || c == '@' || c == '$' || c == '*') flags |= kSign;
    table[c] = static_cast<std::uint8_t>(flags);
  }
  return table;
}();

[[nodiscard]] inline bool ascii_is(char c, unsigned flags) noexcept {
  return (kAscii[static_cast<unsigned char>(c)] & flags) != 0;
}
[[nodiscard]] inline bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }
/// A letter or digit of ASCII or `_`: a user name's characters.
[[nodiscard]] inline bool is_name(char c) noexcept { return ascii_is(c, kAlnum) || c == '_'; }

[[nodiscard]] inline char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace offx::text
