#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/tokens.h"
#include "topics/matcher.h"
#include "topics/rule.h"

/// The compiled form of many rules. How it works: DESIGN.md.
namespace offx::topics {

/// An atom is a thing that a post has or has not: a word, a tag, an author, a flag. 0 is none.
using Atom = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

/// Where a text was found, so that the same text in two places makes two atoms.
enum class Space : std::uint8_t { text, emoji_base, url_word, from, to, lang, platform };

/// Facts about a post without a text. The order is that of RuleIndex::flag_atoms().
enum class Flag : std::uint8_t { media, images, videos, links, hashtags, mentions, cashtags, reply, repost, quote };
inline constexpr std::size_t kFlagCount = 10;

/// A text made ready for the table. Up to 16 bytes, `low`, `high` and `meta` are the whole text, so that comparing them
/// compares the text; of a longer one they are hashes, and the text itself is compared behind them.
struct TextKey {
  std::uint64_t low;
  std::uint64_t high;
  std::uint64_t hash;
  std::uint32_t meta;  ///< length (clipped) and space
};

inline constexpr std::size_t kInlineKeyBytes = text::kTokenPadding;

namespace detail {

__extension__ using Uint128 = unsigned __int128;

/// The folded product of wyhash (Wang Yi, public domain).
[[nodiscard]] inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

[[nodiscard]] inline std::uint64_t load(const char* bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

inline constexpr std::uint64_t kSalt0 = 0x2D358DCCAA6C78A5;
inline constexpr std::uint64_t kSalt1 = 0x8BB84B93962EACC9;
inline constexpr std::uint64_t kSalt2 = 0x4B33A62ED433D4A3;

/// Masks of the first n bytes of a word: [n] of the low one, [n + kFirstBytesOfHigh] of the high one, n from 0 to 16.
inline constexpr std::size_t kFirstBytesOfHigh = 17;
inline constexpr std::array<std::uint64_t, 34> kFirstBytes = [] {
  std::array<std::uint64_t, 34> masks{};
  for (std::size_t n = 0; n <= 16; ++n) {
    masks[n] = n >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * n) - 1;
    masks[n + kFirstBytesOfHigh] = n <= 8 ? 0 : n == 16 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * (n - 8)) - 1;
  }
  return masks;
}();

}  // namespace detail

/// The key of a text of which kInlineKeyBytes from its beginning may be read, as of a token's.
[[nodiscard]] inline TextKey make_key_of_token(std::string_view text, Space space) noexcept {
  using detail::load;
  using detail::mix;
  const char* bytes = text.data();
  const std::size_t size = text.size();
  const std::size_t clipped = size < 0xFFFFFF ? size : 0xFFFFFF;
  const auto meta = static_cast<std::uint32_t>(clipped << 8U | static_cast<std::size_t>(space));
  std::uint64_t low = load(bytes);
  std::uint64_t high = load(bytes + 8);
  if (size <= kInlineKeyBytes) [[likely]] {
    // No branch on the size: it is different in each word.
    low &= detail::kFirstBytes[size];
    high &= detail::kFirstBytes[size + detail::kFirstBytesOfHigh];
  } else {
    for (std::size_t i = 16; i + 16 < size; i += 16) {
      low = mix(low ^ load(bytes + i), detail::kSalt2 ^ load(bytes + i + 8));
      high = mix(high ^ load(bytes + i + 8), detail::kSalt0 ^ load(bytes + i));
    }
    low = mix(low, detail::kSalt1) ^ load(bytes + size - 16);
    high = mix(high, detail::kSalt2) ^ load(bytes + size - 8);
  }
  return {low, high, mix(low ^ detail::kSalt0 ^ (static_cast<std::uint64_t>(meta) << 32U), high ^ detail::kSalt1),
          meta};
}

/// The key of any text.
[[nodiscard]] inline TextKey make_key(std::string_view text, Space space) noexcept {
  if (text.size() >= kInlineKeyBytes) return make_key_of_token(text, space);
  std::array<char, kInlineKeyBytes> padded{};
  text.copy(padded.data(), text.size());
  return make_key_of_token(std::string_view(padded.data(), text.size()), space);
}

/// One step of a rule in prefix order: `end` is the index behind its last descendant.
struct Instruction {
  enum class Op : std::uint8_t { atom, phrase, near, all, any, negation, never };

  Op op;
  std::uint32_t value;  ///< atom, or index of a phrase
  std::uint32_t end;
};

/// Words of `"…"~N` at most: kNearMaxWords, each of which may be several in NormalForm::search.
inline constexpr std::size_t kNearMaxAtoms = 8 * kNearMaxWords;

/// Words in order, or near each other.
struct Phrase {
  std::vector<Atom> words;    ///< two or more
  std::uint32_t pivot = 0;    ///< index of the word that is looked up first: the rarest
  std::uint8_t distance = 0;  ///< 1 to 6: in `~N`; else 0
};

/// What to do for a rule once an atom is in a post.
struct Entry {
  std::uint32_t rule;
  std::uint32_t phrase = kNone;   ///< must be around the atom
  std::uint32_t program = kNone;  ///< instruction that must then be true; kNone: nothing more is asked
  Atom partner = 0;               ///< of a phrase: the word beside the pivot, compared before anything else
  std::int32_t partner_step = 0;  ///< where: +1 or -1 positions; 0: not compared
};

/// Immutable. Building is linear in the rules.
class RuleIndex {
 public:
  RuleIndex(std::span<const TopicRule> rules, text::NormalForm form);

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }  ///< differs between all indexes of the process
  [[nodiscard]] text::NormalForm form() const noexcept { return form_; }
  [[nodiscard]] std::size_t atom_count() const noexcept { return entries_of_.size() - 1; }
  [[nodiscard]] std::size_t rule_count() const noexcept { return topics_.size(); }

  /// False only if the text is no atom. True for few others: a Bloom filter.
  [[nodiscard]] bool may_hold(const TextKey& key) const noexcept {
    const std::uint64_t bits = filter_bits(key.hash);
    return (filter_[filter_word(key.hash)] & bits) == bits;
  }

  /// Brings the place of a text in the table nearer.
  void prefetch(const TextKey& key) const noexcept { __builtin_prefetch(&slots_[(key.hash >> 32U) & slot_mask_]); }

  /// The atom of a text, or 0, without asking the filter.
  [[nodiscard]] Atom look_up(const TextKey& key, std::string_view text) const noexcept {
    for (std::uint64_t i = key.hash >> 32U;; ++i) {
      const Slot& slot = slots_[i & slot_mask_];
      if (slot.atom == 0) return 0;
      if (slot.low == key.low && slot.high == key.high && slot.meta == key.meta &&
          (text.size() <= kInlineKeyBytes || is_long_text(slot.atom, text))) {
        return slot.atom;
      }
    }
  }

  /// The atom of a text, or 0.
  [[nodiscard]] Atom find(std::string_view text, Space space) const noexcept {
    const TextKey key = make_key(text, space);
    return may_hold(key) ? look_up(key, text) : 0;
  }

  /// True if any rule looks into that space.
  [[nodiscard]] bool uses(Space space) const noexcept { return (spaces_ >> static_cast<unsigned>(space) & 1U) != 0; }

  /// True if any rule asks for author, language and the like.
  [[nodiscard]] bool uses_attributes() const noexcept {
    return uses(Space::from) || uses(Space::to) || uses(Space::lang) || uses(Space::platform);
  }

  /// Topics in ascending order; a rule's index is its place here.
  [[nodiscard]] std::int64_t topic_of(std::uint32_t rule) const noexcept { return topics_[rule]; }
  [[nodiscard]] std::span<const Entry> entries_of(Atom atom) const noexcept {
    return std::span(entries_).subspan(entries_of_[atom], entries_of_[atom + 1] - entries_of_[atom]);
  }
  [[nodiscard]] const Instruction& instruction(std::uint32_t at) const noexcept { return instructions_[at]; }
  [[nodiscard]] const Phrase& phrase(std::uint32_t at) const noexcept { return phrases_[at]; }

  /// Atoms of flags, by Flag; 0 if no rule asks.
  [[nodiscard]] std::span<const Atom, kFlagCount> flag_atoms() const noexcept { return flag_atoms_; }
  [[nodiscard]] bool uses_flags() const noexcept { return uses_flags_; }
  /// Words by their beginning: queries alone.
  [[nodiscard]] std::span<const std::pair<std::string, Atom>> prefixes() const noexcept { return prefixes_; }
  /// Parts of addresses of one or two bytes; longer ones are found by their first three.
  [[nodiscard]] std::span<const std::pair<std::string, Atom>> short_parts() const noexcept { return short_parts_; }
  [[nodiscard]] const std::unordered_multimap<std::uint32_t, std::pair<std::string, Atom>>& parts() const noexcept {
    return parts_;
  }
  [[nodiscard]] bool uses_parts() const noexcept { return !parts_.empty() || !short_parts_.empty(); }
  /// Texts of one post are so many positions apart that nothing is near across them.
  [[nodiscard]] std::uint32_t text_gap() const noexcept { return text_gap_; }

 private:
  friend class RuleIndexBuilder;

  [[nodiscard]] static std::uint64_t filter_bits(std::uint64_t hash) noexcept {
    return std::uint64_t{1} << (hash & 63U) | std::uint64_t{1} << ((hash >> 6U) & 63U);
  }
  [[nodiscard]] std::size_t filter_word(std::uint64_t hash) const noexcept { return (hash >> 12U) & filter_mask_; }
  [[nodiscard]] bool is_long_text(Atom atom, std::string_view text) const noexcept;

  struct Slot {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint32_t meta = 0;
    Atom atom = 0;
    std::uint64_t padding = 0;  // two slots to a cache line
  };

  std::uint64_t id_;
  text::NormalForm form_;
  std::vector<std::uint64_t> filter_;  // a Bloom filter: both bits of a text lie in one word
  std::uint64_t filter_mask_ = 0;
  std::vector<Slot> slots_;
  std::uint64_t slot_mask_ = 0;
  std::unordered_map<Atom, std::string> long_texts_;
  std::uint32_t spaces_ = 0;
  std::vector<std::int64_t> topics_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> entries_of_;
  std::vector<Instruction> instructions_;
  std::vector<Phrase> phrases_;
  std::array<Atom, kFlagCount> flag_atoms_{};
  bool uses_flags_ = false;
  std::vector<std::pair<std::string, Atom>> prefixes_;
  std::vector<std::pair<std::string, Atom>> short_parts_;
  std::unordered_multimap<std::uint32_t, std::pair<std::string, Atom>> parts_;
  std::uint32_t text_gap_ = 0;
};

/// The first three bytes of a part of an address, as the key of RuleIndex::parts().
[[nodiscard]] inline std::uint32_t trigram(const char* bytes) noexcept {
  const auto byte = [&](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  return byte(0) << 16U | byte(1) << 8U | byte(2);
}

}  // namespace offx::topics
