#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "sources/reader.h"
#include "store/posts.h"

namespace offx::pipeline {

struct ImportOptions {
  sources::ReadOptions read;
  bool strict = false;                             ///< the first broken item stops the import
  const std::atomic<bool>* interrupted = nullptr;  ///< set by SIGINT: stop after what is read already
  std::chrono::milliseconds patience{60'000};      ///< how long a batch is tried again while the database is away
};

struct ImportResult {
  sources::ReadSummary read;
  std::optional<sources::Format> format;  ///< of the input; unknown if the reading was stopped before it could be told
  store::PutCounts posts;
  bool interrupted = false;
  std::optional<Error> failure;  ///< what ended it before the end of the input; what is counted is stored
  bool is_unreadable = false;    ///< that failure is of the input, not of storing
};

struct ImportCallbacks {
  std::function<void(const sources::Progress&)> on_progress;
  std::function<void(const sources::Problem&)> on_problem;
  /// The database does not answer; it is tried again. Called by another thread, once for each outage.
  std::function<void(const Error&)> on_away = {};
};

/// What is wrong with an item, for people: the field, if it is one, and the reason.
[[nodiscard]] std::string what_is_wrong(const sources::Problem& problem);

/// Reads the posts of `input` as sources::read_posts does; of format offx_database too, another database of OffX: a
/// copy of it is read, in the folder for temporary files.
Result<sources::ReadSummary> read_any(const sources::Input& input, const sources::ReadOptions& options,
                                      const sources::ReadCallbacks& callbacks);

/// Reads all posts of `input` (see read_any) and stores, indexes and files them, in transactions of some thousand
/// posts: whatever stops it, what was committed stays, and importing the same again completes it. Reading and matching
/// run in this thread, storing in another. A database that goes away is waited for: a batch that was not answered is
/// stored again, which changes nothing more; what of it was stored the first time then counts as unchanged. Memory does
/// not depend on the size of the input. While a stored rule cannot be read, posts are stored and noted as unfiled. An
/// error is given only if nothing was begun; see ImportResult::failure.
Result<ImportResult> import_posts(db::DatabaseClient& client, const sources::Input& input, const ImportOptions& options,
                                  const ImportCallbacks& callbacks);

}  // namespace offx::pipeline
