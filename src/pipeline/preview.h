#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/post.h"
#include "topics/explain.h"
#include "topics/matcher.h"
#include "topics/rule.h"

namespace offx::pipeline {

/// A post and why it is there.
struct MatchedPost {
  store::Post post;
  std::vector<topics::MatchedTerm> terms;
};

/// Which posts a rule would find: counts them, and keeps the newest `limit`. Not thread-safe.
class RulePreview {
 public:
  RulePreview(topics::Rule rule, std::size_t limit);

  void look_at(const store::Post& post);
  [[nodiscard]] std::uint64_t seen() const noexcept { return seen_; }
  [[nodiscard]] std::uint64_t matched() const noexcept { return matched_; }
  /// Newest first. Called once, at the end.
  std::vector<MatchedPost> finish();

 private:
  topics::Rule rule_;
  std::size_t limit_;
  topics::Matcher matcher_;
  topics::MatchScratch scratch_;
  std::vector<store::Post> newest_;  // a heap, the oldest on top
  std::uint64_t seen_ = 0;
  std::uint64_t matched_ = 0;
};

}  // namespace offx::pipeline
