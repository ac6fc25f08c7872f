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
  std::vector<SpanVolume> spans;  ///< one for each that was asked for
  std::int64_t new_posts = 0;     ///< of a time behind `new_since`
  std::optional<ShownSummary> summary;
  std::optional<Timestamp> done_at;
};

/// All topics, by id, in one round trip.
Result<std::vector<TopicToday>> read_today(db::DatabaseClient& client, std::int64_t user_id,
                                           std::span<const HourSpan> spans, Timestamp new_since);

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
