#include "summary/extractive.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "summary/render.h"
#include "text/sentences.h"

namespace offx::summary {
namespace {

using store::Post;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Post post(const std::string& id, const std::string& author, const std::string& content) {
  Post post;
  post.external_id = id;
  post.platform = "x";
  post.author_username = author;
  post.content = content;
  post.created_at =
      Timestamp{} + std::chrono::hours(24 * 365 * 50) + std::chrono::minutes(std::hash<std::string>()(id) % 1000);
  return post;
}

std::vector<Post> bridge_posts() {
  return {
      post("1", "ann", "The old bridge is closed until Monday. https://news.example/bridge"),
      post("2", "bob", "So sad. Ferry tickets are sold out for the whole weekend."),
      post("3", "cem", "The harbour bridge is closed until Monday, says the city council. Plan your trips!"),
      post("4", "dee", "Ferry tickets are sold out, everybody takes the ferry because the bridge is closed."),
      post("5", "eve", "My cat sleeps all day."),
      post("6", "fay", "The city council says repairs of the bridge cost two million."),
      post("7", "gus", "Repairs of the bridge cost two million euros, the city council says."),
  };
}

void expect_sound(const Summary& summary, const std::vector<Post>& posts, const Options& options) {
  EXPECT_LE(summary.sentences.size(), options.max_sentences);
  std::set<std::size_t> cited;
  for (const SummarySentence& sentence : summary.sentences) {
    EXPECT_FALSE(sentence.posts.empty());
    EXPECT_LE(sentence.posts.size(), options.max_posts_per_sentence);
    EXPECT_FALSE(sentence.text.empty());
    ASSERT_LE(sentence.posts.front(), summary.posts.size());
    const Post& source = posts[summary.posts[sentence.posts.front() - 1].index];
    EXPECT_THAT(text::collapse_space(source.content), HasSubstr(sentence.text));
    cited.insert(sentence.posts.begin(), sentence.posts.end());
  }
  EXPECT_EQ(cited.size(), summary.posts.size());
  for (std::size_t i = 0; i < summary.posts.size(); ++i) {
    EXPECT_EQ(summary.posts[i].n, i + 1);
    EXPECT_GE(summary.posts[i].said_by, 1U);
    EXPECT_FALSE(posts[summary.posts[i].index].details.is_private);
  }
}

TEST(Summarize, quotesWhatManySayAndLeavesOutWhatOneSays) {
  const std::vector<Post> posts = bridge_posts();
  const Summary summary = summarize(posts, {.max_sentences = 3});
  expect_sound(summary, posts, {.max_sentences = 3});
  EXPECT_EQ(summary.post_count, 7U);
  EXPECT_THAT(summary.sentences, SizeIs(3));
  const std::string text = render(summary, posts);
  EXPECT_THAT(text, HasSubstr("bridge is closed"));
  EXPECT_THAT(text, HasSubstr("Ferry tickets are sold out"));
  EXPECT_THAT(text, HasSubstr("cost two million"));
  EXPECT_THAT(text, Not(HasSubstr("cat")));
}

TEST(Summarize, isEmptyWhereNothingIsSaid) {
  EXPECT_THAT(summarize(std::vector<Post>()).sentences, IsEmpty());
  const std::vector<Post> silent = {post("1", "a", ""), post("2", "b", "https://a.example"), post("3", "c", "!!! ...")};
  const Summary summary = summarize(silent);
  EXPECT_THAT(summary.sentences, IsEmpty());
  EXPECT_THAT(summary.posts, IsEmpty());
  EXPECT_EQ(summary.post_count, 3U);
  EXPECT_THAT(summarize(bridge_posts(), {.max_sentences = 0}).sentences, IsEmpty());
}

TEST(Summarize, quotesASinglePost) {
  const std::vector<Post> posts = {post("1", "ann", "Short note")};
  const Summary summary = summarize(posts);
  ASSERT_THAT(summary.sentences, SizeIs(1));
  EXPECT_EQ(summary.sentences[0].text, "Short note");
  EXPECT_THAT(summary.sentences[0].posts, ElementsAre(1));
}

TEST(Summarize, collapsesNearDuplicatesAndCountsTheirAuthors) {
  std::vector<Post> posts;
  for (int i = 0; i < 14; ++i) {
    posts.push_back(
        post(std::to_string(100 + i), "user" + std::to_string(i),
             "Water is back in the north of the town since this morning https://t.co/" + std::to_string(i)));
    posts.back().created_at = Timestamp{} + std::chrono::hours(i + 1);
  }
  posts.push_back(posts.front());  // the same voice once more
  posts.back().external_id = "200";
  const Summary summary = summarize(posts);
  ASSERT_THAT(summary.sentences, SizeIs(1));
  ASSERT_THAT(summary.posts, SizeIs(1));
  EXPECT_EQ(summary.posts[0].said_by, 14U);
  EXPECT_EQ(summary.posts[0].cluster_size, 15U);
  EXPECT_EQ(summary.distinct_count, 1U);
  EXPECT_EQ(posts[summary.posts[0].index].external_id, "100");
}

TEST(Summarize, doesNotTakeADenialForARepetition) {
  const std::vector<Post> posts = {post("1", "ann", "The mayor will resign on Friday after the vote"),
                                   post("2", "bob", "The mayor will not resign on Friday after the vote")};
  const Summary summary = summarize(posts);
  EXPECT_EQ(summary.distinct_count, 2U);
  for (const SummarySentence& sentence : summary.sentences) EXPECT_THAT(sentence.posts, SizeIs(1));
}

TEST(Summarize, aRepostIsAVoiceForTheOriginal) {
  std::vector<Post> posts = {post("1", "ann", "Trains run again between the two cities from tonight"),
                             post("2", "ann", "Trains run again between the two cities from tonight"),
                             post("3", "cem", "RT @ann: Trains run again between the two cities from tonight")};
  posts[0].created_at = Timestamp{} + std::chrono::hours(9);
  posts[1].created_at = Timestamp{} + std::chrono::hours(1);  // the repost came to us as older
  posts[1].details.is_repost = true;
  posts[1].details.reposted_by = "bob";
  posts[2].created_at = Timestamp{};
  const Summary summary = summarize(posts);
  ASSERT_THAT(summary.posts, SizeIs(1));
  EXPECT_EQ(posts[summary.posts[0].index].external_id, "1");
  EXPECT_EQ(summary.posts[0].said_by, 3U);
}

TEST(Summarize, leavesPrivatePostsOut) {
  std::vector<Post> posts = bridge_posts();
  posts[0].details.is_private = true;
  posts[2].details.is_private = true;
  const Summary summary = summarize(posts);
  expect_sound(summary, posts, {});
  EXPECT_EQ(summary.post_count, 5U);
  EXPECT_THAT(render(summary, posts), Not(HasSubstr("until Monday")));
}

TEST(Summarize, citesEveryPostThatSaysTheSentence) {
  const std::vector<Post> posts = {
      post("1", "ann", "Good morning everyone from the harbour. The ferry leaves at nine from pier four."),
      post("2", "bob", "The ferry leaves at nine from pier four! Long queue here, bring water and something to read."),
      post("3", "cem", "I just asked at the counter and was told this. The ferry leaves at nine from pier four."),
  };
  const Summary summary = summarize(posts, {.max_sentences = 1});
  ASSERT_THAT(summary.sentences, SizeIs(1));
  EXPECT_THAT(summary.sentences[0].text, HasSubstr("The ferry leaves at nine from pier four"));
  EXPECT_THAT(summary.sentences[0].posts, ElementsAre(1, 2, 3));
  EXPECT_THAT(summarize(posts, {.max_sentences = 1, .max_posts_per_sentence = 2}).sentences[0].posts, SizeIs(2));
}

TEST(Summarize, tenThousandEqualPostsAreOne) {
  std::vector<Post> posts;
  for (int i = 0; i < 10'000; ++i) posts.push_back(post(std::to_string(i), "", "All the same words again and again"));
  const Summary summary = summarize(posts);
  ASSERT_THAT(summary.sentences, SizeIs(1));
  EXPECT_EQ(summary.posts[0].said_by, 10'000U);  // unknown authors are all different
}

TEST(Summarize, readsOtherScripts) {
  const std::vector<Post> posts = {
      post("1", "a", "橋は月曜日まで閉鎖されています。みなさん気をつけて。"),
      post("2", "b", "橋は月曜日まで閉鎖だそうです。フェリーは満席。"),
      post("3", "c", "الجسر مغلق حتى يوم الاثنين. خذوا العبارة."),
      post("4", "d", "الجسر مغلق حتى يوم الاثنين بسبب الإصلاحات."),
  };
  const Summary summary = summarize(posts);
  expect_sound(summary, posts, {});
  EXPECT_THAT(summary.sentences, Not(IsEmpty()));
}

TEST(Summarize, cutsWhatHasNoEnd) {
  std::string endless;
  while (endless.size() < 1'000'000) endless += "wörd and more ";
  const std::vector<Post> posts = {post("1", "a", endless), post("2", "b", std::string(500'000, 'x')),
                                   post("3", "c", std::string(100'000, '\xE3'))};
  const Summary summary = summarize(posts);
  expect_sound(summary, posts, {});
  for (const SummarySentence& sentence : summary.sentences) EXPECT_LE(sentence.text.size(), 600U);
}

/// Posts on events, as news feeds have them: names everywhere.
std::vector<Post> harbour_news() {
  std::vector<Post> posts;
  const auto add = [&](const std::string& author, const std::string& content, int hour) {
    posts.push_back(post(std::to_string(posts.size() + 1), author, content));
    posts.back().created_at = Timestamp{} + std::chrono::hours(hour);
  };
  add("a1", "Ferry line Orlo buys the Brixen shipyard for 40 million", 1);
  add("a2", "Ferry line Orlo buys the Brixen shipyard for 40 million. Workers in Brixen are relieved.", 2);
  add("a3", "Big news: ferry line Orlo buys the Brixen shipyard for 40 million, says mayor Lund.", 3);
  add("a4", "Done deal! The ferry line Orlo buys Brixen shipyard for 40 million. That is the job.", 4);
  add("a5", "So the ferry line Orlo really buys the Brixen shipyard. For 40 million.", 5);
  add("a6", "Orlo, the ferry line, buys the shipyard of Brixen for 40 million", 6);
  add("b1", "Mayor Lund was up all night in Brixen. That is the job.", 7);
  add("b2", "Is the Brixen shipyard the right thing to buy for Orlo?", 8);
  add("b3", "Thank you, Brixen. This is the shipyard. It is the ferry.", 9);
  add("b4", "The union in Brixen meets director Vesterby at the shipyard on Monday.", 60);
  return posts;
}

TEST(Summarize, putsFirstWhatMostAuthorsReport) {
  const std::vector<Post> posts = harbour_news();
  const Options options{.max_sentences = 1, .max_posts_per_sentence = 8};
  const Summary summary = summarize(posts, options);
  expect_sound(summary, posts, options);
  ASSERT_THAT(summary.sentences, SizeIs(1));
  EXPECT_THAT(summary.sentences[0].text, HasSubstr("Brixen shipyard for 40 million"));
  std::size_t voices = 0;
  for (const std::size_t n : summary.sentences[0].posts) voices += summary.posts[n - 1].said_by;
  EXPECT_GE(voices, 5U);
}

TEST(Summarize, prefersWhatStandsAlone) {
  const std::vector<Post> posts = harbour_news();
  for (const std::size_t count : {1U, 2U, 3U}) {
    for (const SummarySentence& sentence : summarize(posts, {.max_sentences = count}).sentences) {
      EXPECT_NE(sentence.text, "That is the job.");
      EXPECT_THAT(sentence.text, Not(HasSubstr("Thank you")));
      EXPECT_THAT(sentence.text, Not(HasSubstr("?")));
    }
  }
}

TEST(Summarize, quotesWhatLeansOnOtherThingsIfNothingElseIsThere) {
  const std::vector<Post> posts = {post("1", "ann", "That is the job."), post("2", "bob", "Is that what we do here?")};
  const Summary summary = summarize(posts);
  expect_sound(summary, posts, {});
  EXPECT_THAT(summary.sentences, SizeIs(2));
}

TEST(Summarize, citesNobodyForOtherNumbersOrForLess) {
  const std::vector<Post> posts = {
      post("1", "ann", "Bramwick beat Norhaven by 3 goals after extra time in Tarnby"),
      post("2", "bob", "Bramwick beat Norhaven by 2 goals after extra time in Tarnby"),
      post("3", "cem", "Norhaven and Tarnby are nice. Bramwick beat the time. Extra goals!"),
      post("4", "dee", "It is true: Bramwick beat Norhaven by 3 goals in Tarnby, after extra time and in the rain."),
  };
  const Summary summary = summarize(posts, {.max_sentences = 1});
  ASSERT_THAT(summary.sentences, SizeIs(1));
  std::set<std::string> ids;
  for (const CitedPost& cited : summary.posts) ids.insert(posts[cited.index].external_id);
  EXPECT_THAT(ids, Not(testing::Contains("3")));
  EXPECT_THAT(ids, Not(testing::IsSupersetOf({"1", "2"})));
}

TEST(Summarize, quotesOpinionsAsTheyAre) {
  // Without names, what counts is what short sentences share.
  const std::vector<Post> posts = {
      post("1", "a", "The battery life is great."),
      post("2", "b", "battery life is great and the screen is fine"),
      post("3", "c", "I think the battery life is great for the price."),
      post("4", "d", "A long evening with nothing but cables, adapters, manuals and grumpy colleagues everywhere."),
  };
  const Summary summary = summarize(posts, {.max_sentences = 1});
  ASSERT_THAT(summary.sentences, SizeIs(1));
  EXPECT_THAT(summary.sentences[0].text, HasSubstr("battery life is great"));
}

TEST(Summarize, hearsSeveralAuthors) {
  std::vector<Post> posts;
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i);
    posts.push_back(post("a" + n, "loud", "The new park in quarter " + n + " opens with music and food number " + n));
    posts.push_back(
        post("b" + n, "voice" + n, "The new park in street " + n + n + " opens with dance and wine number " + n));
  }
  const Summary summary = summarize(posts, {.max_sentences = 2});
  std::set<std::string> authors;
  for (const CitedPost& cited : summary.posts) authors.insert(posts[cited.index].author_username);
  EXPECT_GE(authors.size(), summary.sentences.size());
}

const std::vector<std::string> kPhrases = {"The bridge is closed",
                                           " until Monday",
                                           ". ",
                                           "! ",
                                           "\n",
                                           "ferry tickets sold out",
                                           " #news",
                                           " https://t.co/x",
                                           "@ann ",
                                           "not ",
                                           "東京は雨です。",
                                           "council says repairs cost millions",
                                           "\xFF",
                                           "RT @bob: "};

Post random_post() {
  Post p;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPhrases)))
    p.content += part;
  p.external_id = std::to_string(*rc::gen::inRange(0, 40));
  p.author_username = *rc::gen::element(std::string(), std::string("ann"), std::string("bob"), std::string("cem"));
  p.platform = *rc::gen::element(std::string("x"), std::string("mastodon"));
  p.created_at = Timestamp{} + std::chrono::hours(*rc::gen::inRange(0, 50));
  p.details.is_private = *rc::gen::inRange(0, 8) == 0;
  p.details.is_repost = *rc::gen::inRange(0, 6) == 0;
  return p;
}

RC_GTEST_PROP(Summarize, theOrderOfThePostsDoesNotMatter, (unsigned seed)) {
  std::vector<Post> posts(*rc::gen::inRange<std::size_t>(0, 40));
  for (Post& p : posts) p = random_post();
  std::vector<Post> shuffled = posts;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
  const Options options{.max_sentences = *rc::gen::inRange<std::size_t>(0, 12)};
  const Summary first = summarize(posts, options);
  const Summary second = summarize(shuffled, options);
  RC_ASSERT(render(first, posts) == render(second, shuffled));
  expect_sound(first, posts, options);
}

}  // namespace
}  // namespace offx::summary
