#include "summary/statement.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace offx::summary {
namespace {

Form form_of(const std::string& text) {
  std::vector<Word> words;
  return StatementReader().read(text, false, words);
}

std::vector<Word> words_of(const std::string& text, bool with_emoji = false) {
  std::vector<Word> words;
  StatementReader().read(text, with_emoji, words);
  return words;
}

TEST(Statement, knowsOpeningsThatLeanOnOtherThings) {
  for (const char* text : {"That is the job.", "\"It has a shed.\"", "But nobody came", "Thanks, Port Maren!",
                           "You are welcome.", "Aber das Licht brennt.", "Pero nadie vino.", "Mais oui."})
    EXPECT_TRUE(form_of(text).dependent) << text;
  for (const char* text : {"Storm Wendelin is over.", "The roof is there.", "There is light again.",
                           "Das erste Bild ist da.", "El puente abre.", "Il ponte apre."})
    EXPECT_FALSE(form_of(text).dependent) << text;
}

TEST(Statement, readsTheMarkAtTheEnd) {
  for (const char* text : {"Who won?", "Who won?!\" 😳", "誰が勝った？", "من فاز؟"}) {
    EXPECT_TRUE(form_of(text).finished) << text;
  }
  EXPECT_TRUE(form_of("Who won?").question);
  EXPECT_TRUE(form_of("誰が勝った？").question);
  EXPECT_TRUE(form_of("من فاز؟)").question);
  EXPECT_FALSE(form_of("They won?  Yes.").question);
  EXPECT_TRUE(form_of("They won…").finished);
  EXPECT_FALSE(form_of("Notes from the harbour").finished);
  EXPECT_FALSE(form_of("").finished);
}

TEST(Statement, hearsShouting) {
  for (const char* text : {"Final tickets cheap cheap!!", "Win a laptop!!! 50 winners", "今すぐ！！"}) {
    EXPECT_TRUE(form_of(text).loud) << text;
  }
  for (const char* text : {"Thanks, Port Maren!", "Who won?!", "Ferry! Ferry!"})
    EXPECT_FALSE(form_of(text).loud) << text;
}

TEST(Statement, tellsReportsFromAnecdotesAndDenials) {
  EXPECT_TRUE(form_of("The bakery is mine and my oven is old.").personal);
  EXPECT_FALSE(form_of("The bakery has an old oven.").personal);
  EXPECT_TRUE(form_of("The dam isn't broken.").negated);
  EXPECT_FALSE(form_of("The dam is broken.").negated);
}

TEST(Statement, describesWords) {
  const std::vector<Word> words = words_of("The Orlo ferry: Boats carry 40 of 橋");
  ASSERT_EQ(words.size(), 8U);
  EXPECT_TRUE(words[0].function);
  EXPECT_FALSE(words[0].inside);
  EXPECT_TRUE(words[1].capitalised && words[1].inside);
  EXPECT_TRUE(words[3].capitalised);
  EXPECT_FALSE(words[3].inside);  // a capital behind a colon tells nothing
  EXPECT_TRUE(words[5].number);
  EXPECT_TRUE(words[7].uncased);
  EXPECT_EQ(words_of("good 👍").size(), 1U);
  EXPECT_EQ(words_of("good 👍", true).size(), 2U);
}

RC_GTEST_PROP(Statement, readsAnyBytes, (const std::string& text)) {
  std::vector<Word> words;
  StatementReader().read(text, true, words);
  RC_ASSERT(words.size() <= text.size());
}

}  // namespace
}  // namespace offx::summary
