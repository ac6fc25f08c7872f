#include "topics/explain.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx::topics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// `term@text found there|text found there`, by term.
std::vector<std::string> explained(std::string_view rule, const store::Post& post) {
  std::vector<std::string> out;
  for (const MatchedTerm& term : explain(*parse_rule(rule), post)) {
    std::string line = term.term + "@";
    for (const ByteRange& place : term.places) {
      if (line.back() != '@') line += "|";
      line += post.content.substr(place.begin, place.end - place.begin);
    }
    out.push_back(line);
  }
  return out;
}

store::Post post(std::string content) {
  store::Post out;
  out.content = std::move(content);
  out.author_username = "ann";
  out.details.lang = "en";
  return out;
}

TEST(Explain, NamesTermsAndPlaces) {
  EXPECT_THAT(explained("apple OR pear", post("An Apple, an APPLE")), ElementsAre("apple@Apple|APPLE"));
  EXPECT_THAT(explained("apple pear", post("pear apple")), ElementsAre("apple@apple", "pear@pear"));
  EXPECT_THAT(explained("\"coca cola\" OR #Rust", post("Coca-Cola in #rust!")),
              ElementsAre("\"coca cola\"@Coca-Cola", "#Rust@#rust"));
  EXPECT_THAT(explained("東京", post("今東京へ")), ElementsAre("東京@東京"));
  EXPECT_THAT(explained("\"big data\"~2", post("data is big data")), ElementsAre("\"big data\"~2@big|data"));
  EXPECT_THAT(explained("👍 @bob", post("👍🏽 @Bob")), ElementsAre("👍@👍🏽", "@bob@@Bob"));
}

TEST(Explain, TermsFoundElsewhereHaveNoPlace) {
  EXPECT_THAT(explained("from:ann apple lang:en", post("apple")), ElementsAre("from:ann@", "apple@apple", "lang:en@"));
  store::Post quoting = post("look");
  quoting.details.quoted_text = "an apple";
  EXPECT_THAT(explained("apple", quoting), ElementsAre("apple@"));
}

TEST(Explain, LeavesOutWhatDidNotHelp) {
  EXPECT_THAT(explained("(apple pear) OR (apple -plum)", post("apple")), ElementsAre("apple@apple"));
  EXPECT_THAT(explained("fig OR (apple pear)", post("apple fig")), ElementsAre("fig@fig"));
  EXPECT_THAT(explained("apple -(fig plum)", post("apple fig")), ElementsAre("apple@apple"));
  EXPECT_THAT(explained("apple apple", post("apple")), ElementsAre("apple@apple"));
  EXPECT_THAT(explained("pear", post("apple")), IsEmpty());
}

}  // namespace
}  // namespace offx::topics
