#include "topics/matcher.h"

#include <algorithm>

#include "topics/post_scan.h"
#include "topics/rule_index.h"

namespace offx::topics {

struct MatchScratch::State {
  PostScan scan;
  std::vector<std::uint32_t> matched;     // rules
  std::vector<std::uint32_t> matched_in;  // by rule: the number of the last post it matched
  std::uint32_t post = 0;
  std::uint64_t index_id = 0;
  std::vector<std::int64_t> topics;
};

MatchScratch::MatchScratch() : state_(std::make_unique<State>()) {}
MatchScratch::~MatchScratch() = default;
MatchScratch::MatchScratch(MatchScratch&&) noexcept = default;
MatchScratch& MatchScratch::operator=(MatchScratch&&) noexcept = default;

Matcher::Matcher(std::span<const TopicRule> rules, text::NormalForm form)
    : index_(std::make_unique<const RuleIndex>(rules, form)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

std::span<const std::int64_t> Matcher::match(const store::Post& post, MatchScratch& scratch) const {
  const RuleIndex& index = *index_;
  MatchScratch::State& state = *scratch.state_;
  if (state.index_id != index.id() || state.post == 0xFFFFFFFF) {
    state.index_id = index.id();
    state.post = 0;
    state.matched_in.assign(index.rule_count(), 0);
  }
  ++state.post;
  state.matched.clear();
  state.scan.scan(index, post);
  for (const Atom atom : state.scan.hits()) {
    for (const Entry& entry : index.entries_of(atom)) {
      if (entry.phrase != kNone && !state.scan.phrase_holds(atom, entry)) continue;
      if (state.matched_in[entry.rule] == state.post) continue;
      if (entry.program != kNone && !state.scan.holds(entry.program)) continue;
      state.matched_in[entry.rule] = state.post;
      state.matched.push_back(entry.rule);
    }
  }
  std::sort(state.matched.begin(), state.matched.end());
  state.topics.clear();
  for (const std::uint32_t rule : state.matched) {
    const std::int64_t topic = index.topic_of(rule);
    if (state.topics.empty() || state.topics.back() != topic) state.topics.push_back(topic);
  }
  return state.topics;
}

}  // namespace offx::topics
