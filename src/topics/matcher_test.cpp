#include "topics/matcher.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx::topics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using text::NormalForm;

bool matches(std::string_view source, const store::Post& post, NormalForm form = NormalForm::exact) {
  auto rule = parse_rule(source);
  if (!rule) {
    ADD_FAILURE() << source << ": " << rule.error().message;
    return false;
  }
  const Matcher matcher(std::vector{TopicRule{1, *std::move(rule)}}, form);
  MatchScratch scratch;
  return !matcher.match(post, scratch).empty();
}

store::Post saying(std::string_view content) {
  store::Post post;
  post.content = content;
  return post;
}

struct Case {
  std::string_view rule;
  std::string_view content;
  bool matches;
};

template <std::size_t N>
void check(const Case (&cases)[N], std::initializer_list<NormalForm> forms = {NormalForm::exact, NormalForm::search}) {
  for (const Case& c : cases) {
    for (const NormalForm form : forms) {
      EXPECT_EQ(matches(c.rule, saying(c.content), form), c.matches)
          << c.rule << " on: " << c.content << (form == NormalForm::exact ? " (exact)" : " (search)");
    }
  }
}

TEST(Matcher, KeywordsAreWholeWords) {
  check({{"lamp", "a Lamp.", true},
         {"lamp", "the lamp's light", true},
         {"lamp", "lamps", false},
         {"lamp", "@lamp and #Lamp and $LAMP", true},
         {"lamp", "#lamplight", false},
         {"lamp", "red_lamp", true},
         {"amor", "clamoré", false},
         {"e", "café", false},
         {"isn't", "It isn’t so", true},
         {"isn't", "isn it t", false},
         {"t", "isn't", true},
         {"wi-fi", "free Wi Fi", true},
         {"wi-fi", "wifi", false},
         {"or", "this or that", true},
         {"bread AND butter", "bread and butter", true},
         {"bread AND butter", "bread butter", false}});
}

TEST(Matcher, LettersAreComparableWhateverTheirForm) {
  check({{"weiß", "WEISS", true},
         {"WEISS", "weiß", true},
         {"ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς", true},
         {"ñandu\u0301", "ÑANDÚ", true},
         {"wide", "ＷＩＤＥ", true},
         {"ガス", "ｶﾞｽ", true},
         {"보라", "\u1107\u1169\u1105\u1161", true}});
}

TEST(Matcher, AccentsCountForArrivingPostsAndNotInSearches) {
  const Case arriving[] = {
      {"facil", "fácil", false}, {"fácil", "facil", false}, {"izmir", "İzmir", false}, {"1", "①", false}};
  check(arriving, {NormalForm::exact});
  const Case searching[] = {
      {"facil", "fácil", true}, {"fácil", "facil", true}, {"izmir", "İzmir", true}, {"1", "①", true}};
  check(searching, {NormalForm::search});
}

TEST(Matcher, ScriptsWithoutSpacesAreSearchedByCharacters) {
  check({{"大阪", "明日は大阪へ", true},
         {"大阪", "阪大", false},
         {"ラーメン", "塩ラーメン2杯", true},
         {"กรุงเทพ", "ไปกรุงเทพกัน", true},
         {"서울", "서울시", false},
         {"大 阪", "阪と大", true}});
}

TEST(Matcher, PhrasesAreWordsInOrder) {
  check({{"\"solar power plant\"", "Solar-power: plant!", true},
         {"\"solar power plant\"", "solar plant power", false},
         {"\"solar power plant\"", "power plant solar power plant", true},
         {"\"solar power plant\"", "solar power", false},
         {"\"the the\"", "the", false},
         {"\"the the\"", "in The The", true},
         {"\"say \\\"hi\\\" now\"", "Say \"hi\" now", true},
         {"\"#sun @moon\"", "sun moon", true},
         {"\"big #data\"", "big #data", true},
         {"\"sun moon\"", "sun https://a.example/x moon", false},
         {"\"a-word-of-far-more-than-sixteen-bytes internationalisation\"",
          "a word of far more than sixteen bytes Internationalisation", true}});
}

TEST(Matcher, NearWordsCountTheTokensBetween) {
  check({{"\"sea ice\"~1", "sea ice", true},
         {"\"sea ice\"~1", "sea of ice", true},
         {"\"sea ice\"~1", "sea of old ice", false},
         {"\"sea ice\"~6", "sea 1 2 3 4 5 6 ice", true},
         {"\"sea ice\"~6", "sea 1 2 3 4 5 6 7 ice", false},
         {"\"sea ice\"~1", "ice sea", false},
         {"\"sea ice\"~2", "ice sea", true},
         {"\"sea ice\"~4", "ice 1 2 sea", true},
         {"\"sea ice\"~4", "ice 1 2 3 sea", false},
         {"\"ice ice\"~2", "ice", false},
         {"\"ice ice\"~2", "ice baby ice", true},
         {"\"sea ice melts\"~2", "sea the ice so melts", true},
         {"\"sea ice melts\"~1", "sea the ice so melts", false}});
}

TEST(Matcher, HashtagsAreWhole) {
  check({{"#Sunset", "what a #sunset!", true},
         {"#sun", "#sunset", false},
         {"#sunset", "sunset", false},
         {"#sun", "#sun_set", false},
         {"#sun_set", "(#Sun_Set)", true},
         {"#2024", "#2024", false},
         {"#2024", "#2024vision", false},
         {"#sun", "moon#sun", false},
         {"#sun", "⛅#sun", true},
         {"#春", "今日 #春。", true},
         {"#straße", "＃STRASSE", true}});
}

TEST(Matcher, CashtagsAndMentionsAreTheirOwn) {
  check({{"$brk.b", "$BRK.B up", true},
         {"$brk", "BRK up", false},
         {"$b", "$A$B", false},
         {"@esa", "thanks @ESA.", true},
         {"@esa", "esa", false},
         {"@esa", "@esa_fan", false},
         {"@esa", "mail@esa now", false},
         {"@ann.bsky.social", "by @Ann.bsky.social", true},
         {"@ann", "by @ann.bsky.social", true},
         {"@ann@social.example", "by @ann@social.example", true},
         {"@ann", "by @ann@social.example", false}});
}

TEST(Matcher, EmojiAreWholeClusters) {
  check({{"🎉", "done🎉🎉", true},
         {"🎉", "done", false},
         {"👋", "👋🏿", true},
         {"👋🏿", "👋", false},
         {"\"👋🏿\"", "👋🏿", true},
         {"\"👋🏿\"", "👋🏻", false},
         {"\"👋\"", "👋🏿", false},
         {"👋👋", "hi 👋🏿👋", true},
         {"👨", "👨‍👩‍👦", false},
         {"👨‍👩‍👦", "us: 👨‍👩‍👦", true},
         {"🇺🇸", "🇷🇺🇸🇪", false},
         {"🇷🇺", "🇷🇺🇸🇪", true},
         {"☀\uFE0F", "☀ today", true},
         {"(🎉 OR 🎂) 👋", "🎂👋", true}});
}

TEST(Matcher, AndBindsBeforeOrAndNegationAppliesToOneTerm) {
  check({{"rain OR snow ice", "rain", true},
         {"rain OR snow ice", "snow", false},
         {"rain OR snow ice", "ice snow", true},
         {"(rain OR snow) ice", "rain", false},
         {"(rain OR snow) ice", "snow ice", true},
         {"rain -snow ice", "rain ice", true},
         {"rain -snow ice", "rain snow ice", false},
         {"rain -(snow ice)", "rain snow", true},
         {"rain -(snow ice)", "rain snow ice", false},
         {"rain -(snow OR ice)", "rain ice", false},
         {"rain -\"wet snow\"", "snow wet rain", true},
         {"rain -\"wet snow\"", "rain wet snow", false},
         {"(rain (snow OR hail)) OR (ice -rain)", "ice", true},
         {"(rain (snow OR hail)) OR (ice -rain)", "rain hail ice", true},
         {"(rain (snow OR hail)) OR (ice -rain)", "rain ice", false}});
}

TEST(Matcher, KeywordsDoNotLookIntoLinks) {
  check({{"story", "see https://news.example/story", false},
         {"https", "see https://news.example/story", false},
         {"see", "see https://news.example/story", true}});
}

TEST(Matcher, AddressesAreFoundByTheirWordsOrAnyPart) {
  const auto linking = [](std::string_view content, std::vector<std::string> links) {
    store::Post post = saying(content);
    post.details.links = std::move(links);
    return post;
  };
  const store::Post post = linking("x", {"https://t.co/a1", "https://www.News.example/2024/tennis-final?id=7"});
  EXPECT_TRUE(matches("url:news.example", post));
  EXPECT_TRUE(matches("url:tennis", post));
  EXPECT_TRUE(matches("url:\"tennis final\"", post));
  EXPECT_TRUE(matches("url:\"https://www.news.example\"", post));
  EXPECT_TRUE(matches("url:t.co", post));
  EXPECT_FALSE(matches("url:ten", post));
  EXPECT_FALSE(matches("url:final.tennis", post));
  EXPECT_FALSE(matches("url:\"a1 https\"", post)) << "addresses do not run into each other";
  EXPECT_TRUE(matches("url_contains:enni", post));
  EXPECT_TRUE(matches("url_contains:\"TENNIS-FINAL?id\"", post));
  EXPECT_TRUE(matches("url_contains:a1", post));
  EXPECT_FALSE(matches("url_contains:tennisfinal", post));
  EXPECT_TRUE(matches("url:tennis", saying("read http://news.example/tennis."))) << "addresses in the text count too";
  EXPECT_FALSE(matches("url:x", post));
}

TEST(Matcher, AuthorsAndWhoIsAnswered) {
  store::Post post = saying("x");
  post.author_username = "NASA";
  post.details.author_id = "11348282";
  post.details.reply_to = "ann.bsky.social";
  EXPECT_TRUE(matches("from:nasa", post));
  EXPECT_TRUE(matches("from:@NASA", post));
  EXPECT_TRUE(matches("from:11348282", post));
  EXPECT_FALSE(matches("from:nas", post));
  EXPECT_FALSE(matches("nasa", post));
  EXPECT_TRUE(matches("to:Ann.bsky.social", post));
  EXPECT_FALSE(matches("to:ann", post));
  EXPECT_FALSE(matches("to:nasa", post));
  post.author_username = "ann@social.example";
  EXPECT_TRUE(matches("from:ann@Social.example", post));
}

TEST(Matcher, LanguagePlatformMediaAndKind) {
  store::Post post = saying("x #a @b");
  post.platform = "bluesky";
  post.details.lang = "pt";
  EXPECT_TRUE(matches("x lang:PT", post));
  EXPECT_FALSE(matches("x lang:en", post));
  EXPECT_TRUE(matches("x platform:bluesky", post));
  EXPECT_FALSE(matches("x platform:mastodon", post));
  EXPECT_TRUE(matches("x has:hashtags has:mentions", post));
  EXPECT_FALSE(matches("x has:cashtags", post));
  EXPECT_FALSE(matches("x has:links", post));
  EXPECT_TRUE(matches("x has:links", saying("x http://a.example")));
  for (const std::string_view value :
       {"has:media", "has:images", "has:videos", "is:reply", "is:repost", "is:retweet", "is:quote"}) {
    EXPECT_FALSE(matches("x " + std::string(value), post)) << value;
    EXPECT_TRUE(matches("x -" + std::string(value), post)) << value;
  }
  post.media.push_back({"https://m.example/1", "gif", std::nullopt});
  EXPECT_TRUE(matches("x has:media -has:images -has:videos", post));
  post.media.push_back({"https://m.example/2", "image", std::nullopt});
  EXPECT_TRUE(matches("x has:images", post));
  post.media.push_back({"https://m.example/3", "video", std::nullopt});
  EXPECT_TRUE(matches("x has:videos", post));
  post.details.is_reply = post.details.is_repost = post.details.is_quote = true;
  EXPECT_TRUE(matches("x is:reply is:retweet is:quote", post));
}

TEST(Matcher, QuotedPostsCountForArrivingPostsAlone) {
  store::Post post = saying("look at this");
  post.details.quoted_text = "a #comet tonight";
  EXPECT_TRUE(matches("comet", post, NormalForm::exact));
  EXPECT_TRUE(matches("#comet look", post, NormalForm::exact));
  EXPECT_FALSE(matches("comet", post, NormalForm::search));
  EXPECT_FALSE(matches("\"this a\"", post, NormalForm::exact)) << "the texts do not run into each other";
  EXPECT_FALSE(matches("\"look tonight\"~6", post, NormalForm::exact));
  EXPECT_FALSE(matches("look has:hashtags", post, NormalForm::exact));
}

TEST(Matcher, PrefixesFindWordsThatBeginSo) {
  const auto query = [](std::string_view source, std::string_view content) {
    const Matcher matcher(std::vector{TopicRule{1, *parse_query(source)}}, NormalForm::search);
    MatchScratch scratch;
    return !matcher.match(saying(content), scratch).empty();
  };
  EXPECT_TRUE(query("data*", "Datasets"));
  EXPECT_TRUE(query("data*", "data"));
  EXPECT_FALSE(query("data*", "metadata"));
  EXPECT_TRUE(query("résu*", "resumes"));
  EXPECT_TRUE(query("wi-f*", "Wi-Fi"));
  EXPECT_FALSE(query("wi-f*", "wi hi"));
  EXPECT_FALSE(query("sun -data*", "sun database"));
}

std::vector<TopicRule> rules(std::initializer_list<std::pair<std::int64_t, std::string_view>> sources) {
  std::vector<TopicRule> out;
  for (const auto& [topic, source] : sources) out.push_back({topic, *parse_rule(source)});
  return out;
}

TEST(Matcher, GivesEachTopicOnceInAscendingOrder) {
  const Matcher matcher(rules({{9, "sun"}, {-2, "moon"}, {9, "moon"}, {4, "sun moon"}, {4, "star"}, {7, "star"}}));
  MatchScratch scratch;
  const auto match = [&](std::string_view content) {
    const auto found = matcher.match(saying(content), scratch);
    return std::vector<std::int64_t>(found.begin(), found.end());
  };
  EXPECT_THAT(match("sun moon sun"), ElementsAre(-2, 4, 9));
  EXPECT_THAT(match("star"), ElementsAre(4, 7));
  EXPECT_THAT(match("nothing"), IsEmpty());
  EXPECT_THAT(match(""), IsEmpty());
  EXPECT_THAT(match("sun"), ElementsAre(9));
}

TEST(Matcher, WithoutRulesFindsNothing) {
  const Matcher matcher(std::vector<TopicRule>{});
  MatchScratch scratch;
  EXPECT_TRUE(matcher.match(saying("anything #at @all"), scratch).empty());
}

TEST(Matcher, OneScratchServesManyMatchers) {
  MatchScratch scratch;
  for (int round = 0; round < 3; ++round) {
    const Matcher small(rules({{1, "sun"}}));
    const Matcher large(rules({{1, "a"}, {2, "b"}, {3, "sun"}, {4, "\"c d\""}}));
    EXPECT_THAT(small.match(saying("sun c d"), scratch), ElementsAre(1));
    EXPECT_THAT(large.match(saying("sun c d"), scratch), ElementsAre(3, 4));
  }
}

TEST(Matcher, IsSharedBetweenThreads) {
  const Matcher matcher(rules({{1, "sun"}, {2, "\"sun moon\""}, {3, "sun -moon"}}));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      MatchScratch scratch;
      for (int i = 0; i < 500; ++i) {
        const auto found = matcher.match(saying(i % 2 == 0 ? "the sun moon" : "the Sün, sun"), scratch);
        if (found.size() != 2 || found[1] != (i % 2 == 0 ? 2 : 3)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Matcher, HugePostsAreNoTrouble) {
  std::string content;
  for (int i = 0; i < 200'000; ++i) content += "ice ";
  std::string phrase = "\"";
  for (int i = 0; i < 400; ++i) phrase += "ice ";
  EXPECT_FALSE(matches(phrase + "sea\"", saying(content)));
  EXPECT_FALSE(matches("\"ice ice ice ice ice ice ice ice ice sea\"~6", saying(content)));
  EXPECT_TRUE(matches("\"ice ice ice ice ice ice ice ice ice ice\"~6", saying(content)));
}

}  // namespace
}  // namespace offx::topics
