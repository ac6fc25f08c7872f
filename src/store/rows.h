#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "db/client.h"
#include "db/value.h"
#include "store/post.h"

namespace offx::store {

/// A time as any OffX wrote it; the epoch where it cannot be read.
[[nodiscard]] Timestamp to_time(const db::Value& value);

/// A time as the tables hold it, to the second.
[[nodiscard]] db::Value stored_time(Timestamp time);

/// A JSON array, the form in which statements take lists: `[1,2]`.
[[nodiscard]] std::string to_json(std::span<const std::int64_t> numbers);
[[nodiscard]] std::string to_json(std::span<const std::string> texts);

/// How many columns row_to_post() reads.
inline constexpr std::size_t kPostColumns = 24;

/// The post in the columns the catalogue selects for one; its media are not among them.
[[nodiscard]] Post row_to_post(std::span<const db::Value> row);

struct PostLinks;
struct StoredSummary;
struct SummaryCitation;
struct Topic;

/// From the columns the catalogue selects for each.
[[nodiscard]] Topic row_to_topic(std::span<const db::Value> row);
[[nodiscard]] StoredSummary row_to_summary(std::span<const db::Value> row);
[[nodiscard]] SummaryCitation row_to_citation(std::span<const db::Value> row);

/// Gives each post its media, and each of `links` (one for each post, or none at all) what it is tied to. The rows are
/// those of Query::posts_media_of and Query::posts_labels_of, or of a statement with the same columns.
void tie_links(std::span<Post> posts, std::span<PostLinks> links, const db::QueryResult& media,
               const db::QueryResult& labels);

}  // namespace offx::store
