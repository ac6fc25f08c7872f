#pragma once

#include <cstdint>
#include <memory>
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

/// Says of post after post which terms of a rule made it match. Belongs to one thread.
class Explainer {
 public:
  explicit Explainer(const Rule& rule, text::NormalForm form = text::NormalForm::exact);
  ~Explainer();
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  /// In the order of the rule, each once; empty if it does not match. Negated terms are not named.
  [[nodiscard]] std::vector<MatchedTerm> explain(const store::Post& post);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same for one post: what an Explainer is made of costs more than its answer.
[[nodiscard]] std::vector<MatchedTerm> explain(const Rule& rule, const store::Post& post,
                                               text::NormalForm form = text::NormalForm::exact);

}  // namespace offx::topics
