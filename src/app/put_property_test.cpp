// Random batches of posts, stored and filed, against a map that does the same in the plainest way.

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "app/test_support.h"
#include "store/store.h"

namespace offx::app {
namespace {

/// A post as the model keeps it.
struct ModelPost {
  std::vector<std::string> words;
  std::string author;
  std::string media;
  bool is_private = false;

  friend bool operator==(const ModelPost&, const ModelPost&) = default;
};
using Key = std::pair<std::string, std::string>;  ///< external id, platform
using Batch = std::vector<std::pair<Key, ModelPost>>;

bool has(const ModelPost& post, const std::string& word) {
  return std::find(post.words.begin(), post.words.end(), word) != post.words.end();
}

rc::Gen<Batch> random_batch() {
  const auto key = rc::gen::pair(rc::gen::element<std::string>("a", "b", "c", "d", "\"q\\"),
                                 rc::gen::element<std::string>("x", "rss"));
  const auto post = rc::gen::build<ModelPost>(
      rc::gen::set(&ModelPost::words, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                                          rc::gen::element<std::string>("apple", "pie", "plum")))),
      rc::gen::set(&ModelPost::author, rc::gen::element<std::string>("", "Ann", "Bo")),
      rc::gen::set(&ModelPost::media,
                   rc::gen::element<std::string>("", "https://img.example/1", "https://img.example/2")),
      rc::gen::set(&ModelPost::is_private, rc::gen::weightedElement<bool>({{9, false}, {1, true}})));
  return rc::gen::container<Batch>(rc::gen::pair(key, post));
}

store::Post to_post(const Key& key, const ModelPost& model) {
  store::Post post;
  post.external_id = key.first;
  post.platform = key.second;
  for (const auto& word : model.words) post.content += (post.content.empty() ? "" : " ") + word;
  post.author = model.author;
  post.author_username = model.author;
  if (!model.media.empty()) post.media = {{model.media, "image", std::nullopt}};
  post.details.is_private = model.is_private;
  post.details.lang = "en";
  post.created_at = FixedClock().now() - std::chrono::hours(1);
  post.fetched_at = FixedClock().now();
  return post;
}

/// What PostRepository::put() promises: one version after the other, and what a new one lacks is kept.
store::PutCounts put(std::map<Key, ModelPost>& model, const Batch& batch) {
  store::PutCounts counts;
  for (auto [key, post] : batch) {
    const auto there = model.find(key);
    if (there != model.end()) {
      if (post.author.empty()) post.author = there->second.author;
      if (post.media.empty()) post.media = there->second.media;
      post.is_private |= there->second.is_private;
      ++(post == there->second ? counts.unchanged : counts.updated);
    } else {
      ++counts.added;
    }
    model[key] = post;
  }
  return counts;
}

std::string name_of(const Key& key) { return key.first + "/" + key.second; }

std::set<std::string> names_where(const std::map<Key, ModelPost>& model,
                                  const std::function<bool(const ModelPost&)>& is) {
  std::set<std::string> names;
  for (const auto& [key, post] : model) {
    if (is(post)) names.insert(name_of(key));
  }
  return names;
}

std::set<std::string> names_of(const std::vector<store::Post>& posts) {
  std::set<std::string> names;
  for (const auto& post : posts) names.insert(name_of({post.external_id, post.platform}));
  return names;
}

RC_GTEST_PROP(Put, agrees_with_a_map, ()) {
  const auto batches = *rc::gen::scale(0.25, rc::gen::container<std::vector<Batch>>(random_batch()));
  auto client = must(store::open(":memory:"));
  store::PostRepository posts(*client);
  store::TopicRepository topics(*client);
  store::Topic apples;
  apples.title = "apples";
  apples.rule = "apple";
  apples.id = must(topics.add(apples, FixedClock().now()));
  store::Topic pies;
  pies.title = "pies";
  pies.rule = "pie -plum";
  pies.id = must(topics.add(pies, FixedClock().now()));

  store::Topic of_ann;
  of_ann.title = "ann";
  of_ann.rule = "from:ann";
  of_ann.id = must(topics.add(of_ann, FixedClock().now()));

  std::map<Key, ModelPost> model;
  for (const auto& batch : batches) {
    pipeline::Filer filer(must(pipeline::load_rules(*client)));
    std::vector<store::FiledPost> filed;
    for (const auto& [key, post] : batch) filed.push_back(filer.file(to_post(key, post)));
    const auto counts = must(posts.put(filed, filer.rules().revision));
    const auto expected = put(model, batch);
    RC_ASSERT(counts.added == expected.added);
    RC_ASSERT(counts.updated == expected.updated);
    RC_ASSERT(counts.unchanged == expected.unchanged);

    must(pipeline::file_unfiled_posts(*client, FixedClock(), {}));
    RC_ASSERT(must(posts.totals()).posts == static_cast<std::int64_t>(model.size()));
    for (const auto& [key, wanted] : model) {
      const auto found = must(posts.find(key.second, key.first));
      RC_ASSERT(found.has_value());
      const store::Post& stored = found.value();
      const auto post = to_post(key, wanted);
      RC_ASSERT(stored.content == post.content);
      RC_ASSERT(stored.author == post.author);
      RC_ASSERT(stored.media == post.media);
      RC_ASSERT(stored.details == post.details);
    }
    const auto of_topic = [&](std::int64_t id) {
      store::PostFilter filter;
      filter.topic_id = id;
      return names_of(must(posts.page(filter, 1000)).posts);
    };
    const auto with = [](const char* word) { return [word](const ModelPost& post) { return has(post, word); }; };
    RC_ASSERT(of_topic(apples.id) == names_where(model, with("apple")));
    RC_ASSERT(of_topic(pies.id) ==
              names_where(model, [](const ModelPost& post) { return has(post, "pie") && !has(post, "plum"); }));
    RC_ASSERT(of_topic(of_ann.id) == names_where(model, [](const ModelPost& post) { return post.author == "Ann"; }));
    for (const char* word : {"apple", "pie", "plum"}) {
      RC_ASSERT(names_of(must(posts.search(word, store::SearchOrder::newest, {}, 1000)).posts) ==
                names_where(model, with(word)));
    }
    expect_consistent(*client);
    RC_ASSERT(!testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace offx::app
