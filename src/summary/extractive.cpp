#include "summary/extractive.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "summary/prior.h"
#include "summary/selection.h"
#include "summary/statement.h"
#include "text/key_numbers.h"
#include "text/near_duplicates.h"
#include "text/sentences.h"

namespace offx::summary {
namespace {

using store::Post;

/// Posts, and sentences, that share this much of their words say the same.
constexpr double kSameThreshold = 0.7;
/// Fewer words make no statement; they are quoted only if nothing better is there.
constexpr std::size_t kWordsMin = 4;
/// A longer sentence is cut at a word.
constexpr std::size_t kSentenceBytesMax = 600;
/// Up to this size a whole post may stand as one passage.
constexpr std::size_t kWholePostBytesMax = 300;
/// What is read of a post: feed items can be whole books.
constexpr std::size_t kPostBytesMax = 32'768;
/// Parts of the period that should all be heard.
constexpr std::int64_t kSlots = 8;

/// The longest prefix of at most `bytes_max` bytes that does not cut a character.
std::string_view prefix_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

/// A post as this engine reads it.
struct Reading {
  std::uint32_t index = 0;  ///< in the span that is summarised
  std::string_view text;    ///< its own words: without `RT @user: `, which marks a repost made by hand
  bool is_repost = false;
};

Reading read(const Post& post, std::size_t index) {
  Reading reading{static_cast<std::uint32_t>(index), post.content, post.details.is_repost};
  if (reading.text.starts_with("RT @")) {
    const std::size_t name_end = reading.text.find(' ', 4);
    if (name_end != std::string_view::npos && reading.text[name_end - 1] == ':') {
      reading.text.remove_prefix(name_end + 1);
      reading.is_repost = true;
    }
  }
  reading.text = prefix_of(reading.text, kPostBytesMax);
  return reading;
}

std::uint64_t voice(const Post& post, std::string_view name) {
  return text::mix(text::hash_of(post.platform) ^ text::hash_of(name));
}

/// The author; somebody else for every post of which we do not know.
std::uint64_t author_voice(const Post& post) {
  const std::string& known = !post.author_username.empty()     ? post.author_username
                             : !post.details.author_id.empty() ? post.details.author_id
                                                               : post.author;
  return known.empty() ? voice(post, "\n" + post.external_id) : voice(post, known);
}

/// Posts that say the same.
struct Cluster {
  Reading leader;  ///< the one that is cited: the first original
  std::size_t size = 0;
  std::size_t said_by = 0;
};

class Summarizer {
 public:
  Summarizer(std::span<const Post> posts, const Options& options) : posts_(posts), options_(options) {}

  Summary run() {
    order_posts();
    cluster_posts();
    split_posts();
    Summary summary;
    summary.post_count = readings_.size();
    summary.distinct_count = clusters_.size();
    weigh_candidates(passages_, voices_);
    const std::vector<std::uint32_t> chosen = select_sentences(passages_, options_.max_sentences);
    cite(chosen, summary);
    return summary;
  }

 private:
  /// By time, originals first: then the leader of near-duplicates is a repost only if nothing else is there.
  void order_posts() {
    for (std::size_t i = 0; i < posts_.size(); ++i) {
      if (!posts_[i].details.is_private) readings_.push_back(read(posts_[i], i));
    }
    const auto key = [&](const Reading& reading) {
      const Post& post = posts_[reading.index];
      return std::tie(reading.is_repost, post.created_at, post.platform, post.external_id, post.content, post.url,
                      post.author, post.author_username, post.details.reposted_by);
    };
    std::ranges::sort(readings_, [&](const Reading& a, const Reading& b) { return key(a) < key(b); });
  }

  void cluster_posts() {
    text::TokenSets sets;
    std::vector<const Reading*> said;
    std::vector<std::uint64_t> words;
    for (const Reading& reading : readings_) {
      const bool negated = reader_.read(reading.text, true, words_).negated;
      if (words_.empty()) continue;  // links alone say nothing
      words.clear();
      // Posts that differ in a negation are no near-duplicates, however alike.
      for (const Word& word : words_) words.push_back(negated ? ~word.hash : word.hash);
      sets.add(words);
      said.push_back(&reading);
    }
    const std::vector<std::uint32_t> leaders = text::near_duplicate_leaders(sets, kSameThreshold);
    std::vector<std::uint32_t> cluster_of(said.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (leaders[i] == i) {
        cluster_of[i] = static_cast<std::uint32_t>(clusters_.size());
        clusters_.push_back({*said[i]});
        voices_.emplace_back();
      }
      const std::uint32_t c = cluster_of[leaders[i]];
      const Post& post = posts_[said[i]->index];
      ++clusters_[c].size;
      voices_[c].push_back(author_voice(post));
      if (!post.details.reposted_by.empty()) voices_[c].push_back(voice(post, post.details.reposted_by));
    }
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      std::sort(voices_[c].begin(), voices_[c].end());
      voices_[c].erase(std::unique(voices_[c].begin(), voices_[c].end()), voices_[c].end());
      clusters_[c].said_by = voices_[c].size();
      // Less than in proportion, or one campaign would drown everybody else.
      passages_.document_weights.push_back(std::sqrt(static_cast<double>(clusters_[c].said_by)));
    }
  }

  void split_posts() {
    if (clusters_.empty()) return;
    const auto time = [&](const Cluster& cluster) {
      return posts_[cluster.leader.index].created_at.time_since_epoch().count();
    };
    const auto [first, last] = std::ranges::minmax_element(clusters_, {}, time);
    // As doubles: the difference of two hostile times may not fit.
    const double begin = static_cast<double>(time(*first));
    const double slot_length = std::max(1.0, (static_cast<double>(time(*last)) - begin) / static_cast<double>(kSlots));
    text::KeyNumbers authors(clusters_.size());
    bool any_eligible = false;
    for (std::uint32_t c = 0; c < clusters_.size(); ++c) {
      const Post& post = posts_[clusters_[c].leader.index];
      Candidate candidate;
      candidate.document = c;
      candidate.author = authors.id(author_voice(post));
      candidate.slot = static_cast<std::uint32_t>((static_cast<double>(time(clusters_[c])) - begin) / slot_length);
      const std::string_view text = clusters_[c].leader.text;
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
    const std::string text = shown(part, posts_[clusters_[candidate.document].leader.index]);
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
        summary.posts.push_back({it->second, clusters_[c].leader.index, clusters_[c].said_by, clusters_[c].size});
      return it->second;
    };
    std::vector<std::vector<std::uint32_t>> support = find_support(passages_, chosen);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::uint32_t own = passages_.candidates[chosen[i]].document;
      SummarySentence sentence{shown(parts_[chosen[i]], posts_[clusters_[own].leader.index]), {number_of(own)}};
      // The most said first, then the earliest.
      std::ranges::sort(support[i], [&](std::uint32_t a, std::uint32_t b) {
        return clusters_[a].said_by != clusters_[b].said_by ? clusters_[a].said_by > clusters_[b].said_by : a < b;
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
  std::vector<Word> words_;  ///< of what was read last
  std::vector<Reading> readings_;
  std::vector<Cluster> clusters_;
  std::vector<std::vector<std::uint64_t>> voices_;  ///< of each cluster, sorted and distinct
  Passages passages_;                               ///< its documents are the clusters
  std::vector<std::string_view> parts_;             ///< by candidate, as it stands in its post
};

}  // namespace

Summary summarize(std::span<const Post> posts, const Options& options) { return Summarizer(posts, options).run(); }

}  // namespace offx::summary
