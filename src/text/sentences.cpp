#include "text/sentences.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <unicode/uchar.h>

#include "text/utf8.h"

namespace offx::text {
namespace {

constexpr auto kInvalid = static_cast<UChar32>(kReplacementChar);
constexpr UChar32 kNone = -1;

UChar32 next(std::string_view text, std::size_t& position) { return static_cast<UChar32>(next_char(text, position)); }

UChar32 previous(std::string_view text, std::size_t& position) {
  return static_cast<UChar32>(previous_char(text, position));
}

bool is_space(UChar32 c) {
  if (c < 0x80) return c <= ' ' || c == 0x7F;
  return u_isUWhiteSpace(c) || u_charType(c) == U_CONTROL_CHAR;
}

bool is_line_end(UChar32 c) {
  return c == '\n' || c == '\r' || c == 0x0B || c == 0x0C || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_word_char(UChar32 c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
  return c != kInvalid && u_isalnum(c);
}

bool is_emoji_part(UChar32 c) {
  if (c < 0x200D) return false;
  return c == 0x200D || c == 0xFE0F || u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) ||
         u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER) || u_hasBinaryProperty(c, UCHAR_REGIONAL_INDICATOR) ||
         (c >= 0xE0020 && c <= 0xE007F);
}

bool is_terminal(UChar32 c) {
  if (c < 0x80) return c == '.' || c == '!' || c == '?';
  return c == 0x2026 || u_hasBinaryProperty(c, UCHAR_S_TERM);
}

/// Marks of the East Asian blocks, behind which no space is written.
bool is_full_width_terminal(UChar32 c) { return c >= 0x3000 && is_terminal(c); }

bool is_closer(UChar32 c) {
  if (c < 0x80) return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '*';
  const auto type = u_charType(c);
  return type == U_END_PUNCTUATION || type == U_FINAL_PUNCTUATION || type == U_INITIAL_PUNCTUATION;
}

bool is_opener(UChar32 c) {
  if (c < 0x80) return c == '"' || c == '\'' || c == '(' || c == '[' || c == '{' || c == '*';
  const auto type = u_charType(c);
  return type == U_START_PUNCTUATION || type == U_INITIAL_PUNCTUATION || type == U_FINAL_PUNCTUATION;
}

bool holds_something(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const UChar32 c = next(text, i);
    if (is_word_char(c) || is_emoji_part(c)) return true;
  }
  return false;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

// A name follows these.
constexpr std::array<std::string_view, 25> kTitles = {
    "adm", "capt", "cmdr", "col",  "dr",   "gen", "gov", "hon", "hr",  "lt", "maj",  "mme", "mr",
    "mrs", "ms",   "mt",   "pres", "prof", "rep", "rev", "sen", "sgt", "st", "supt", "vs"};
// A number follows these.
constexpr std::array<std::string_view, 24> kBeforeNumbers = {"apr", "art", "aug", "ch",  "dec", "eq",  "feb",  "fig",
                                                             "jan", "jul", "jun", "mar", "no",  "nos", "nov",  "nr",
                                                             "oct", "op",  "p",   "pp",  "sec", "sep", "sept", "vol"};
// Any word of the same sentence follows these.
constexpr std::array<std::string_view, 20> kAbbreviations = {"approx", "appt", "assn", "bros", "corp", "dept", "dist",
                                                             "elec",   "esp",  "est",  "etc",  "govt", "incl", "info",
                                                             "intl",   "misc", "natl", "orig", "prev", "univ"};

/// True if the full stop behind `word`, the text from the last space to it, ends a sentence, given the first letter,
/// digit or other sign of what follows.
bool full_stop_ends(std::string_view word, bool opens_sentence, UChar32 following) {
  std::size_t begin = 0;
  while (begin < word.size()) {
    std::size_t after = begin;
    if (!is_opener(next(word, after))) break;
    begin = after;
  }
  word.remove_prefix(begin);

  std::array<char, 8> lower{};
  bool letters = !word.empty();
  bool digits = !word.empty();
  bool dotted = false;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < word.size(); ++characters) {
    const std::size_t at = i;
    const UChar32 c = next(word, i);
    if (c == '.') dotted = true;
    if (at < lower.size() && c < 0x80) lower[at] = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    letters = letters && c != kInvalid && u_isalpha(c);
    digits = digits && c >= '0' && c <= '9';
  }
  const std::string_view folded(lower.data(), std::min(word.size(), lower.size()));
  const bool next_is_digit = following >= '0' && following <= '9';
  const bool next_is_lower = following != kNone && u_islower(following);
  if (opens_sentence && digits && word.size() <= 3) return false;                       // 1. First item
  if (letters && characters == 1 && word != "I" && u_isalpha(following)) return false;  // J. K. Rowling
  if (dotted && word.size() <= 6 && word.find("..") == std::string_view::npos) {        // U.S., a.m., e.g.
    std::size_t run = 0;
    bool initials = true;
    for (const char c : word) {
      run = c == '.' ? 0 : run + 1;
      initials = initials && run <= 1 && !(c >= '0' && c <= '9');
    }
    if (initials) return false;
  }
  if (word.size() < lower.size()) {
    if (contains(kTitles, folded)) return false;
    if (next_is_digit && contains(kBeforeNumbers, folded)) return false;
  }
  if (!next_is_lower) return true;
  // Before a lower-case word only a plain word of some length is surely no abbreviation.
  return letters && characters >= 4 && !(word.size() < lower.size() && contains(kAbbreviations, folded));
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<std::string_view> run() {
    while (at_ < text_.size()) {
      const std::size_t here = at_;
      const UChar32 c = next(text_, at_);
      if (is_space(c)) {
        pass_space(here);
      } else if (is_terminal(c)) {
        pass_terminal(c, here);
      } else {
        if (word_begin_ == std::string_view::npos) word_begin_ = here;
      }
    }
    finish(text_.size());
    return std::move(sentences_);
  }

 private:
  /// Ends the sentence before `end`; the next one starts at `at_`.
  void finish(std::size_t end) {
    std::string_view sentence = text_.substr(begin_, end - begin_);
    while (!sentence.empty()) {
      std::size_t after = 0;
      if (!is_space(next(sentence, after))) break;
      sentence.remove_prefix(after);
    }
    while (!sentence.empty()) {
      std::size_t before = sentence.size();
      if (!is_space(previous(sentence, before))) break;
      sentence = sentence.substr(0, before);
    }
    if (holds_something(sentence)) sentences_.push_back(sentence);
    begin_ = std::max(at_, end);
    word_begin_ = std::string_view::npos;
  }

  /// White space from `here`: a line's end may end the sentence.
  void pass_space(std::size_t here) {
    int lines = 0;
    std::size_t i = here;
    UChar32 c = kNone;
    while (i < text_.size()) {
      std::size_t after = i;
      c = next(text_, after);
      if (!is_space(c)) break;
      if (is_line_end(c) && !(c == '\n' && i > here && text_[i - 1] == '\r')) ++lines;
      i = after;
      c = kNone;
    }
    at_ = i;
    word_begin_ = std::string_view::npos;
    if (begin_ == here) {
      begin_ = i;
    } else if (lines >= 2 || (lines == 1 && (c == kNone || !u_islower(c)))) {
      finish(here);
    }
  }

  /// A mark that may end the sentence, at `here`; `at_` is behind it.
  void pass_terminal(UChar32 mark, std::size_t here) {
    bool only_full_stop = mark == '.';
    bool ellipsis = mark == 0x2026;
    bool full_width = is_full_width_terminal(mark);
    int full_stops = mark == '.' ? 1 : 0;
    std::size_t i = at_;
    UChar32 c = kNone;
    // All marks and closers in a row belong to the end. A closer that opens what follows has a space before it.
    while (i < text_.size()) {
      std::size_t after = i;
      c = next(text_, after);
      if (is_terminal(c)) {
        only_full_stop = only_full_stop && c == '.';
        ellipsis = ellipsis || c == 0x2026;
        full_width = full_width || is_full_width_terminal(c);
        if (c == '.') ++full_stops;
      } else if (!is_closer(c) && !is_emoji_part(c)) {
        break;
      }
      i = after;
      c = kNone;
    }
    const std::size_t end = i;
    const std::string_view word =
        word_begin_ == std::string_view::npos ? std::string_view() : text_.substr(word_begin_, here - word_begin_);
    const bool opens_sentence = word_begin_ == begin_;
    at_ = end;
    if (end == text_.size()) return finish(end);
    if (full_width) {
      if (mark == 0xFF0E && u_isdigit(c)) return;  // ３．５
      return finish(end);
    }
    if (!is_space(c)) {
      if (word_begin_ == std::string_view::npos) word_begin_ = here;
      return;
    }
    const std::size_t symbols_end = pass_symbols(end);
    const UChar32 following = first_sign(symbols_end);
    at_ = symbols_end;  // also if the sentence goes on: nothing is read twice
    if (only_full_stop && full_stops == 1 && !full_stop_ends(word, opens_sentence, following)) return;
    if ((ellipsis || full_stops > 1) && following != kNone && u_islower(following)) return;
    finish(symbols_end);
  }

  /// Where the words of symbols alone (`:-)`, `🎉`) end that follow in the same line.
  std::size_t pass_symbols(std::size_t from) const {
    std::size_t end = from;
    std::size_t i = from;
    bool in_word = false;
    while (i < text_.size()) {
      const std::size_t here = i;
      const UChar32 c = next(text_, i);
      if (is_line_end(c)) {
        if (in_word) end = here;
        return end;
      }
      if (is_space(c)) {
        if (in_word) end = here;
        in_word = false;
        continue;
      }
      // A sign that begins a word of the next sentence; `<3`, `:D` and `:3` end this one.
      if (is_word_char(c) || c == '#' || c == '@' || c == '$') {
        const bool smiley = in_word && here > 0 &&
                            (text_[here - 1] == ':' || text_[here - 1] == '<' || text_[here - 1] == ';') &&
                            (i == text_.size() || is_space(static_cast<unsigned char>(text_[i])));
        if (smiley) continue;
        return end;
      }
      in_word = true;
    }
    return in_word ? text_.size() : end;
  }

  /// The first character that says how the text from `from` goes on in its line, openers left out.
  UChar32 first_sign(std::size_t from) const {
    for (std::size_t i = from; i < text_.size();) {
      const UChar32 c = next(text_, i);
      if (is_line_end(c)) return kNone;
      if (!is_space(c) && !is_opener(c)) return c;
    }
    return kNone;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;                            ///< of the sentence being read
  std::size_t word_begin_ = std::string_view::npos;  ///< of the word being read
  std::vector<std::string_view> sentences_;
};

bool is_link(std::string_view word) {
  while (!word.empty() && (word.front() == '(' || word.front() == '[' || word.front() == '<' || word.front() == '"'))
    word.remove_prefix(1);
  return word.starts_with("http")
             ? word.size() == 4 || word.find(':') != std::string_view::npos || word.ends_with("\u2026")
             : word.starts_with("www.") || word.starts_with("pic.twitter.com/");
}

bool is_hashtag(std::string_view word) {
  const bool full_width = word.starts_with("\uFF03");
  return (word.size() > 1 && word.front() == '#') || (full_width && word.size() > 3);
}

bool is_mention(std::string_view word) {
  if (word.starts_with(".@")) word.remove_prefix(1);
  return word.size() > 1 && word.front() == '@';
}

/// Signs that lead to a link or stand as a bullet.
bool is_separator(std::string_view word) {
  for (std::size_t i = 0; i < word.size();) {
    const UChar32 c = next(word, i);
    const auto type = c < 0x80 ? std::int8_t{0} : u_charType(c);
    const bool dash = c == '-' || c == '|' || c == '~' || c == ':' || c == '>' || c == '/' || c == '*' || c == '+' ||
                      c == '=' || c == '_' || type == U_DASH_PUNCTUATION;
    const bool bullet =
        c == 0x2022 || c == 0x00B7 || c == 0x25CF || c == 0x25AA || c == 0x2023 || c == 0x00BB || c == 0x2192;
    if (!dash && !bullet) return false;
  }
  return true;
}

bool is_list_number(std::string_view word) {
  if (word.size() < 2 || word.size() > 4) return false;
  const char last = word.back();
  return (last == '.' || last == ')') &&
         std::all_of(word.begin(), word.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

std::string_view without_first_word(std::string_view text) {
  const std::size_t space = text.find(' ');
  return space == std::string_view::npos ? text.substr(text.size()) : text.substr(space + 1);
}

std::string_view last_word(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  return space == std::string_view::npos ? text : text.substr(space + 1);
}

std::string_view without_last_word(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  return space == std::string_view::npos ? text.substr(0, 0) : text.substr(0, space);
}

std::string_view trim_start(std::string_view text, bool is_reply) {
  bool again = true;
  while (again && !text.empty()) {
    again = false;
    const std::string_view word = first_word(text);
    if (is_separator(word) || is_list_number(word)) {
      text = without_first_word(text);
      again = true;
    } else if (word == "RT" && is_mention(first_word(without_first_word(text)))) {
      text = without_first_word(without_first_word(text));
      again = true;
    }
  }
  std::string_view rest = text;
  int mentions = 0;
  while (!rest.empty() && is_mention(first_word(rest))) {
    rest = without_first_word(rest);
    ++mentions;
  }
  if (mentions == 0) return text;
  if (is_reply || mentions >= 2 || rest.empty()) return rest;
  std::size_t i = 0;
  return u_isupper(next(rest, i)) ? rest : text;
}

std::string_view trim_end(std::string_view text) {
  bool link_dropped = true;
  while (link_dropped && !text.empty()) {
    link_dropped = false;
    while (!text.empty() && is_link(last_word(text))) {
      text = without_last_word(text);
      link_dropped = true;
    }
    if (link_dropped) {
      while (!text.empty() && is_separator(last_word(text))) text = without_last_word(text);
    }
    std::string_view rest = text;
    int tags = 0;
    bool links_between = false;
    while (!rest.empty() && (is_hashtag(last_word(rest)) || is_link(last_word(rest)))) {
      if (is_hashtag(last_word(rest)))
        ++tags;
      else
        links_between = true;
      rest = without_last_word(rest);
    }
    if (tags == 0) continue;
    while (links_between && !rest.empty() && is_separator(last_word(rest))) rest = without_last_word(rest);
    std::size_t end = rest.size();
    const UChar32 before = rest.empty() ? kNone : previous(rest, end);
    const bool finished = before == kNone || is_terminal(before) || is_emoji_part(before);
    if (finished || links_between || tags >= 3) {
      text = rest;
      link_dropped = true;
    }
  }
  return text;
}

}  // namespace

std::string collapse_space(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool space = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t here = i;
    const UChar32 c = next(text, i);
    if (is_space(c)) {
      space = !line.empty();
      continue;
    }
    if (space) line += ' ';
    space = false;
    if (c == kInvalid)
      line += "\uFFFD";
    else
      line.append(text, here, i - here);
  }
  return line;
}

std::vector<std::string_view> split_sentences(std::string_view text) { return Splitter(text).run(); }

std::string_view trim_for_display(std::string_view sentence, bool is_reply) {
  return trim_end(trim_start(sentence, is_reply));
}

}  // namespace offx::text
