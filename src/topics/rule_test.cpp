#include "topics/rule.h"

#include <string>

#include <gtest/gtest.h>

namespace offx::topics {
namespace {

std::string printed(std::string_view source) {
  const auto rule = parse_rule(source);
  return rule ? rule->to_string() : "error: " + rule.error().message;
}

struct Printed {
  std::string_view source;
  std::string_view canonical;
};

TEST(Rule, HasACanonicalText) {
  const Printed cases[] = {
      {"apple", "apple"},
      {"  apple   pie ", "apple pie"},
      {"apple OR pie cake", "apple OR pie cake"},
      {"(apple OR pie) cake", "(apple OR pie) cake"},
      {"((apple) ((pie)))", "apple pie"},
      {"apple (pie (cake tart))", "apple pie cake tart"},
      {"apple OR (pie OR cake)", "apple OR pie OR cake"},
      {"apple -(pie OR cake)", "apple -(pie OR cake)"},
      {"apple -(-(pie))", "apple -(-pie)"},
      {"apple and AND or pie", "apple and AND or pie"},
      {"\"a  phrase\"", "\"a  phrase\""},
      {"\"Toys \\\"R\\\" Us\"~3", "\"Toys \\\"R\\\" Us\"~3"},
      {"\"back \\\\ slash \\n\"", "\"back \\\\ slash \\\\n\""},
      {"cat(dog)\"bird\"", "cat dog \"bird\""},
      {"＃tag ＠Name $AAPL", "#tag @name $aapl"},
      {"FROM:@NASA To:Esa", "from:nasa to:esa"},
      {"from:ann@social.example from:ann.bsky.social from:did:plc:x7",
       "from:ann@social.example from:ann.bsky.social from:did:plc:x7"},
      {"a lang:EN platform:Bluesky has:Media is:retweet", "a lang:en platform:bluesky has:media is:repost"},
      {"a lang:eng -lang:iw", "a lang:en -lang:he"},
      {"url:\"https://a.example/(x)\"", "url:\"https://a.example/(x)\""},
      {"url:\"a.example\" url_contains:\"b c\"", "url:a.example url_contains:\"b c\""},
      {"a has:symbols", "a has:cashtags"},
      {"ORacle xOR OR-2", "ORacle xOR OR-2"},
      {"f*** 10:30 👍🏽", "f*** 10:30 👍🏽"},
  };
  for (const Printed& c : cases) EXPECT_EQ(printed(c.source), c.canonical) << c.source;
}

TEST(Rule, EqualRulesHaveEqualTrees) {
  EXPECT_EQ(*parse_rule("a (b) OR c"), *parse_rule("((a b)) OR  c"));
  EXPECT_FALSE(*parse_rule("a b") == *parse_rule("a OR b"));
  EXPECT_FALSE(*parse_rule("a") == *parse_rule("\"a\""));
  EXPECT_EQ(parse_rule(" a ")->source(), " a ");
}

struct Wrong {
  std::string_view source;
  std::size_t column;
  std::size_t length;
  std::string_view says;  ///< part of the message
};

TEST(Rule, ErrorsPointAtTheColumnAndSayWhatWasExpected) {
  const Wrong cases[] = {
      {"", 1, 1, "empty"},
      {"   ", 1, 1, "empty"},
      {"(cat", 1, 1, "never closed"},
      {"cat)", 4, 1, "no parenthesis is open"},
      {"()", 2, 1, "expected"},
      {"cat OR", 7, 1, "both sides"},
      {"OR cat", 1, 2, "nothing stands before"},
      {"cat OR OR dog", 8, 2, "both sides"},
      {"(cat OR ) dog", 9, 1, "both sides"},
      {"\"unclosed", 1, 1, "never closed"},
      {"a \"\"", 3, 2, "no word"},
      {"a & b", 3, 1, "no word"},
      {"a - b", 3, 1, "excludes"},
      {"a --b", 3, 1, "excludes"},
      {"\"a b\"~7", 6, 2, "1 to 6"},
      {"\"a b\"~0", 6, 2, "1 to 6"},
      {"\"a b\"~", 6, 1, "1 to 6"},
      {"\"a\"~3", 1, 5, "two words"},
      {"\"a b c d e f g h i j k\"~3", 1, 25, "at most 10 words"},
      {"~7", 1, 2, "behind a \"phrase\""},
      {"#", 1, 1, "hashtag"},
      {"#a-b", 3, 1, "hashtag ends"},
      {"@", 1, 1, "user name"},
      {"@a!b", 3, 1, "user name ends"},
      {"$1", 1, 2, "ticker"},
      {"$toolongx", 1, 9, "ticker"},
      {"colour:red", 1, 7, "no operator"},
      {"x https://a.example", 3, 6, "url:"},
      {"from:", 1, 5, "value"},
      {"from:@", 6, 1, "user name"},
      {"url:...", 5, 3, "part of an address"},
      {"url:a~3 \"x\"~9", 12, 2, "1 to 6"},
      {"from:\"a\"~3", 9, 1, "phrases alone"},
      {"a lang:english", 8, 7, "two or three letters"},
      {"a has:cheese", 7, 6, "media, images, videos"},
      {"a is:nice", 6, 4, "reply, repost, retweet, quote"},
      {"a platform:\"b c\"", 12, 5, "platform"},
      {"data*", 5, 1, "only searches"},
      {"-cat", 1, 4, "only excludes"},
      {"apple OR -ipad", 10, 5, "only excludes"},
      {"has:media", 1, 9, "finds too much"},
      {"lang:en", 1, 7, "finds too much"},
      {"has:media -cat", 1, 9, "finds too much"},
      {"cat OR (has:media lang:en)", 9, 9, "finds too much"},
      {"日本 has:x", 8, 1, "media, images"},
      {"a\xFF", 2, 1, "UTF-8"},
  };
  for (const Wrong& c : cases) {
    const auto rule = parse_rule(c.source);
    ASSERT_FALSE(rule.has_value()) << c.source;
    EXPECT_EQ(rule.error().column, c.column) << c.source;
    EXPECT_EQ(rule.error().length, c.length) << c.source;
    EXPECT_NE(rule.error().message.find(c.says), std::string::npos) << c.source << ": " << rule.error().message;
    EXPECT_EQ(rule.error().code, Errc::invalid_argument) << c.source;
  }
}

TEST(Rule, WhatStoredPostsCannotAnswerIsRefusedByName) {
  for (const std::string_view source :
       {"cat sample:10", "-sample:10", "cat context:10.7", "place:paris cat", "cat min_faves:10", "cat has:geo",
        "cat is:verified", "bio:cat", "cat lang:pt-br", "cat lang:und"}) {
    const auto rule = parse_rule(source);
    ASSERT_FALSE(rule.has_value()) << source;
    EXPECT_EQ(rule.error().code, Errc::unsupported) << source;
  }
  EXPECT_NE(parse_rule("cat sample:10").error().message.find("`sample:`"), std::string::npos);
  EXPECT_EQ(parse_rule("cat sample:10").error().column, 5U);
}

TEST(Rule, EveryWayToFulfilItAsksForAnAnchor) {
  for (const std::string_view source :
       {"cat -dog", "cat has:media", "(cat OR dog) (has:media OR -is:reply)", "cat (lang:en)", "-dog cat",
        "#a OR $b OR @c OR from:d OR to:e OR url:f OR url_contains:g"}) {
    EXPECT_TRUE(parse_rule(source).has_value()) << source << ": " << printed(source);
  }
}

TEST(Rule, LengthAndDepthAreBounded) {
  EXPECT_TRUE(parse_rule(std::string(kRuleMaxCharacters, 'x')).has_value());
  EXPECT_EQ(parse_rule(std::string(kRuleMaxCharacters + 1, 'x')).error().column, kRuleMaxCharacters + 1);
  std::string characters;
  for (std::size_t i = 0; i < kRuleMaxCharacters; ++i) characters += "語";
  EXPECT_TRUE(parse_rule(characters).has_value());
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "a" + std::string(depth, ')'); };
  EXPECT_TRUE(parse_rule(nested(kRuleMaxDepth)).has_value());
  EXPECT_EQ(parse_rule(nested(kRuleMaxDepth + 1)).error().column, kRuleMaxDepth + 1);
}

TEST(Query, KnowsPrefixes) {
  const auto query = parse_query("data* \"big data\"");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->to_string(), "data* \"big data\"");
  EXPECT_TRUE(query->root().children[0].term.prefix);
  EXPECT_FALSE(parse_query("-cat").has_value());
  EXPECT_FALSE(parse_query("*").has_value());
}

TEST(RuleError, DrawsACaretUnderThePlace) {
  const std::string_view source = "apple OR -ipad OR x";
  EXPECT_EQ(caret_lines(source, parse_rule(source).error()), "apple OR -ipad OR x\n         ^~~~~");
  EXPECT_EQ(caret_lines("cat OR", parse_rule("cat OR").error()), "cat OR\n      ^");
  EXPECT_EQ(parse_rule("cat OR").error().to_error().message().substr(0, 10), "column 7: ");
}

TEST(RuleError, CaretMindsWideCharactersAndLongRules) {
  EXPECT_EQ(caret_lines("日本 has:x", parse_rule("日本 has:x").error()), "日本 has:x\n         ^");
  const std::string source = std::string(200, 'a') + " ) " + std::string(200, 'b');
  const std::string lines = caret_lines(source, parse_rule(source).error());
  EXPECT_EQ(lines.substr(0, 3), "…");
  EXPECT_EQ(lines.find(')') - 2, lines.find('^') - lines.find('\n') - 1);  // "…" takes three bytes, one column
}

}  // namespace
}  // namespace offx::topics
