#include "summary/clusters.h"

#include <algorithm>

#include "summary/statement.h"
#include "text/near_duplicates.h"

namespace offx::summary {
namespace {

/// Posts that share this much of their words say the same.
constexpr double kSameThreshold = 0.7;
/// What is read of a post: feed items can be whole books.
constexpr std::size_t kPostBytesMax = 32'768;

}  // namespace

std::string_view prefix_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

Reading read(const Input& post) {
  Reading reading{post.content, post.is_repost};
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

namespace {

/// For each post that has words the first one that says the same, as places in `said`, which gets their places.
std::vector<std::uint32_t> first_alike(std::span<const Input* const> posts, std::vector<std::uint32_t>& said) {
  StatementReader reader;
  text::TokenSets sets;
  std::vector<Word> found;
  std::vector<std::uint64_t> words;
  for (std::uint32_t i = 0; i < posts.size(); ++i) {
    const bool negated = reader.read(read(*posts[i]).text, true, found).negated;
    if (found.empty()) continue;
    words.clear();
    for (const Word& word : found) words.push_back(negated ? ~word.hash : word.hash);
    sets.add(words);
    said.push_back(i);
  }
  return text::near_duplicate_leaders(sets, kSameThreshold);
}

}  // namespace

std::vector<Cluster> cluster_posts(std::span<const Input* const> posts) {
  std::vector<std::uint32_t> said;
  const std::vector<std::uint32_t> leaders = first_alike(posts, said);
  std::vector<Cluster> clusters;
  std::vector<std::size_t> cluster_of(said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (leaders[i] == i) {
      cluster_of[i] = clusters.size();
      clusters.emplace_back();
    }
    clusters[cluster_of[leaders[i]]].posts.push_back(said[i]);
  }
  for (Cluster& cluster : clusters) {
    auto& voices = cluster.voices;
    for (const auto i : cluster.posts) {
      voices.push_back(posts[i]->author);
      if (posts[i]->reposter != 0) voices.push_back(posts[i]->reposter);
    }
    std::sort(voices.begin(), voices.end());
    voices.erase(std::unique(voices.begin(), voices.end()), voices.end());
  }
  return clusters;
}

}  // namespace offx::summary
