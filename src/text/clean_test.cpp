#include "text/clean.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace offx::text {
namespace {

TEST(CleanText, KeepsWhatIsFit) {
  for (const char* text :
       {"", "plain", "tab\tand\nline", "Grüße 東京 👩‍👩‍👧 \u00A0 ~", "exactly8bytes..."}) {
    EXPECT_EQ(clean_text(text), text);
  }
}

TEST(CleanText, RemovesControlCharactersAndMendsLineEnds) {
  EXPECT_EQ(clean_text(std::string_view("a\0b\x01\x7F"
                                        "c\x1B[31m",
                                        11)),
            "abc[31m");
  EXPECT_EQ(clean_text("a\r\nb\rc"), "a\nb\nc");
  EXPECT_EQ(clean_text("x\u0085y\u009Fz"), "xyz");
}

TEST(CleanText, ReplacesInvalidUtf8) {
  EXPECT_EQ(clean_text("a\xFF"
                       "b"),
            "a\uFFFDb");
  EXPECT_EQ(clean_text("\xE2\x82"), "\uFFFD");
  EXPECT_EQ(clean_text("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(clean_text("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(clean_text("\xF4\x90\x80\x80x"), "\uFFFD\uFFFD\uFFFD\uFFFDx");
}

TEST(CleanText, GivesValidTextFromAnyBytesAndThenStays) {
  rc::check([](const std::string& bytes) {
    const std::string once = clean_text(bytes);
    RC_ASSERT(is_utf8(once));
    RC_ASSERT(clean_text(once) == once);
    for (const char c : once) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
    std::string in_place = bytes;
    clean_text_in_place(in_place);
    RC_ASSERT(in_place == once);
  });
}

TEST(OneLine, HasNoControlCharacters) {
  EXPECT_TRUE(is_one_line(""));
  EXPECT_TRUE(is_one_line("caf\u00E9 \u00A0 \u20AC"));
  for (const auto* const text : {"a\nb", "\t", "a\x7F", "a\u0085", "\x1B[31m"}) EXPECT_FALSE(is_one_line(text)) << text;
  EXPECT_FALSE(is_one_line(std::string_view("a\0b", 3)));
}

TEST(UnescapeEntities, ReplacesOnce) {
  EXPECT_EQ(unescape_entities("a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27; &apos;"), "a & b <c> \"d\" 'e' '");
  EXPECT_EQ(unescape_entities("&amp;lt; &amp;amp;"), "&lt; &amp;");
  EXPECT_EQ(unescape_entities("caf&eacute; &hellip; &euro;5 &#8217; &#x1F600;"), "café … €5 ’ 😀");
  EXPECT_EQ(unescape_entities("&#146;"), "’");
}

TEST(UnescapeEntities, LeavesTheRest) {
  EXPECT_EQ(unescape_entities("AT&T & &unknown; &; &# &#; &#x; &#xZZ; &amp"),
            "AT&T & &unknown; &; &# &#; &#x; &#xZZ; &amp");
  EXPECT_EQ(unescape_entities("&#xD800;&#0;&#x110000;"), "\uFFFD\uFFFD");
}

TEST(Trim, TakesOffWhiteSpace) {
  EXPECT_EQ(trim(" \n\t a b \u00A0 "), "a b");
  EXPECT_EQ(trim(" \u00A0"), "");
}

}  // namespace
}  // namespace offx::text
