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
