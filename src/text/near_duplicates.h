#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace offx::text {

/// Sets of tokens in one arena, one set per document. A token is any 64-bit hash.
class TokenSets {
 public:
  /// Adds the set of `tokens` (any order, repeats dropped) as the next document. Not more than kTokensMax of them
  /// count.
  void add(std::span<const std::uint64_t> tokens);

  /// Sorted, without repeats. document < size().
  [[nodiscard]] std::span<const std::uint64_t> operator[](std::size_t document) const noexcept {
    return std::span(tokens_).subspan(begins_[document], begins_[document + 1] - begins_[document]);
  }
  [[nodiscard]] std::size_t size() const noexcept { return begins_.size() - 1; }

  /// A longer document is compared by the kTokensMax smallest of its hashes (a bottom-k sketch).
  static constexpr std::size_t kTokensMax = 1024;

 private:
  std::vector<std::uint64_t> tokens_;
  std::vector<std::size_t> begins_{0};
};

/// For every document the first one that says the same: itself, or an earlier leader whose token set has a Jaccard
/// similarity of at least `threshold` (0 < threshold ≤ 1) with its own; of several the most similar, then the earliest.
/// A leader leads itself, so similarity never chains: members of a cluster are near their leader, not merely near
/// each other. Empty sets are alike.
///
/// Exact up to the bounds: equal sets by hash, then a join with a prefix, a length and a position filter (Chaudhuri et
/// al. 2006, Bayardo et al. 2007, Xiao et al. 2008) over an index of the leaders' rarest tokens. A document is compared
/// with at most a fixed number of leaders, newest first, which keeps the work near linear for any input. Deterministic
/// in the order of the documents.
[[nodiscard]] std::vector<std::uint32_t> near_duplicate_leaders(const TokenSets& documents, double threshold);

}  // namespace offx::text
