#include "summary/render.h"

#include <vector>

#include <gmock/gmock.h>

namespace offx::summary {
namespace {

using store::Post;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<Post> two_posts() {
  std::vector<Post> posts(2);
  posts[0].author = "Ada\nLovelace";
  posts[0].author_username = "ada";
  posts[0].url = "https://social.example/@ada/1";
  posts[0].created_at = *parse_time("2026-08-22 14:05:17");
  posts[1].platform = "rss";
  posts[1].external_id = "guid-7";
  posts[1].created_at = *parse_time("2026-08-23");
  return posts;
}

Summary two_sentences() {
  return {.sentences = {{"The bridge is closed.", {1, 2}}, {"Ferries run.", {2}}},
          .posts = {{1, 0, 14, 15}, {2, 1, 1, 1}},
          .post_count = 20,
          .distinct_count = 2};
}

TEST(Render, putsNumbersBehindSentencesAndListsThePosts) {
  EXPECT_EQ(render(two_sentences(), two_posts()),
            "The bridge is closed. [1][2]\n"
            "Ferries run. [2]\n"
            "\n"
            "[1] Ada Lovelace (@ada), 2026-08-22, https://social.example/@ada/1 (said by 14)\n"
            "[2] unknown author, 2026-08-23, rss:guid-7\n");
}

TEST(Render, putsSentimentBetween) {
  SentimentShares shares;
  shares.score = -0.254;
  shares.negative = 0.6;
  shares.neutral = 0.3;
  shares.positive = 0.1;
  shares.count = 20;
  shares.label = SentimentLabel::negative;
  EXPECT_THAT(render(two_sentences(), two_posts(), shares),
              HasSubstr("\n\nSentiment: negative (-0.25; 10% positive, 30% neutral, 60% negative of 20)\n\n[1]"));
  shares.count = 0;
  EXPECT_THAT(render(two_sentences(), two_posts(), shares), Not(HasSubstr("Sentiment")));
}

TEST(Render, aPostCannotForgeALine) {
  std::vector<Post> posts = two_posts();
  posts[0].author = "x\n[9] Somebody else";
  posts[0].url = "https://a.example/\r\n[8] y";
  const std::string text = render(two_sentences(), posts);
  EXPECT_THAT(text, Not(HasSubstr("\n[9]")));
  EXPECT_THAT(text, Not(HasSubstr("\n[8]")));
}

TEST(Render, isEmptyWithoutSentences) { EXPECT_EQ(render({}, {}), ""); }

TEST(References, nameTheAuthorAsWellAsTheyCan) {
  std::vector<Post> posts(3);
  posts[0].author = "Ada";
  posts[1].author_username = "ada";
  posts[2].author = "ada";
  posts[2].author_username = "ada";
  const Summary summary{.sentences = {}, .posts = {{1, 0}, {2, 1}, {3, 2}}};
  std::vector<std::string> authors;
  for (const Reference& reference : references(summary, posts)) authors.push_back(reference.author);
  EXPECT_THAT(authors, ElementsAre("Ada", "@ada", "@ada"));
  EXPECT_EQ(references(summary, posts)[1].post, &posts[1]);
}

}  // namespace
}  // namespace offx::summary
