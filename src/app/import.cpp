#include "app/import.h"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include <stdlib.h>

#include "app/filer.h"
#include "db/sqlite/backup.h"
#include "store/store.h"

namespace offx::app {
namespace {

constexpr std::size_t kBatchPosts = 2000;
constexpr std::size_t kBatchBytes = 8U << 20U;  ///< of text: few long posts make a batch too
constexpr std::size_t kQueueBatches = 3;

using Batch = std::vector<store::FiledPost>;

/// Stores batches in a thread of its own, in order. The first failure ends it: what comes after is dropped.
class StoringThread {
 public:
  StoringThread(db::DatabaseClient& client, store::RuleRevision revision)
      : posts_(client), revision_(revision), thread_([this] { run(); }) {}
  ~StoringThread() { static_cast<void>(finish()); }
  StoringThread(const StoringThread&) = delete;
  StoringThread& operator=(const StoringThread&) = delete;

  /// Waits until there is room.
  Result<void> put(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.size() < kQueueBatches || failure_; });
    if (failure_) return fail(Error(*failure_));
    queue_.push_back(std::move(batch));
    changed_.notify_all();
    return {};
  }

  /// Waits until everything is stored.
  Result<store::PutCounts> finish() {
    {
      const std::lock_guard lock(mutex_);
      finishing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (failure_) return fail(Error(*failure_));
    return counts_;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !queue_.empty() || finishing_; });
      if (queue_.empty()) return;
      const Batch batch = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
      lock.unlock();
      auto counts = posts_.put(batch, revision_);
      lock.lock();
      if (!counts) {
        failure_ = std::move(counts).error();
        changed_.notify_all();
        return;
      }
      counts_.added += counts->added;
      counts_.updated += counts->updated;
      counts_.unchanged += counts->unchanged;
    }
  }

  store::PostRepository posts_;
  const store::RuleRevision revision_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> queue_;
  store::PutCounts counts_;
  std::optional<Error> failure_;
  bool finishing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

/// A folder of its own, gone with it.
class ScratchFolder {
 public:
  ScratchFolder() : path_((std::filesystem::temp_directory_path() / "offx-import-XXXXXX").string()) {
    made_ = mkdtemp(path_.data()) != nullptr;
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what is left in the temporary folder is the system's to clean
    if (made_) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

/// Reads the posts of another OffX database, of the first OffX too, as a reader of a file would. The file itself is
/// only read: what it lacks of our tables is added to a copy.
Result<sources::ReadSummary> read_database(const std::string& path, const sources::ReadCallbacks& callbacks) {
  const ScratchFolder folder;
  if (!folder.made()) return fail(Errc::io, "cannot make the temporary folder " + folder.path());
  const std::string copy = folder.path() + "/copy.db";
  OFFX_TRY(db::sqlite::copy_database(path, copy, {}));
  OFFX_ASSIGN(auto client, db::create_database_client("sqlite:" + copy));
  OFFX_ASSIGN(const bool has_posts, store::has_posts(*client));
  if (!has_posts) return fail(Error(Errc::unsupported, "this SQLite file is not a database of OffX").within(path));
  OFFX_TRY(store::initialise(*client));
  store::PostRepository posts(*client);
  OFFX_ASSIGN(const auto totals, posts.totals());
  sources::ReadSummary summary;
  summary.format = sources::Format::offx_database;
  OFFX_TRY(posts.each([&](const store::Post& stored) -> Result<void> {
    store::Post post = stored;
    post.id = 0;  // an id of that database
    ++summary.posts;
    if (callbacks.on_progress && summary.posts % kBatchPosts == 0) {
      OFFX_TRY(callbacks.on_progress({summary.posts, static_cast<std::uint64_t>(totals.posts), summary.posts}));
    }
    return callbacks.on_post(std::move(post));
  }));
  return summary;
}

}  // namespace

std::string what_is_wrong(const sources::Problem& problem) {
  return problem.field.empty() ? problem.reason : problem.field + " " + problem.reason;
}

Result<ImportResult> import_posts(db::DatabaseClient& client, const sources::Input& input, const ImportOptions& options,
                                  const ImportCallbacks& callbacks) {
  OFFX_ASSIGN(auto rules, load_rules(client));
  Filer filer(std::move(rules));
  StoringThread storing(client, filer.rules().revision);
  ImportResult result;
  Batch batch;
  std::size_t batch_bytes = 0;
  const auto flush = [&]() -> Result<void> {
    batch_bytes = 0;
    Batch full;
    full.reserve(kBatchPosts);
    full.swap(batch);
    return storing.put(std::move(full));
  };

  sources::ReadCallbacks reading;
  reading.on_post = [&](store::Post&& post) -> Result<void> {
    if (options.interrupted != nullptr && *options.interrupted) return fail(Errc::cancelled, "interrupted");
    batch.push_back(filer.file(std::move(post)));
    batch_bytes += batch.back().post.content.size() + batch.back().post.details.html.size();
    if (batch.size() < kBatchPosts && batch_bytes < kBatchBytes) return {};
    return flush();
  };
  reading.on_problem = [&](const sources::Problem& problem) -> Result<void> {
    if (callbacks.on_problem) callbacks.on_problem(problem);
    if (!options.strict) return {};
    return fail(Error(Errc::corrupt, what_is_wrong(problem)).within(problem.where));
  };
  reading.on_progress = [&](const sources::Progress& progress) -> Result<void> {
    if (options.interrupted != nullptr && *options.interrupted) return fail(Errc::cancelled, "interrupted");
    if (callbacks.on_progress) callbacks.on_progress(progress);
    return {};
  };

  auto read = sources::read_posts(input, options.read, reading);
  if (read && read->format == sources::Format::offx_database) read = read_database(input.name, reading);
  result.interrupted =
      !read && read.error().code() == Errc::cancelled && options.interrupted != nullptr && *options.interrupted;
  // Whatever stopped the reading, what was read before it is stored.
  if (auto flushed = flush(); !flushed) return fail(std::move(flushed).error());
  OFFX_ASSIGN(result.posts, storing.finish());
  if (!read && !result.interrupted) return fail(std::move(read).error());
  if (read) result.read = *read;
  return result;
}

}  // namespace offx::app
