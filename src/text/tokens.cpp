#include "text/tokens.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "text/ascii.h"
#include "text/byte_masks.h"
#include "text/characters.h"
#include "text/links.h"
#include "text/utf8.h"

namespace offx::text {
namespace {

void append_bmp(std::string& out, char16_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (c >> 6U)));
    out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
  } else {
    out.push_back(static_cast<char>(0xE0U | (c >> 12U)));
    out.push_back(static_cast<char>(0x80U | ((c >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
  }
}

}  // namespace

std::string without_skin_tone(std::string_view emoji) {
  std::string out;
  out.reserve(emoji.size());
  for (std::size_t i = 0; i < emoji.size();) {
    const std::size_t begin = i;
    if (!is_skin_tone(next_char(emoji, i)) || begin == 0) out.append(emoji.substr(begin, i - begin));
  }
  return out;
}

/// One pass over one text. The first text.size() bytes of the tokenizer's buffer are the text with ASCII in lower case,
/// so ASCII tokens are views into it; other normal forms are appended behind, kTokenPadding bytes kept free at the end.
class Tokenizer::Scanner {
 public:
  Scanner(Tokenizer& owner, std::string_view text, bool plain)
      : tables_(CharTables::get(owner.form_)),
        form_(owner.form_),
        tokens_(owner.tokens_),
        buffer_(owner.buffer_),
        alnum_(owner.alnum_),
        special_(owner.special_),
        text_(text),
        plain_(plain) {}

  void run() {
    tokens_.clear();
    classify();
    const std::size_t size = text_.size();
    for (std::size_t i = next_interesting(0); i < size; i = next_interesting(i)) {
      if (!ascii_is(text_[i], kAlnum)) {
        i = ascii_is(text_[i], kSign) ? scan_sign(i) : scan_run(i, i);
        continue;
      }
      const std::size_t end = word_end(i);
      if (end < size && !is_ascii(text_[end])) {
        i = scan_run(i, end);
        continue;
      }
      if (end < size && text_[end] == ':' && !plain_ && is_link_scheme(i, end)) {
        if (const std::size_t link_end = find_link_end(text_, end + 3); link_end != 0) {
          add(TokenKind::link, text_.substr(i, link_end - i), i, link_end);
          ++position_;
          i = link_end;
          continue;
        }
      }
      add(TokenKind::word, std::string_view(buffer_).substr(i, end - i), i, end);
      ++position_;
      i = end;
    }
  }

 private:
  /// Fills the buffer and the masks.
  void classify() {
    const std::size_t size = text_.size();
    used_ = size + kTokenPadding;
    buffer_.resize(used_ + kTokenPadding);
    alnum_.resize(mask_words(size));
    special_.resize(mask_words(size));
    classify_bytes(text_, buffer_.data(), alnum_, special_);
    // What a longer text left behind the end would be taken for this one's.
    std::memset(buffer_.data() + size, 0, 2 * kTokenPadding);
  }

  /// The first byte from `at` that may begin a token, or something behind the end.
  [[nodiscard]] std::size_t next_interesting(std::size_t at) const noexcept {
    return first_in_either(alnum_, special_, at);
  }
  /// The first byte from `at` that is no ASCII letter or digit.
  [[nodiscard]] std::size_t word_end(std::size_t at) const noexcept { return first_not_in(alnum_, at); }

  [[nodiscard]] char32_t char_at(std::size_t at) const noexcept { return next_char(text_, at); }

  void add(TokenKind kind, std::string_view normal, std::size_t begin, std::size_t end) {
    tokens_.push_back({normal, position_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), kind});
  }
  /// Puts `addition` behind the buffer and returns it there; tokens already made stay valid.
  std::string_view keep(std::string_view addition) {
    const std::size_t at = used_;
    used_ += addition.size();
    if (used_ + kTokenPadding > buffer_.capacity()) {
      std::string larger;
      larger.reserve(2 * (used_ + kTokenPadding));
      larger.append(buffer_);
      for (Token& token : tokens_) {
        if (token.kind == TokenKind::link) continue;
        token.text = std::string_view(larger.data() + (token.text.data() - buffer_.data()), token.text.size());
      }
      buffer_.swap(larger);
    }
    buffer_.resize(used_ + kTokenPadding);
    addition.copy(buffer_.data() + at, addition.size());
    return std::string_view(buffer_).substr(at, addition.size());
  }

  // --- words and emoji beyond ASCII ---

  /// Scans from `begin`, of which [begin, at) is ASCII letters and digits and `at` is not ASCII. Returns where to go
  /// on.
  std::size_t scan_run(std::size_t begin, std::size_t at) {
    bool simple = true;  // every character's normal form stands for itself
    bool letters = at > begin;
    scratch_.assign(buffer_, begin, at - begin);
    while (at < text_.size()) {
      if (is_ascii(text_[at])) {
        if (!ascii_is(text_[at], kAlnum) || (!plain_ && link_begins(at))) break;
        scratch_.push_back(ascii_lower(text_[at++]));
        letters = true;
        continue;
      }
      std::size_t after = at;
      const char32_t c = next_char(text_, after);
      const std::uint8_t flags = tables_.flags(c);
      if ((flags & kCharIgnorable) != 0) {
        if (c == kVariation16 && after < text_.size() && char_at(after) == kKeycap && keycap_base(begin, at)) {
          return scan_keycap(begin, at, simple);
        }
        at = after;
        continue;
      }
      if ((flags & kCharWord) == 0) break;
      if (c == kKeycap && keycap_base(begin, at)) return scan_keycap(begin, at, simple);
      if ((flags & kCharSpaceless) != 0) break;
      if ((flags & kCharMark) == 0) {
        letters = true;
      } else if (!letters) {  // a mark on nothing, or on a symbol
        at = after;
        begin = at;
        continue;
      }
      if (const char16_t mapped = tables_.simple(c); mapped != 0) {
        append_bmp(scratch_, mapped);
      } else {
        simple = false;
      }
      at = after;
    }
    if (letters) add_run(begin, at, simple);
    if (at >= text_.size() || is_ascii(text_[at])) return at;
    return letters ? at : scan_single(at);
  }

  /// Adds the word(s) of [begin, end); `scratch_` holds the normal form if `simple`.
  void add_run(std::size_t begin, std::size_t end, bool simple) {
    if (begin == end) return;
    if (simple && !scratch_.empty()) {
      add(TokenKind::word, keep(scratch_), begin, end);
      ++position_;
    } else {
      add_normalised(begin, end);
    }
  }

  /// Adds what is in the normal form of [begin, end): usually one word, but compatibility forms hold anything.
  void add_normalised(std::size_t begin, std::size_t end) {
    scratch_.clear();
    bool unchanged_so_far = true;
    for (std::size_t i = begin; i < end;) {
      const std::size_t from = i;
      if ((tables_.flags(next_char(text_, i)) & kCharIgnorable) != 0) {
        unchanged_so_far = false;
      } else {
        scratch_.append(text_.substr(from, i - from));
      }
    }
    const std::string normal = normalise(scratch_, form_);
    // If lengths agree, offsets do, as near as anybody can tell; else each token stands for the whole.
    const bool aligned = unchanged_so_far && normal.size() == end - begin;
    std::size_t word = 0;
    std::size_t i = 0;
    const auto flush = [&](std::size_t until) {
      if (until > word) {
        add(TokenKind::word, keep(std::string_view(normal).substr(word, until - word)), aligned ? begin + word : begin,
            aligned ? begin + until : end);
        ++position_;
      }
    };
    while (i < normal.size()) {
      const std::size_t from = i;
      const char32_t c = next_char(normal, i);
      const std::uint8_t flags = tables_.flags(c);
      const bool composing = c == 0x3099 || c == 0x309A;  // voiced marks of kana
      if ((flags & kCharWord) == 0) {
        flush(from);
        word = i;
      } else if ((flags & kCharMark) != 0 && ((flags & kCharSpaceless) == 0 || composing)) {
        if (word == from) word = i;  // on nothing
      } else if ((flags & kCharSpaceless) != 0) {
        flush(from);
        word = from;
      } else if (word < from) {
        std::size_t first = word;
        if ((tables_.flags(next_char(normal, first)) & kCharSpaceless) != 0) {
          flush(from);
          word = from;
        }
      }
    }
    flush(normal.size());
  }

  /// One character that is no part of a word: an emoji, a character of a script without spaces, a full-width sign, a
  /// symbol. Returns where it ends.
  std::size_t scan_single(std::size_t begin) {
    std::size_t end = begin;
    const char32_t c = next_char(text_, end);
    const std::uint8_t flags = tables_.flags(c);
    if ((flags & kCharEmoji) != 0) return scan_emoji(begin);
    if ((flags & kCharSpaceless) != 0) return scan_spaceless(begin, end, c);
    if (c == kFullWidthHash && !plain_) scan_hashtag(begin, end);
    if (c == kFullWidthAt && !plain_) scan_mention(begin, end);
    return end;
  }

  std::size_t scan_spaceless(std::size_t begin, std::size_t end, char32_t c) {
    // Marks after it may compose with it or change places with each other: they are normalised together.
    std::size_t marks_end = end;
    while (marks_end < text_.size() && !is_ascii(text_[marks_end])) {
      std::size_t after = marks_end;
      const char32_t next = next_char(text_, after);
      const std::uint8_t flags = tables_.flags(next);
      const bool half_width_voiced = next == 0xFF9E || next == 0xFF9F;
      if ((flags & (kCharMark | kCharIgnorable)) == 0 && !half_width_voiced) break;
      marks_end = after;
    }
    const char16_t mapped = tables_.simple(c);
    if (marks_end != end || mapped == 0) {
      add_normalised(begin, marks_end);
      return marks_end;
    }
    scratch_.clear();
    append_bmp(scratch_, mapped);
    add(TokenKind::word, keep(scratch_), begin, end);
    ++position_;
    return end;
  }

  [[nodiscard]] bool keycap_base(std::size_t begin, std::size_t at) const noexcept {
    return at > begin && text_[at - 1] >= '0' && text_[at - 1] <= '9';
  }

  /// [begin, at) ends in the digit of a keycap emoji: `at` is U+FE0F or U+20E3.
  std::size_t scan_keycap(std::size_t begin, std::size_t at, bool simple) {
    if (at - 1 > begin) {
      scratch_.pop_back();
      add_run(begin, at - 1, simple);
    }
    return add_keycap(at - 1);
  }

  /// Adds the keycap emoji whose sign (`1`, `#`, `*`) is at `begin`. Returns its end, or 0 if it is none.
  std::size_t add_keycap(std::size_t begin) {
    std::size_t at = begin + 1;
    if (at >= text_.size()) return 0;
    char32_t c = next_char(text_, at);
    if (c == kVariation16 && at < text_.size()) c = next_char(text_, at);
    if (c != kKeycap) return 0;
    scratch_.assign(1, text_[begin]);
    append_bmp(scratch_, kKeycap);
    add(TokenKind::emoji, keep(scratch_), begin, at);
    ++position_;
    return at;
  }

  /// A grapheme cluster that begins with an emoji (UAX #29, GB9 to GB12).
  std::size_t scan_emoji(std::size_t begin) {
    std::size_t at = begin;
    const char32_t first = next_char(text_, at);
    scratch_.assign(text_.substr(begin, at - begin));
    if (is_regional(first) && at < text_.size()) {
      std::size_t after = at;
      if (is_regional(next_char(text_, after))) {
        scratch_.append(text_.substr(at, after - at));
        at = after;
      }
    }
    while (at < text_.size()) {
      std::size_t after = at;
      const char32_t c = next_char(text_, after);
      if (c == kZeroWidthJoiner) {
        std::size_t joined_end = after;
        if (after < text_.size() && (tables_.flags(next_char(text_, joined_end)) & kCharEmoji) != 0) {
          scratch_.append(text_.substr(at, joined_end - at));
          at = joined_end;
        } else {
          at = after;
        }
      } else if (extends_emoji(c, tables_.flags(c))) {
        if (c != kVariation15 && c != kVariation16) scratch_.append(text_.substr(at, after - at));
        at = after;
      } else {
        break;
      }
    }
    add(TokenKind::emoji, keep(scratch_), begin, at);
    ++position_;
    return at;
  }

  // --- tags ---

  /// `#`, `@`, `$` or `*` at `begin`. Words of a tag are scanned afterwards, so this goes on right behind the sign.
  std::size_t scan_sign(std::size_t begin) {
    const char sign = text_[begin];
    if ((sign == '#' || sign == '*') && begin + 1 < text_.size() && !is_ascii(text_[begin + 1])) {
      if (const std::size_t end = add_keycap(begin); end != 0) return end;
    }
    if (!plain_) {
      if (sign == '#') scan_hashtag(begin, begin + 1);
      if (sign == '@') scan_mention(begin, begin + 1);
      if (sign == '$') scan_cashtag(begin);
    }
    return begin + 1;
  }

  [[nodiscard]] bool followed_by_scheme_end(std::size_t at) const noexcept { return text_.substr(at, 3) == "://"; }

  void scan_hashtag(std::size_t begin, std::size_t body) {
    if (begin > 0) {
      const char before = text_[begin - 1];
      if (is_ascii(before)) {
        if (is_name(before) || before == '&' || before == '$') return;
      } else {
        std::size_t at = begin;
        const char32_t c = previous_char(text_, at);
        if ((tables_.flags(c) & (kCharTagLetter | kCharTagOther)) != 0) return;
      }
    }
    std::size_t end = body;
    bool letter = false;
    bool ascii = true;
    while (end < text_.size()) {
      if (is_ascii(text_[end])) {
        if (!is_name(text_[end])) break;
        letter = letter || ascii_is(text_[end], kAlpha);
        ++end;
        continue;
      }
      std::size_t after = end;
      const std::uint8_t flags = tables_.flags(next_char(text_, after));
      if ((flags & (kCharTagLetter | kCharTagOther)) == 0) break;
      letter = letter || (flags & kCharTagLetter) != 0;
      ascii = false;
      end = after;
    }
    if (!letter || followed_by_scheme_end(end)) return;
    if (end < text_.size() && (text_[end] == '#' || (!is_ascii(text_[end]) && char_at(end) == kFullWidthHash))) return;
    if (ascii && body == begin + 1) {
      add(TokenKind::hashtag, std::string_view(buffer_).substr(begin, end - begin), begin, end);
      return;
    }
    add(TokenKind::hashtag, keep("#" + normalise(visible(text_.substr(body, end - body)), form_)), begin, end);
  }

  /// `part` without ignorable characters.
  [[nodiscard]] std::string visible(std::string_view part) const {
    std::string out;
    for (std::size_t i = 0; i < part.size();) {
      const std::size_t from = i;
      if ((tables_.flags(next_char(part, i)) & kCharIgnorable) == 0) out.append(part.substr(from, i - from));
    }
    return out;
  }

  /// True if a mention may begin at `begin`: nothing before it, or nothing of a word, or `RT` or `RT:`.
  [[nodiscard]] bool mention_may_begin(std::size_t begin) const noexcept {
    if (begin == 0) return true;
    const char before = text_[begin - 1];
    if (!is_ascii(before)) {
      std::size_t at = begin;
      return previous_char(text_, at) != kFullWidthAt;
    }
    if (!is_name(before) && std::string_view("!#$%&*@").find(before) == std::string_view::npos) return true;
    const bool retweet = begin >= 2 && ascii_lower(before) == 't' && ascii_lower(text_[begin - 2]) == 'r';
    if (!retweet || begin == 2) return retweet;
    const char outer = text_[begin - 3];
    return !is_name(outer) && std::string_view("+~.-").find(outer) == std::string_view::npos;
  }

  /// The end of a dotted host name from `at`, its last label of two letters or more; 0 if there is none.
  [[nodiscard]] std::size_t find_host_end(std::size_t at) const noexcept {
    std::size_t end = 0;
    std::size_t label = at;
    bool dotted = false;
    while (true) {
      std::size_t i = label;
      bool letters = true;
      while (i < text_.size() && (ascii_is(text_[i], kAlnum) || text_[i] == '-')) {
        letters = letters && ascii_is(text_[i], kAlpha);
        ++i;
      }
      if (i == label || text_[label] == '-' || text_[i - 1] == '-') break;
      if (dotted && letters && i - label >= 2) end = i;
      if (i >= text_.size() || text_[i] != '.') break;
      dotted = true;
      label = i + 1;
    }
    return end;
  }

  void scan_mention(std::size_t begin, std::size_t name) {
    if (!mention_may_begin(begin)) return;
    std::size_t end = name;
    while (end < text_.size() && is_name(text_[end])) ++end;
    if (end == name || followed_by_scheme_end(end)) return;
    const auto add_mention = [&](std::size_t until) {
      const std::string_view lower = std::string_view(buffer_).substr(begin, until - begin);
      if (name == begin + 1) return add(TokenKind::mention, lower, begin, until);
      add(TokenKind::mention, keep("@" + std::string(lower.substr(name - begin))), begin, until);
    };
    if (end < text_.size() && !is_ascii(text_[end])) {
      const char32_t next = char_at(end);
      if (next == kFullWidthAt || is_latin_accent(next)) return;
    }
    // `@user@host.tld`, also with dots and hyphens in the name, is a name on another server; else the first `@` is
    // part of something that is no mention.
    std::size_t long_name = end;
    while (long_name + 1 < text_.size() && (text_[long_name] == '.' || text_[long_name] == '-') &&
           is_name(text_[long_name + 1])) {
      ++long_name;
      while (long_name < text_.size() && is_name(text_[long_name])) ++long_name;
    }
    if (long_name < text_.size() && text_[long_name] == '@') {
      if (const std::size_t host_end = find_host_end(long_name + 1); host_end != 0) return add_mention(host_end);
    }
    if (end < text_.size() && text_[end] == '@') return;
    add_mention(end);
    if (const std::size_t host_end = find_host_end(name); host_end > end) add_mention(host_end);
  }

  void scan_cashtag(std::size_t begin) {
    if (begin > 0) {
      if (is_ascii(text_[begin - 1])) {
        if (!ascii_is(text_[begin - 1], kSpaceOrControl)) return;
      } else {
        std::size_t at = begin;
        if ((tables_.flags(previous_char(text_, at)) & (kCharSpace | kCharIgnorable)) == 0) return;
      }
    }
    const auto letters_end = [&](std::size_t at, std::size_t most) {
      std::size_t end = at;
      while (end < text_.size() && end - at < most && ascii_is(text_[end], kAlpha)) ++end;
      return end;
    };
    const auto may_end = [&](std::size_t at) {
      if (at >= text_.size()) return true;
      if (is_ascii(text_[at])) return ascii_is(text_[at], kPunct | kSpaceOrControl);
      return (tables_.flags(char_at(at)) & kCharSpace) != 0;
    };
    std::size_t end = letters_end(begin + 1, 6);
    if (end == begin + 1) return;
    if (end < text_.size() && (text_[end] == '.' || text_[end] == '_')) {
      const std::size_t suffix_end = letters_end(end + 1, 2);
      if (suffix_end > end + 1 && may_end(suffix_end)) end = suffix_end;
    }
    if (may_end(end)) add(TokenKind::cashtag, std::string_view(buffer_).substr(begin, end - begin), begin, end);
  }

  // --- links ---

  /// True if the ASCII word [begin, end), before a `:`, is `http` or `https` and may open a link.
  [[nodiscard]] bool is_link_scheme(std::size_t begin, std::size_t end) const noexcept {
    const std::string_view word = std::string_view(buffer_).substr(begin, end - begin);
    if ((word != "http" && word != "https") || !followed_by_scheme_end(end)) return false;
    if (begin == 0) return true;
    const char before = text_[begin - 1];
    if (is_ascii(before)) return before != '@' && before != '#' && before != '$';
    std::size_t at = begin;
    const char32_t c = previous_char(text_, at);
    return c != kFullWidthAt && c != kFullWidthHash;
  }

  /// True if `http://` or `https://` stands at `at`, behind a letter that is not ASCII.
  [[nodiscard]] bool link_begins(std::size_t at) const noexcept {
    const std::string_view rest = std::string_view(buffer_).substr(at, 8);
    return !is_ascii(text_[at - 1]) && (rest.starts_with("http://") || rest == "https://");
  }

  const CharTables& tables_;
  NormalForm form_;
  std::vector<Token>& tokens_;
  std::string& buffer_;
  std::vector<std::uint64_t>& alnum_;
  std::vector<std::uint64_t>& special_;
  std::size_t used_ = 0;
  std::string_view text_;
  bool plain_;
  std::uint32_t position_ = 0;
  std::string scratch_;
};

std::span<const Token> Tokenizer::tokenize(std::string_view text) {
  Scanner(*this, text.substr(0, std::numeric_limits<std::uint32_t>::max()), false).run();
  return tokens_;
}

std::span<const Token> Tokenizer::words(std::string_view text) {
  Scanner(*this, text.substr(0, std::numeric_limits<std::uint32_t>::max()), true).run();
  return tokens_;
}

}  // namespace offx::text
