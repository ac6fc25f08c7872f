#include "summary/prior.h"

#include <algorithm>
#include <cmath>

#include "text/key_numbers.h"
#include "text/near_duplicates.h"

namespace offx::summary {
namespace {

// Set by trial on all of Opinosis, FewSum and two sets of FairSumm, and by reading digests of the sample posts: the
// scores on these are not those of unseen data.
constexpr double kSameContent = 0.5;  ///< Jaccard of the content words of passages that say the same
constexpr double kVoicePower = 0.7;   ///< of the number of authors: one campaign shall not drown everybody else
constexpr double kContentWords = 6;   ///< a full statement has so many
constexpr double kPersonalFactor = 0.6;
constexpr double kUnspecificFactor = 0.4;
constexpr double kDependentFactor = 0.3;
constexpr double kQuestionFactor = 0.3;
constexpr double kLoudFactor = 0.3;
constexpr double kHeadingFactor = 0.5;  ///< for what has no end, yet is followed by more
// Shares of sentences with a name: up to the first a set is taken for opinions, from the second on for news. Reviews
// mostly have less than a quarter, posts on events about a half.
constexpr double kNamesOfOpinions = 0.33;
constexpr double kNamesOfNews = 0.43;
constexpr double kWeightMin = 0.05;  ///< of the prior among opinions

/// Tells names: words that are mostly capitalised where no sentence begins.
class Names {
 public:
  explicit Names(const Passages& passages) : balance_(passages.hashes.size()) {
    for (const PassageWord& word : passages.words) {
      if (word.inside && !word.function) balance_[word.id] += word.capitalised ? 1 : -1;
    }
  }

  [[nodiscard]] bool operator()(const PassageWord& word) const { return balance_[word.id] > 0; }

 private:
  std::vector<std::int64_t> balance_;  ///< by word: how often it was capitalised, less how often it was not
};

/// Groups the candidates that say the same and gives the number of distinct authors of each one's group.
std::vector<std::size_t> group_by_content(Passages& passages, std::span<const std::vector<std::uint64_t>> voices) {
  text::TokenSets sets;
  std::vector<std::uint64_t> content;
  for (const Candidate& candidate : passages.candidates) {
    content.clear();
    // A whole post is known by its document, its sentences by themselves.
    for (const PassageWord& word : words_of(passages, candidate)) {
      if (candidate.whole || word.function) continue;
      const std::uint64_t hash = passages.hashes[word.id];
      content.push_back(candidate.form.negated ? ~hash : hash);
    }
    // What has no content is like nothing else.
    if (content.empty()) content.push_back(text::mix(candidate.words_begin));
    sets.add(content);
  }
  const std::vector<std::uint32_t> leaders = text::near_duplicate_leaders(sets, kSameContent);
  std::vector<std::vector<std::uint64_t>> heard(leaders.size());
  for (std::size_t c = 0; c < leaders.size(); ++c) {
    const std::vector<std::uint64_t>& authors = voices[passages.candidates[c].document];
    heard[leaders[c]].insert(heard[leaders[c]].end(), authors.begin(), authors.end());
  }
  std::vector<std::size_t> counts(leaders.size());
  for (std::size_t c = 0; c < leaders.size(); ++c) {
    std::vector<std::uint64_t>& authors = heard[c];
    std::sort(authors.begin(), authors.end());
    counts[c] = static_cast<std::size_t>(std::unique(authors.begin(), authors.end()) - authors.begin());
  }
  for (std::size_t c = 0; c < leaders.size(); ++c) {
    counts[c] = counts[leaders[c]];
    passages.candidates[c].group = leaders[c];
  }
  return counts;
}

}  // namespace

void weigh_candidates(Passages& passages, std::span<const std::vector<std::uint64_t>> voices) {
  std::vector<Candidate>& candidates = passages.candidates;
  if (candidates.empty()) return;
  const Names is_name(passages);
  std::vector<std::uint32_t> content(candidates.size(), 0);
  std::vector<bool> specific(candidates.size(), false);
  double named_share = 0;
  double sentences = 0;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    bool named = false;
    for (const PassageWord& word : words_of(passages, candidates[c])) {
      content[c] += word.function ? 0 : 1;
      const bool name = word.uncased || is_name(word);
      named = named || name;
      specific[c] = specific[c] || name || word.number;
    }
    if (candidates[c].whole) continue;
    ++sentences;
    named_share += named ? 1 : 0;
  }
  named_share /= std::max(1.0, sentences);
  const double weight =
      std::clamp((named_share - kNamesOfOpinions) / (kNamesOfNews - kNamesOfOpinions), kWeightMin, 1.0);
  const std::vector<std::size_t> said_by = group_by_content(passages, voices);
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    Candidate& candidate = candidates[c];
    double prior = std::pow(static_cast<double>(said_by[c]), kVoicePower);
    const double fullness = std::min(1.0, static_cast<double>(content[c]) / kContentWords);
    prior *= fullness * fullness;
    if (!specific[c]) prior *= kUnspecificFactor;
    if (candidate.form.personal) prior *= kPersonalFactor;
    if (candidate.form.dependent) prior *= kDependentFactor;
    if (candidate.form.question) prior *= kQuestionFactor;
    if (candidate.form.loud) prior *= kLoudFactor;
    if (!candidate.form.finished && !candidate.last) prior *= kHeadingFactor;
    candidate.prior = std::pow(prior, weight);
  }
}

}  // namespace offx::summary
