#include "pipeline/import.h"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "db/sqlite/backup.h"
#include "pipeline/filer.h"
#include "pipeline/patience.h"
#include "sources/byte_source.h"
#include "store/store.h"

namespace offx::pipeline {
namespace {

constexpr std::size_t kBatchPosts = 2000;
constexpr std::size_t kBatchBytes = 8U << 20U;  ///< of text: few long posts make a batch too
constexpr std::size_t kQueueBatches = 3;

using Batch = std::vector<store::FiledPost>;

/// What a post weighs: all its texts.
std::size_t bytes_of(const store::FiledPost& filed) {
  const auto& post = filed.post;
  const auto& details = post.details;
  std::size_t bytes = sizeof(store::FiledPost) + filed.document.body.size() + filed.document.terms.size() +
                      post.content.size() + post.author.size() + post.author_username.size() + post.url.size() +
                      details.quoted_text.size() + details.content_warning.size() + details.html.size();
  for (const auto& link : details.links) bytes += sizeof(std::string) + link.size();
  for (const auto& media : post.media) {
    bytes += sizeof(media) + media.url.size() + (media.alt_text ? media.alt_text->size() : 0);
  }
  return bytes;
}

/// Stores batches in a thread of its own, in order. The first failure ends it: what comes after is dropped.
class StoringThread {
 public:
  StoringThread(db::DatabaseClient& client, store::RuleRevision revision, Patience patience)
      : posts_(client), revision_(revision), patience_(std::move(patience)), thread_([this] { run(); }) {}
  ~StoringThread() { finish(); }
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

  /// Waits until everything is stored, or storing failed. Afterwards counts() and failure() may be asked.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finishing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] const store::PutCounts& counts() const { return counts_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  Result<store::PutCounts> put_batch(const Batch& batch) {
    try {
      store::PutCounts counts;
      OFFX_TRY(persist(patience_, [&]() -> Result<void> {
        OFFX_ASSIGN(counts, posts_.put(batch, revision_));
        return {};
      }));
      return counts;
    } catch (const std::exception& error) {  // no memory: this thread has nobody above it to catch it
      return fail(Errc::unavailable, std::string("cannot store: ") + error.what());
    }
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !queue_.empty() || finishing_; });
      if (queue_.empty()) return;
      const Batch batch = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
      lock.unlock();
      auto counts = put_batch(batch);
      lock.lock();
      if (!counts) {
        failure_ = std::move(counts).error();
        changed_.notify_all();
        return;
      }
      counts_.added += counts->added;
      counts_.updated += counts->updated;
      counts_.unchanged += counts->unchanged;
      counts_.kept_out += counts->kept_out;
    }
  }

  store::PostRepository posts_;
  const store::RuleRevision revision_;
  const Patience patience_;
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
  ScratchFolder() {
    std::error_code error;
    path_ = (std::filesystem::temp_directory_path(error) / "offx-import-XXXXXX").string();
    made_ = !error && mkdtemp(path_.data()) != nullptr;
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

/// True if `path` is a file that begins as SQLite's do: it is not compressed, and may have a log beside it.
bool is_plain_database(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  std::string head(kMagic.size(), ' ');
  return file.read(head.data(), static_cast<std::streamsize>(head.size())) && head == kMagic;
}

Result<void> write_file(const std::string& path, sources::ByteSource& bytes) {
  constexpr std::size_t kChunkBytes = 256U << 10U;
  std::ofstream file(path, std::ios::binary);
  std::string chunk(kChunkBytes, '\0');
  for (;;) {
    OFFX_ASSIGN(const std::size_t count, bytes.read(chunk));
    if (count == 0) break;
    if (!file.write(chunk.data(), static_cast<std::streamsize>(count))) break;
  }
  file.close();
  if (!file) return fail(Errc::io, "cannot write " + path + ": is there room on the disk?");
  return {};
}

/// Reads the posts of another OffX database, of the first OffX too, as a reader of a file would. The database itself is
/// only read: what it lacks of our tables is added to a copy. `bytes` are read if it is not a file as it should be.
Result<void> read_database(const sources::Input& input, sources::ByteSource& bytes,
                           const sources::ReadCallbacks& callbacks,
                           const std::function<Result<void>(store::Post&&)>& take) {
  const ScratchFolder folder;
  if (!folder.made()) return fail(Errc::io, "cannot make the temporary folder " + folder.path());
  std::string path = input.name;
  if (input.bytes || !is_plain_database(path)) {
    path = folder.path() + "/unpacked.db";
    OFFX_TRY(write_file(path, bytes));
  }
  const std::string copy = folder.path() + "/copy.db";
  Result<void> progress;
  auto copied = db::sqlite::copy_database(
      path, copy,
      [&](std::uint64_t done, std::uint64_t total) {
        if (callbacks.on_progress) progress = callbacks.on_progress({done, total, 0});
        return progress.has_value();
      },
      db::sqlite::Origin::foreign);
  OFFX_TRY(progress);
  if (!copied) {
    // Where the copies are is of no interest.
    return fail(copied.error().code(), "cannot be read as a database: " + copied.error().message());
  }
  OFFX_ASSIGN(auto client, db::create_database_client("sqlite:" + copy));
  OFFX_ASSIGN(const bool has_posts, store::has_posts(*client));
  if (!has_posts) return fail(Errc::unsupported, "this SQLite file is not a database of OffX");
  OFFX_TRY(store::initialise(*client));
  store::PostRepository posts(*client);
  OFFX_ASSIGN(const auto totals, posts.totals());
  std::uint64_t count = 0;
  return posts.each([&](const store::Post& stored) -> Result<void> {
    store::Post post = stored;
    post.id = 0;  // an id of that database
    ++count;
    if (callbacks.on_progress && count % kBatchPosts == 0) {
      OFFX_TRY(callbacks.on_progress({count, static_cast<std::uint64_t>(totals.posts), count}));
    }
    return take(std::move(post));
  });
}

}  // namespace

Result<sources::ReadSummary> read_any(const sources::Input& input, const sources::ReadOptions& options,
                                      const sources::ReadCallbacks& callbacks) {
  sources::ReadCallbacks reading = callbacks;
  reading.on_database = [&](sources::ByteSource& bytes, const auto& take) {
    return read_database(input, bytes, callbacks, take);
  };
  return sources::read_posts(input, options, reading);
}

std::string what_is_wrong(const sources::Problem& problem) {
  return problem.field.empty() ? problem.reason : problem.field + " " + problem.reason;
}

Result<ImportResult> import_posts(db::DatabaseClient& client, const sources::Input& input, const ImportOptions& options,
                                  const ImportCallbacks& callbacks) {
  const Patience patience{options.patience, options.interrupted, callbacks.on_away};
  Result<std::shared_ptr<const Rules>> rules;
  auto loaded = persist(patience, [&]() -> Result<void> {
    OFFX_ASSIGN(rules, load_rules(client));
    return {};
  });
  if (!loaded) rules = fail(std::move(loaded).error());
  if (!rules && rules.error().code() != Errc::corrupt) return fail(std::move(rules).error());
  // Without its rules no state of the database is the one posts were filed with: all of them are noted as unfiled.
  Filer filer(rules ? std::move(*rules) : std::make_shared<const Rules>(Rules{topics::Matcher({}), {-1, -1}}));
  StoringThread storing(client, filer.rules().revision, patience);
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
  reading.on_format = [&](sources::Format format) { result.format = format; };
  reading.on_post = [&](store::Post&& post) -> Result<void> {
    if (options.interrupted != nullptr && *options.interrupted) return fail(Errc::cancelled, "interrupted");
    batch.push_back(filer.file(std::move(post)));
    batch_bytes += bytes_of(batch.back());
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

  auto read = read_any(input, options.read, reading);
  result.interrupted =
      !read && read.error().code() == Errc::cancelled && options.interrupted != nullptr && *options.interrupted;
  // Whatever stopped the reading, what was read before it is stored.
  const auto flushed = flush();
  storing.finish();
  result.posts = storing.counts();
  if (read) result.read = *read;
  result.failure = storing.failure();
  if (!result.failure && !flushed) result.failure = flushed.error();
  if (!result.failure && !read && !result.interrupted) {
    result.is_unreadable = read.error().code() == Errc::corrupt;
    result.failure = std::move(read).error();
  }
  return result;
}

}  // namespace offx::pipeline
