#include "summary/extractive.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
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
  Summarizer(std::span<const Post> posts, const Options& options) : posts_(posts), options_(options) {}

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
    for (const Post& post : posts_) {
      if (!post.details.is_private) read_.push_back(&post);
    }
    const auto key = [](const Post* post) {
      return std::make_tuple(read(*post).is_repost,
                             std::tie(post->created_at, post->platform, post->external_id, post->content, post->url,
                                      post->author, post->author_username, post->details.reposted_by));
    };
    std::ranges::sort(read_, [&](const Post* a, const Post* b) { return key(a) < key(b); });
  }

  void group_posts() {
    clusters_ = cluster_posts(read_);
    for (const Cluster& cluster : clusters_) {
      voices_.push_back(cluster.voices);
      // Less than in proportion, or one campaign would drown everybody else.
      passages_.document_weights.push_back(std::sqrt(static_cast<double>(cluster.voices.size())));
    }
  }

  /// The post of a group that is cited: the first original.
  [[nodiscard]] const Post& leader(const Cluster& cluster) const { return *read_[cluster.posts.front()]; }

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
      const Post& post = leader(clusters_[c]);
      Candidate candidate;
      candidate.document = c;
      candidate.author = authors.id(author_voice(post));
      candidate.slot = static_cast<std::uint32_t>((static_cast<double>(time(clusters_[c])) - begin) / slot_length);
      const std::string_view text = read(leader(clusters_[c])).text;
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
    passages_.words.insert(passages_.words.end(), words_.begin(), words_.end());
    candidate.words_end = passages_.words.size();
    if (candidate.length() == 0) return false;
    candidate.eligible = candidate.length() >= kWordsMin;
    passages_.candidates.push_back(candidate);
    parts_.push_back(part);
    return candidate.eligible;
  }

  static std::string shown(std::string_view part, const Post& post) {
    const std::string line = text::collapse_space(part);
    std::string_view text = text::trim_for_display(line, post.details.is_reply);
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
                                 clusters_[c].voices.size(), clusters_[c].posts.size()});
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

  std::span<const Post> posts_;
  const Options& options_;
  StatementReader reader_;
  std::vector<Word> words_;        ///< of what was read last
  std::vector<const Post*> read_;  ///< of posts_, in the order in which they are taken
  std::vector<Cluster> clusters_;
  std::vector<std::vector<std::uint64_t>> voices_;  ///< of each cluster, sorted and distinct
  Passages passages_;                               ///< its documents are the clusters
  std::vector<std::string_view> parts_;             ///< by candidate, as it stands in its post
};

}  // namespace

Summary summarize(std::span<const Post> posts, const Options& options) { return Summarizer(posts, options).run(); }

}  // namespace offx::summary
