#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

/// One bit for each byte of a text: how the tokenizer passes over ASCII 64 bytes at a time.
namespace offx::text {

/// Words of a mask over `size` bytes. The last one is always 0, so that searches need not look for the end.
[[nodiscard]] constexpr std::size_t mask_words(std::size_t size) noexcept { return size / 64 + 2; }

/// Writes the text with its ASCII letters in lower case to `lowered`, which has room for its size rounded up to eight,
/// and finds out, eight bytes at a time and without branches, which bytes are ASCII letters and digits and which need a
/// closer look: signs and what is not ASCII. (For "SIMD within a register" see Hacker's Delight, chapter 6: adding
/// 0x80 - c to a byte below 0x80 sets its top bit if it is ≥ c.)
inline void classify_bytes(std::string_view text, char* lowered, std::span<std::uint64_t> alnum,
                           std::span<std::uint64_t> special) noexcept {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTop = 0x80 * kOnes;
  constexpr std::uint64_t kGather = 0x0102040810204080;  // brings the bits of eight bytes together in the top byte
  std::ranges::fill(alnum, 0);
  std::ranges::fill(special, 0);
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, std::min<std::size_t>(8, text.size() - at));
    const std::uint64_t ascii = bytes & ~kTop;
    const auto at_least = [&](std::uint64_t value, std::uint64_t c) { return value + (0x80 - c) * kOnes; };
    const auto is = [&](std::uint64_t c) { return ~((ascii ^ c * kOnes) + 0x7F * kOnes); };
    const std::uint64_t upper = at_least(ascii, 'A') & ~at_least(ascii, 'Z' + 1) & ~bytes & kTop;
    const std::uint64_t lower = bytes | upper >> 2U;
    const std::uint64_t low = lower & ~kTop;
    const std::uint64_t letter = at_least(low, 'a') & ~at_least(low, 'z' + 1);
    const std::uint64_t digit = at_least(ascii, '0') & ~at_least(ascii, '9' + 1);
    const std::uint64_t letter_or_digit = (letter | digit) & ~bytes & kTop;
    const std::uint64_t sign = (((is('#') | is('$') | is('@') | is('*')) & ~bytes) | bytes) & kTop;
    std::memcpy(lowered + at, &lower, 8);
    alnum[at / 64] |= (letter_or_digit >> 7U) * kGather >> 56U << (at % 64);
    special[at / 64] |= (sign >> 7U) * kGather >> 56U << (at % 64);
  }
}

/// The first byte from `at` that is in one of two masks of one text, or something behind the end.
[[nodiscard]] inline std::size_t first_in_either(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b,
                                                 std::size_t at) noexcept {
  std::size_t word = at / 64;
  std::uint64_t bits = (a[word] | b[word]) & (~std::uint64_t{0} << (at % 64));
  while (bits == 0) {
    if (++word == a.size()) return word * 64;
    bits = a[word] | b[word];
  }
  return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

/// The first byte from `at` that is not in the mask.
[[nodiscard]] inline std::size_t first_not_in(std::span<const std::uint64_t> mask, std::size_t at) noexcept {
  std::size_t word = at / 64;
  std::uint64_t bits = ~mask[word] & (~std::uint64_t{0} << (at % 64));
  while (bits == 0) bits = ~mask[++word];  // the last word is 0
  return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

}  // namespace offx::text
