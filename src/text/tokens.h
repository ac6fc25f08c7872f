#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offx::text {

/// How characters are made comparable.
/// - exact: width forms made plain (`ＦＵＬＬ` = `full`), NFC, full case folding, not Turkic, and NFC again: `STRASSE`
/// =
///   `straße`; accents count. For rules on arriving posts.
/// - search: NFKC, full case folding, then combining marks of Latin, Greek and Cyrillic letters dropped:
///   `diacrítica` = `diacritica`, `①` = `1`. For search over stored posts.
enum class NormalForm : std::uint8_t { exact, search };

/// The normal form of any text. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string normalise(std::string_view text, NormalForm form);

enum class TokenKind : std::uint8_t {
  word,     ///< a run of letters, marks and digits; in Han, kana, Thai, Lao, Khmer and Myanmar one code point each
  emoji,    ///< one grapheme cluster, U+FE0F dropped; see without_skin_tone()
  hashtag,  ///< `#tag`; its words are tokens of their own beside it
  mention,  ///< `@user`; likewise. `@user.host.tld` gives `@user` and `@user.host.tld`, `@user@host.tld` the long form
  cashtag,  ///< `$tag`; likewise
  link,     ///< http(s) address as it stands in the text, not normalised; no words inside it; breaks adjacency
};

/// So many bytes from the beginning of a token's text may be read, however short it is; but not of a link's.
inline constexpr std::size_t kTokenPadding = 16;

/// One token of a text.
struct Token {
  std::string_view text;       ///< in normal form; hashtags, mentions and cashtags with their sign (`#`, `@`, `$`)
  std::uint32_t position = 0;  ///< adjacent words and emoji have positions that differ by one; tags share the position
                               ///< of their first word; a link takes a position of its own
  std::uint32_t begin = 0;     ///< byte range in the text that was tokenised
  std::uint32_t end = 0;
  TokenKind kind = TokenKind::word;
};

/// An emoji token's text without its skin tones (U+1F3FB to U+1F3FF): `👍🏽` → `👍`. Other texts come back as they are.
[[nodiscard]] std::string without_skin_tone(std::string_view emoji);

/// Splits posts into tokens as X documents it: at Unicode punctuation, symbols and separators; `_` splits words, not
/// tags. Invisible format characters (soft hyphen, zero-width joiners, direction marks) neither split nor count.
/// Hashtags, mentions and cashtags follow twitter-text. Any bytes are accepted; invalid UTF-8 separates. Linear in the
/// text; ASCII takes a fast path. Of a text of 4 GiB or more only the first 4 GiB count.
/// Keeps its buffers between calls. Not thread-safe: one per thread.
class Tokenizer {
 public:
  explicit Tokenizer(NormalForm form) : form_(form) {}

  /// Tokens in order of position, tags before their first word. Valid until the next call or the end of `text`.
  [[nodiscard]] std::span<const Token> tokenize(std::string_view text);

  /// Words and emoji alone: no links and no tags are recognised. For the words of addresses and of quoted phrases.
  [[nodiscard]] std::span<const Token> words(std::string_view text);

 private:
  class Scanner;

  NormalForm form_;
  std::vector<Token> tokens_;
  std::string buffer_;
  std::vector<std::uint64_t> alnum_;  // a bit for each byte of the text
  std::vector<std::uint64_t> special_;
};

}  // namespace offx::text
