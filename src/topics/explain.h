#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/post.h"
#include "text/tokens.h"
#include "topics/rule.h"

namespace offx::topics {

/// Bytes [begin, end) of a post's content.
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// A term that helped a rule to match, and where.
struct MatchedTerm {
  std::string term;               ///< as topics::to_string(Term) writes it
  std::vector<ByteRange> places;  ///< in Post::content, ascending; empty if it was found elsewhere (author, media, …)
};

/// Which terms of `rule` made it match `post`, in the order of the rule, each once; empty if it does not match.
/// Negated terms are not named. Not for hot paths: it tokenises for every call.
[[nodiscard]] std::vector<MatchedTerm> explain(const Rule& rule, const store::Post& post,
                                               text::NormalForm form = text::NormalForm::exact);

}  // namespace offx::topics
