#include "text/near_duplicates.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace offx::text {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

TokenSets sets_of(const std::vector<std::vector<std::uint64_t>>& documents) {
  TokenSets sets;
  for (const auto& document : documents) sets.add(document);
  return sets;
}

/// The definition, by comparing each document with all leaders before it.
std::vector<std::uint32_t> slow_leaders(const TokenSets& sets, double threshold) {
  std::vector<std::uint32_t> leader(sets.size());
  for (std::uint32_t d = 0; d < sets.size(); ++d) {
    leader[d] = d;
    double best = 0;
    for (std::uint32_t other = 0; other < d; ++other) {
      if (std::ranges::equal(sets[other], sets[d])) {
        leader[d] = leader[other];
        break;
      }
      if (leader[other] != other) continue;
      std::vector<std::uint64_t> common;
      std::ranges::set_intersection(sets[other], sets[d], std::back_inserter(common));
      const double all = static_cast<double>(sets[other].size() + sets[d].size() - common.size());
      const double similarity = static_cast<double>(common.size()) / all;
      if (similarity >= threshold && similarity > best) {
        best = similarity;
        leader[d] = other;
      }
    }
  }
  return leader;
}

TEST(NearDuplicates, findsEqualAndSimilarSets) {
  const TokenSets sets = sets_of({{1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
                                  {20, 21, 22},
                                  {10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1},     // equal
                                  {1, 2, 3, 4, 5, 6, 7, 8, 9, 11},        // 9 of 11
                                  {1, 2, 3, 4, 5, 12, 13, 14, 15, 16}});  // 5 of 15
  EXPECT_THAT(near_duplicate_leaders(sets, 0.7), ElementsAre(0, 1, 0, 0, 4));
}

TEST(NearDuplicates, similarityDoesNotChain) {
  // Each is like the one before it, the third is not like the first.
  const TokenSets sets = sets_of({{1, 2, 3, 4, 5, 6, 7, 8}, {2, 3, 4, 5, 6, 7, 8, 9}, {3, 4, 5, 6, 7, 8, 9, 10}});
  EXPECT_THAT(near_duplicate_leaders(sets, 0.7), ElementsAre(0, 0, 2));
}

TEST(NearDuplicates, edges) {
  EXPECT_THAT(near_duplicate_leaders(TokenSets(), 0.7), IsEmpty());
  EXPECT_THAT(near_duplicate_leaders(sets_of({{}, {1}, {}}), 0.7), ElementsAre(0, 1, 0));
  EXPECT_THAT(near_duplicate_leaders(sets_of({{1, 2}, {1, 3}, {2, 1}}), 1.0), ElementsAre(0, 1, 0));
}

TEST(NearDuplicates, manyEqualDocumentsTakeNoTime) {
  TokenSets sets;
  for (int i = 0; i < 100'000; ++i) sets.add(std::vector<std::uint64_t>{1, 2, 3});
  EXPECT_THAT(near_duplicate_leaders(sets, 0.7), Each(0));
}

TEST(NearDuplicates, aFloodOfSetsFromFewWordsStaysBounded) {
  TokenSets sets;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    std::vector<std::uint64_t> words;
    for (std::uint64_t bit = 0; bit < 15; ++bit) {
      if ((i >> bit & 1U) != 0) words.push_back(bit);
    }
    sets.add(words);
  }
  EXPECT_EQ(near_duplicate_leaders(sets, 0.9).size(), 20'000U);
}

TEST(NearDuplicates, ofLongDocumentsASketchIsCompared) {
  std::vector<std::uint64_t> words(10'000);
  std::ranges::generate(words, [n = std::uint64_t{0}]() mutable { return n += 0x9E3779B97F4A7C15ULL; });
  const TokenSets sets = sets_of({words});
  EXPECT_EQ(sets[0].size(), TokenSets::kTokensMax);
}

RC_GTEST_PROP(NearDuplicates, agreesWithTheDefinition, ()) {
  const auto documents = *rc::gen::container<std::vector<std::vector<std::uint64_t>>>(
      rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 12)));
  const double threshold = *rc::gen::element(0.3, 0.5, 0.7, 0.9, 1.0);
  const TokenSets sets = sets_of(documents);
  RC_ASSERT(near_duplicate_leaders(sets, threshold) == slow_leaders(sets, threshold));
}

}  // namespace
}  // namespace offx::text
