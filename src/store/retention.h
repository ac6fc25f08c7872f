#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "store/posts.h"

namespace offx::store {

/// Posts that are older than they are to be, oldest first.
struct OldPosts {
  std::vector<std::int64_t> ids;
  std::optional<PageKey> next;  ///< absent when there are no more
};

/// A page of the posts from before `before`; those that a summary cites only if `with_cited`, and none
/// whose date cannot be read.
Result<OldPosts> posts_before(db::DatabaseClient& client, Timestamp before, bool with_cited, std::size_t limit,
                              const std::optional<PageKey>& after = {});

}  // namespace offx::store
