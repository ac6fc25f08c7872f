#include "text/sentences.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "text/clean.h"

namespace offx::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitSentences, endsAtMarksBeforeSpace) {
  EXPECT_THAT(split_sentences("The bridge is closed. Take the ferry! Is that clear?"),
              ElementsAre("The bridge is closed.", "Take the ferry!", "Is that clear?"));
  EXPECT_THAT(split_sentences("Wait... what?! No way"), ElementsAre("Wait... what?!", "No way"));
  EXPECT_THAT(split_sentences("He said \"stop.\" Then he left."), ElementsAre("He said \"stop.\"", "Then he left."));
}

TEST(SplitSentences, keepsAbbreviationsNumbersAndInitialsTogether) {
  EXPECT_THAT(split_sentences("Dr. Smith met J. K. Brown in the U.S. Senate at 3.5 km, i.e. nearby."),
              ElementsAre("Dr. Smith met J. K. Brown in the U.S. Senate at 3.5 km, i.e. nearby."));
  EXPECT_THAT(split_sentences("See No. 5 and Fig. 3 for more. I said no. Then we left."),
              ElementsAre("See No. 5 and Fig. 3 for more.", "I said no.", "Then we left."));
  EXPECT_THAT(split_sentences("approx. five people came, etc. and so on"),
              ElementsAre("approx. five people came, etc. and so on"));
  EXPECT_THAT(split_sentences("1. Wash your hands. 2. Stay home."),
              ElementsAre("1. Wash your hands.", "2. Stay home."));
}

TEST(SplitSentences, writersInLowerCaseEndSentencesToo) {
  EXPECT_THAT(split_sentences("love this phone. battery lasts for days."),
              ElementsAre("love this phone.", "battery lasts for days."));
}

TEST(SplitSentences, doesNotCutLinksAndNames) {
  EXPECT_THAT(split_sentences("Read https://example.org/a.b?c=d!e now. Thanks @some.one for node.js help"),
              ElementsAre("Read https://example.org/a.b?c=d!e now.", "Thanks @some.one for node.js help"));
}

TEST(SplitSentences, emojiAndSmileysStayWithTheSentenceBefore) {
  EXPECT_THAT(split_sentences("We won! 🎉🎉 What a night. :-) Bye."),
              ElementsAre("We won! 🎉🎉", "What a night. :-)", "Bye."));
  EXPECT_THAT(split_sentences("Done.👍🏽 Next one"), ElementsAre("Done.👍🏽", "Next one"));
}

TEST(SplitSentences, knowsOtherScripts) {
  EXPECT_THAT(split_sentences("今日は雨です。明日は晴れ！楽しみ"),
              ElementsAre("今日は雨です。", "明日は晴れ！", "楽しみ"));
  EXPECT_THAT(split_sentences("هل أنت بخير؟ نعم."), ElementsAre("هل أنت بخير؟", "نعم."));
  EXPECT_THAT(split_sentences("यह एक है। यह दो है।"), ElementsAre("यह एक है।", "यह दो है।"));
}

TEST(SplitSentences, linesEndSentencesUnlessHardWrapped) {
  EXPECT_THAT(split_sentences("Big news\n\nThe bridge\nopens today\r\nRead on"),
              ElementsAre("Big news", "The bridge\nopens today", "Read on"));
  EXPECT_THAT(split_sentences("Head\n-----\nBody"), ElementsAre("Head", "Body"));
}

TEST(SplitSentences, holdsNothingForNothing) {
  EXPECT_THAT(split_sentences(""), IsEmpty());
  EXPECT_THAT(split_sentences(" \n\t . ! ... "), IsEmpty());
}

TEST(SplitSentences, isLinearInHostileText) {
  // Would take hours if anything were read again and again.
  for (const std::string unit : {". ", "a.", "A. ", "( ", ".a ", "\n", "… ", "J. ( ", " ", ". . a ", "'\" "}) {
    std::string text;
    while (text.size() < 2'000'000) text += unit;
    EXPECT_LE(split_sentences(text).size(), text.size());
  }
}

RC_GTEST_PROP(SplitSentences, partsLieInOrderInTheText, (const std::string& text)) {
  const char* at = text.data();
  for (const std::string_view part : split_sentences(text)) {
    RC_ASSERT(!part.empty());
    RC_ASSERT(part.data() >= at);
    at = part.data() + part.size();
  }
  RC_ASSERT(at <= text.data() + text.size());
}

RC_GTEST_PROP(SplitSentences, everySentenceIsAPartOfTheCollapsedText, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("ab.! \n\"(A1:\xF0\x9F\x98\x80\xE3\x80\x82\xC3\xA9\x80")));
  const std::string whole = collapse_space(text);
  RC_ASSERT(is_utf8(whole));
  for (const std::string_view part : split_sentences(text)) {
    RC_ASSERT(whole.find(collapse_space(part)) != std::string::npos);
  }
}

TEST(CollapseSpace, makesOneLine) {
  EXPECT_EQ(collapse_space("  a \r\n\t b\u00A0\u3000c\x01 "), "a b c");
  EXPECT_EQ(collapse_space("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(collapse_space(""), "");
}

TEST(TrimForDisplay, dropsWhomItAddresses) {
  EXPECT_EQ(trim_for_display("@ann @bob thanks for this", false), "thanks for this");
  EXPECT_EQ(trim_for_display("@ann thanks for this", true), "thanks for this");
  EXPECT_EQ(trim_for_display("@ann Thanks for this", false), "Thanks for this");
  EXPECT_EQ(trim_for_display("@nasa launches a rocket", false), "@nasa launches a rocket");
  EXPECT_EQ(trim_for_display("RT @ann: the bridge is closed", false), "the bridge is closed");
}

TEST(TrimForDisplay, dropsTailsOfLinksAndTags) {
  EXPECT_EQ(trim_for_display("The bridge is closed. #news #city https://t.co/x", false), "The bridge is closed.");
  EXPECT_EQ(trim_for_display("The bridge is closed | https://t.co/x #news", false), "The bridge is closed");
  EXPECT_EQ(trim_for_display("Bridge closed #a #b #c", false), "Bridge closed");
  EXPECT_EQ(trim_for_display("We love #rust", false), "We love #rust");
  EXPECT_EQ(trim_for_display("See https://a.example for more", false), "See https://a.example for more");
}

TEST(TrimForDisplay, dropsBulletsAndWhatHasNoWords) {
  EXPECT_EQ(trim_for_display("• First item", false), "First item");
  EXPECT_EQ(trim_for_display("- 2. Second item", false), "Second item");
  EXPECT_EQ(trim_for_display("#a #b https://t.co/x", false), "");
  EXPECT_EQ(trim_for_display("@ann", false), "");
  EXPECT_EQ(trim_for_display("", false), "");
}

}  // namespace
}  // namespace offx::text
