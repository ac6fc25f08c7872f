#include <algorithm>
#include <cctype>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "pipeline/json.h"
#include "pipeline/period.h"
#include "store/posts.h"
#include "topics/matcher.h"
#include "topics/rule.h"
#include "topics/search_query.h"

namespace offx::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kLimitMax = 10'000;

/// A page key as one word: `2026-08-22T14:05:17~42`. A date that some program wrote and nobody can read stays as it is.
std::string to_token(const store::PageKey& key) {
  std::string time = key.created_at;
  if (!parse_time(time)) return time + "~" + std::to_string(key.id);
  for (char& c : time) {
    if (c == ' ') c = 'T';
  }
  return time + "~" + std::to_string(key.id);
}

Result<std::optional<store::PageKey>> from_token(const std::string& token) {
  if (token.empty()) return std::optional<store::PageKey>();
  const auto tilde = token.rfind('~');
  store::PageKey key;
  if (tilde != std::string::npos) {
    const char* end = token.data() + token.size();
    const auto parsed = std::from_chars(token.data() + tilde + 1, end, key.id);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
      key.created_at = token.substr(0, tilde);
      if (const auto time = parse_time(key.created_at)) key.created_at = to_sql_time(*time);
      return std::optional(key);
    }
  }
  return fail(Errc::invalid_argument, "--after takes what the page before gave as `next`, not \"" + token + "\"");
}

Result<store::PostFilter> filter_of(const Context& context, const PostsCommand& command, db::DatabaseClient& client) {
  store::PostFilter filter;
  // Platforms are stored in lower case.
  for (const char c : command.platform) filter.platform += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  filter.author = command.author.starts_with('@') ? command.author.substr(1) : command.author;
  if (!command.topic.empty()) {
    OFFX_ASSIGN(const auto topic, find_topic(client, command.topic));
    filter.topic_id = topic.id;
  }
  if (!command.since.empty()) {
    OFFX_ASSIGN(filter.since, pipeline::parse_moment(command.since, context.clock.now()));
  }
  if (!command.until.empty()) {
    OFFX_ASSIGN(filter.until, pipeline::parse_moment(command.until, context.clock.now()));
  }
  return filter;
}

std::string as_text(const Terminal& terminal, const store::Post& post) {
  std::string who = post.author_username.empty() ? "" : "@" + post.author_username;
  if (!post.author.empty()) who = who.empty() ? post.author : post.author + " " + who;
  std::string text =
      fmt::format("{} {} {}\n{}\n", terminal.dim(to_sql_time(post.created_at)),
                  terminal.accent(who.empty() ? "unknown author" : shorten(who, 60)),
                  terminal.dim(fmt::format("{} #{}", shorten(post.platform, 20), post.id)), printable(post.content));
  for (const auto& media : post.media) {
    text += terminal.dim(fmt::format("  [{}] {}{}", shorten(media.type, 20), shorten(media.url, 200),
                                     media.alt_text ? " (" + shorten(*media.alt_text, 200) + ")" : "")) +
            "\n";
  }
  if (!post.url.empty()) text += terminal.dim(shorten(post.url, 300)) + "\n";
  return text + "\n";
}

void print_page(const Context& context, const store::PostPage& page) {
  if (context.json) {
    json::array posts;
    for (const auto& post : page.posts) posts.push_back(pipeline::to_json(post));
    print_json(json::object{{"posts", std::move(posts)},
                            {"next", page.next ? json::value(to_token(*page.next)) : json::value()}});
    return;
  }
  for (const auto& post : page.posts) print(as_text(context.terminal, post));
  if (page.posts.empty()) print("No posts.\n");
  if (page.next) print(context.terminal.dim("more: --after " + printable(to_token(*page.next))) + "\n");
}

Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kLimitMax) return {};
  return fail(Errc::invalid_argument, fmt::format("--limit takes 1 to {}", kLimitMax));
}

/// As PostFilter::author says: the display name exactly, or the user name without regard to (ASCII) case.
bool passes(const store::Post& post, const store::PostFilter& filter) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return filter.author.empty() || post.author == filter.author ||
         std::equal(post.author_username.begin(), post.author_username.end(), filter.author.begin(),
                    filter.author.end(), same);
}

}  // namespace

Result<void> run_posts(const Context& context, const PostsCommand& command) {
  OFFX_TRY(check_limit(command.limit));
  OFFX_ASSIGN(auto client, context.open_database());
  store::PostRepository posts(*client);
  if (command.id) {
    OFFX_ASSIGN(const auto post, posts.get(*command.id));
    OFFX_ASSIGN(const auto links, posts.links_of(std::span(&post, 1)));
    if (context.json) {
      auto object = pipeline::to_json(post);
      json::array topic_ids;
      for (const auto& topic : links[0].topics) topic_ids.push_back(topic.id);
      object["topics"] = std::move(topic_ids);
      print_json(object);
      return {};
    }
    print(as_text(context.terminal, post));
    for (const auto& topic : links[0].topics) {
      print(context.terminal.dim(fmt::format("topic {}: {}", topic.id, printable(topic.title))) + "\n");
    }
    return {};
  }
  OFFX_ASSIGN(const auto filter, filter_of(context, command, *client));
  OFFX_ASSIGN(const auto after, from_token(command.after));
  OFFX_ASSIGN(const auto page, posts.page(filter, command.limit, after));
  print_page(context, page);
  return {};
}

Result<void> run_search(const Context& context, const PostsCommand& command) {
  OFFX_TRY(check_limit(command.limit));
  auto query = topics::parse_query(command.query);
  if (!query) {
    return fail(Errc::invalid_argument, "the query is not understood: " + query.error().to_error().message() + "\n" +
                                            topics::caret_lines(command.query, query.error()));
  }
  const auto compiled = topics::compile_search_query(*query);
  const topics::TopicRule rule{1, *query};
  const topics::Matcher matcher(std::span(&rule, 1), text::NormalForm::search);
  topics::MatchScratch scratch;

  OFFX_ASSIGN(auto client, context.open_database());
  store::PostRepository posts(*client);
  OFFX_ASSIGN(const auto filter, filter_of(context, command, *client));
  OFFX_ASSIGN(auto after, from_token(command.after));
  const bool best = command.sort == "relevance";
  const bool verify = compiled.verify || compiled.match.empty() || !filter.author.empty();
  // By relevance there are no further pages to look for what verification takes away: ask for more at once.
  const std::size_t at_once = verify ? std::max<std::size_t>(200, command.limit * (best ? 20 : 4)) : command.limit;

  store::PostPage found;
  for (;;) {
    auto page = compiled.match.empty()
                    ? posts.page(filter, at_once, after)
                    : posts.search(compiled.match, best ? store::SearchOrder::best : store::SearchOrder::newest, filter,
                                   at_once, after);
    if (!page) return fail(std::move(page).error());
    for (auto& post : page->posts) {
      if (verify && (matcher.match(post, scratch).empty() || !passes(post, filter))) continue;
      if (found.posts.size() == command.limit) {
        if (!best) found.next = store::PageKey{to_sql_time(found.posts.back().created_at), found.posts.back().id};
        break;
      }
      found.posts.push_back(std::move(post));
    }
    if (found.posts.size() == command.limit || !page->next) {
      // All that was looked at is on this page; what comes behind may hold more, or nothing.
      if (!best && !found.next) found.next = page->next;
      break;
    }
    if (context.interrupted) return fail(Errc::cancelled, "interrupted");
    after = page->next;
  }
  print_page(context, found);
  return {};
}

}  // namespace offx::app
