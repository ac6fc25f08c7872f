#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/post.h"
#include "summary/extractive.h"
#include "summary/sentiment.h"

namespace offx::summary {

/// A cited post with what a reader needs to find it: the facts behind the list under a summary, and its JSON members.
struct Reference {
  std::size_t n = 0;
  const store::Post* post = nullptr;  ///< belongs to the span that was summarised
  std::string author;                 ///< `Ada Lovelace (@ada)`, `@ada`, `Ada Lovelace` or `unknown author`
  std::string date;                   ///< `2026-08-22`, UTC
  std::string link;                   ///< the post's page, or `platform:external_id` if it has none
  std::size_t said_by = 1;            ///< as in CitedPost
};

/// The references of `summary` by number. `posts` is the span it was made of; the result points into it.
[[nodiscard]] std::vector<Reference> references(const Summary& summary, std::span<const store::Post> posts);

/// The summary as plain text, what is stored and printed:
///
///     The bridge is closed until Monday. [1][3]
///     …
///
///     [1] Ada Lovelace (@ada), 2026-08-22, https://… (said by 14)
///
/// Ends in a newline; empty for a summary without sentences. With `sentiment`, a line on it follows the sentences.
/// Names and links are put on one line, control characters dropped: a post cannot forge a line of the list.
[[nodiscard]] std::string render(const Summary& summary, std::span<const store::Post> posts,
                                 const std::optional<SentimentShares>& sentiment = std::nullopt);

}  // namespace offx::summary
