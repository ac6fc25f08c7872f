#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "text/tokens.h"

namespace offx::text {

/// The `tokenize=` option of an FTS5 table over search documents: every character but separators belongs to a token,
/// so each token written here, words and emoji and `from:name` alike, is exactly one token of FTS5.
/// In SQL: `CREATE VIRTUAL TABLE … USING fts5(body, terms, tokenize="…")`, in double quotes as it holds single ones.
inline constexpr std::string_view kSearchTokenizer = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'";

/// Longer tokens are cut to so many bytes, in documents and in queries.
inline constexpr std::size_t kSearchTokenMaxBytes = 120;

/// Stands in SearchDocument::body for a link, so that words around one are not neighbours. No word is equal to it.
inline constexpr std::string_view kSearchLink = "://";

/// What of a post, beside its text, can be searched for. Empty if absent.
struct SearchAttributes {
  std::string_view author_username{};
  std::string_view author_id{};
  std::string_view reply_to{};
  std::string_view lang{};
  std::string_view platform{};
};

/// The two columns of the full-text index for one post.
struct SearchDocument {
  /// Words and emoji (without skin tone) of the text in NormalForm::search, in order, separated by spaces.
  std::string body;
  /// `#tag`, `@name`, `$tag`, `from:name`, `to:name`, `lang:xx`, `platform:x`, separated by spaces; no order.
  std::string terms;
};

/// Fills `document`, whose buffers are reused. `tokenizer` must be of NormalForm::search. Linear in the text.
void write_search_document(std::string_view content, const SearchAttributes& attributes, Tokenizer& tokenizer,
                           SearchDocument& document);

/// How `value` stands behind an operator in SearchDocument::terms: in lower case, without `@` before it, white space
/// and controls replaced, cut to kSearchTokenMaxBytes. E.g. search_term("from:", "NASA") → `from:nasa`.
[[nodiscard]] std::string search_term(std::string_view operator_name, std::string_view value);

/// How a word or an emoji of NormalForm::search stands in SearchDocument::body.
[[nodiscard]] std::string search_word(const Token& token);

}  // namespace offx::text
