#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "sources/reader.h"
#include "store/posts.h"

namespace offx::app {

struct ImportOptions {
  sources::ReadOptions read;
  bool strict = false;                             ///< the first broken item stops the import
  const std::atomic<bool>* interrupted = nullptr;  ///< set by SIGINT: stop after what is read already
};

struct ImportResult {
  sources::ReadSummary read;
  store::PutCounts posts;
  bool interrupted = false;
};

struct ImportCallbacks {
  std::function<void(const sources::Progress&)> on_progress;
  std::function<void(const sources::Problem&)> on_problem;
};

/// What is wrong with an item, for people: the field, if it is one, and the reason.
[[nodiscard]] std::string what_is_wrong(const sources::Problem& problem);

/// Reads all posts of `input` and stores, indexes and files them, in transactions of some thousand posts: whatever
/// stops it, what was committed stays, and importing the same again completes it. Reading and matching run in this
/// thread, storing in another. Memory does not depend on the size of the input.
/// An input of format offx_database is another database of OffX, whose posts are copied.
Result<ImportResult> import_posts(db::DatabaseClient& client, const sources::Input& input, const ImportOptions& options,
                                  const ImportCallbacks& callbacks);

}  // namespace offx::app
