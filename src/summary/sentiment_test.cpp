#include "summary/sentiment.h"

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "summary/lexicon.h"
#include "text/key_numbers.h"

namespace offx::summary {
namespace {

// Expected values follow from the published rules; the valences are those of the lexicon.
constexpr double kGood = 1.9;
constexpr double kBad = -2.5;
constexpr double kDoubt = -1.5;
constexpr double kMore = 0.293;
constexpr double kNegation = -0.74;
constexpr double kCapitals = 0.733;

double compound_of_sum(double sum) { return sum / std::sqrt(sum * sum + 15); }

void expect_sum(const std::string& text, double sum) {
  EXPECT_NEAR(valence(text).compound, compound_of_sum(sum), 1e-9) << text;
}

TEST(Lexicon, isInTheProgram) {
  const LexiconWord* good = Lexicon::get().find("good", text::hash_of("good"));
  ASSERT_NE(good, nullptr);
  EXPECT_DOUBLE_EQ(good->valence, kGood);
  EXPECT_EQ(Lexicon::get().find("bridge", text::hash_of("bridge")), nullptr);
  EXPECT_EQ(Lexicon::get().emoji_name(U'😂'), "face with tears of joy");
  EXPECT_EQ(Lexicon::get().emoji_name(U'a'), "");
}

TEST(Valence, addsWordsOfTheLexicon) {
  expect_sum("The soup was good", kGood);
  expect_sum("The soup was good, the bread bad.", kGood + kBad);
  expect_sum("The soup was hot", 0);
  expect_sum("", 0);
  expect_sum("Soup :)", 2.0);
}

TEST(Valence, sharesAddUp) {
  const Valence v = valence("The soup was good");
  EXPECT_NEAR(v.positive, (kGood + 1) / (kGood + 1 + 3), 1e-9);
  EXPECT_NEAR(v.neutral, 3 / (kGood + 1 + 3), 1e-9);
  EXPECT_NEAR(v.negative, 0, 1e-9);
}

TEST(Valence, negationTurnsWithinThreeWords) {
  expect_sum("The soup was not good", kGood * kNegation);
  expect_sum("The soup isn't really that good", (kGood + kMore * 0.95) * kNegation);
  expect_sum("Not one of these soups was good", kGood);
  expect_sum("soup without doubt good", kGood + kDoubt * kNegation);
  expect_sum("never so good", (kGood + kMore) * 1.25);
  expect_sum("no good", kGood * kNegation);
}

TEST(Valence, degreeWordsFadeWithDistance) {
  expect_sum("a very good soup", kGood + kMore);
  expect_sum("a very fine-ish good soup", kGood + kMore * 0.95);
  expect_sum("a barely good soup", kGood - kMore);
  expect_sum("a very bad soup", kBad - kMore);
}

TEST(Valence, capitalsCountAmongSmallLetters) {
  expect_sum("The soup was GOOD", kGood + kCapitals);
  expect_sum("The soup was BAD", kBad - kCapitals);
  expect_sum("SOUP GOOD", kGood);
  expect_sum("the soup was VERY good", kGood + kMore + kCapitals);
}

TEST(Valence, punctuationStrengthens) {
  expect_sum("The soup was good!", kGood + 0.292);
  expect_sum("The soup was good!!!!!!!", kGood + 4 * 0.292);
  expect_sum("The soup was bad!", kBad - 0.292);
  expect_sum("The soup was good?", kGood);
  expect_sum("The soup was good??", kGood + 2 * 0.18);
  expect_sum("The soup was good?????", kGood + 0.96);
}

TEST(Valence, butMovesTheWeight) { expect_sum("The soup was good, but the bread was bad", kGood * 0.5 + kBad * 1.5); }

TEST(Valence, leastTurns) {
  expect_sum("the least good soup", kGood * kNegation);
  expect_sum("at least good soup", kGood);
}

TEST(Valence, idiomsMeanSomethingElse) {
  expect_sum("they say it is the bomb", 3);
  expect_sum("the soup was sort of good", kGood - kMore);
}

TEST(Valence, emojiScoreAsTheirNames) {
  EXPECT_DOUBLE_EQ(valence("lunch😂").compound, valence("lunch face with tears of joy").compound);
  EXPECT_GT(valence("lunch 😂").compound, 0.1);
  EXPECT_LT(valence("💔").compound, -0.1);
}

TEST(Valence, acceptsAnything) {
  for (const std::string& text : {std::string("\xFF\xFE good"), std::string("\0good", 5), std::string(1'000'000, '!'),
                                  std::string(1'000'000, ' '), std::string(300'000, '\xF0')}) {
    const Valence v = valence(text);
    EXPECT_LE(std::abs(v.compound), 1);
  }
  std::string long_text = "but ";
  for (int i = 0; i < 200'000; ++i) long_text += "good bad ";
  EXPECT_LE(std::abs(valence(long_text).compound), 1);
}

RC_GTEST_PROP(Valence, staysInItsRanges, ()) {
  static const std::vector<std::string> kWords = {"good",  "BAD",  "not", "very",     "but",     "no", "least",
                                                  "at",    "kind", "of",  "!",        "??",      "😂", ":(",
                                                  "never", "so",   "É",   "the shit", "\xE3\x80"};
  std::string text;
  for (const std::string& word : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kWords)))
    text += word + ' ';
  const Valence v = valence(text);
  RC_ASSERT(v.compound >= -1 && v.compound <= 1);
  RC_ASSERT(v.positive >= 0 && v.negative >= 0 && v.neutral >= 0);
  const double sum = v.positive + v.negative + v.neutral;
  RC_ASSERT(sum == 0 || std::abs(sum - 1) < 1e-9);
  const Sentiment s = sentiment(text);
  RC_ASSERT(s.score >= -1 && s.score <= 1);
}

TEST(Sentiment, labelsPosts) {
  EXPECT_EQ(sentiment("I love this, what a wonderful day!").label, SentimentLabel::positive);
  EXPECT_EQ(sentiment("This is the worst, I hate it").label, SentimentLabel::negative);
  EXPECT_EQ(sentiment("The meeting is on Tuesday at 10").label, SentimentLabel::neutral);
  EXPECT_EQ(sentiment("").label, SentimentLabel::neutral);
  EXPECT_EQ(sentiment("").score, 0);
  EXPECT_GT(sentiment("I love this!").score, 0.3);
  EXPECT_LT(sentiment("I hate this").score, -0.3);
  EXPECT_EQ(to_string(SentimentLabel::negative), "negative");
}

TEST(Aggregate, countsLabelsOfPublicPosts) {
  std::vector<store::Post> posts(5);
  posts[0].content = "I love this wonderful town";
  posts[1].content = "What a great and happy day!";
  posts[2].content = "I hate this horrible noise";
  posts[3].content = "The meeting is on Tuesday";
  posts[4].content = "I hate all of you";
  posts[4].details.is_private = true;
  const SentimentShares shares = aggregate(posts);
  EXPECT_EQ(shares.count, 4U);
  EXPECT_DOUBLE_EQ(shares.positive, 0.5);
  EXPECT_DOUBLE_EQ(shares.negative, 0.25);
  EXPECT_DOUBLE_EQ(shares.neutral, 0.25);
  EXPECT_EQ(shares.label, SentimentLabel::positive);
  EXPECT_EQ(aggregate(std::vector<store::Post>()).count, 0U);
  EXPECT_EQ(aggregate(std::vector<store::Post>()).label, SentimentLabel::neutral);
}

TEST(Sentiment, worksOnSeveralThreads) {
  std::vector<std::thread> threads;
  std::vector<double> scores(4);
  for (double& score : scores) {
    threads.emplace_back([&score] {
      for (int i = 0; i < 1000; ++i) score = valence("The soup was very good 😂, but the bread was bad!").compound;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(scores, testing::Each(testing::DoubleEq(scores[0])));
}

}  // namespace
}  // namespace offx::summary
