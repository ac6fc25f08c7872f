#include <algorithm>
#include <tuple>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/json.h"
#include "store/posts.h"
#include "store/summaries.h"
#include "summary/extractive.h"
#include "summary/render.h"
#include "summary/sentiment.h"

namespace offx::app {
namespace {

namespace json = boost::json;

/// FNV-1a over what a summary is made from: the same posts and options give the same text.
std::string input_hash(std::span<const store::Post> posts, const summary::Options& options) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ bytes.size()) * 0x100000001b3ULL;
  };
  std::vector<const store::Post*> sorted;
  for (const auto& post : posts) sorted.push_back(&post);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::tie(a->platform, a->external_id) < std::tie(b->platform, b->external_id);
  });
  for (const auto* post : sorted) {
    add(post->platform);
    add(post->external_id);
    add(post->content);
  }
  add(std::to_string(options.max_sentences));
  return fmt::format("{:016x}", hash);
}

json::object summary_json(const json::value& topic, const Period& period, const summary::Summary& summary,
                          std::span<const store::Post> posts, const summary::SentimentShares& sentiment) {
  json::array cited;
  const auto references = summary::references(summary, posts);
  for (std::size_t i = 0; i < references.size(); ++i) {
    auto object = to_json(*references[i].post);
    object["n"] = references[i].n;
    object["said_by"] = references[i].said_by;
    object["cluster_size"] = summary.posts[i].cluster_size;
    object["link"] = references[i].link;
    cited.push_back(std::move(object));
  }
  return {{"topic", topic},
          {"period", json::object{{"start", to_iso_time(period.start)}, {"end", to_iso_time(period.end)}}},
          {"engine", summary::kExtractiveEngine},
          {"post_count", summary.post_count},
          {"distinct_count", summary.distinct_count},
          {"sentences", to_json(summary.sentences)},
          {"posts", std::move(cited)},
          {"sentiment", to_json(sentiment)}};
}

std::string period_text(const Period& period) {
  const auto text = [](Timestamp time) {
    const std::string full = to_sql_time(time);
    return full.ends_with(" 00:00:00") ? full.substr(0, 10) : full;
  };
  return text(period.start) + " to " + text(period.end);
}

std::string heading(const Terminal& terminal, const std::string& title, const Period& period, std::size_t post_count) {
  return fmt::format("{}  {}\n\n", terminal.bold(printable(title)),
                     terminal.dim(fmt::format("{}, {}", period_text(period),
                                              count_of(static_cast<std::int64_t>(post_count), "post", "posts"))));
}

Result<void> summarize_topic(const Context& context, const SummarizeCommand& command, db::DatabaseClient& client,
                             const store::Topic& topic, const Period& period, json::array& results) {
  store::PostRepository posts_of(client);
  store::SummaryRepository summaries(client);
  OFFX_ASSIGN(const auto posts, posts_of.in_period(topic.id, period.start, period.end));
  const summary::Options options{.max_sentences = command.max_sentences};
  const auto made = summary::summarize(posts, options);
  const json::object topic_json{{"id", topic.id}, {"title", topic.title}};
  const auto sentiment = summary::aggregate(posts);
  auto object = summary_json(topic_json, period, made, posts, sentiment);
  if (made.sentences.empty()) {
    if (context.json) {
      results.push_back(std::move(object));
      return {};
    }
    store::PostFilter filter;
    filter.topic_id = topic.id;
    OFFX_ASSIGN(const auto newest, posts_of.page(filter, 1));
    print(heading(context.terminal, topic.title, period, made.post_count));
    print("Nothing to summarise in this period.");
    if (!newest.posts.empty()) {
      print(fmt::format(" The newest post of this topic is of {}.", to_sql_time(newest.posts[0].created_at)));
    }
    print("\n\n");
    return {};
  }

  store::StoredSummary stored;
  stored.topic_id = topic.id;
  stored.content = summary::render(made, posts, sentiment);
  stored.engine = summary::kExtractiveEngine;
  stored.prompt = fmt::format("{}; up to {}", stored.engine,
                              count_of(static_cast<std::int64_t>(command.max_sentences), "sentence", "sentences"));
  stored.post_count = static_cast<std::int64_t>(made.post_count);
  stored.created_at = context.clock.now();
  stored.period_start = period.start;
  stored.period_end = period.end;
  stored.input_hash = input_hash(posts, options);
  stored.sentences_json = json::serialize(to_json(made.sentences));
  stored.sentiment_json = json::serialize(to_json(sentiment));
  OFFX_ASSIGN(const auto same, summaries.find_same(stored));
  const bool reused = same && !command.force;
  // Times are kept to the second, and a summary of the same second counts as a repeated write.
  if (same) stored.created_at = std::max(stored.created_at, same->created_at + std::chrono::seconds(1));
  if (reused) {
    stored.id = same->id;
  } else {
    std::vector<store::SummaryCitation> citations;
    for (const auto& cited : made.posts) {
      store::SummaryCitation citation;
      citation.n = static_cast<std::int64_t>(cited.n);
      citation.said_by = static_cast<std::int64_t>(cited.said_by);
      citation.post.id = posts[cited.index].id;
      citations.push_back(std::move(citation));
    }
    OFFX_ASSIGN(stored.id, summaries.add(stored, citations));
  }
  if (context.json) {
    object["id"] = stored.id;
    object["stored"] = !reused;
    results.push_back(std::move(object));
  } else {
    print(heading(context.terminal, topic.title, period, made.post_count) + printable(stored.content) + "\n");
  }
  return {};
}

Result<void> summarize_file(const Context& context, const SummarizeCommand& command) {
  std::vector<store::Post> posts;
  OFFX_TRY(read_input(context, command.input, command.format,
                      [&](store::Post&& post) { posts.push_back(std::move(post)); }));
  Period period;
  const bool bounded = !command.since.empty() || !command.until.empty() || !command.period.empty();
  if (bounded) {
    OFFX_ASSIGN(period, parse_period(command.since, command.until, command.period, context.clock.now()));
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
    print_json(summary_json(nullptr, period, made, posts, sentiment));
  } else if (made.sentences.empty()) {
    print("Nothing to summarise.\n");
  } else {
    print(heading(context.terminal, command.input, period, made.post_count) +
          printable(summary::render(made, posts, sentiment)));
  }
  return {};
}

json::object to_json(const store::StoredSummary& stored) {
  boost::system::error_code error;
  auto sentences = json::parse(stored.sentences_json.empty() ? "null" : stored.sentences_json, error);
  if (error) sentences = nullptr;
  auto sentiment = json::parse(stored.sentiment_json.empty() ? "null" : stored.sentiment_json, error);
  if (error) sentiment = nullptr;
  return {
      {"id", stored.id},
      {"topic_id", stored.topic_id},
      {"period", json::object{{"start", to_iso_time(stored.period_start)}, {"end", to_iso_time(stored.period_end)}}},
      {"created_at", to_iso_time(stored.created_at)},
      {"engine", text_or_null(stored.engine)},
      {"prompt", text_or_null(stored.prompt)},
      {"post_count", stored.post_count},
      {"content", stored.content},
      {"sentences", std::move(sentences)},
      {"sentiment", std::move(sentiment)}};
}

}  // namespace

Result<void> run_summarize(const Context& context, const SummarizeCommand& command) {
  if (command.max_sentences < 1 || command.max_sentences > 100) {
    return fail(Errc::invalid_argument, "--max-sentences takes 1 to 100");
  }
  if (!command.input.empty()) {
    if (!command.topic.empty()) return fail(Errc::invalid_argument, "--input and --topic do not go together");
    return summarize_file(context, command);
  }
  OFFX_ASSIGN(const auto period, parse_period(command.since, command.until, command.period, context.clock.now()));
  OFFX_ASSIGN(auto client, context.open_database());
  OFFX_ASSIGN(const auto use, context.announce(*client, "summarize"));
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
  json::array results;
  for (const auto& topic : topics) {
    OFFX_TRY(summarize_topic(context, command, *client, topic, period, results));
    if (context.interrupted) return fail(Errc::cancelled, "interrupted");
  }
  if (context.json) print_json(command.topic.empty() ? json::value(std::move(results)) : std::move(results.front()));
  return {};
}

Result<void> run_summaries(const Context& context, const SummariesCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database());
  store::SummaryRepository summaries(*client);
  if (command.id) {
    OFFX_ASSIGN(const auto stored, summaries.get(*command.id));
    if (context.json) {
      OFFX_ASSIGN(const auto citations, summaries.citations(stored.id));
      auto object = to_json(stored);
      json::array posts;
      for (const auto& citation : citations) {
        auto post = app::to_json(citation.post);
        post["n"] = citation.n;
        post["said_by"] = citation.said_by;
        posts.push_back(std::move(post));
      }
      object["posts"] = std::move(posts);
      print_json(object);
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
    for (const auto& stored : list) array.push_back(to_json(stored));
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
                    period_text({stored.period_start, stored.period_end}), with_thousands(stored.post_count),
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
      array.push_back(json::object{{"external_id", text_or_null(post.external_id)},
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
    print_json(json::object{{"posts", std::move(array)}, {"sentiment", app::to_json(shares)}});
  } else if (posts.size() > 1) {
    print(fmt::format("{:+.2f}  {:8}  of {}: {:.0f} % positive, {:.0f} % neutral, {:.0f} % negative\n", shares.score,
                      summary::to_string(shares.label),
                      count_of(static_cast<std::int64_t>(shares.count), "post", "posts"), shares.positive * 100,
                      shares.neutral * 100, shares.negative * 100));
  }
  return {};
}

}  // namespace offx::app
