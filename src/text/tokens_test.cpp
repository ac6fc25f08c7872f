#include "text/tokens.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace offx::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> of_kind(std::string_view text, TokenKind kind, NormalForm form = NormalForm::exact) {
  Tokenizer tokenizer(form);
  std::vector<std::string> out;
  for (const Token& token : tokenizer.tokenize(text)) {
    if (token.kind == kind) out.emplace_back(token.text);
  }
  return out;
}
std::vector<std::string> words(std::string_view text, NormalForm form = NormalForm::exact) {
  return of_kind(text, TokenKind::word, form);
}
std::vector<std::string> emoji(std::string_view text) { return of_kind(text, TokenKind::emoji); }
std::vector<std::string> hashtags(std::string_view text) { return of_kind(text, TokenKind::hashtag); }
std::vector<std::string> mentions(std::string_view text) { return of_kind(text, TokenKind::mention); }
std::vector<std::string> cashtags(std::string_view text) { return of_kind(text, TokenKind::cashtag); }
std::vector<std::string> links(std::string_view text) { return of_kind(text, TokenKind::link); }

TEST(Normalise, ExactKeepsAccentsAndFoldsTheRest) {
  EXPECT_EQ(normalise("Grüße aus STRASSE", NormalForm::exact), "grüsse aus strasse");
  EXPECT_EQ(normalise("cafe\u0301", NormalForm::exact), "café");
  EXPECT_EQ(normalise("ΣΊΣΥΦΟΣ", NormalForm::exact), normalise("σίσυφος", NormalForm::exact));
  EXPECT_EQ(normalise("İ", NormalForm::exact), "i\u0307");
  EXPECT_EQ(normalise("ｗｉｄｅ ｶﾞ", NormalForm::exact), "wide ガ");
  EXPECT_NE(normalise("①", NormalForm::exact), "1");
}

TEST(Normalise, SearchDropsMarksOfEuropeanScriptsAlone) {
  EXPECT_EQ(normalise("Ñandú Ёлка Ώρα", NormalForm::search), "nandu елка ωρα");
  EXPECT_EQ(normalise("ﬁne ①", NormalForm::search), "fine 1");
  EXPECT_EQ(normalise("がパ", NormalForm::search), "がパ");
  EXPECT_EQ(normalise("हिन्दी", NormalForm::search), "हिन्दी");
}

TEST(Normalise, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(normalise("a\xFFz", NormalForm::exact), "a\uFFFDz");
}

TEST(Normalise, FloodsOfMarksAreCutShort) {
  std::string flood = "a";
  for (int i = 0; i < 100'000; ++i) flood += "\u0315\u0327";  // each pair out of canonical order
  EXPECT_LT(normalise(flood, NormalForm::exact).size(), 100U);
  EXPECT_EQ(words(flood).size(), 1U);
}

RC_GTEST_PROP(Normalise, IsIdempotent, (const std::string& bytes)) {
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    const std::string once = normalise(bytes, form);
    RC_ASSERT(normalise(once, form) == once);
  }
}

TEST(Words, SplitAtPunctuationSymbolsAndSpaces) {
  EXPECT_THAT(words("Coca-Cola, snake_case; don't 3.14 U.S."),
              ElementsAre("coca", "cola", "snake", "case", "don", "t", "3", "14", "u", "s"));
  EXPECT_THAT(words("rock\u00a0&\u2003roll—now… 100€"), ElementsAre("rock", "roll", "now", "100"));
  EXPECT_THAT(words(" ... !? "), IsEmpty());
}

TEST(Words, AreInNormalForm) {
  EXPECT_THAT(words("Straße CAFE\u0301 Ἀθῆναι"), ElementsAre("strasse", "café", "ἀθῆναι"));
  EXPECT_THAT(words("CAFE\u0301 ½ ﷺ", NormalForm::search),
              ElementsAre("cafe", "1", "2", "صلى", "الله", "عليه", "وسلم"));
  // A spacing mark, which is kept, whose first part is one that Latin letters drop.
  EXPECT_THAT(words("ù\u0CC8", NormalForm::search), ElementsAre("u\u0CD6"));
}

TEST(Words, InvisibleCharactersDoNotCount) {
  EXPECT_THAT(words("co\u00ADoperate \u200Emark\u200F \uFEFFbom"), ElementsAre("cooperate", "mark", "bom"));
  EXPECT_THAT(words("می\u200Cخواهم"), ElementsAre("میخواهم"));
}

TEST(Words, ScriptsWithoutSpacesGiveOneTokenForEachCharacter) {
  EXPECT_THAT(words("東京2020年"), ElementsAre("東", "京", "2020", "年"));
  EXPECT_THAT(words("サーバ"), ElementsAre("サ", "ー", "バ"));
  EXPECT_THAT(words("ハ\u3099ス"), ElementsAre("バ", "ス"));
  EXPECT_THAT(words("ไทย"), ElementsAre("ไ", "ท", "ย"));
  EXPECT_THAT(words("서울시 abc"), ElementsAre("서울시", "abc"));
  EXPECT_THAT(words("iPhoneを買う"), ElementsAre("iphone", "を", "買", "う"));
}

TEST(Words, MarksOnNothingAreNoWords) {
  EXPECT_THAT(words("\u0301 =\u0338 a"), ElementsAre("a"));
  EXPECT_THAT(words("≠"), IsEmpty());
}

TEST(Words, InvalidUtf8Separates) {
  EXPECT_THAT(words("ab\xFF"
                    "cd \xC3 \xE2\x82"),
              ElementsAre("ab", "cd"));
}

TEST(Words, LongAndManyNormalFormsStayValidWhileBuffersGrow) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "Ünïcödé ﷺ x ";
  const auto all = words(text, NormalForm::search);
  ASSERT_EQ(all.size(), 500U * 6U);
  for (std::size_t i = 0; i < all.size(); i += 6) {
    ASSERT_EQ(all[i], "unicode");
    ASSERT_EQ(all[i + 4], "وسلم");
    ASSERT_EQ(all[i + 5], "x");
  }
}

TEST(Emoji, AreGraphemeClusters) {
  EXPECT_THAT(emoji("😃😃 ok"), ElementsAre("😃", "😃"));
  EXPECT_THAT(emoji("👩‍👩‍👧 👩"), ElementsAre("👩‍👩‍👧", "👩"));
  EXPECT_THAT(emoji("👍🏽👍"), ElementsAre("👍🏽", "👍"));
  EXPECT_THAT(emoji("🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F!"),
              ElementsAre("🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"));
}

TEST(Emoji, VariationSelectorsAreDropped) {
  EXPECT_THAT(emoji("❤\uFE0F ❤ ❤\uFE0E"), ElementsAre("❤", "❤", "❤"));
  EXPECT_THAT(emoji("👁\uFE0F\u200D🗨\uFE0F"), ElementsAre("👁\u200D🗨"));
}

TEST(Emoji, FlagsAreAlignedInPairs) {
  EXPECT_THAT(emoji("🇷🇺🇸🇪"), ElementsAre("🇷🇺", "🇸🇪"));
  EXPECT_THAT(emoji("🇷🇺🇸"), ElementsAre("🇷🇺", "🇸"));
}

TEST(Emoji, KeycapsAreNotDigits) {
  EXPECT_THAT(emoji("1\uFE0F\u20E3 #\uFE0F\u20E3 *\u20E3"), ElementsAre("1\u20E3", "#\u20E3", "*\u20E3"));
  EXPECT_THAT(words("10\uFE0F\u20E3"), ElementsAre("1"));
}

TEST(Emoji, SymbolsAreNone) { EXPECT_THAT(emoji("© ® ™ → ∞ 1 #"), IsEmpty()); }

TEST(Emoji, WithoutSkinToneKeepsTheRest) {
  EXPECT_EQ(without_skin_tone("👍🏽"), "👍");
  EXPECT_EQ(without_skin_tone("👩🏿‍🤝‍👩🏻"), "👩‍🤝‍👩");
  EXPECT_EQ(without_skin_tone("😃"), "😃");
  EXPECT_EQ(without_skin_tone("🏽"), "🏽");
}

TEST(Hashtags, FollowTwitterText) {
  EXPECT_THAT(hashtags("#Rust (#C_20) ,#Go; #日本 ＃全角"), ElementsAre("#rust", "#c_20", "#go", "#日本", "#全角"));
  EXPECT_THAT(hashtags("#2016 #_ #1_2 # a"), IsEmpty());
  EXPECT_THAT(hashtags("#2016election #1a"), ElementsAre("#2016election", "#1a"));
  EXPECT_THAT(hashtags("x#no &#no $#no 語#no #no#no #http://a.example"), IsEmpty());
  EXPECT_THAT(hashtags("✌\uFE0F#yes"), ElementsAre("#yes"));
  EXPECT_THAT(hashtags("#Straße"), ElementsAre("#strasse"));
}

TEST(Mentions, FollowTwitterText) {
  EXPECT_THAT(mentions("@NASA, (@esa) .@jaxa の@isroに"), ElementsAre("@nasa", "@esa", "@jaxa", "@isro"));
  EXPECT_THAT(mentions("RT@one rt:@two"), ElementsAre("@one", "@two"));
  EXPECT_THAT(mentions("me@work f!@no @@no @café_no @http://no.example @ no"), IsEmpty());
}

TEST(Mentions, HandlesOfOtherNetworksHaveALongForm) {
  EXPECT_THAT(mentions("hi @ann.bsky.social!"), ElementsAre("@ann", "@ann.bsky.social"));
  EXPECT_THAT(mentions("hi @Bob@Social.Example."), ElementsAre("@bob@social.example"));
  EXPECT_THAT(mentions("thanks @eve. Bye"), ElementsAre("@eve"));
}

TEST(Cashtags, FollowTwitterText) {
  EXPECT_THAT(cashtags("$AAPL $brk.b $ABC_d, $xyz."), ElementsAre("$aapl", "$brk.b", "$abc_d", "$xyz"));
  EXPECT_THAT(cashtags("$100 US$AB ($AB) $TOOLONGX $A1 $$AB $ÄB"), IsEmpty());
}

TEST(Links, AreOneTokenAndHideTheirWords) {
  EXPECT_THAT(links("see https://A.example/Path?q=1#x. And http://t.co/AbC's"),
              ElementsAre("https://A.example/Path?q=1#x", "http://t.co/AbC"));
  EXPECT_THAT(words("see https://a.example/story end"), ElementsAre("see", "end"));
  EXPECT_THAT(links("(https://en.example.org/wiki/C_(lang)) http://x.example/a,b!"),
              ElementsAre("https://en.example.org/wiki/C_(lang)", "http://x.example/a,b"));
  EXPECT_THAT(links("http://… http://localhost http:// https://-a.example"), IsEmpty());
  EXPECT_THAT(links("한국http://a.example/b中文"), ElementsAre("http://a.example/b"));
  EXPECT_THAT(links("http://a.example:8080/x"), ElementsAre("http://a.example:8080/x"));
}

TEST(Positions, NeighboursDifferByOneAndALinkStandsBetween) {
  Tokenizer tokenizer(NormalForm::exact);
  const auto tokens = tokenizer.tokenize("big #Data_set http://a.example 👍 end");
  ASSERT_EQ(tokens.size(), 7U);
  const std::vector<std::string_view> texts = {"big", "#data_set", "data", "set", "http://a.example", "👍", "end"};
  const std::vector<std::uint32_t> positions = {0, 1, 1, 2, 3, 4, 5};
  const std::vector<std::uint32_t> begins = {0, 4, 5, 10, 14, 31, 36};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(tokens[i].text, texts[i]);
    EXPECT_EQ(tokens[i].position, positions[i]);
    EXPECT_EQ(tokens[i].begin, begins[i]);
  }
  EXPECT_EQ(tokens[5].end, 35U);
}

TEST(PlainWords, KnowNeitherLinksNorTags) {
  Tokenizer tokenizer(NormalForm::exact);
  std::vector<std::string> out;
  for (const Token& token : tokenizer.words("https://www.A.example/x_y #tag @me")) out.emplace_back(token.text);
  EXPECT_THAT(out, ElementsAre("https", "www", "a", "example", "x", "y", "tag", "me"));
}

/// Texts where everything the tokenizer knows meets: pieces of many scripts, and raw bytes.
rc::Gen<std::string> mixed_text() {
  const auto piece =
      rc::gen::oneOf(rc::gen::element<std::string>("a", "Word", "é", "e\u0301", "ß", "東", "か\u3099", "ﾊﾟ", "ที่",
                                                   "👍🏽", "❤\uFE0F", "\u200D", "👩", "🇸🇪", "1\uFE0F\u20E3", "#", "＃",
                                                   "@", "$", "_", ".", "://", "http", "https://a.example/b", " ",
                                                   "\u00ad", "한", "ﷺ", "½", "*", "rt", "\u0301", "\u0CC8", "(", ")"),
                     rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& p : pieces) text += p;
    return text;
  });
}

RC_GTEST_PROP(Tokens, AreInOrderAndInRangeAndInNormalForm, ()) {
  const std::string text = *mixed_text();
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    Tokenizer tokenizer(form);
    std::uint32_t next_position = 0;
    std::uint32_t last_begin = 0;
    for (const Token& token : tokenizer.tokenize(text)) {
      RC_ASSERT(token.begin < token.end);
      RC_ASSERT(token.end <= text.size());
      RC_ASSERT(token.begin >= last_begin);
      RC_ASSERT(!token.text.empty());
      RC_ASSERT(token.position == next_position);
      const bool tag =
          token.kind == TokenKind::hashtag || token.kind == TokenKind::mention || token.kind == TokenKind::cashtag;
      if (!tag) ++next_position;
      if (token.kind == TokenKind::word) RC_ASSERT(normalise(token.text, form) == std::string(token.text));
      last_begin = token.begin;
    }
  }
}

RC_GTEST_PROP(Tokens, OfNormalisedTextAreTheSameWords, ()) {
  // Normalising first or tokenising first comes to the same: what looks alike is alike.
  const std::string text = *rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                                             "a", "B", "é", "E\u0301", "ß", "ẞ", "東", "か\u3099", "ﾊﾟ", " ", "Σ", "ς",
                                             "й", "한", "\u1112\u1161\u11ab", "x2")),
                                         [](const std::vector<std::string>& pieces) {
                                           std::string out;
                                           for (const std::string& p : pieces) out += p;
                                           return out;
                                         });
  for (const NormalForm form : {NormalForm::exact, NormalForm::search}) {
    RC_ASSERT(words(text, form) == words(normalise(text, form), form));
  }
}

}  // namespace
}  // namespace offx::text
