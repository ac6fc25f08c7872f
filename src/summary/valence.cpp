#include "summary/valence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <unicode/uchar.h>

#include "summary/lexicon.h"
#include "text/clean.h"
#include "text/key_numbers.h"
#include "text/utf8.h"

namespace offx::summary {
namespace {

// From the paper, found by trial with human raters.
constexpr double kNegationFactor = -0.74;
constexpr double kCapitalsBonus = 0.733;
constexpr double kNeverSoFactor = 1.25;
constexpr double kBeforeBut = 0.5;
constexpr double kAfterBut = 1.5;
constexpr std::array<double, 3> kDistanceFactors = {1, 0.95, 0.9};
constexpr double kExclamation = 0.292;
constexpr std::size_t kExclamationsMax = 4;
constexpr double kQuestion = 0.18;
constexpr double kManyQuestions = 0.96;
constexpr double kNormalisation = 15;

constexpr std::uint64_t kI = text::hash_of("i");
constexpr std::uint64_t kMe = text::hash_of("me");
constexpr std::uint64_t kMy = text::hash_of("my");
constexpr std::uint64_t kYou = text::hash_of("you");
constexpr std::uint64_t kYour = text::hash_of("your");

struct Word {
  std::string_view text;  ///< lower case
  const LexiconWord* known = nullptr;
  bool capitals = false;
  bool has_nt = false;

  [[nodiscard]] bool has(std::uint16_t roles) const { return known != nullptr && (known->roles & roles) != 0; }
  [[nodiscard]] bool negates() const { return has_nt || has(kNegates); }
};

/// What a byte can be, or'ed over a word.
enum CharClass : std::uint8_t {
  kSpace = 1,
  kPunctuation = 2,
  kUpper = 4,
  kLower = 8,
  kApostrophe = 16,
  kEmphasis = 32,  ///< `!` and `?`
  kNotAscii = 64,
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) {
    if (c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F)) classes[c] = kSpace;
    if ((c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~'))
      classes[c] = kPunctuation;
    if (c >= 'A' && c <= 'Z') classes[c] = kUpper;
    if (c >= 'a' && c <= 'z') classes[c] = kLower;
    if (c >= 0x80) classes[c] = kNotAscii;
  }
  classes['\''] |= kApostrophe;
  classes['!'] |= kEmphasis;
  classes['?'] |= kEmphasis;
  return classes;
}();

std::uint8_t class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  return all < 0x80;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

double normalise(double sum) { return std::clamp(sum / std::sqrt(sum * sum + kNormalisation), -1.0, 1.0); }

/// The rules on one text. Keeps its buffers for the next.
class Rules {
 public:
  ValenceDetails run(std::string_view original) {
    const std::string_view text = with_names_of_emoji(original);
    details_ = {};
    split(text);
    score_words();
    weigh_but();
    add_up();
    return details_;
  }

 private:
  /// `text` with emoji replaced by their names, spaced from what stands before.
  std::string_view with_names_of_emoji(std::string_view text) {
    if (is_ascii(text)) return text;
    named_.clear();
    bool after_space = true;
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t here = i;
      const char32_t c = text::next_char(text, i);
      const std::string_view name = c < 0x80 ? std::string_view() : lexicon_.emoji_name(c);
      if (name.empty()) {
        named_.append(text, here, i - here);
        after_space = c == ' ';
      } else {
        if (!after_space) named_ += ' ';
        named_ += name;
        after_space = false;
      }
    }
    return named_;
  }

  void split(std::string_view text) {
    words_.clear();
    // Buffers that do not move while words point into them; no character grows more in lower case.
    if (lower_.size() < text.size()) lower_.resize(text.size());
    other_lower_.clear();
    other_lower_.reserve(3 * text.size());
    std::size_t begin = 0;
    unsigned classes = 0;
    for (std::size_t i = 0; i < text.size();) {
      const std::uint8_t c = class_of(text[i]);
      std::size_t after = i + 1;
      bool space = c == kSpace;
      if (c == kNotAscii) {
        after = i;
        space = u_isUWhiteSpace(static_cast<UChar32>(text::next_char(text, after))) != 0;
      }
      if (space) {
        if (i > begin) add_word(text, begin, i, classes);
        begin = after;
        classes = 0;
      } else {
        classes |= c;
      }
      i = after;
    }
    if (text.size() > begin) add_word(text, begin, text.size(), classes);
    details_.words = words_.size();
  }

  void add_word(std::string_view text, std::size_t begin, std::size_t end, unsigned classes) {
    const std::string_view whole = text.substr(begin, end - begin);
    const char first = whole.front();
    if (first == '@') ++details_.mentions;
    if (first == '#') ++details_.hashtags;
    if (first >= '0' && first <= '9') ++details_.numbers;
    if ((classes & kEmphasis) != 0) {
      details_.exclamations += static_cast<std::size_t>(std::ranges::count(whole, '!'));
      details_.questions += static_cast<std::size_t>(std::ranges::count(whole, '?'));
    }
    // Punctuation around a word goes, but not that of emoticons: what is left must be longer than two characters.
    if ((classes & kPunctuation) != 0) {
      std::size_t from = begin;
      std::size_t to = end;
      while (from < to && (class_of(text[from]) & kPunctuation) != 0) ++from;
      while (from < to && (class_of(text[to - 1]) & kPunctuation) != 0) --to;
      if (to - from > 8 || characters(text.substr(from, to - from)) > 2) {
        begin = from;
        end = to;
      }
    }

    Word word;
    if ((classes & kNotAscii) == 0) {
      for (std::size_t i = begin; i < end; ++i) {
        const char c = text[i];
        lower_[i] = static_cast<char>(c | ((class_of(c) & kUpper) << 3));  // the bit that tells `a` from `A`
      }
      word.text = std::string_view(lower_).substr(begin, end - begin);
      word.capitals = (classes & (kUpper | kLower)) == kUpper;
    } else {
      word.text = other_lower(text.substr(begin, end - begin));
      word.capitals = is_upper(text.substr(begin, end - begin));
    }
    const std::uint64_t hash = text::hash_of(word.text);
    word.known = lexicon_.find(word.text, hash);
    word.has_nt = (classes & kApostrophe) != 0 && word.text.find("n't") != std::string_view::npos;
    words_.push_back(word);

    if (word.capitals) ++details_.capitals;
    if (word.negates()) ++details_.negations;
    if (hash == kI || hash == kMe || hash == kMy) ++details_.personal;
    if (hash == kYou || hash == kYour) ++details_.addressed;
    if (word.has(kBut)) details_.but = true;
  }

  std::string_view other_lower(std::string_view token) {
    const std::size_t begin = other_lower_.size();
    for (std::size_t i = 0; i < token.size();) {
      const auto c = static_cast<UChar32>(text::next_char(token, i));
      text::append_utf8(other_lower_, static_cast<char32_t>(u_tolower(c)));
    }
    return std::string_view(other_lower_).substr(begin);
  }

  /// True if there are letters of two cases in it and all are capitals.
  static bool is_upper(std::string_view token) {
    bool upper = false;
    for (std::size_t i = 0; i < token.size();) {
      const auto c = static_cast<UChar32>(text::next_char(token, i));
      if (u_isULowercase(c) || u_istitle(c)) return false;
      upper = upper || u_isUUppercase(c);
    }
    return upper;
  }

  void score_words() {
    capitals_matter_ = details_.capitals > 0 && details_.capitals < words_.size();
    sentiments_.assign(words_.size(), 0);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      if (!word.has(kInLexicon) || word.has(kDegree)) continue;
      if (word.has(kKind) && i + 1 < words_.size() && words_[i + 1].has(kOf)) continue;
      sentiments_[i] = score_word(i);
    }
  }

  [[nodiscard]] double score_word(std::size_t i) const {
    const Word& word = words_[i];
    double valence = word.known->valence;
    // "no" by itself has a valence; before a word of the lexicon it turns that one instead.
    if (word.has(kNo) && i + 1 < words_.size() && words_[i + 1].has(kInLexicon)) valence = 0;
    if ((i > 0 && words_[i - 1].has(kNo)) || (i > 1 && words_[i - 2].has(kNo)) ||
        (i > 2 && words_[i - 3].has(kNo) && words_[i - 1].has(kOrNor))) {
      valence = word.known->valence * kNegationFactor;
    }
    if (word.capitals && capitals_matter_) valence += valence > 0 ? kCapitalsBonus : -kCapitalsBonus;
    for (std::size_t distance = 1; distance <= 3 && distance <= i; ++distance) {
      const Word& before = words_[i - distance];
      if (before.has(kInLexicon)) continue;
      valence += degree(before, valence) * kDistanceFactors[distance - 1];
      valence = negate(valence, i, distance);
      if (distance == 3 && near_phrase(i)) valence = idioms(valence, i);
    }
    const bool after_least = i > 0 && words_[i - 1].has(kLeast) && !words_[i - 1].has(kInLexicon);
    if (after_least && !(i > 1 && words_[i - 2].has(kAtVery))) valence *= kNegationFactor;
    return valence;
  }

  /// What a degree word before it adds to a valence.
  [[nodiscard]] double degree(const Word& word, double valence) const {
    if (!word.has(kDegree)) return 0;
    double degree = valence < 0 ? -word.known->degree : word.known->degree;
    if (word.capitals && capitals_matter_) degree += valence > 0 ? kCapitalsBonus : -kCapitalsBonus;
    return degree;
  }

  [[nodiscard]] double negate(double valence, std::size_t i, std::size_t distance) const {
    const Word& word = words_[i - distance];
    if (distance >= 2) {
      const Word& next = words_[i - distance + 1];
      const Word& last = words_[i - 1];
      // At distance 3 the reference takes any "so" or "this" right before the word for "never … so".
      if ((word.has(kNever) && next.has(kSoThis)) || (distance == 3 && last.has(kSoThis)))
        return valence * kNeverSoFactor;
      if (word.has(kWithout) && (next.has(kDoubt) || last.has(kDoubt))) return valence;
    }
    return word.negates() ? valence * kNegationFactor : valence;
  }

  /// True if a word from three before `i` to two behind it stands in one of the phrases.
  [[nodiscard]] bool near_phrase(std::size_t i) const {
    const auto first = words_.begin() + static_cast<std::ptrdiff_t>(i - 3);
    const auto last = words_.begin() + static_cast<std::ptrdiff_t>(std::min(i + 3, words_.size()));
    return std::any_of(first, last, [](const Word& word) { return word.has(kInPhrase); });
  }

  [[nodiscard]] std::string phrase(std::size_t first, std::size_t last) const {
    std::string text(words_[first].text);
    for (std::size_t i = first + 1; i <= last; ++i) text.append(1, ' ').append(words_[i].text);
    return text;
  }

  /// Phrases around word `i` ≥ 3 whose meaning is not that of their words.
  [[nodiscard]] double idioms(double valence, std::size_t i) const {
    const std::array<std::array<std::size_t, 2>, 5> before = {
        {{i - 1, i}, {i - 2, i}, {i - 2, i - 1}, {i - 3, i - 1}, {i - 3, i - 2}}};
    for (const auto& [first, last] : before) {
      if (const double* idiom = Lexicon::idiom(phrase(first, last))) {
        valence = *idiom;
        break;
      }
    }
    for (std::size_t last = i + 1; last <= i + 2 && last < words_.size(); ++last) {
      if (const double* idiom = Lexicon::idiom(phrase(i, last))) valence = *idiom;
    }
    for (const auto& [first, last] : {before[3], before[4], before[2]})
      valence += Lexicon::degree_phrase(phrase(first, last));
    return valence;
  }

  /// What stands before the first "but" counts half, what stands behind it half as much again.
  void weigh_but() {
    if (!details_.but) return;
    const auto but = static_cast<std::size_t>(std::ranges::find_if(words_, [](const Word& w) { return w.has(kBut); }) -
                                              words_.begin());
    // The reference weighs, for each word, the first that has the same valence by then; kept for texts of usual length,
    // where it costs nothing.
    constexpr std::size_t kUsualWords = 512;
    for (std::size_t i = 0; i < sentiments_.size(); ++i) {
      std::size_t target = i;
      if (sentiments_.size() <= kUsualWords) {
        target = static_cast<std::size_t>(std::ranges::find(sentiments_, sentiments_[i]) - sentiments_.begin());
      }
      if (target != but) sentiments_[target] *= target < but ? kBeforeBut : kAfterBut;
    }
  }

  [[nodiscard]] double punctuation() const {
    double emphasis = static_cast<double>(std::min(details_.exclamations, kExclamationsMax)) * kExclamation;
    if (details_.questions > 1) {
      emphasis += details_.questions <= 3 ? static_cast<double>(details_.questions) * kQuestion : kManyQuestions;
    }
    return emphasis;
  }

  void add_up() {
    if (words_.empty()) return;
    double sum = 0;
    double positive = 0;
    double negative = 0;
    std::size_t neutral = 0;
    for (const double sentiment : sentiments_) {
      sum += sentiment;
      if (sentiment > 0) {
        positive += sentiment + 1;  // neutral words count 1
        details_.positive_sum += sentiment;
        ++details_.positive_words;
      } else if (sentiment < 0) {
        negative += sentiment - 1;
        details_.negative_sum += sentiment;
        ++details_.negative_words;
      } else {
        ++neutral;
      }
    }
    const double emphasis = punctuation();
    if (sum > 0) sum += emphasis;
    if (sum < 0) sum -= emphasis;
    if (positive > -negative)
      positive += emphasis;
    else if (positive < -negative)
      negative -= emphasis;
    const double total = positive - negative + static_cast<double>(neutral);
    details_.valence = {normalise(sum), positive / total, static_cast<double>(neutral) / total, -negative / total};
  }

  const Lexicon& lexicon_ = Lexicon::get();
  std::string named_;
  std::string lower_;        ///< ASCII words in lower case, where they stand in the text
  std::string other_lower_;  ///< the others, one after the other
  std::vector<Word> words_;
  std::vector<double> sentiments_;  ///< by word
  ValenceDetails details_;
  bool capitals_matter_ = false;
};

}  // namespace

ValenceDetails analyse(std::string_view text) {
  thread_local Rules rules;
  return rules.run(text);
}

}  // namespace offx::summary
