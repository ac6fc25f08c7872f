#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "store/posts.h"
#include "store/summaries.h"
#include "store/topics.h"
#include "store/volume.h"

namespace offx::store {

/// A summary with the posts it cites, as a reader sees it.
struct ShownSummary {
  StoredSummary summary;
  std::vector<SummaryCitation> citations;  ///< by number
  std::vector<PostLinks> links;            ///< one for each citation
};

/// Errc::not_found if there is none of this id.
Result<ShownSummary> read_summary(db::DatabaseClient& client, std::int64_t id);

/// What a user sees of one topic on the page of the day.
struct TopicToday {
  Topic topic;
  std::vector<std::int64_t> posts;  ///< from each bound to the next
  Mood mood;                        ///< of the posts since `mood_since` whose mood is known
  std::int64_t new_posts = 0;       ///< of a time behind `new_since`
  /// The one that reaches furthest. Without its prompt and input, and with `content` only if it has no sentences.
  std::optional<StoredSummary> summary;
  std::optional<Timestamp> done_at;
};

struct TodayTimes {
  std::span<const Timestamp> bounds;  ///< by time, two at least; whole hours count
  Timestamp mood_since{};             ///< up to the last bound
  Timestamp new_since{};
};

/// All topics, by id, 250 in a round trip: what is written meanwhile may be seen of the later ones alone.
Result<std::vector<TopicToday>> read_today(db::DatabaseClient& client, std::int64_t user_id, const TodayTimes& times);

/// A visit ends when the user has been away for so long.
inline constexpr std::chrono::minutes kVisitGap{30};

/// Notes that the user is here now.
Result<void> mark_visit(db::DatabaseClient& client, std::int64_t user_id, Timestamp now);
/// When the visit before the present one was; nothing if this is the first.
Result<std::optional<Timestamp>> visit_before(db::DatabaseClient& client, std::int64_t user_id, Timestamp now);
/// Errc::not_found if there is no such topic.
Result<void> mark_done(db::DatabaseClient& client, std::int64_t user_id, std::int64_t topic_id, Timestamp now);
Result<void> unmark_done(db::DatabaseClient& client, std::int64_t user_id, std::int64_t topic_id);

}  // namespace offx::store
