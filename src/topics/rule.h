#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/error.h"

namespace offx::topics {

/// What a term of a rule looks at. X's names of the operators are at
/// https://docs.x.com/x-api/posts/filtered-stream/integrate/operators; `platform:` is ours.
enum class TermKind : std::uint8_t {
  words,         ///< `word`, `"a phrase"`, `"near by"~3`, an emoji: the post's text
  hashtag,       ///< `#tag`
  cashtag,       ///< `$tag`
  mention,       ///< `@name`
  from,          ///< `from:name` or `from:id`: the author
  to,            ///< `to:name`: who is answered
  url,           ///< `url:npr.org`: words of an address, in order
  url_contains,  ///< `url_contains:photos`: any part of an address
  lang,          ///< `lang:en`
  platform,      ///< `platform:bluesky`
  has,           ///< `has:media|images|videos|links|hashtags|mentions|cashtags`
  is,            ///< `is:reply|repost|quote`; `is:retweet` reads as `is:repost`
};

/// One term. `text` is what was written, without the operator, quotes and escapes; names, languages and values of
/// has: and is: in lower case. Tags are without their sign.
struct Term {
  TermKind kind = TermKind::words;
  std::string text;
  bool quoted = false;         ///< written in quotes: an emoji in it matches its own skin tone only
  bool prefix = false;         ///< `data*`: only in queries
  std::uint8_t proximity = 0;  ///< 1 to 6 in `"a b"~3`: at most so many tokens between, two less in reverse; else 0

  friend bool operator==(const Term&, const Term&) = default;
};

/// A node of a rule's tree. Groups are flat: no `all` stands directly in an `all`, no `any` in an `any`, and both have
/// two children or more; a `negation` has one.
struct Node {
  enum class Kind : std::uint8_t { term, all, any, negation };

  Kind kind = Kind::term;
  Term term;                   ///< if kind is term
  std::vector<Node> children;  ///< else

  friend bool operator==(const Node&, const Node&) = default;
};

inline constexpr std::size_t kRuleMaxCharacters = 2048;
inline constexpr std::size_t kRuleMaxDepth = 32;  ///< parentheses within parentheses

inline constexpr std::size_t kNearMaxWords = 10;  ///< words in `"…"~N`

/// Why a text is no rule. `Errc::invalid_argument` for what is written wrongly, `Errc::unsupported` for an operator
/// that X documents but that what we store cannot answer.
struct RuleError {
  Errc code = Errc::invalid_argument;
  std::size_t column = 1;  ///< where, in characters (code points), from 1
  std::size_t length = 1;  ///< how many characters are concerned, at least 1
  std::string message;     ///< what is wrong and what was expected, without the column

  /// The same as an Error: `column 7: expected …`.
  [[nodiscard]] Error to_error() const;
};

/// Two lines without a newline at the end: the rule (a piece of it if it is long), and `^~~~` under the place.
[[nodiscard]] std::string caret_lines(std::string_view source, const RuleError& error);

/// A rule in X's search syntax: a value, cheap to move. Made by parse_rule() and parse_query() alone, so that it always
/// has a term that a post must hold.
class Rule {
 public:
  [[nodiscard]] const std::string& source() const noexcept { return source_; }  ///< as it was written
  [[nodiscard]] const Node& root() const noexcept { return root_; }

  /// The canonical text: parsing it gives an equal rule.
  [[nodiscard]] std::string to_string() const;

  /// Same tree; the source may differ in spaces, parentheses and case of operators.
  friend bool operator==(const Rule& a, const Rule& b) { return a.root_ == b.root_; }

 private:
  friend class RuleParser;
  std::string source_;
  Node root_;
};

/// Canonical text of one term: `"big data"~3`, `from:nasa`.
[[nodiscard]] std::string to_string(const Term& term);

using RuleResult = tl::expected<Rule, RuleError>;

/// Reads a topic's rule. `OR` is the only word that is an operator: `AND` and `or` are keywords; AND binds before OR.
/// Every way to fulfil the rule must ask for a word, tag, name or address: `-cat`, `apple OR -ipad` and `has:media`
/// alone are refused. Linear in the text.
[[nodiscard]] RuleResult parse_rule(std::string_view source);

/// Reads a search query: the same language with prefixes (`data*`).
[[nodiscard]] RuleResult parse_query(std::string_view source);

}  // namespace offx::topics
