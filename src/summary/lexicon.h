#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace offx::summary {

/// Roles a word plays in the rules, or'ed.
enum WordRole : std::uint16_t {
  kInLexicon = 1,  ///< has a valence
  kNegates = 2,    ///< turns what follows: `not`, `without`, `can't`
  kNo = 4,
  kOrNor = 8,
  kBut = 16,
  kLeast = 32,
  kAtVery = 64,  ///< `at least` and `very least` turn nothing
  kNever = 128,
  kSoThis = 256,  ///< `never so` strengthens
  kWithout = 512,
  kDoubt = 1024,
  kKind = 2048,
  kOf = 4096,
  kInPhrase = 16384,  ///< stands in an idiom or a phrase of degree
  kDegree = 8192,     ///< strengthens or weakens what follows: `very`, `barely`
};

/// A word the rules know.
struct LexiconWord {
  std::string_view text;  ///< lower case
  double valence = 0;     ///< −4 … 4, with kInLexicon
  double degree = 0;      ///< with kDegree
  std::uint16_t roles = 0;
};

/// VADER's lexicon and the word lists of its rules, in one table.
class Lexicon {
 public:
  /// Read from the copy inside the program on first use, some milliseconds. Thread-safe.
  static const Lexicon& get();

  /// The word with this text and text::hash_of(text), or nullptr.
  [[nodiscard]] const LexiconWord* find(std::string_view lower_text, std::uint64_t hash) const noexcept;

  /// Valence of a phrase whose words mean something else together (`kiss of death`); nullptr if it is none.
  [[nodiscard]] static const double* idiom(std::string_view phrase) noexcept;
  /// What a phrase such as `sort of` adds as a whole; 0 if it is none.
  [[nodiscard]] static double degree_phrase(std::string_view phrase) noexcept;

  /// The name of an emoji in lower case, or empty: `face with tears of joy`. As in CLDR where that matters to the
  /// lexicon, else the character's Unicode name.
  [[nodiscard]] std::string_view emoji_name(char32_t c) const noexcept;

 private:
  struct Slot {
    std::uint32_t tag = 0;     ///< high half of the hash
    std::uint32_t number = 0;  ///< into words_, plus one; 0 is free
  };
  struct Emoji {
    char32_t character;
    std::string name;
  };

  Lexicon();
  LexiconWord& word(std::string_view text);
  void read_lexicon(std::string_view file);
  void mark_phrase(std::string_view phrase);
  void name_emoji();

  std::vector<Slot> slots_;
  std::vector<LexiconWord> words_;
  std::vector<Emoji> emoji_;  ///< by character
};

}  // namespace offx::summary
