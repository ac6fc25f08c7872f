#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offx::text {

/// How characters are made comparable.
/// - exact: NFC, then full case folding, not Turkic: `STRASSE` = `straße`; accents count. For rules on arriving posts.
/// - search: NFKC, full case folding, then combining marks of Latin, Greek and Cyrillic letters dropped:
///   `ＦＵＬＬ` = `full`, `diacrítica` = `diacritica`. For search over stored posts.
enum class NormalForm : std::uint8_t { exact, search };

/// The normal form of any text. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string normalise(std::string_view text, NormalForm form);

enum class TokenKind : std::uint8_t {
  word,     ///< a run of letters, marks and digits; in Han, kana, Thai, Lao, Khmer and Myanmar one code point each
  emoji,    ///< one grapheme cluster, U+FE0F dropped
  hashtag,  ///< `#tag`; its words are tokens of their own beside it
  mention,  ///< `@user`; likewise
  cashtag,  ///< `$tag`; likewise
  link,     ///< http(s) address as it stands in the text, not normalised; no words inside it; breaks adjacency
};

/// One token of a text.
struct Token {
  std::string_view text;       ///< in normal form; hashtags, mentions and cashtags with their sign
  std::uint32_t position = 0;  ///< adjacent words and emoji have positions that differ by one; tags share the position
                               ///< of their first word
  std::uint32_t begin = 0;     ///< byte range in the text that was tokenised
  std::uint32_t end = 0;
  TokenKind kind = TokenKind::word;
};

/// Splits posts into tokens as X documents it: at Unicode punctuation, symbols and separators; `_` splits words, not
/// tags. Any bytes are accepted; invalid UTF-8 separates. Linear in the text; ASCII takes a fast path.
/// Keeps its buffers between calls. Not thread-safe: one per thread.
class Tokenizer {
 public:
  explicit Tokenizer(NormalForm form) : form_(form) {}

  /// Tokens in order of position, tags before their first word. Valid until the next call or the end of `text`.
  [[nodiscard]] std::span<const Token> tokenize(std::string_view text);

 private:
  NormalForm form_;
  std::vector<Token> tokens_;
  std::string buffer_;
};

}  // namespace offx::text
