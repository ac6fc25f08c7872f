#pragma once

#include <array>
#include <cstdint>

#include "text/tokens.h"

/// What the tokenizer needs to know of single code points: ICU's properties, put into tables of the first planes on
/// first use because one post asks for a hundred of them.
namespace offx::text {

/// Properties of a code point, or'ed.
enum CharFlag : std::uint8_t {
  kCharWord = 1,        ///< letter, mark or number: part of words
  kCharSpaceless = 2,   ///< of a script written without spaces, so a token by itself (with kCharWord)
  kCharMark = 4,        ///< combining (with kCharWord): belongs to what stands before it
  kCharIgnorable = 8,   ///< invisible: neither splits words nor counts
  kCharEmoji = 16,      ///< opens an emoji
  kCharTagLetter = 32,  ///< may stand in a hashtag, and makes it one
  kCharTagOther = 64,   ///< may stand in a hashtag, but one of these alone is none: digits, `_`
  kCharSpace = 128,     ///< white space
};

inline constexpr char32_t kVariation15 = 0xFE0E;
inline constexpr char32_t kVariation16 = 0xFE0F;
inline constexpr char32_t kZeroWidthJoiner = 0x200D;
inline constexpr char32_t kKeycap = 0x20E3;
inline constexpr char32_t kFullWidthHash = 0xFF03;
inline constexpr char32_t kFullWidthAt = 0xFF20;

[[nodiscard]] inline bool is_regional(char32_t c) noexcept { return c >= 0x1F1E6 && c <= 0x1F1FF; }
[[nodiscard]] inline bool is_skin_tone(char32_t c) noexcept { return c >= 0x1F3FB && c <= 0x1F3FF; }
/// What belongs to the emoji before it (Grapheme_Extend, as far as emoji go).
[[nodiscard]] inline bool extends_emoji(char32_t c, std::uint8_t flags) noexcept {
  return c == kVariation15 || c == kVariation16 || is_skin_tone(c) || (c >= 0xE0020 && c <= 0xE007F) ||
         ((flags & kCharMark) != 0 && (flags & kCharSpaceless) == 0);
}

/// twitter-text's accented Latin letters, which end no mention.
[[nodiscard]] inline bool is_latin_accent(char32_t c) noexcept {
  return (c >= 0x00C0 && c <= 0x024F && c != 0x00D7 && c != 0x00F7) || c == 0x0253 || c == 0x0254 || c == 0x0256 ||
         c == 0x0257 || c == 0x0259 || c == 0x025B || c == 0x0263 || c == 0x0268 || c == 0x026F || c == 0x0272 ||
         c == 0x0289 || c == 0x028B || c == 0x02BB || (c >= 0x0300 && c <= 0x036F) || (c >= 0x1E00 && c <= 0x1EFF);
}

/// Tables for one normal form. Thread-safe after get().
class CharTables {
 public:
  /// The tables, built on first use (a few milliseconds) and kept.
  static const CharTables& get(NormalForm form);

  explicit CharTables(NormalForm form);

  /// CharFlags of `code`.
  [[nodiscard]] std::uint8_t flags(char32_t code) const noexcept {
    return code < kFlagCount ? (*flags_)[code] : compute_flags(code);
  }

  /// The normal form of `code` if it is one code point of the first plane whatever stands around it, else 0.
  [[nodiscard]] char16_t simple(char32_t code) const noexcept {
    return code < kSimpleCount ? simple_[code] : char16_t{0};
  }

 private:
  static constexpr char32_t kFlagCount = 0x20000;
  static constexpr char32_t kSimpleCount = 0x10000;
  using Flags = std::array<std::uint8_t, kFlagCount>;

  static std::uint8_t compute_flags(char32_t code) noexcept;
  static const Flags& shared_flags();

  const Flags* flags_;
  std::array<char16_t, kSimpleCount> simple_{};
};

}  // namespace offx::text
