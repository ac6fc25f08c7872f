#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Hashes of words and numbers for them, for counting.
namespace offx::text {

/// Spreads the bits of a 64-bit number: the finaliser of MurmurHash3 (A. Appleby, public domain). A bijection.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t h) noexcept {
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDULL;
  h ^= h >> 33;
  h *= 0xC4CEB9FE1A85EC53ULL;
  return h ^ (h >> 33);
}

/// A hash of `text` that is the same in every run and on every machine (FNV-1a, mixed). Not for hostile keys where a
/// collision would matter.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t h = 0xCBF29CE484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return mix(h);
}

/// Numbers distinct 64-bit keys 0, 1, 2, … in the order they are first seen. Open addressing, linear probing.
class KeyNumbers {
 public:
  explicit KeyNumbers(std::size_t expected = 0) : slots_(std::bit_ceil(expected * 2 + 16)) {}

  /// The number of `key`; size() before the call if it is new. Not more than 2³² − 1 keys.
  [[nodiscard]] std::uint32_t id(std::uint64_t key) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    std::size_t i = mix(key) & (slots_.size() - 1);
    while (slots_[i].number != 0 && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
    if (slots_[i].number == 0) slots_[i] = {key, ++size_};
    return slots_[i].number - 1;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t number = 0;  ///< plus one; 0 is a free slot
  };

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number == 0) continue;
      std::size_t i = mix(slot.key) & (slots_.size() - 1);
      while (slots_[i].number != 0) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::uint32_t size_ = 0;
};

}  // namespace offx::text
