#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::store {

/// A topic as its user defined it.
struct Topic {
  std::int64_t id = 0;
  std::string title;
  std::string description;
  std::optional<std::string> rule;  ///< none: its posts are filed by hand
  Timestamp created_at{};
  Timestamp updated_at{};
  bool is_active = true;          ///< switched off, it keeps its posts and gets no new ones
  std::string color = "#3498db";  ///< `#rrggbb`, for whatever shows it
};

/// True for `#rrggbb`.
[[nodiscard]] bool is_color(std::string_view text) noexcept;

/// A title needs something to read, and has at most so many characters (code points).
inline constexpr std::size_t kTitleCharsMax = 200;
/// Errc::invalid_argument within `title`, if that title will not do.
[[nodiscard]] Result<void> check_title(std::string_view title);

/// What there is of a topic.
struct TopicCounts {
  std::int64_t topic_id = 0;
  std::int64_t posts = 0;
  std::optional<Timestamp> last_summary_at;
  bool is_filing = false;  ///< it has a rule, and the posts of before are not filed by it yet
};

/// Tells one state of all rules from another.
struct RuleRevision {
  std::int64_t revision = 0;
  std::int64_t rules = 0;

  friend bool operator==(const RuleRevision&, const RuleRevision&) = default;
};

/// Topics, their rules, and which posts belong to them. Thread-safe as its client is.
class TopicRepository {
 public:
  explicit TopicRepository(db::DatabaseClient& client) : client_(client) {}

  /// Stores a new topic, with its rule if it has one, and gives its id. Errc::conflict if the title is taken (without
  /// regard to case); by this very topic, added at this very second, it gives its id, so that the call may be repeated.
  /// A title is looked at by check_title().
  Result<std::int64_t> add(const Topic& topic, Timestamp now);
  /// Writes every field of an existing topic but its times. A rule that is new or switched on again has to be filed
  /// anew: see not_filed(). A title that stays as it is may stay too long. Errc::not_found, Errc::conflict as in add().
  Result<void> update(const Topic& topic, Timestamp now);
  /// Removes a topic, its links to posts and its summaries; the posts stay. Errc::not_found.
  Result<void> remove(std::int64_t id);

  Result<Topic> get(std::int64_t id);  ///< Errc::not_found
  /// Those of these that are there, by id; one read.
  Result<std::vector<Topic>> get(const std::vector<std::int64_t>& ids);
  Result<std::optional<Topic>> find(std::string_view title);  ///< by title, without regard to case
  Result<std::vector<Topic>> list(std::int64_t after_id = 0, std::int64_t limit = 1'000'000);  ///< by id
  /// One for each topic, by id, or for the one. Nothing is counted: it costs a row a topic.
  Result<std::vector<TopicCounts>> counts(std::optional<std::int64_t> id = {});

  Result<RuleRevision> rule_revision();
  /// Active topics whose posts of before have not been filed by their rule yet: set_posts() is still to come.
  Result<std::vector<Topic>> not_filed();
  /// Makes `post_ids` the topic's posts among those with ids up to `up_to_id`: links to others of them go, those that
  /// are there stay as they are. Later posts were filed by the rule as it is now, and are left alone. The topic then
  /// counts as filed. Changes nothing if its rule is not `topic.rule` any more.
  Result<void> set_posts(const Topic& topic, const std::vector<std::int64_t>& post_ids, std::int64_t up_to_id,
                         Timestamp now);

 private:
  Result<void> title_is_free(const Topic& topic);
  db::DatabaseClient& client_;
};

}  // namespace offx::store
