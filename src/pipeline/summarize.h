#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "pipeline/json_writer.h"
#include "pipeline/period.h"
#include "store/post.h"
#include "store/summaries.h"
#include "store/topics.h"
#include "summary/extractive.h"
#include "summary/sentiment.h"

namespace offx::pipeline {

/// Errc::invalid_argument if there is no engine of this name; the message lists those there are.
Result<void> check_engine(std::string_view name);

struct SummarizeOptions {
  std::size_t max_sentences = 5;         ///< 1 to 100
  bool force = false;                    ///< another one, although the same posts were summarised before
  std::optional<Timestamp> forced_at{};  ///< with force: one made since then is the one that is wanted
  std::string engine{summary::kEngines[0]};
};

/// What one topic's posts of one period say.
struct TopicSummary {
  store::Topic topic;
  Period period;
  summary::Summary summary;
  std::vector<store::Post> posts;  ///< that it cites, by number: CitedPost::index is one's place here
  summary::SentimentShares sentiment;
  std::string content;  ///< the text with its list of posts; empty if there is nothing to say
  std::int64_t id = 0;  ///< of the stored summary; 0 if there is nothing to say
  bool stored = false;  ///< false: the same was stored before
};

/// Summarises the posts of a topic in a period and stores the result with its citations. May be repeated: the same
/// posts and options give the summary that is there. Errc::invalid_argument if there is no such engine,
/// Errc::unavailable if a post was removed while it was cited. All texts of the period are in memory meanwhile, and
/// little else of its posts.
Result<TopicSummary> summarize_topic(db::DatabaseClient& client, const store::Topic& topic, const Period& period,
                                     const SummarizeOptions& options, Timestamp now);

/// The JSON forms, as members of an object that `out` is in; described in docs/cli.md. `topic` may be null.
void write_summary(JsonWriter& out, const TopicSummary& made);
void write_summary(JsonWriter& out, const boost::json::value& topic, const Period& period,
                   const summary::Summary& summary, std::span<const store::Post> posts,
                   const summary::SentimentShares& sentiment);
[[nodiscard]] boost::json::object to_json(const store::StoredSummary& stored);

}  // namespace offx::pipeline
