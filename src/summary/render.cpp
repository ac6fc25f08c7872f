#include "summary/render.h"

#include <cmath>

#include <fmt/core.h>

#include "text/sentences.h"

namespace offx::summary {
namespace {

std::string author_of(const store::Post& post) {
  const std::string name = text::collapse_space(post.author);
  const std::string user = text::collapse_space(post.author_username);
  if (name.empty() && user.empty()) return "unknown author";
  if (user.empty()) return name;
  if (name.empty() || name == user) return "@" + user;
  return fmt::format("{} (@{})", name, user);
}

std::string link_of(const store::Post& post) {
  const std::string url = text::collapse_space(post.url);
  return url.empty() ? text::collapse_space(post.platform + ":" + post.external_id) : url;
}

int percent(double share) { return static_cast<int>(std::lround(share * 100)); }

}  // namespace

std::vector<Reference> references(const Summary& summary, std::span<const store::Post> posts) {
  std::vector<Reference> references;
  references.reserve(summary.posts.size());
  for (const CitedPost& cited : summary.posts) {
    const store::Post& post = posts[cited.index];
    references.push_back(
        {cited.n, &post, author_of(post), to_iso_time(post.created_at).substr(0, 10), link_of(post), cited.said_by});
  }
  return references;
}

std::string render(const Summary& summary, std::span<const store::Post> posts,
                   const std::optional<SentimentShares>& sentiment) {
  std::string text;
  if (summary.sentences.empty()) return text;
  for (const SummarySentence& sentence : summary.sentences) {
    text += sentence.text + ' ';
    for (const std::size_t n : sentence.posts) text += fmt::format("[{}]", n);
    text += '\n';
  }
  if (sentiment && sentiment->count > 0) {
    text += fmt::format("\nSentiment: {} ({:+.2f}; {}% positive, {}% neutral, {}% negative of {})\n",
                        to_string(sentiment->label), sentiment->score, percent(sentiment->positive),
                        percent(sentiment->neutral), percent(sentiment->negative), sentiment->count);
  }
  text += '\n';
  for (const Reference& reference : references(summary, posts)) {
    text += fmt::format("[{}] {}, {}, {}", reference.n, reference.author, reference.date, reference.link);
    if (reference.said_by > 1) text += fmt::format(" (said by {})", reference.said_by);
    text += '\n';
  }
  return text;
}

}  // namespace offx::summary
