#include <algorithm>
#include <tuple>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "pipeline/json.h"
#include "pipeline/period.h"
#include "pipeline/summarize.h"
#include "store/posts.h"
#include "store/summaries.h"
#include "summary/extractive.h"
#include "summary/render.h"
#include "summary/sentiment.h"

namespace offx::app {
namespace {

namespace json = boost::json;

std::string heading(const Terminal& terminal, const std::string& title, const pipeline::Period& period,
                    std::size_t post_count) {
  return fmt::format("{}  {}\n\n", terminal.bold(printable(title)),
                     terminal.dim(fmt::format("{}, {}", pipeline::period_name(period),
                                              count_of(static_cast<std::int64_t>(post_count), "post", "posts"))));
}

Result<void> summarize_topic(const Context& context, const SummarizeCommand& command, db::DatabaseClient& client,
                             const store::Topic& topic, const pipeline::Period& period, pipeline::JsonWriter& out) {
  OFFX_ASSIGN(const auto made,
              pipeline::summarize_topic(
                  client, topic, period,
                  {.max_sentences = command.max_sentences, .force = command.force, .engine = command.engine},
                  context.clock.now()));
  if (context.json) {
    out.begin_object();
    pipeline::write_summary(out, made);
    out.end_object();
    return {};
  }
  print(heading(context.terminal, topic.title, period, made.summary.post_count));
  if (made.id != 0) {
    print(printable(made.content) + "\n");
    return {};
  }
  store::PostFilter filter;
  filter.topic_id = topic.id;
  OFFX_ASSIGN(const auto newest, store::PostRepository(client).page(filter, 1));
  print("Nothing to summarise in this period.");
  if (!newest.posts.empty()) {
    print(fmt::format(" The newest post of this topic is of {}.", to_sql_time(newest.posts[0].created_at)));
  }
  print("\n\n");
  return {};
}

Result<void> summarize_file(const Context& context, const SummarizeCommand& command) {
  std::vector<store::Post> posts;
  OFFX_TRY(read_input(context, command.input, command.format,
                      [&](store::Post&& post) { posts.push_back(std::move(post)); }));
  pipeline::Period period;
  const bool bounded = !command.since.empty() || !command.until.empty() || !command.period.empty();
  if (bounded) {
    OFFX_ASSIGN(period, pipeline::parse_period(command.since, command.until, command.period, context.clock.now()));
    std::erase_if(posts,
                  [&](const auto& post) { return post.created_at < period.start || post.created_at >= period.end; });
  } else if (!posts.empty()) {
    const auto [first, last] = std::minmax_element(
        posts.begin(), posts.end(), [](const auto& a, const auto& b) { return a.created_at < b.created_at; });
    period = {first->created_at, last->created_at + std::chrono::seconds(1)};
  }
  const auto made = summary::summarize(posts, {.max_sentences = command.max_sentences});
  const auto sentiment = summary::aggregate(posts);
  if (context.json) {
    pipeline::JsonWriter out;
    out.begin_object();
    pipeline::write_summary(out, nullptr, period, made, posts, sentiment);
    out.end_object();
    print_json(out);
  } else if (made.sentences.empty()) {
    print("Nothing to summarise.\n");
  } else {
    print(heading(context.terminal, command.input, period, made.post_count) +
          printable(summary::render(made, posts, sentiment)));
  }
  return {};
}

}  // namespace

Result<void> run_summarize(const Context& context, const SummarizeCommand& command) {
  if (command.max_sentences < 1 || command.max_sentences > 100) {
    return fail(Errc::invalid_argument, "--max-sentences takes 1 to 100");
  }
  OFFX_TRY(pipeline::check_engine(command.engine));
  if (!command.input.empty()) {
    if (!command.topic.empty()) return fail(Errc::invalid_argument, "--input and --topic do not go together");
    return summarize_file(context, command);
  }
  OFFX_ASSIGN(const auto period,
              pipeline::parse_period(command.since, command.until, command.period, context.clock.now()));
  OFFX_ASSIGN(auto client, context.open_database("summarize"));
  std::vector<store::Topic> topics;
  if (command.topic.empty()) {
    OFFX_ASSIGN(topics, store::TopicRepository(*client).list());
    std::erase_if(topics, [](const store::Topic& topic) { return !topic.is_active; });
  } else {
    OFFX_ASSIGN(auto topic, find_topic(*client, command.topic));
    topics.push_back(std::move(topic));
  }
  if (topics.empty())
    return fail(Errc::not_found, "there are no topics yet; make one with `offx topic add TITLE --rule RULE`");
  pipeline::JsonWriter out;
  if (command.topic.empty()) out.begin_array();
  for (const auto& topic : topics) {
    OFFX_TRY(summarize_topic(context, command, *client, topic, period, out));
    if (context.interrupted) return fail(Errc::cancelled, "interrupted");
  }
  if (command.topic.empty()) out.end_array();
  if (context.json) print_json(out);
  return {};
}

Result<void> run_summaries(const Context& context, const SummariesCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  store::SummaryRepository summaries(*client);
  if (command.id) {
    OFFX_ASSIGN(const auto stored, summaries.get(*command.id));
    if (context.json) {
      OFFX_ASSIGN(const auto citations, summaries.citations(stored.id));
      pipeline::JsonWriter out;
      out.begin_object();
      out.members(pipeline::to_json(stored));
      out.name("posts");
      out.begin_array();
      for (const auto& citation : citations) {
        out.begin_object();
        pipeline::write_post(out, citation.post);
        out.member("n", citation.n);
        out.member("said_by", citation.said_by);
        out.end_object();
      }
      out.end_array();
      out.end_object();
      print_json(out);
      return {};
    }
    OFFX_ASSIGN(const auto topic, store::TopicRepository(*client).get(stored.topic_id));
    print(heading(context.terminal, topic.title, {stored.period_start, stored.period_end},
                  static_cast<std::size_t>(std::max<std::int64_t>(0, stored.post_count))) +
          printable(stored.content));
    return {};
  }
  std::optional<std::int64_t> topic_id;
  if (!command.topic.empty()) {
    OFFX_ASSIGN(const auto topic, find_topic(*client, command.topic));
    topic_id = topic.id;
  }
  OFFX_ASSIGN(const auto list, summaries.list(topic_id, {}, command.limit));
  if (context.json) {
    json::array array;
    for (const auto& stored : list) array.push_back(pipeline::to_json(stored));
    print_json(array);
    return {};
  }
  if (list.empty()) {
    print("No summaries yet: `offx summarize` writes them.\n");
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "TOPIC", "PERIOD", "POSTS", "FIRST SENTENCE"}};
  for (const auto& stored : list) {
    rows.push_back({std::to_string(stored.id), std::to_string(stored.topic_id),
                    pipeline::period_name({stored.period_start, stored.period_end}), with_thousands(stored.post_count),
                    shorten(stored.content.substr(0, stored.content.find('\n')), 60)});
  }
  print(table(context.terminal, rows, {true, true, false, true, false}));
  return {};
}

Result<void> run_sentiment(const Context& context, const SentimentCommand& command) {
  std::vector<store::Post> posts;
  for (const auto& text : command.texts) {
    store::Post post;
    post.content = text;
    posts.push_back(std::move(post));
  }
  if (!command.input.empty()) {
    OFFX_TRY(read_input(context, command.input, command.format,
                        [&](store::Post&& post) { posts.push_back(std::move(post)); }));
  }
  if (posts.empty()) return fail(Errc::invalid_argument, "there is nothing to look at: give TEXT or --input FILE");
  json::array array;
  for (const auto& post : posts) {
    const auto sentiment = summary::sentiment(post.content);
    if (context.json) {
      array.push_back(json::object{{"external_id", pipeline::text_or_null(post.external_id)},
                                   {"score", sentiment.score},
                                   {"label", std::string(summary::to_string(sentiment.label))},
                                   {"compound", summary::valence(post.content).compound},
                                   {"content", post.content}});
    } else {
      print(fmt::format("{:+.2f}  {:8}  {}\n", sentiment.score, summary::to_string(sentiment.label),
                        shorten(post.content, 90)));
    }
  }
  const auto shares = summary::aggregate(posts);
  if (context.json) {
    print_json(json::object{{"posts", std::move(array)}, {"sentiment", pipeline::to_json(shares)}});
  } else if (posts.size() > 1) {
    print(fmt::format("{:+.2f}  {:8}  of {}: {:.0f} % positive, {:.0f} % neutral, {:.0f} % negative\n", shares.score,
                      summary::to_string(shares.label),
                      count_of(static_cast<std::int64_t>(shares.count), "post", "posts"), shares.positive * 100,
                      shares.neutral * 100, shares.negative * 100));
  }
  return {};
}

}  // namespace offx::app
