#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "db/client.h"
#include "store/posts.h"
#include "topics/rule.h"

namespace offx::pipeline {

struct SearchOptions {
  store::SearchOrder order = store::SearchOrder::newest;
  store::PostFilter filter;
  std::size_t limit = 20;
  std::optional<store::PageKey> after;
  const std::atomic<bool>* interrupted = nullptr;
  /// After so long a page ends with what it has; its `next` goes on from there. Zero: never.
  std::chrono::milliseconds time_max{0};
};

/// A page of the stored posts that fulfil the query. What the full-text index cannot say for certain (addresses,
/// attachments, nearness) is verified post by post. In order of relevance there is one page only.
Result<store::PostPage> search_posts(db::DatabaseClient& client, const topics::Rule& query,
                                     const SearchOptions& options);

/// Whom a filter by author means: `ada` or `@ada`, and nobody in particular if the text is empty.
/// Errc::invalid_argument if there is no name behind the @.
[[nodiscard]] Result<std::string> author_named(std::string_view text);

}  // namespace offx::pipeline
