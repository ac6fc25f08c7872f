#pragma once

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "store/posts.h"

namespace offx::pipeline {

/// Stored posts that say the same as `post` in almost the same words, those stored last first, at most `limit`. Looked
/// for by the post's longest words in the full-text index, so that one edited beyond them may be missed.
Result<store::PostPage> similar_posts(db::DatabaseClient& client, const store::Post& post, std::size_t limit);

}  // namespace offx::pipeline
