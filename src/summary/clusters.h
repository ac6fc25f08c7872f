#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "summary/input.h"

namespace offx::summary {

/// The longest prefix of at most `bytes_max` bytes that does not cut a character.
[[nodiscard]] std::string_view prefix_of(std::string_view text, std::size_t bytes_max);

/// A post as it is compared and quoted.
struct Reading {
  std::string_view text;  ///< its own words: without `RT @user: `, which marks a repost made by hand; of the post
  bool is_repost = false;
};
[[nodiscard]] Reading read(const Input& post);

/// Posts that say the same.
struct Cluster {
  std::vector<std::uint32_t> posts;   ///< their places, ascending; the others are like the first
  std::vector<std::uint64_t> voices;  ///< who wrote or reposted them, sorted, distinct
};

/// Groups posts that share most of their words, in the order of the first of each group. Posts without words (links
/// alone) say nothing and are in no group; posts that differ in a negation are not alike. Near linear.
[[nodiscard]] std::vector<Cluster> cluster_posts(std::span<const Input* const> posts);

}  // namespace offx::summary
