#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "store/post.h"

namespace offx::store {

/// A summary as it is stored. The JSON members are as the caller wrote them.
struct StoredSummary {
  std::int64_t id = 0;
  std::int64_t topic_id = 0;
  std::string content;  ///< the text with its list of posts
  std::string prompt;   ///< what made it: the engine and its options, or the prompt of a model
  std::int64_t post_count = 0;
  Timestamp created_at{};
  Timestamp period_start{};
  Timestamp period_end{};
  std::string engine;      ///< empty in summaries of the first OffX, as are the three below
  std::string input_hash;  ///< of the posts and options it was made from
  std::string sentences_json;
  std::string sentiment_json;
};

/// A post a summary cites.
struct SummaryCitation {
  std::int64_t n = 0;        ///< its number in the summary
  std::int64_t said_by = 1;  ///< authors who said the same
  Post post;                 ///< only `id` counts when it is written
};

/// Summaries and the posts they cite. Thread-safe as its client is.
class SummaryRepository {
 public:
  explicit SummaryRepository(db::DatabaseClient& client) : client_(client) {}

  /// Stores a summary with its citations and gives its id; for one that is there already with the same `created_at`,
  /// input and text it gives that one's id, so that the call may be repeated. Errc::conflict if the topic does not
  /// exist.
  Result<std::int64_t> add(const StoredSummary& summary, std::span<const SummaryCitation> citations);
  Result<StoredSummary> get(std::int64_t id);  ///< Errc::not_found
  /// The newest summary of the same topic, period, engine and input.
  Result<std::optional<StoredSummary>> find_same(const StoredSummary& summary);
  /// Newest first; of one topic or of all; those with an id below `before_id`.
  Result<std::vector<StoredSummary>> list(std::optional<std::int64_t> topic_id, std::optional<std::int64_t> before_id,
                                          std::size_t limit);
  Result<std::vector<SummaryCitation>> citations(std::int64_t id);  ///< by number
  Result<void> remove(std::int64_t id);                             ///< Errc::not_found
  Result<std::int64_t> count();

 private:
  db::DatabaseClient& client_;
};

/// One finished import.
struct ImportRecord {
  std::int64_t id = 0;  ///< from new_import_id(), so that a record that is written again is there once
  std::string source;
  std::string format;
  Timestamp started_at{};
  Timestamp finished_at{};
  std::int64_t added = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::int64_t broken = 0;
};

/// An id that nobody else chooses, above those of earlier moments.
[[nodiscard]] std::int64_t new_import_id(Timestamp now);
Result<void> add_import(db::DatabaseClient& client, const ImportRecord& record);
Result<std::optional<ImportRecord>> latest_import(db::DatabaseClient& client);
/// Newest first; those with an id below `before_id`.
Result<std::vector<ImportRecord>> list_imports(db::DatabaseClient& client, std::optional<std::int64_t> before_id,
                                               std::size_t limit);

}  // namespace offx::store
