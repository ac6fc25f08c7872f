#include "pipeline/summarize.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "pipeline/json.h"
#include "store/posts.h"
#include "summary/render.h"

namespace offx::pipeline {
namespace {

namespace json = boost::json;

/// FNV-1a over what a summary is made from: the same posts and options give the same text.
std::string input_hash(std::span<const summary::Input> posts, const summary::Options& options) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ bytes.size()) * 0x100000001b3ULL;
  };
  std::vector<const summary::Input*> sorted;
  sorted.reserve(posts.size());
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

}  // namespace

Result<void> check_engine(std::string_view name) {
  const auto& engines = summary::kEngines;
  if (std::find(engines.begin(), engines.end(), name) != engines.end()) return {};
  return fail(
      Error(Errc::invalid_argument, fmt::format("there is no engine '{}'; there is {}", name, fmt::join(engines, ", ")))
          .within("engine"));
}

Result<TopicSummary> summarize_topic(db::DatabaseClient& client, const store::Topic& topic, const Period& period,
                                     const SummarizeOptions& options, Timestamp now) {
  OFFX_TRY(check_engine(options.engine));
  store::SummaryRepository summaries(client);
  TopicSummary result{.topic = topic, .period = period};
  store::PostRepository posts(client);
  summary::Inputs inputs;
  OFFX_TRY(posts.each_in_period(topic.id, period.start, period.end, [&](const auto& post) { inputs.add(post); }));
  const summary::Options wanted{.max_sentences = options.max_sentences};
  result.summary = summary::summarize(inputs.all(), wanted);
  result.sentiment = summary::aggregate(inputs.all());
  if (result.summary.sentences.empty()) return result;

  std::vector<std::int64_t> cited_ids;
  for (auto& cited : result.summary.posts) {
    cited_ids.push_back(inputs.all()[cited.index].id);
    cited.index = cited.n - 1;
  }
  OFFX_ASSIGN(result.posts, posts.get(cited_ids));
  if (result.posts.size() != cited_ids.size()) {
    return fail(Errc::unavailable, "a post was removed while it was being cited; try again");
  }
  result.content = summary::render(result.summary, result.posts, result.sentiment);
  store::StoredSummary stored;
  stored.topic_id = topic.id;
  stored.content = result.content;
  stored.engine = summary::kExtractiveEngine;
  stored.prompt = fmt::format("{}; up to {} sentence{}", stored.engine, options.max_sentences,
                              options.max_sentences == 1 ? "" : "s");
  stored.post_count = static_cast<std::int64_t>(result.summary.post_count);
  stored.created_at = now;
  stored.period_start = period.start;
  stored.period_end = period.end;
  stored.input_hash = input_hash(inputs.all(), wanted);
  stored.sentences_json = json::serialize(to_json(result.summary.sentences));
  stored.sentiment_json = json::serialize(to_json(result.sentiment));
  OFFX_ASSIGN(const auto same, summaries.find_same(stored));
  // Times are stored to the second.
  const bool is_made = same && options.force && options.forced_at &&
                       same->created_at >= std::chrono::floor<std::chrono::seconds>(*options.forced_at);
  if (same && (!options.force || is_made)) {
    result.id = same->id;
    return result;
  }
  // Times are kept to the second, and a summary of the same second counts as a repeated write.
  if (same) stored.created_at = std::max(stored.created_at, same->created_at + std::chrono::seconds(1));
  std::vector<store::SummaryCitation> citations;
  for (const auto& cited : result.summary.posts) {
    store::SummaryCitation citation;
    citation.n = static_cast<std::int64_t>(cited.n);
    citation.said_by = static_cast<std::int64_t>(cited.said_by);
    citation.post.id = result.posts[cited.index].id;
    citations.push_back(std::move(citation));
  }
  OFFX_ASSIGN(result.id, summaries.add(stored, citations));
  result.stored = true;
  return result;
}

void write_summary(JsonWriter& out, const json::value& topic, const Period& period, const summary::Summary& summary,
                   std::span<const store::Post> posts, const summary::SentimentShares& sentiment) {
  out.member("topic", topic);
  out.name("period");
  out.begin_object();
  out.member("start", period.start);
  out.member("end", period.end);
  out.end_object();
  out.member("engine", summary::kExtractiveEngine);
  out.member("post_count", summary.post_count);
  out.member("distinct_count", summary.distinct_count);
  out.member("sentences", to_json(summary.sentences));
  out.name("posts");
  out.begin_array();
  const auto references = summary::references(summary, posts);
  for (std::size_t i = 0; i < references.size(); ++i) {
    out.begin_object();
    write_post(out, *references[i].post);
    out.member("n", references[i].n);
    out.member("said_by", references[i].said_by);
    out.member("cluster_size", summary.posts[i].cluster_size);
    out.member("link", references[i].link);
    out.end_object();
  }
  out.end_array();
  out.member("sentiment", to_json(sentiment));
}

void write_summary(JsonWriter& out, const TopicSummary& made) {
  write_summary(out, json::object{{"id", made.topic.id}, {"title", made.topic.title}}, made.period, made.summary,
                made.posts, made.sentiment);
  if (made.id == 0) return;
  out.member("id", made.id);
  out.member("stored", made.stored);
}

json::object to_json(const store::StoredSummary& stored) {
  return {
      {"id", stored.id},
      {"topic_id", stored.topic_id},
      {"period", json::object{{"start", to_iso_time(stored.period_start)}, {"end", to_iso_time(stored.period_end)}}},
      {"created_at", to_iso_time(stored.created_at)},
      {"engine", text_or_null(stored.engine)},
      {"prompt", text_or_null(stored.prompt)},
      {"post_count", stored.post_count},
      {"content", stored.content},
      {"sentences", stored_json(stored.sentences_json)},
      {"sentiment", stored_json(stored.sentiment_json)}};
}

}  // namespace offx::pipeline
