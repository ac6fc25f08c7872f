#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/post.h"
#include "text/tokens.h"
#include "topics/rule.h"

namespace offx::topics {

class RuleIndex;

/// A rule and the topic whose posts it finds. A topic may have several.
struct TopicRule {
  std::int64_t topic_id = 0;
  Rule rule;
};

/// The working memory of match(): one per thread, for any number of matchers, one after another.
class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  MatchScratch(MatchScratch&&) noexcept;
  MatchScratch& operator=(MatchScratch&&) noexcept;

 private:
  friend class Matcher;
  struct State;
  std::unique_ptr<State> state_;
};

/// Many rules compiled for matching posts against all of them at once. Immutable: share one between threads, each with
/// its own MatchScratch; when rules change, build another and swap the `shared_ptr<const Matcher>`.
///
/// The words of a post are looked up in a table of all rules' words; a rule is looked at only if the rarest clause that
/// it requires is in the post (a percolator), so the cost of a post hardly depends on the number of rules. Building
/// takes about a microsecond per rule term.
class Matcher {
 public:
  /// - exact: for posts as they arrive; keywords also look at the quoted post's text.
  /// - search: for posts that are stored: wider normal form, the post's own text only.
  explicit Matcher(std::span<const TopicRule> rules, text::NormalForm form = text::NormalForm::exact);
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  /// The ids of the topics the post belongs to, ascending, each once. Valid until the next call with `scratch`.
  /// Any content is accepted. Never fails but for lack of memory.
  [[nodiscard]] std::span<const std::int64_t> match(const store::Post& post, MatchScratch& scratch) const;

 private:
  std::unique_ptr<const RuleIndex> index_;
};

}  // namespace offx::topics
