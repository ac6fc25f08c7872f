#include "pipeline/similar.h"

#include <algorithm>
#include <string>

#include "summary/clusters.h"
#include "text/search_document.h"
#include "text/tokens.h"

namespace offx::pipeline {
namespace {

/// Of so many words at least half are in a post that shares most of them all.
constexpr std::size_t kWordsInGroup = 3;
constexpr std::size_t kCandidatesMax = 200;

/// Finds what has all words of one of two groups: a near-duplicate that lacks one word is in the other.
std::string match_of(const store::Post& post) {
  text::Tokenizer tokenizer(text::NormalForm::search);
  std::vector<std::string> words;
  for (const auto& token : tokenizer.tokenize(summary::read(summary::input_of(post)).text)) {
    if (token.kind == text::TokenKind::word) words.push_back(text::search_word(token));
  }
  // The longest words are the rarest, mostly.
  std::sort(words.begin(), words.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  words.erase(std::unique(words.begin(), words.end()), words.end());
  words.resize(std::min(words.size(), 2 * kWordsInGroup));
  std::string match;
  // Every other word, so that both groups have long ones. Few words make one group.
  const std::size_t groups = words.size() < 2 * kWordsInGroup ? 1 : 2;
  for (std::size_t group = 0; group < groups && !words.empty(); ++group) {
    std::string all;
    for (std::size_t i = group; i < words.size(); i += groups) {
      all += (all.empty() ? "\"" : " AND \"");
      for (const char c : words[i]) all += c == '"' ? std::string("\"\"") : std::string(1, c);
      all += '"';
    }
    match += (match.empty() ? "body : (" : " OR body : (") + all + ")";
  }
  return match;
}

}  // namespace

Result<store::PostPage> similar_posts(db::DatabaseClient& client, const store::Post& post, std::size_t limit) {
  store::PostPage similar;
  const auto match = match_of(post);
  if (match.empty()) return similar;
  OFFX_ASSIGN(auto found, store::PostRepository(client).like(match, kCandidatesMax));
  const auto own = summary::input_of(post);
  for (std::size_t i = 0; i < found.posts.size() && similar.posts.size() < limit; ++i) {
    if (found.posts[i].id == post.id) continue;
    const auto other = summary::input_of(found.posts[i]);
    const summary::Input* const pair[] = {&own, &other};
    const auto clusters = summary::cluster_posts(pair);
    if (clusters.size() != 1 || clusters[0].posts.size() != 2) continue;
    similar.posts.push_back(std::move(found.posts[i]));
    similar.links.push_back(std::move(found.links[i]));
  }
  return similar;
}

}  // namespace offx::pipeline
