#include <fmt/format.h>

#include "app/commands.h"
#include "pipeline/json.h"
#include "pipeline/page_key.h"
#include "pipeline/period.h"
#include "pipeline/search.h"
#include "store/posts.h"
#include "topics/rule.h"

namespace offx::app {
namespace {

constexpr std::size_t kLimitMax = 10'000;

Result<store::PostFilter> filter_of(const Context& context, const PostsCommand& command, db::DatabaseClient& client) {
  store::PostFilter filter;
  // Platforms are stored in lower case.
  for (const char c : command.platform) filter.platform += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  OFFX_ASSIGN(filter.author, pipeline::author_named(command.author));
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
    pipeline::JsonWriter out;
    out.begin_object();
    out.name("posts");
    out.begin_array();
    for (const auto& post : page.posts) {
      out.begin_object();
      pipeline::write_post(out, post);
      out.end_object();
    }
    out.end_array();
    out.member_or_null("next", page.next ? pipeline::to_token(*page.next) : "");
    out.end_object();
    print_json(out);
    return;
  }
  for (const auto& post : page.posts) print(as_text(context.terminal, post));
  if (page.posts.empty()) print("No posts.\n");
  if (page.next) print(context.terminal.dim("more: --after " + printable(pipeline::to_token(*page.next))) + "\n");
}

Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kLimitMax) return {};
  return fail(Errc::invalid_argument, fmt::format("--limit takes 1 to {}", kLimitMax));
}

}  // namespace

Result<void> run_posts(const Context& context, const PostsCommand& command) {
  OFFX_TRY(check_limit(command.limit));
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  store::PostRepository posts(*client);
  if (command.id) {
    OFFX_ASSIGN(const auto found, posts.get_linked(*command.id));
    const auto& [post, links] = found;
    if (context.json) {
      pipeline::JsonWriter out;
      out.begin_object();
      pipeline::write_post(out, post);
      out.name("topics");
      out.begin_array();
      for (const auto& topic : links.topics) out.value(topic.id);
      out.end_array();
      out.end_object();
      print_json(out);
      return {};
    }
    print(as_text(context.terminal, post));
    for (const auto& topic : links.topics) {
      print(context.terminal.dim(fmt::format("topic {}: {}", topic.id, printable(topic.title))) + "\n");
    }
    return {};
  }
  OFFX_ASSIGN(const auto filter, filter_of(context, command, *client));
  OFFX_ASSIGN(const auto after, pipeline::from_token(command.after, "--after"));
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
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  pipeline::SearchOptions options;
  options.order = command.sort == "relevance" ? store::SearchOrder::best : store::SearchOrder::newest;
  options.limit = command.limit;
  options.interrupted = &context.interrupted;
  OFFX_ASSIGN(options.filter, filter_of(context, command, *client));
  OFFX_ASSIGN(options.after, pipeline::from_token(command.after, "--after"));
  OFFX_ASSIGN(const auto found, pipeline::search_posts(*client, *query, options));
  print_page(context, found);
  return {};
}

}  // namespace offx::app
