#include "summary/selection.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "text/key_numbers.h"

namespace offx::summary {
namespace {

// Set by trial on half of Opinosis, two sets of FairSumm and the FewSum reviews, with posts dropped at random; broad
// optima were preferred to high ones. The personal factor was set later on all of these, the slot and document factors
// by reading digests of the sample posts: no data is left on which any of them could be judged as unseen.
constexpr double kPairWeight = 1.5;      ///< of a pair of words, against a word
constexpr double kRepeatFactor = 0.5;    ///< worth of a word that the summary says already
constexpr double kSimilarityMax = 0.4;   ///< Jaccard of two sentences of a summary
constexpr double kPersonalFactor = 0.6;  ///< in the shortest summaries
constexpr double kDocumentFactor = 0.5;  ///< for more from a post that says what was quoted
constexpr double kAuthorFactor = 0.7;    ///< each time an author was quoted
constexpr double kSlotFactor = 0.6;      ///< each time a part of the period was quoted
constexpr std::size_t kShortSummary = 5;
constexpr std::size_t kLongSummary = 50;
constexpr double kLengthAllowance = 0.5;  ///< words that are free in a long summary, as a part of the mean post

constexpr double kSameWords = 0.7;    ///< Jaccard of sentences that say the same
constexpr double kHeldContent = 0.8;  ///< part of a sentence's content words that a longer one must hold to say it too
constexpr std::size_t kContentMin = 5;  ///< for which a sentence needs so many: fewer may be anything

/// 0 for a summary of a few sentences, 1 for a long one.
double length_of_summary(std::size_t sentences) {
  const double above = static_cast<double>(sentences) - static_cast<double>(kShortSummary);
  return std::clamp(above / static_cast<double>(kLongSummary - kShortSummary), 0.0, 1.0);
}

std::vector<std::uint32_t> distinct_words(const Passages& passages, const Candidate& candidate) {
  std::vector<std::uint32_t> words;
  for (const PassageWord& word : words_of(passages, candidate)) words.push_back(word.id);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

/// Distinct words of a chosen sentence, or those of them that another has.
struct Wanted {
  std::size_t words = 0;
  std::size_t content = 0;
  std::size_t numbers = 0;
};

double jaccard(std::size_t common, std::size_t a, std::size_t b) {
  return static_cast<double>(common) / static_cast<double>(a + b - common);
}

/// Of two adjacent words.
std::uint64_t pair_of(const PassageWord& a, const PassageWord& b) { return (std::uint64_t{a.id} << 32) | b.id; }

/// Tells pairs of words that more than one voice has; it is sometimes wrong about others. Two bits a pair and a few
/// more, where a table of all pairs takes 32 to 64 bytes for each.
class RepeatedPairs {
 public:
  explicit RepeatedPairs(const Passages& passages)
      : once_(std::bit_ceil(passages.words.size() * kBits + 64)), again_(once_.size()) {
    for (const Candidate& c : passages.candidates) {
      if (c.whole) continue;  // counts for nothing by itself
      const bool is_heard = passages.document_weights[c.document] > 1;
      const std::span<const PassageWord> words = words_of(passages, c);
      for (std::size_t i = 1; i < words.size(); ++i) {
        const std::size_t place = place_of(pair_of(words[i - 1], words[i]));
        if (is_heard || once_[place]) again_[place] = true;
        once_[place] = true;
      }
    }
    once_ = {};
  }

  [[nodiscard]] bool may_have(std::uint64_t pair) const { return again_[place_of(pair)]; }

 private:
  static constexpr std::size_t kBits = 8;  ///< for each word: then an eighth of the others is kept by mistake

  [[nodiscard]] std::size_t place_of(std::uint64_t pair) const { return text::mix(pair) & (again_.size() - 1); }

  std::vector<bool> once_;
  std::vector<bool> again_;
};

class Selection {
 public:
  Selection(const Passages& passages, std::size_t sentences_max)
      : passages_(passages), candidates_(passages.candidates), sentences_max_(sentences_max) {
    const double long_summary = length_of_summary(sentences_max);
    std::size_t words = 0;
    for (const Candidate& c : candidates_) words += c.whole ? 0 : c.length();
    const double mean = static_cast<double>(words) / static_cast<double>(passages.document_weights.size());
    free_words_ = kLengthAllowance * long_summary * mean;
    personal_factor_ = kPersonalFactor + (1 - kPersonalFactor) * long_summary;
    // The longer a summary, the less each sentence has to stand alone and the more it is to be like all the posts.
    for (const Candidate& c : candidates_) priors_.push_back(std::pow(c.prior, 1 - long_summary));
    collect_features();
  }

  std::vector<std::uint32_t> run() {
    std::vector<Entry> entries;
    for (std::uint32_t c = 0; c < candidates_.size(); ++c) {
      if (candidates_[c].eligible) entries.push_back({value(c), c, 0});
    }
    std::priority_queue<Entry> queue(std::less<Entry>(), std::move(entries));
    // Values only fall as sentences are chosen: one that is up to date and on top is the greatest.
    while (chosen_.size() < sentences_max_ && !queue.empty()) {
      Entry top = queue.top();
      queue.pop();
      if (top.chosen_before != chosen_.size()) {
        queue.push({value(top.candidate), top.candidate, chosen_.size()});
      } else if (!repeats(top.candidate)) {
        choose(top.candidate);
      }
    }
    return std::move(chosen_);
  }

 private:
  struct Entry {
    double value;
    std::uint32_t candidate;
    std::size_t chosen_before;  ///< how many sentences were chosen when the value was computed

    bool operator<(const Entry& other) const {
      return value != other.value ? value < other.value : candidate > other.candidate;
    }
  };

  /// Numbers the words and pairs of all candidates and weighs them. What only one voice says is worth nothing, and left
  /// out: among posts that differ most pairs are of one post, and a table of all would be larger than all else here.
  void collect_features() {
    constexpr std::uint32_t kNone = ~std::uint32_t{0};
    const RepeatedPairs repeated(passages_);
    text::KeyNumbers pairs;
    const auto word_count = static_cast<std::uint32_t>(passages_.hashes.size());
    std::vector<std::uint32_t> last_document(word_count, kNone);
    worth_.resize(word_count);
    begins_.reserve(candidates_.size() + 1);
    for (const Candidate& c : candidates_) {
      const std::size_t begin = features_.size();
      const std::span<const PassageWord> words = words_of(passages_, c);
      for (std::size_t i = 0; i < words.size(); ++i) {
        features_.push_back(words[i].id);
        if (i + 1 == words.size() || !repeated.may_have(pair_of(words[i], words[i + 1]))) continue;
        const std::uint32_t pair = word_count + pairs.id(pair_of(words[i], words[i + 1]));
        if (pair == worth_.size()) {
          worth_.push_back(0);
          last_document.push_back(kNone);
        }
        features_.push_back(pair);
      }
      const auto mine = features_.begin() + static_cast<std::ptrdiff_t>(begin);
      std::sort(mine, features_.end());
      features_.erase(std::unique(mine, features_.end()), features_.end());
      for (std::size_t i = begin; i < features_.size() && !c.whole; ++i) {
        const std::uint32_t feature = features_[i];
        if (last_document[feature] == c.document) continue;
        last_document[feature] = c.document;
        worth_[feature] += passages_.document_weights[c.document];
      }
      begins_.push_back(features_.size());
    }
    for (std::size_t f = 0; f < worth_.size(); ++f) {
      worth_[f] = std::max(0.0, worth_[f] - 1) * (f < word_count ? 1.0 : kPairWeight);
    }
  }

  [[nodiscard]] std::span<const std::uint32_t> features(std::uint32_t c) const {
    return std::span(features_).subspan(begins_[c], begins_[c + 1] - begins_[c]);
  }

  [[nodiscard]] double value(std::uint32_t c) const {
    const Candidate& candidate = candidates_[c];
    double gain = 0;
    for (const std::uint32_t feature : features(c)) gain += worth_[feature];
    gain /= static_cast<double>(candidate.length()) + free_words_;
    gain *= priors_[c];
    if (candidate.form.personal) gain *= personal_factor_;
    if (documents_.contains(candidate.document)) gain *= kDocumentFactor;
    if (const auto author = author_factors_.find(candidate.author); author != author_factors_.end())
      gain *= author->second;
    if (const auto slot = slot_factors_.find(candidate.slot); slot != slot_factors_.end()) gain *= slot->second;
    return gain;
  }

  [[nodiscard]] bool repeats(std::uint32_t c) const {
    const Candidate& candidate = candidates_[c];
    const std::vector<std::uint32_t> words = distinct_words(passages_, candidate);
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      const Candidate& other = candidates_[chosen_[i]];
      if (other.document == candidate.document && (other.whole || candidate.whole)) return true;
      std::vector<std::uint32_t> common;
      std::ranges::set_intersection(words, chosen_words_[i], std::back_inserter(common));
      if (jaccard(common.size(), words.size(), chosen_words_[i].size()) > kSimilarityMax) return true;
    }
    return false;
  }

  void choose(std::uint32_t c) {
    for (const std::uint32_t feature : features(c)) worth_[feature] *= kRepeatFactor;
    for (const Candidate& other : candidates_) {
      if (other.group == candidates_[c].group) documents_.insert(other.document);
    }
    author_factors_.try_emplace(candidates_[c].author, 1.0).first->second *= kAuthorFactor;
    slot_factors_.try_emplace(candidates_[c].slot, 1.0).first->second *= kSlotFactor;
    chosen_.push_back(c);
    chosen_words_.push_back(distinct_words(passages_, candidates_[c]));
  }

  const Passages& passages_;
  std::span<const Candidate> candidates_;
  std::size_t sentences_max_;
  double free_words_ = 0;
  double personal_factor_ = 1;
  std::vector<double> priors_;           ///< of each candidate, as far as they count in a summary of this length
  std::vector<std::uint32_t> features_;  ///< of all candidates, sorted and distinct in each
  std::vector<std::size_t> begins_{0};   ///< of each candidate's features
  std::vector<double> worth_;            ///< of each feature, for the next sentence that has it
  std::unordered_set<std::uint32_t> documents_;  ///< that say what was quoted
  std::unordered_map<std::uint32_t, double> author_factors_;
  std::unordered_map<std::uint32_t, double> slot_factors_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::vector<std::uint32_t>> chosen_words_;
};

}  // namespace

void add_words(Passages& passages, std::span<const Word> words) {
  for (const Word& word : words) {
    const std::uint32_t id = passages.ids.id(word.hash);
    if (id == passages.hashes.size()) passages.hashes.push_back(word.hash);
    passages.words.push_back({.id = id,
                              .function = word.function,
                              .number = word.number,
                              .inside = word.inside,
                              .capitalised = word.capitalised,
                              .uncased = word.uncased});
  }
}

std::vector<std::uint32_t> select_sentences(const Passages& passages, std::size_t sentences_max) {
  if (passages.candidates.empty() || sentences_max == 0) return {};
  return Selection(passages, sentences_max).run();
}

std::vector<std::vector<std::uint32_t>> find_support(const Passages& passages, std::span<const std::uint32_t> chosen) {
  std::vector<Wanted> wanted(chosen.size());
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> chosen_with;  // by word
  for (std::uint32_t i = 0; i < chosen.size(); ++i) {
    const Candidate& candidate = passages.candidates[chosen[i]];
    std::unordered_map<std::uint32_t, PassageWord> distinct;
    for (const PassageWord& word : words_of(passages, candidate)) distinct.emplace(word.id, word);
    for (const auto& [id, word] : distinct) {
      ++wanted[i].words;
      wanted[i].content += word.function ? 0 : 1;
      wanted[i].numbers += word.number ? 1 : 0;
      chosen_with[id].push_back(i);
    }
  }
  std::vector<std::vector<std::uint32_t>> support(chosen.size());
  std::vector<Wanted> found(chosen.size());
  std::vector<PassageWord> words;
  for (const Candidate& other : passages.candidates) {
    const std::span<const PassageWord> all = words_of(passages, other);
    words.assign(all.begin(), all.end());
    std::ranges::sort(words, {}, &PassageWord::id);
    const auto repeats = std::ranges::unique(words, {}, &PassageWord::id);
    words.erase(repeats.begin(), repeats.end());
    std::ranges::fill(found, Wanted{});
    for (const PassageWord& word : words) {
      const auto it = chosen_with.find(word.id);
      if (it == chosen_with.end()) continue;
      for (const std::uint32_t i : it->second) {
        ++found[i].words;
        found[i].content += word.function ? 0 : 1;
        found[i].numbers += word.number ? 1 : 0;
      }
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Candidate& sentence = passages.candidates[chosen[i]];
      if (other.document == sentence.document || other.form.negated != sentence.form.negated) continue;
      if (found[i].numbers < wanted[i].numbers) continue;
      const bool is_same = jaccard(found[i].words, words.size(), wanted[i].words) >= kSameWords;
      const bool holds = !other.whole && wanted[i].content >= kContentMin &&
                         static_cast<double>(found[i].content) >= kHeldContent * static_cast<double>(wanted[i].content);
      if (!is_same && !holds) continue;
      if (support[i].empty() || support[i].back() != other.document) support[i].push_back(other.document);
    }
  }
  return support;
}

}  // namespace offx::summary
