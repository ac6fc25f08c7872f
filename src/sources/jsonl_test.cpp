#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "sources/test_support.h"
#include "text/clean.h"

namespace offx::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Jsonl, ReadsOurFieldsAndGoesOnAfterBrokenLines) {
  const Reading reading = read_fixture("posts.jsonl");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::jsonl);
  ASSERT_THAT(reading.posts, SizeIs(5));

  const store::Post& first = reading.posts[0];
  EXPECT_EQ(first.external_id, "a1");
  EXPECT_EQ(first.content, "SQLite in #rustlang, finally");
  EXPECT_EQ(first.author, "Ada Quill");
  EXPECT_EQ(first.author_username, "adaquill");
  EXPECT_EQ(first.platform, "x");
  EXPECT_EQ(time_of(first), "2026-03-01 08:00:00");
  EXPECT_EQ(to_sql_time(first.fetched_at), "2026-06-01 12:00:00");
  EXPECT_THAT(first.media, ElementsAre(store::Media{"https://img.example/1.jpg", "image", "a cat"},
                                       store::Media{"https://img.example/2.mp4", "video", std::nullopt}));

  const store::Post& second = reading.posts[1];
  EXPECT_EQ(second.external_id, "12345678901234567890");
  EXPECT_EQ(time_of(second), "2026-03-01 08:00:00");
  EXPECT_EQ(second.details.lang, "en");
  EXPECT_TRUE(second.details.is_reply);
  EXPECT_EQ(second.details.reply_to, "bo");
  EXPECT_THAT(second.details.links, ElementsAre("https://e.example/a", "https://e.example/b"));

  EXPECT_THAT(reading.posts[2].external_id, SizeIs(32));
  EXPECT_EQ(reading.posts[2].platform, "unknown");
  EXPECT_EQ(time_of(reading.posts[2]), "2026-03-02 07:30:00");

  EXPECT_EQ(reading.posts[3].content, "half a pair \uFFFD and a raw tab");
  EXPECT_EQ(time_of(reading.posts[3]), "2026-03-01 08:00:00");
  EXPECT_TRUE(reading.posts[3].details.is_quote);

  EXPECT_EQ(reading.posts[4].external_id, "real");
  EXPECT_EQ(reading.posts[4].content, "aliases");
  EXPECT_EQ(reading.posts[4].author_username, "dmitri");
  EXPECT_EQ(time_of(reading.posts[4]), "2026-03-02 10:00:00");
}

TEST(Jsonl, SaysWhichLineAndFieldAndWhatToDo) {
  const Reading reading = read_fixture("posts.jsonl");
  ASSERT_THAT(reading.problems, SizeIs(6));
  EXPECT_EQ(reading.problems[0].where, "line 5");
  EXPECT_EQ(reading.problems[0].field, "content");
  EXPECT_EQ(reading.problems[1].where, "line 6");
  EXPECT_EQ(reading.problems[1].field, "created_at");
  EXPECT_THAT(reading.problems[1].reason, HasSubstr("write it as"));
  EXPECT_EQ(reading.problems[2].where, "line 7");
  EXPECT_EQ(reading.problems[3].where, "line 10");
  EXPECT_EQ(reading.problems[3].field, "content");
  EXPECT_EQ(reading.problems[4].where, "line 11");
  EXPECT_EQ(reading.problems[5].where, "line 12");
  EXPECT_THAT(reading.problems[5].reason, HasSubstr("middle"));
  EXPECT_EQ(reading.summary.broken, 5U);
  EXPECT_TRUE(reading.summary.truncated);
}

TEST(Jsonl, ReadsAnArrayAsWell) {
  const Reading reading =
      read_text(R"([{"external_id":"1","content":"a"}, {"external_id":"2"}, {"external_id":"3","content":"c"}])");
  EXPECT_EQ(reading.posts.size(), 2U);
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].where, "item 2");
  EXPECT_FALSE(reading.summary.truncated);
}

TEST(Jsonl, KeepsOrDropsWhatPostsMayNotHave) {
  const Reading reading = read_text(
      "\xEF\xBB\xBF{\"content\":\"a\\u0000b\\u001b[31m\xFF\",\"url\":\"javascript:alert(1)\",\"created_at\":\"2090-01-"
      "01\"}\r\n"
      "{\"content\":\"\",\"media\":[\"https://img.example/x.gif\",\"data:image/png;base64,AAAA\"]}\r\n",
      Format::jsonl);
  ASSERT_THAT(reading.posts, SizeIs(2));
  EXPECT_EQ(reading.posts[0].content, "ab[31m\uFFFD");
  EXPECT_EQ(reading.posts[0].url, "");
  EXPECT_EQ(time_of(reading.posts[0]), "2026-06-01 12:00:00");
  EXPECT_THAT(reading.posts[1].media, ElementsAre(store::Media{"https://img.example/x.gif", "gif", std::nullopt}));
}

TEST(Jsonl, DerivesTheSameIdEachTime) {
  const std::string text = R"({"content":"same words","author":"A"})";
  EXPECT_EQ(read_text(text).posts.at(0).external_id, read_text(text).posts.at(0).external_id);
  EXPECT_NE(read_text(text).posts.at(0).external_id,
            read_text(R"({"content":"other","author":"A"})").posts.at(0).external_id);
}

TEST(Jsonl, RefusesTextsThatAreTooLongAndGoesOn) {
  std::string text = R"({"external_id":"1","content":")" + std::string((1U << 20U) + 1, 'x') + "\"}\n";
  text += R"({"external_id":"2","content":")" + std::string(20U << 20U, 'y') + "\"}\n";
  text += R"({"external_id":"3","content":"fine"})";
  const Reading reading = read_text(text);
  ASSERT_THAT(reading.posts, SizeIs(1));
  EXPECT_EQ(reading.posts[0].external_id, "3");
  EXPECT_EQ(reading.summary.broken, 2U);
}

TEST(Jsonl, TakesThePlatformFromTheOptions) {
  Input input{"test", R"({"content":"a"})", {}};
  ReadOptions options;
  options.platform = "Forum";
  EXPECT_EQ(read(input, options).posts.at(0).platform, "forum");
}

TEST(Jsonl, StopsWhenACallbackFails) {
  ReadCallbacks callbacks;
  int posts = 0;
  callbacks.on_post = [&](store::Post&&) -> Result<void> {
    if (++posts == 2) return fail(Errc::cancelled, "enough");
    return {};
  };
  const auto result =
      read_posts({"test", "{\"content\":\"a\"}\n{\"content\":\"b\"}\n{\"content\":\"c\"}\n", {}}, {}, callbacks);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::cancelled);
  EXPECT_EQ(posts, 2);
}

std::string escape_json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Texts of all of Unicode, control characters and quotes among them.
rc::Gen<std::string> any_text() {
  const auto code_point =
      rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 0x80), rc::gen::inRange<std::uint32_t>(0, 0x110000));
  return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(code_point),
                      [](const std::vector<std::uint32_t>& codes) {
                        std::string text;
                        for (const std::uint32_t code : codes) text::append_utf8(text, code);
                        return text;
                      });
}

TEST(Jsonl, GivesBackWhatWasWritten) {
  rc::check([] {
    const auto contents = *rc::gen::container<std::vector<std::string>>(any_text());
    std::string lines;
    std::vector<std::string> expected;
    for (const std::string& content : contents) {
      lines += "{\"external_id\":\"" + std::to_string(expected.size()) +
               "\",\"content\":" + escape_json("x" + content) + "}\n";
      expected.push_back(text::clean_text("x" + content));
    }
    const Reading reading = read_text(lines, Format::jsonl);
    RC_ASSERT(reading.posts.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) RC_ASSERT(reading.posts[i].content == expected[i]);
  });
}

TEST(Csv, GivesBackWhatWasWritten) {
  rc::check([] {
    const auto contents = *rc::gen::container<std::vector<std::string>>(any_text());
    const char delimiter = *rc::gen::element(',', ';', '\t');
    std::string lines = std::string("external_id") + delimiter + "content" + delimiter + "author\n";
    std::vector<std::string> expected;
    for (const std::string& content : contents) {
      std::string quoted;
      for (const char c : "x" + content) {
        if (c == '"') quoted += '"';
        quoted += c;
      }
      lines += std::to_string(expected.size()) + delimiter + '"' + quoted + '"' + delimiter + "me\r\n";
      expected.push_back(text::clean_text("x" + content));
    }
    const Reading reading = read_text(lines, Format::csv);
    RC_ASSERT(reading.posts.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) RC_ASSERT(reading.posts[i].content == expected[i]);
  });
}

TEST(Csv, ReadsQuotesLineBreaksAndDelimiters) {
  const Reading reading = read_fixture("posts.csv");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::csv);
  ASSERT_THAT(reading.posts, SizeIs(3));
  EXPECT_EQ(reading.posts[0].content, "two\nlines; and \"quotes\"");
  EXPECT_EQ(reading.posts[0].author_username, "adaquill");
  EXPECT_THAT(reading.posts[0].media, ElementsAre(store::Media{"https://img.example/1.png", "image", std::nullopt},
                                                  store::Media{"https://img.example/2.gif", "gif", std::nullopt}));
  EXPECT_TRUE(reading.posts[1].details.is_repost);
  EXPECT_EQ(reading.posts[1].author_username, "bo");
  EXPECT_EQ(time_of(reading.posts[1]), "2026-03-01 08:00:00");
  EXPECT_EQ(time_of(reading.posts[2]), "2026-03-02 10:11:00");
  ASSERT_THAT(reading.problems, SizeIs(2));
  EXPECT_EQ(reading.problems[0].where, "line 5");
  EXPECT_THAT(reading.problems[0].reason, HasSubstr("3 cells"));
  EXPECT_EQ(reading.problems[1].where, "line 6");
  EXPECT_EQ(reading.problems[1].field, "created_at");
}

TEST(Csv, SaysWhichColumnIsMissing) {
  const Reading reading = read_text("who,what\na,b\n", Format::csv);
  EXPECT_THAT(reading.error, HasSubstr("who, what"));
  EXPECT_THAT(reading.error, HasSubstr("content"));
}

TEST(Csv, FindsItsWayBackAfterAStrayQuote) {
  const Reading reading = read_text("id,content\n1,\"stray\n2,fine\n3,\"also fine\"\n");
  ASSERT_THAT(reading.posts, SizeIs(2));
  EXPECT_EQ(reading.posts[0].external_id, "2");
  EXPECT_EQ(reading.summary.broken, 1U);
  EXPECT_FALSE(reading.summary.truncated);
  const Reading at_end = read_text("id,content\n0,ok\n1,\"stray\n2,fine\n3,fine\n");
  EXPECT_EQ(at_end.posts.size(), 3U);
  EXPECT_EQ(at_end.summary.broken, 1U);
}

TEST(Csv, KeepsWhatWasWholeInACutFile) {
  EXPECT_TRUE(read_text("id,content\n1,one\n2,\"cut in the mid").summary.truncated);
  EXPECT_EQ(read_text("id,content\n1,one\n2,\"cut in the mid").posts.size(), 1U);
  EXPECT_TRUE(read_text("id,content,author\n1,one,a\n2,tw").summary.truncated);
  EXPECT_EQ(read_text("content\nlast line without end").posts.size(), 1U);
}

}  // namespace
}  // namespace offx::sources
