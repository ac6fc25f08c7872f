#include <gmock/gmock.h>

#include "sources/test_support.h"

namespace offx::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(Rss, MapsItems) {
  const Reading reading = read_fixture("feed.rss");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::rss);
  EXPECT_FALSE(reading.summary.truncated);
  ASSERT_THAT(reading.posts, SizeIs(4));
  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "https://river.example/feed.xml#42") << "42 is an id in this feed only";
  EXPECT_EQ(post.content, "Bridges & boats\n\nThe long form é a map");
  EXPECT_EQ(post.author, "Ada Quill");
  EXPECT_EQ(post.author_username, "river.example");
  EXPECT_EQ(post.platform, "rss");
  EXPECT_EQ(time_of(post), "2026-03-01 13:00:00");
  EXPECT_EQ(post.url, "https://river.example/2026/bridges?utm_source=feed#top");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://river.example/a.mp3", "audio", std::nullopt},
                                      store::Media{"https://river.example/p.jpg", "image", "a bridge"}));
  EXPECT_EQ(post.details.lang, "en");
  EXPECT_THAT(post.details.html, HasSubstr("<b>long</b>"));
  EXPECT_THAT(post.details.html, Not(HasSubstr("script")));
  EXPECT_THAT(post.details.links, testing::Contains("https://river.example/map"));
}

TEST(Rss, ForgivesWhatFeedsDo) {
  const Reading reading = read_fixture("feed.rss");
  EXPECT_EQ(reading.posts.at(1).content, "Escaped twice\n\nAT&T  fares");
  EXPECT_EQ(reading.posts.at(1).author, "Bo Baker");
  EXPECT_EQ(reading.posts.at(1).url, "https://river.example/2026/twice") << "a guid is a permalink unless it says not";
  EXPECT_EQ(time_of(reading.posts.at(1)), "2026-03-02 08:00:00");
  EXPECT_EQ(reading.posts.at(2).content, "Title only");
  EXPECT_EQ(time_of(reading.posts.at(2)), "2026-06-01 12:00:00") << "no date: now";
  EXPECT_THAT(reading.posts.at(2).external_id, SizeIs(32));
  EXPECT_EQ(time_of(reading.posts.at(3)), "2026-06-01 12:00:00") << "not in the future";
  EXPECT_EQ(reading.posts.at(3).content, "From the future\n\nControl and an unknown &thing; in here");
  EXPECT_EQ(reading.posts.at(3).external_id, "https://river.example/future");
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].where, "item 5");
}

TEST(Rss, ReadsRdfInItsEncoding) {
  const Reading reading = read_fixture("feed_rdf.xml");
  EXPECT_EQ(reading.error, "");
  ASSERT_THAT(reading.posts, SizeIs(1));
  EXPECT_EQ(reading.posts[0].content, "Brücken\n\nText über Brücken");
  EXPECT_EQ(reading.posts[0].author, "Jürgen");
  EXPECT_EQ(reading.posts[0].external_id, "https://alt.example/1");
  EXPECT_EQ(time_of(reading.posts[0]), "2026-03-01 07:00:00");
  EXPECT_EQ(reading.posts[0].details.lang, "de");
}

TEST(Rss, GuessesAnUndeclaredEncoding) {
  const Reading reading = read_text("<rss><channel><item><title>caf\xE9 \x93x\x94</title></item></channel></rss>");
  ASSERT_THAT(reading.posts, SizeIs(1));
  EXPECT_EQ(reading.posts[0].content, "café “x”");
}

TEST(Rss, ReadsUtf16) {
  const std::string ascii =
      "<?xml version=\"1.0\" encoding=\"UTF-16\"?><rss><channel><item><title>wide</title></item></channel></rss>";
  std::string wide("\xFF\xFE", 2);
  for (const char c : ascii) {
    wide += c;
    wide += '\0';
  }
  const Reading reading = read_text(wide);
  EXPECT_EQ(reading.error, "");
  ASSERT_THAT(reading.posts, SizeIs(1));
  EXPECT_EQ(reading.posts[0].content, "wide");
}

TEST(Rss, RefusesEntityBombs) {
  const Reading reading = read_text(
      "<?xml version=\"1.0\"?><!DOCTYPE rss [<!-- <rss> --><!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
      "<rss><channel><item><title>&b;</title></item></channel></rss>");
  EXPECT_THAT(reading.error, HasSubstr("entities"));
  const Reading external = read_text(
      "<!DOCTYPE rss [<!ENTITY x SYSTEM "
      "\"file:///etc/passwd\">]><rss><channel><item><title>&x;</title></item></channel></rss>");
  EXPECT_THAT(external.error, HasSubstr("entities"));
}

TEST(Rss, RefusesWhatTakesLibxmlForEver) {
  const auto numbered = [](std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all.append(" a").append(std::to_string(i)).append(text);
    return all;
  };
  const std::string end = "><title>x</title></item></channel></rss>";
  const std::string attributes = "<rss><channel><item" + numbered("='>'", 100'000) + end;
  EXPECT_THAT(read_text(attributes).error, HasSubstr("256 attributes"));
  EXPECT_THAT(read_text("<!-- <![CDATA[ <x \" -->" + attributes, Format::rss).error, HasSubstr("256 attributes"));
  std::string wide;
  for (const char c : attributes) wide.append({c, '\0'});
  EXPECT_THAT(read_text("\xFF\xFE" + wide, Format::rss).error, HasSubstr("256 attributes"));
  EXPECT_THAT(
      read_text("<!DOCTYPE rss [<!ATTLIST item" + numbered(" CDATA 'x'", 1'000) + ">]><rss><channel><item" + end).error,
      HasSubstr("declares attributes"));
  std::string nested;
  for (int i = 0; i < 3; ++i) {
    nested += "<x";
    for (int k = 0; k < 200; ++k) {
      nested.append(" xmlns:n").append(std::to_string(200 * i + k)).append("='u'");
    }
    nested += ">";
  }
  EXPECT_THAT(read_text("<rss><channel><item>" + nested + "</item></channel></rss>").error, HasSubstr("namespaces"));
}

TEST(Rss, SignsThatAreNoAttributesAreNotCounted) {
  const std::string ruler(1'000, '=');
  const Reading reading =
      read_text("<?xml-stylesheet " + ruler + "?><rss><!-- " + ruler + " --><channel><item><title><![CDATA[News " +
                ruler + "]]></title></item></channel></rss>");
  ASSERT_THAT(reading.posts, SizeIs(1)) << reading.error;
  EXPECT_EQ(reading.posts[0].content, "News " + ruler);
}

TEST(Rss, ReadsTheEncodingThatIsDeclared) {
  const std::string begin = "<?xml version=\"1.0\" encoding=\"";
  const std::string item = "\"?><rss><channel><item><title>";
  const std::string end = "</title></item></channel></rss>";
  for (const auto& [encoding, title] : {std::pair<std::string, std::string>{"iso-8859-1", "caf\xE9 &eacute;"},
                                        {"koi8-r", "\xC4\xC1 &eacute;"},
                                        {"Shift_JIS", "\x93\xFA\x96\x7B"},
                                        {"utf-16", "caf\xC3\xA9"},
                                        {"no-such-thing", "caf\xC3\xA9"}}) {
    const Reading reading = read_text(begin + encoding + item + title + end);
    ASSERT_THAT(reading.posts, SizeIs(1)) << encoding;
    EXPECT_THAT(reading.posts[0].content, testing::AnyOf("café é", "да é", "日本", "café")) << encoding;
  }
}

TEST(Rss, RefusesPagesThatAreNoFeeds) {
  EXPECT_THAT(read_text("<!DOCTYPE html><html><body>hello</body></html>", Format::rss).error, HasSubstr("no feed"));
  EXPECT_NE(read_text("<!DOCTYPE html><html><body>hello</body></html>").error, "");
  EXPECT_NE(read_text("", Format::rss).error, "");
}

TEST(Rss, FindsItemsBehindMissingEndTags) {
  const Reading reading = read_text(
      "<rss><channel><item><title>one <b></title><guid>http://e.example/1</guid></item>"
      "<item><title>two</title><guid>http://e.example/2</guid></item></channel></rss>");
  ASSERT_THAT(reading.posts, SizeIs(2));
  EXPECT_EQ(reading.posts[1].content, "two");
  EXPECT_FALSE(reading.summary.truncated);
}

TEST(Atom, MapsEntries) {
  const Reading reading = read_fixture("feed.atom");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::atom);
  ASSERT_THAT(reading.posts, SizeIs(2));
  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "tag:atom.example,2026:1");
  EXPECT_EQ(post.content, "First <post> of many\n\nHello world & more");
  EXPECT_EQ(post.author, "Feed Author");
  EXPECT_EQ(post.author_username, "atom.example");
  EXPECT_EQ(post.url, "https://atom.example/blog/2026/1");
  EXPECT_EQ(time_of(post), "2026-03-01 08:00:00");
  EXPECT_EQ(to_sql_time(post.details.edited_at.value()), "2026-03-05 08:00:00");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://atom.example/blog/media/1.mp4", "video", std::nullopt}));
  EXPECT_THAT(post.details.links, testing::Contains("https://atom.example/blog/2026/more"));
  EXPECT_EQ(post.details.lang, "en");
  EXPECT_EQ(reading.posts[1].content, "Plain text is literal\n\n1 < 2 && 3");
  EXPECT_EQ(reading.posts[1].author, "Guest");
  EXPECT_EQ(time_of(reading.posts[1]), "2026-03-02 08:00:00");
}

TEST(JsonFeed, MapsItems) {
  const Reading reading = read_fixture("feed.json");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::json_feed);
  ASSERT_THAT(reading.posts, SizeIs(2));
  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "https://json.example/feed.json#7");
  EXPECT_EQ(post.content, "seven things") << "the title is how the text begins";
  EXPECT_EQ(post.author, "Feed Author");
  EXPECT_EQ(post.url, "https://json.example/seven");
  EXPECT_EQ(time_of(post), "2026-03-01 13:00:00");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://json.example/seven.png", "image", std::nullopt},
                                      store::Media{"https://json.example/seven.mp3", "audio", "listen"}));
  EXPECT_EQ(reading.posts[1].author, "Old Style");
  EXPECT_EQ(reading.posts[1].content, "just text, no title");
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].where, "item 3");
}

}  // namespace
}  // namespace offx::sources
