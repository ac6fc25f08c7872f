#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::store {

/// The mood of some posts.
struct Mood {
  std::int64_t posts = 0;
  double score_sum = 0;  ///< of each post's score, −1 … 1
  std::int64_t positive = 0;
  std::int64_t negative = 0;
};

/// A topic's posts of one hour.
struct HourVolume {
  std::int64_t topic_id = 0;
  Timestamp hour{};  ///< its begin
  std::int64_t posts = 0;
  std::int64_t revision = 0;  ///< grows with every change of the hour's posts
  std::optional<Mood> mood;   ///< if it is known for these posts
};

/// [from, to), in whole hours.
struct HourSpan {
  Timestamp from{};
  Timestamp to{};
};

/// How many posts topics have at what time, and their mood: kept by triggers, so that nothing is counted. Thread-safe
/// as its client is.
class VolumeRepository {
 public:
  explicit VolumeRepository(db::DatabaseClient& client) : client_(client) {}

  /// The hours that have any post, by time. A row an hour.
  Result<std::vector<HourVolume>> series(std::int64_t topic_id, HourSpan span);

  /// Hours of one topic or of all whose mood is not known for the posts they have, the newest first.
  Result<std::vector<HourVolume>> without_mood(std::optional<std::int64_t> topic_id, Timestamp since,
                                               std::size_t limit);
  /// (index of the hour, text) of every post in these hours.
  Result<std::vector<std::pair<std::size_t, std::string>>> texts(std::span<const HourVolume> hours);
  /// Keeps the moods of hours; that of an hour whose posts have changed since is dropped. May be repeated.
  Result<void> put_moods(std::span<const HourVolume> hours);
  /// Forgets what is left of topics that another program removed.
  Result<void> forget_removed_topics();

 private:
  db::DatabaseClient& client_;
};

/// `2026-08-22 14`: how the tables write an hour.
[[nodiscard]] std::string hour_text(Timestamp time);

}  // namespace offx::store
