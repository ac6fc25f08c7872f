#include "text/near_duplicates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/assert.h"
#include "text/key_numbers.h"

namespace offx::text {
namespace {

/// Leaders a document is compared with, and index entries read to find them. Real posts stay far below both; they bound
/// what a flood of posts made of the same words can cost.
constexpr std::size_t kComparisonsMax = 256;
constexpr std::size_t kEntriesMax = 2048;

// Guards the ceiling of a product such as 0.7 × 10 against rounding up from 7.000000000000001.
std::size_t ceiling(double value) { return static_cast<std::size_t>(std::ceil(value - 1e-9)); }

/// Finds, for each document, the first one with exactly its set.
std::vector<std::uint32_t> first_equals(const TokenSets& documents) {
  std::vector<std::uint32_t> first(documents.size());
  KeyNumbers seen(documents.size());
  std::vector<std::uint32_t> newest;  // by slot, and from there back along `previous`
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::vector<std::uint32_t> previous(documents.size(), kNone);  // only for sets whose hashes collide
  for (std::uint32_t d = 0; d < documents.size(); ++d) {
    const std::span<const std::uint64_t> set = documents[d];
    const std::uint64_t hash = std::accumulate(set.begin(), set.end(), std::uint64_t{set.size()},
                                               [](std::uint64_t h, std::uint64_t token) { return mix(h ^ token); });
    const std::uint32_t slot = seen.id(hash);
    if (slot == newest.size()) newest.push_back(kNone);
    std::uint32_t candidate = newest[slot];
    while (candidate != kNone && !std::ranges::equal(documents[candidate], set)) candidate = previous[candidate];
    first[d] = candidate == kNone ? d : candidate;
    if (candidate == kNone) {
      previous[d] = newest[slot];
      newest[slot] = d;
    }
  }
  return first;
}

/// The documents' tokens as ranks, the rarest token first: what a prefix filter needs.
class RankedSets {
 public:
  RankedSets(const TokenSets& documents, std::span<const std::uint32_t> first) {
    KeyNumbers ids(documents.size() * 4);
    std::vector<std::uint32_t> frequency;
    for (std::uint32_t d = 0; d < documents.size(); ++d) {
      if (first[d] == d) {
        for (const std::uint64_t token : documents[d]) {
          const std::uint32_t id = ids.id(token);
          if (id == frequency.size()) frequency.push_back(0);
          ++frequency[id];
          ranks_.push_back(id);
        }
      }
      begins_.push_back(ranks_.size());
    }
    std::vector<std::uint32_t> order(frequency.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t id) { return std::pair(frequency[id], id); });
    std::vector<std::uint32_t> rank(order.size());
    for (std::uint32_t r = 0; r < order.size(); ++r) rank[order[r]] = r;
    for (std::uint32_t& id : ranks_) id = rank[id];
    for (std::size_t d = 0; d + 1 < begins_.size(); ++d) {
      std::sort(ranks_.begin() + static_cast<std::ptrdiff_t>(begins_[d]),
                ranks_.begin() + static_cast<std::ptrdiff_t>(begins_[d + 1]));
    }
    token_count_ = order.size();
  }

  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t d) const {
    return std::span(ranks_).subspan(begins_[d], begins_[d + 1] - begins_[d]);
  }
  [[nodiscard]] std::size_t token_count() const { return token_count_; }

 private:
  std::vector<std::uint32_t> ranks_;
  std::vector<std::size_t> begins_{0};
  std::size_t token_count_ = 0;
};

/// An entry of the index: a leader that has the token, with what tells whether the two can be similar.
struct Leader {
  std::uint32_t document;
  std::uint16_t size;  ///< of its set
  std::uint16_t at;    ///< where in it the token stands, the rarest first
  std::uint64_t bits;  ///< bits_of() it
};
static_assert(TokenSets::kTokensMax <= 0xFFFF);

/// A bit for each token: each that one set has and another has not is a token they do not share.
std::uint64_t bits_of(std::span<const std::uint32_t> set) {
  std::uint64_t bits = 0;
  for (const std::uint32_t token : set) bits |= std::uint64_t{1} << (token & 63U);
  return bits;
}

/// |a ∩ b|, or 0 as soon as it cannot reach `needed`.
std::size_t overlap(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b, std::size_t needed) {
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t common = 0;
  while (i < a.size() && j < b.size()) {
    if (common + std::min(a.size() - i, b.size() - j) < needed) return 0;
    if (a[i] == b[j]) {
      ++common;
      ++i;
      ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return common;
}

}  // namespace

void TokenSets::add(std::span<const std::uint64_t> tokens) {
  const auto begin = static_cast<std::ptrdiff_t>(tokens_.size());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  std::sort(tokens_.begin() + begin, tokens_.end());
  tokens_.erase(std::unique(tokens_.begin() + begin, tokens_.end()), tokens_.end());
  tokens_.resize(std::min(tokens_.size(), static_cast<std::size_t>(begin) + kTokensMax));
  begins_.push_back(tokens_.size());
}

std::vector<std::uint32_t> near_duplicate_leaders(const TokenSets& documents, double threshold) {
  OFFX_ASSERT(threshold > 0 && threshold <= 1);
  std::vector<std::uint32_t> leader = first_equals(documents);
  const RankedSets sets(documents, leader);

  // Two sets that are similar enough share one of the rarest tokens of each: index and look up these only.
  std::vector<std::vector<Leader>> leaders_by_token(sets.token_count());
  std::vector<std::uint32_t> compared_with(documents.size(), 0);  // by leader: the last document, plus one
  for (std::uint32_t d = 0; d < documents.size(); ++d) {
    if (leader[d] != d) continue;
    const std::span<const std::uint32_t> set = sets[d];
    const std::size_t size = set.size();
    const std::size_t smallest = ceiling(threshold * static_cast<double>(size));
    const auto greatest = static_cast<std::size_t>(static_cast<double>(size) / threshold + 1e-9);
    const std::span<const std::uint32_t> prefix = set.first(set.empty() ? 0 : size - smallest + 1);
    const std::uint64_t bits = bits_of(set);
    double best = 0;
    std::size_t comparisons = 0;
    std::size_t entries = 0;
    for (std::size_t at = 0; at < prefix.size(); ++at) {
      const std::vector<Leader>& entry = leaders_by_token[prefix[at]];
      for (auto it = entry.rbegin(); it != entry.rend() && comparisons < kComparisonsMax && entries < kEntriesMax;
           ++it) {
        ++entries;
        if (it->size < smallest || it->size > greatest) continue;
        const std::size_t both = size + it->size;
        const std::size_t needed = ceiling(threshold / (1 + threshold) * static_cast<double>(both));
        // Of the sets' common tokens none stands before the first that is found here: so many are left at most.
        if (std::min(size - at, std::size_t{it->size} - it->at) < needed) continue;
        if (size - static_cast<std::size_t>(std::popcount(bits & ~it->bits)) < needed) continue;
        if (compared_with[it->document] == d + 1) continue;
        compared_with[it->document] = d + 1;
        ++comparisons;
        const std::size_t common = overlap(set, sets[it->document], needed);
        const double similarity = static_cast<double>(common) / static_cast<double>(both - common);
        if (similarity < threshold - 1e-9) continue;
        if (similarity > best || (similarity == best && it->document < leader[d])) {
          best = similarity;
          leader[d] = it->document;
        }
      }
    }
    if (leader[d] != d) continue;
    for (std::size_t at = 0; at < prefix.size(); ++at) {
      leaders_by_token[prefix[at]].push_back(
          {d, static_cast<std::uint16_t>(size), static_cast<std::uint16_t>(at), bits});
    }
  }
  // Exact repeats follow the document they repeat.
  for (std::uint32_t& l : leader) l = leader[l];
  return leader;
}

}  // namespace offx::text
