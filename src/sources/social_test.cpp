#include <gmock/gmock.h>

#include "sources/test_support.h"

namespace offx::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Mastodon, MapsStatuses) {
  const Reading reading = read_fixture("mastodon.json");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::mastodon);
  ASSERT_THAT(reading.posts, SizeIs(3));

  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "https://town.example/users/kim/statuses/1");
  EXPECT_EQ(post.content, "transport\n\nTrains & ferries\nsee https://news.example/a/long/path/to/it\n\n#rail");
  EXPECT_EQ(post.author, "Kim of Town");
  EXPECT_EQ(post.author_username, "kim@town.example");
  EXPECT_EQ(post.platform, "mastodon");
  EXPECT_EQ(time_of(post), "2026-03-01 08:00:00");
  EXPECT_EQ(post.url, "https://town.example/@kim/1");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://files.example/1.png", "image", "a ferry"},
                                      store::Media{"https://files.example/2.mp4", "gif", std::nullopt},
                                      store::Media{"https://far.example/3.ogg", "audio", std::nullopt}));
  EXPECT_EQ(post.details.content_warning, "transport");
  EXPECT_EQ(post.details.lang, "en");
  EXPECT_EQ(to_sql_time(post.details.edited_at.value()), "2026-03-01 09:00:00");
  EXPECT_THAT(post.details.links, ElementsAre("https://news.example/a/long/path/to/it"));
  EXPECT_FALSE(post.details.is_private);
}

TEST(Mastodon, TakesTheBoostedStatusAndKeepsTheBooster) {
  const store::Post post = read_fixture("mastodon.json").posts.at(1);
  EXPECT_EQ(post.external_id, "https://far.example/users/lee/statuses/99");
  EXPECT_EQ(post.content, "boosted words");
  EXPECT_EQ(post.author, "lee");
  EXPECT_EQ(post.author_username, "lee@far.example");
  EXPECT_EQ(time_of(post), "2026-02-28 08:00:00");
  EXPECT_TRUE(post.details.is_repost);
  EXPECT_EQ(post.details.reposted_by, "kim@town.example");
}

TEST(Mastodon, KnowsRepliesQuotesAndWhatIsPrivate) {
  const Reading reading = read_fixture("mastodon.json");
  const store::Post& post = reading.posts.at(2);
  EXPECT_EQ(post.content, "@lee for you only");
  EXPECT_TRUE(post.details.is_private);
  EXPECT_TRUE(post.details.is_reply);
  EXPECT_EQ(post.details.reply_to, "lee@far.example");
  EXPECT_TRUE(post.details.is_quote);
  EXPECT_EQ(post.details.quoted_text, "quoted words");
  EXPECT_THAT(post.details.links, IsEmpty());
  ASSERT_THAT(reading.problems, SizeIs(2));
  EXPECT_EQ(reading.problems[0].where, "item 4");
  EXPECT_EQ(reading.problems[0].field, "uri");
  EXPECT_EQ(reading.problems[1].where, "item 5");
}

TEST(Mastodon, ReadsSingleStatusesAndLines) {
  const std::string status =
      R"({"uri":"https://t.example/1","content":"<p>a</p>","visibility":"public","account":{"acct":"a"}})";
  EXPECT_EQ(read_text(status).posts.size(), 1U);
  EXPECT_EQ(read_text(status + "\n" + status + "\n").posts.size(), 2U);
  EXPECT_EQ(read_text("{\"statuses\":[" + status + "],\"accounts\":[]}").posts.size(), 1U);
}

TEST(Bluesky, MapsFeedItems) {
  const Reading reading = read_fixture("bluesky.json");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::bluesky);
  ASSERT_THAT(reading.posts, SizeIs(2));
  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "at://did:plc:aaa/app.bsky.feed.post/k1");
  EXPECT_EQ(post.content,
            "graphic-media\n\né read https://news.example/long/path and here (https://words.example/) too");
  EXPECT_EQ(post.author, "Nell");
  EXPECT_EQ(post.author_username, "nell.example");
  EXPECT_EQ(time_of(post), "2026-03-01 08:00:00") << "createdAt is later than indexedAt";
  EXPECT_EQ(post.url, "https://bsky.app/profile/nell.example/post/k1");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://cdn.example/1.jpg", "image", "a heron"}));
  EXPECT_EQ(post.details.lang, "en");
  EXPECT_EQ(post.details.content_warning, "graphic-media");
  EXPECT_TRUE(post.details.is_repost);
  EXPECT_EQ(post.details.reposted_by, "otto.example");
  EXPECT_THAT(post.details.links,
              ElementsAre("news.example/long...", "https://news.example/long/path", "https://words.example/"));
}

TEST(Bluesky, KnowsRepliesQuotesAndVideos) {
  const Reading reading = read_fixture("bluesky.json");
  const store::Post& post = reading.posts.at(1);
  EXPECT_EQ(post.external_id, "at://did:plc:bbb/app.bsky.feed.post/k2") << "DID form";
  EXPECT_EQ(post.author, "otto.example");
  EXPECT_TRUE(post.details.is_reply);
  EXPECT_EQ(post.details.reply_to, "nell.example");
  EXPECT_EQ(post.details.reference_id, "at://did:plc:aaa/app.bsky.feed.post/k1");
  EXPECT_EQ(post.details.conversation_id, "at://did:plc:aaa/app.bsky.feed.post/k0");
  EXPECT_TRUE(post.details.is_quote);
  EXPECT_EQ(post.details.quoted_text, "the quoted one");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://video.example/p.m3u8", "video", "clip"}));
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].field, "record");
}

TEST(XApi, MapsLongAndQuotingPosts) {
  const Reading reading = read_fixture("x_api.json");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::x_api);
  ASSERT_THAT(reading.posts, SizeIs(4));
  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "1999999999999999999") << "the first version's";
  EXPECT_EQ(post.content, "Long beginning and &lt; a long end https://art.example/a");
  EXPECT_EQ(post.author, "Lia");
  EXPECT_EQ(post.author_username, "lia");
  EXPECT_EQ(post.platform, "x");
  EXPECT_EQ(post.url, "https://x.com/lia/status/2000000000000000001");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://pbs.example/m1.jpg", "image", "a kiln"},
                                      store::Media{"https://video.example/high.mp4", "video", std::nullopt},
                                      store::Media{"https://pbs.example/m3.jpg", "image", std::nullopt}));
  EXPECT_THAT(post.details.links,
              ElementsAre("https://t.co/a", "https://art.example/a", "https://art.example/really/a"));
  EXPECT_TRUE(post.details.is_quote);
  EXPECT_EQ(post.details.reference_id, "1990000000000000000");
  EXPECT_EQ(post.details.quoted_text, "quoted > words https://zoo.example/");
  EXPECT_EQ(post.details.lang, "en");
  EXPECT_TRUE(post.details.edited_at.has_value());
}

TEST(XApi, TakesTheOriginalOfARetweet) {
  const Reading reading = read_fixture("x_api.json");
  const store::Post& post = reading.posts.at(1);
  EXPECT_EQ(post.external_id, "2000000000000000002");
  EXPECT_EQ(post.content, "the full words are cut here no more");
  EXPECT_EQ(post.author_username, "mo");
  EXPECT_EQ(post.details.reposted_by, "lia");
  EXPECT_EQ(post.details.reference_id, "1990000000000000001");
  EXPECT_TRUE(post.details.is_repost);
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://pbs.example/m9.jpg", "image", std::nullopt}));

  const store::Post& gone = reading.posts.at(3);
  EXPECT_TRUE(gone.details.is_repost);
  EXPECT_EQ(gone.content, "RT @gone: original was deleted");
  EXPECT_EQ(gone.author_username, "lia");
}

TEST(XApi, MapsRepliesOfUnknownAuthors) {
  const Reading reading = read_fixture("x_api.json");
  const store::Post& post = reading.posts.at(2);
  EXPECT_TRUE(post.details.is_reply);
  EXPECT_EQ(post.details.reply_to, "mo");
  EXPECT_EQ(post.details.lang, "");
  EXPECT_EQ(post.author, "");
  EXPECT_EQ(post.url, "https://x.com/i/status/2000000000000000003");
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].where, "item 5");
  EXPECT_EQ(reading.problems[0].field, "id");
}

TEST(XApi, ReadsTheNewSpellingAndPagesInARow) {
  const Reading reading = read_fixture("x_api_posts.json");
  EXPECT_EQ(reading.summary.format, Format::x_api);
  ASSERT_THAT(reading.posts, SizeIs(1));
  EXPECT_EQ(reading.posts[0].external_id, "3000000000000000000");
  EXPECT_EQ(reading.posts[0].content, "not cut at all");
  EXPECT_EQ(reading.posts[0].details.quoted_text, "inner");
  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_THAT(reading.problems[0].reason, HasSubstr("Unauthorized"));
}

TEST(XArchive, ReadsAFolder) {
  const Reading reading = read_fixture("x_archive");
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.summary.format, Format::x_archive);
  ASSERT_THAT(reading.posts, SizeIs(5));

  const store::Post& post = reading.posts[0];
  EXPECT_EQ(post.external_id, "1100000000000000001");
  EXPECT_EQ(post.content,
            "Salt & pepper <3 read https://kitchen.example/salt?a=1&b=2 and https://kitchen.example/pepper");
  EXPECT_EQ(post.author, "Ada Quill");
  EXPECT_EQ(post.author_username, "adaquill");
  EXPECT_EQ(time_of(post), "2019-03-19 14:05:17");
  EXPECT_EQ(post.url, "https://x.com/adaquill/status/1100000000000000001");
  EXPECT_THAT(post.media, ElementsAre(store::Media{"https://pbs.example/1.jpg", "image", std::nullopt},
                                      store::Media{"https://video.example/2-high.mp4", "video", std::nullopt},
                                      store::Media{"https://video.example/3.mp4", "gif", std::nullopt}));
  EXPECT_THAT(post.details.links, ElementsAre("https://t.co/abc", "https://kitchen.example/salt?a=1&b=2",
                                              "https://t.co/abcd", "https://kitchen.example/pepper"));

  EXPECT_TRUE(reading.posts[1].details.is_repost);
  EXPECT_EQ(reading.posts[1].content, "RT @bo_the_baker: Bread rises twice before it is good");
  EXPECT_TRUE(reading.posts[2].details.is_reply);
  EXPECT_EQ(reading.posts[2].details.reply_to, "cyra");
  EXPECT_EQ(reading.posts[2].details.lang, "");
  EXPECT_EQ(time_of(reading.posts[3]).substr(0, 10), "2022-07-21") << "by its id";
  EXPECT_THAT(reading.posts[4].content, testing::EndsWith("wants rest. More: https://bread.example/deep"));

  ASSERT_THAT(reading.problems, SizeIs(1));
  EXPECT_EQ(reading.problems[0].where, "tweets.js item 4");
  EXPECT_EQ(reading.problems[0].field, "id_str");
}

TEST(XArchive, ReadsSingleFiles) {
  const Reading old = read_fixture("tweet_old.js");
  ASSERT_THAT(old.posts, SizeIs(1));
  EXPECT_EQ(old.posts[0].author_username, "oldhand");
  EXPECT_EQ(time_of(old.posts[0]), "2017-08-25 10:00:00");

  const Reading beside = read_fixture("x_archive/data/tweets.js");
  ASSERT_THAT(beside.posts, SizeIs(4));
  EXPECT_EQ(beside.posts[0].author_username, "adaquill") << "from the account.js beside it";

  EXPECT_EQ(read_fixture("x_archive/data/tweets-part2.js").error, "");
  EXPECT_EQ(read_fixture("x_archive/data/tweets-part3.js").error, "");
  EXPECT_THAT(read_fixture("x_archive/data/tweets-part3.js").posts, IsEmpty());
}

}  // namespace
}  // namespace offx::sources
