#include "summary/extractive.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "summary/clusters.h"
#include "summary/prior.h"
#include "summary/selection.h"
#include "summary/statement.h"
#include "text/key_numbers.h"
#include "text/sentences.h"

namespace offx::summary {
namespace {

using store::Post;

/// Fewer words make no statement; they are quoted only if nothing better is there.
constexpr std::size_t kWordsMin = 4;
/// A longer sentence is cut at a word.
constexpr std::size_t kSentenceBytesMax = 600;
/// Up to this size a whole post may stand as one passage.
constexpr std::size_t kWholePostBytesMax = 300;
/// Parts of the period that should all be heard.
constexpr std::int64_t kSlots = 8;

class Summarizer {
 public:
  Summarizer(std::span<const Input> posts, const Options& options) : posts_(posts), options_(options) {}

  Summary run() {
    order_posts();
    group_posts();
    split_posts();
    Summary summary;
    summary.post_count = read_.size();
    summary.distinct_count = clusters_.size();
    weigh_candidates(passages_, voices_);
    const std::vector<std::uint32_t> chosen = select_sentences(passages_, options_.max_sentences);
    cite(chosen, summary);
    return summary;
  }

 private:
  /// By time, originals first: then the leader of near-duplicates is a repost only if nothing else is there.
  void order_posts() {
    for (const Input& post : posts_) {
      if (!post.is_private) read_.push_back(&post);
    }
    const auto key = [](const Input* post) {
      return std::make_tuple(read(*post).is_repost,
                             std::tie(post->created_at, post->platform, post->external_id, post->content));
    };
    std::ranges::stable_sort(read_, [&](const Input* a, const Input* b) { return key(a) < key(b); });
  }

  void group_posts() {
    clusters_ = cluster_posts(read_);
    for (Cluster& cluster : clusters_) {
      // Less than in proportion, or one campaign would drown everybody else.
      passages_.document_weights.push_back(std::sqrt(static_cast<double>(cluster.voices.size())));
      voices_.push_back(std::move(cluster.voices));
    }
  }

  /// The post of a group that is cited: the first original.
  [[nodiscard]] const Input& leader(const Cluster& cluster) const { return *read_[cluster.posts.front()]; }

  void split_posts() {
    if (clusters_.empty()) return;
    const auto time = [&](const Cluster& cluster) { return leader(cluster).created_at.time_since_epoch().count(); };
    const auto [first, last] = std::ranges::minmax_element(clusters_, {}, time);
    // As doubles: the difference of two hostile times may not fit.
    const double begin = static_cast<double>(time(*first));
    const double slot_length = std::max(1.0, (static_cast<double>(time(*last)) - begin) / static_cast<double>(kSlots));
    text::KeyNumbers authors(clusters_.size());
    bool any_eligible = false;
    for (std::uint32_t c = 0; c < clusters_.size(); ++c) {
      const Input& post = leader(clusters_[c]);
      Candidate candidate;
      candidate.document = c;
      candidate.author = authors.id(post.author);
      candidate.slot = static_cast<std::uint32_t>((static_cast<double>(time(clusters_[c])) - begin) / slot_length);
      const std::string_view text = read(post).text;
      const std::vector<std::string_view> sentences = text::split_sentences(text);
      for (const std::string_view& sentence : sentences) {
        candidate.last = &sentence == &sentences.back();
        any_eligible |= add(sentence, candidate);
      }
      candidate.last = true;
      candidate.whole = true;
      if (sentences.size() > 1 && text.size() <= kWholePostBytesMax) any_eligible |= add(text, candidate);
    }
    if (any_eligible) return;
    for (Candidate& candidate : passages_.candidates) candidate.eligible = true;
  }

  /// Adds a part of a post with the facts in `candidate`; true if it can be chosen.
  bool add(std::string_view part, Candidate candidate) {
    const std::string text = shown(part, leader(clusters_[candidate.document]));
    candidate.words_begin = passages_.words.size();
    candidate.form = reader_.read(text, false, words_);
    add_words(passages_, words_);
    candidate.words_end = passages_.words.size();
    if (candidate.length() == 0) return false;
    candidate.eligible = candidate.length() >= kWordsMin;
    passages_.candidates.push_back(candidate);
    parts_.push_back(part);
    return candidate.eligible;
  }

  static std::string shown(std::string_view part, const Input& post) {
    const std::string line = text::collapse_space(part);
    std::string_view text = text::trim_for_display(line, post.is_reply);
    if (text.size() > kSentenceBytesMax) {
      text = prefix_of(text, kSentenceBytesMax);
      if (const std::size_t space = text.rfind(' '); space != std::string_view::npos) text = text.substr(0, space);
    }
    return std::string(text);
  }

  void cite(std::span<const std::uint32_t> chosen, Summary& summary) {
    std::unordered_map<std::uint32_t, std::size_t> numbers;  // by cluster
    const auto number_of = [&](std::uint32_t c) {
      const auto [it, is_new] = numbers.try_emplace(c, summary.posts.size() + 1);
      if (is_new)
        summary.posts.push_back({it->second, static_cast<std::size_t>(&leader(clusters_[c]) - posts_.data()),
                                 voices_[c].size(), clusters_[c].posts.size()});
      return it->second;
    };
    std::vector<std::vector<std::uint32_t>> support = find_support(passages_, chosen);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::uint32_t own = passages_.candidates[chosen[i]].document;
      SummarySentence sentence{shown(parts_[chosen[i]], leader(clusters_[own])), {number_of(own)}};
      // The most said first, then the earliest.
      std::ranges::sort(support[i], [&](std::uint32_t a, std::uint32_t b) {
        return voices_[a].size() != voices_[b].size() ? voices_[a].size() > voices_[b].size() : a < b;
      });
      for (const std::uint32_t c : support[i]) {
        if (sentence.posts.size() >= options_.max_posts_per_sentence) break;
        sentence.posts.push_back(number_of(c));
      }
      summary.sentences.push_back(std::move(sentence));
    }
  }

  std::span<const Input> posts_;
  const Options& options_;
  StatementReader reader_;
  std::vector<Word> words_;                         ///< of what was read last
  std::vector<const Input*> read_;                  ///< of posts_, in the order in which they are taken
  std::vector<Cluster> clusters_;                   ///< without their voices
  std::vector<std::vector<std::uint64_t>> voices_;  ///< of each cluster, sorted and distinct
  Passages passages_;                               ///< its documents are the clusters
  std::vector<std::string_view> parts_;             ///< by candidate, as it stands in its post
};

}  // namespace

Summary summarize(std::span<const Input> posts, const Options& options) { return Summarizer(posts, options).run(); }

Summary summarize(std::span<const Post> posts, const Options& options) {
  // What nothing in the inputs tells apart: a file may hold a post twice.
  std::vector<std::size_t> order(posts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return std::tie(posts[i].url, posts[i].author, posts[i].author_username, posts[i].details.reposted_by);
  });
  std::vector<Input> inputs;
  inputs.reserve(posts.size());
  for (const std::size_t i : order) inputs.push_back(input_of(posts[i]));
  Summary summary = summarize(std::span<const Input>(inputs), options);
  for (CitedPost& cited : summary.posts) cited.index = order[cited.index];
  return summary;
}

}  // namespace offx::summary
