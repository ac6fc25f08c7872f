#include "pipeline/search.h"

#include <algorithm>
#include <optional>

#include "topics/matcher.h"
#include "topics/search_query.h"

namespace offx::pipeline {

Result<store::PostPage> search_posts(db::DatabaseClient& client, const topics::Rule& query,
                                     const SearchOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto give_up = Clock::now() + options.time_max;
  const auto compiled = topics::compile_search_query(query);
  store::PostRepository posts(client);
  const bool best = options.order == store::SearchOrder::best;
  const bool verify = compiled.verify || compiled.match.empty();
  std::optional<topics::Matcher> matcher;
  topics::MatchScratch scratch;
  if (verify) {
    const topics::TopicRule rule{1, query};
    matcher.emplace(std::span(&rule, 1), text::NormalForm::search);
  }
  // By relevance there are no further pages to look for what verification takes away: ask for more at once.
  const std::size_t at_once = verify ? std::max<std::size_t>(200, options.limit * (best ? 20 : 4)) : options.limit;
  auto after = options.after;
  store::PostPage found;
  for (;;) {
    auto page = compiled.match.empty() ? posts.page(options.filter, at_once, after)
                                       : posts.search(compiled.match, options.order, options.filter, at_once, after);
    if (!page) return fail(std::move(page).error());
    for (std::size_t i = 0; i < page->posts.size(); ++i) {
      auto& post = page->posts[i];
      if (matcher && matcher->match(post, scratch).empty()) continue;
      if (found.posts.size() == options.limit) {
        if (!best) found.next = store::PageKey{to_sql_time(found.posts.back().created_at), found.posts.back().id};
        break;
      }
      found.posts.push_back(std::move(post));
      found.links.push_back(std::move(page->links[i]));
    }
    const bool late = options.time_max.count() > 0 && Clock::now() > give_up;
    if (found.posts.size() == options.limit || !page->next || late) {
      // All that was looked at is on this page; what comes behind may hold more, or nothing.
      if (!best && !found.next) found.next = page->next;
      return found;
    }
    if (options.interrupted != nullptr && *options.interrupted) return fail(Errc::cancelled, "interrupted");
    after = page->next;
  }
}

Result<std::string> author_named(std::string_view text) {
  if (text == "@") {
    return fail(Error(Errc::invalid_argument, "has no name behind the @: write ada or @ada").within("author"));
  }
  if (text.starts_with('@')) text.remove_prefix(1);
  return std::string(text);
}

}  // namespace offx::pipeline
