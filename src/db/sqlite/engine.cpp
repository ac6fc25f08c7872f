#include "db/sqlite/engine.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <new>
#include <semaphore>
#include <thread>
#include <vector>

#include <sqlite3.h>

#include "db/sqlite/backup.h"
#include "db/sqlite/checkpointer.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/readers.h"
#include "db/sqlite/references.h"

namespace offx::db::sqlite {
namespace {

constexpr std::size_t kGroupMax = 64;  ///< writes committed together at most
/// How long a background write lets others go first where there are always others.
constexpr auto kBackgroundPatience = std::chrono::milliseconds(100);
/// How long it waits for pages being moved out of the log: a commit beside their sync would wait for the disk, and all
/// others for that commit. A background write that takes longer than kBackgroundPatience itself outlasts that sync.
constexpr auto kCheckpointPatience = std::chrono::seconds(1);

using Clock = std::chrono::steady_clock;

/// Set by SQLite's log while this thread opens a file with a hot journal or a log that no connection had checkpointed:
/// the last process that used it did not end in order.
thread_local bool recovered_after_unclean_end = false;

void on_sqlite_log(void* /*unused*/, int code, const char* /*message*/) {
  if (code == SQLITE_NOTICE_RECOVER_WAL || code == SQLITE_NOTICE_RECOVER_ROLLBACK) recovered_after_unclean_end = true;
}

void configure_sqlite_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_LOG, &on_sqlite_log, nullptr); });
}

using Statements = std::span<const Statement>;
using Results = std::vector<QueryResult>;

/// Runs them in order until one fails. In read mode one that writes is refused before it runs.
Result<Results> run_all(Connection& connection, Statements statements, Mode mode) {
  Results results;
  std::size_t at = 0;
  const auto run = [&]() -> Result<void> {
    results.reserve(statements.size());
    for (; at < statements.size(); ++at) {
      OFFX_ASSIGN(Prepared * prepared, connection.prepare(statements[at].sql));
      if (!writes(mode) && !prepared->read_only) {
        return fail(Errc::invalid_argument, "a batch in read mode holds a statement that writes");
      }
      OFFX_ASSIGN(auto result, connection.run(*prepared, statements[at].params));
      results.push_back(std::move(result));
    }
    return {};
  };
  Result<void> done;
  try {
    done = run();
  } catch (const std::bad_alloc&) {
    done = fail(Errc::unavailable, "out of memory");
  }
  if (done) return results;
  Error error = std::move(done).error();
  if (statements.size() > 1) error = std::move(error).within("statement " + std::to_string(at + 1));
  return fail(std::move(error));
}

/// Switching to WAL needs the file alone for a moment, and SQLite does not wait for that by itself.
Result<void> use_wal(Connection& connection) {
  const auto give_up = Clock::now() + std::chrono::seconds(10);
  for (;;) {
    auto done = connection.control("PRAGMA journal_mode=WAL");
    if (done || !done.error().retryable() || Clock::now() > give_up) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// What a file needs before it is used: the write-ahead log, if it is new, and a check after an unclean end. True if it
/// has the log. One that somebody made with another journal gets it with the first write: looking changes nothing.
Result<bool> prepare_file(Connection& writer) {
  OFFX_TRY(writer.run("SELECT count(*) FROM sqlite_schema"));  // reads the log, and so recovers it
  OFFX_ASSIGN(const auto pages, writer.run("PRAGMA page_count"));
  if (db::to_integer(pages.row(0)[0]) == 0) OFFX_TRY(use_wal(writer));
  // SQLite cuts a longer log in the commit that begins it anew: 20 to 200 ms were measured, for which writers wait. So
  // only one that hardly ever gets that long is.
  OFFX_TRY(writer.control("PRAGMA journal_size_limit=268435456"));
  OFFX_ASSIGN(const auto journal, writer.run("PRAGMA journal_mode"));
  const bool has_log = to_text(journal.row(0)[0]) == "wal";
  if (!recovered_after_unclean_end) return has_log;
  OFFX_ASSIGN(const auto check, writer.run("PRAGMA quick_check(1)"));
  const auto verdict = to_text(check.row(0)[0]);
  if (verdict == "ok") return has_log;
  return fail(Errc::corrupt, "the database is damaged (" + verdict + "); restore a backup with `offx db restore FILE`");
}

class Engine final : public DatabaseClient {
 public:
  Engine(std::string path, std::unique_ptr<Connection> writer, bool has_log)
      : path_(std::move(path)), writer_(std::move(writer)), has_log_(has_log) {
    // Takes the place of SQLite's own checkpoints within a commit.
    sqlite3_wal_hook(
        writer_->handle(),
        [](void* engine, sqlite3* /*writer*/, const char* /*database*/, int log_pages) {
          auto& self = *static_cast<Engine*>(engine);
          self.checkpointer_.committed(log_pages, self.in_background_);
          return SQLITE_OK;
        },
        this);
    thread_ = std::thread([this] { write_until_stopped(); });
  }

  ~Engine() override {
    checkpointer_.stop();  // it may be waiting for the writer
    {
      const std::lock_guard lock(write_mutex_);
      stopping_ = true;
    }
    write_wanted_.notify_one();
    thread_.join();
    readers_.close();  // before the writer: the last connection to close moves the log into the file
  }

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    if (!in_memory()) {
      OFFX_ASSIGN(auto reader, readers_.borrow());
      const auto prepared = reader->prepare(sql);
      if (prepared && (*prepared)->read_only) return reader->run(**prepared, params);
      // Whether what it makes is there already, SQLite says by the schema that the reader has met last.
      if (!prepared && prepared.error().code() != Errc::invalid_argument) return fail(prepared.error());
    }
    const Statement statement{sql, params};
    OFFX_ASSIGN(auto results, write(Statements(&statement, 1), Mode::write));
    return std::move(results.front());
  }

  Result<Results> batch(Statements statements, Mode mode) override {
    if (statements.empty()) return Results{};
    if (writes(mode) || in_memory()) return write(statements, mode);
    OFFX_ASSIGN(auto reader, readers_.borrow());
    OFFX_TRY(reader->control_often("BEGIN"));
    auto results = run_all(*reader, statements, mode);
    OFFX_TRY(reader->control_often("ROLLBACK"));
    return results;
  }

  Result<void> redirect_references(std::span<const Redirect> redirects, Statements before, Statements after) override {
    Job job{.alone = [&]() -> Result<Results> {
      // Foreign keys can only be switched outside of a transaction.
      sqlite3_db_config(writer_->handle(), SQLITE_DBCONFIG_ENABLE_FKEY, 0, nullptr);
      auto results = commit([&]() -> Result<Results> {
        OFFX_TRY(run_all(*writer_, before, Mode::write));
        for (const auto& redirect : redirects) OFFX_TRY(sqlite::redirect_references(*writer_, redirect));
        return run_all(*writer_, after, Mode::write);
      });
      sqlite3_db_config(writer_->handle(), SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
      return results;
    }};
    OFFX_TRY(run_job(job));
    return {};
  }

  Result<void> backup(const std::string& path, const Progress& progress) override {
    if (in_memory()) return fail(Errc::unsupported, "a database in memory cannot be backed up");
    return copy_database(path_, path, progress);
  }

  [[nodiscard]] std::chrono::nanoseconds last_background_time() const noexcept override { return background_time_; }

  [[nodiscard]] std::string description() const override { return "sqlite:" + path_; }

 private:
  /// What the writing thread does next: `statements` in a transaction, shared with other jobs, or what `alone` does.
  struct Job {
    Statements statements;
    Mode mode = Mode::write;
    std::function<Result<Results>()> alone;
    Result<Results> result;
    Clock::time_point since = Clock::now();
    std::binary_semaphore done{0};
  };
  enum class Urgency : std::uint8_t { now, in_turn, background };

  [[nodiscard]] bool in_memory() const { return path_ == ":memory:"; }

  /// In the writing thread. In memory there is but one connection, and reads go this way too.
  Result<Results> write(Statements statements, Mode mode) {
    Job job{.statements = statements, .mode = mode};
    return run_job(job, mode == Mode::background ? Urgency::background : Urgency::in_turn);
  }

  Result<Results> run_job(Job& job, Urgency urgency = Urgency::in_turn) {
    {
      const std::lock_guard lock(write_mutex_);
      if (urgency == Urgency::now) {
        waiting_.push_front(&job);
      } else {
        (urgency == Urgency::background ? background_ : waiting_).push_back(&job);
      }
    }
    write_wanted_.notify_one();
    job.done.acquire();
    return std::move(job.result);
  }

  void between_writes(const std::function<void()>& work) {
    Job job{.alone = [&work]() -> Result<Results> {
      work();
      return Results{};
    }};
    (void)run_job(job, Urgency::now);
  }

  /// Background work may be due now, or there is a new time to wait for.
  void wake_writer() {
    const std::lock_guard lock(write_mutex_);
    write_wanted_.notify_one();
  }

  void write_until_stopped() {
    std::vector<Job*> group;
    while (take_group(group)) {
      if (const auto ready = has_log(); !ready) {
        for (Job* job : group) job->result = fail(ready.error());
        for (Job* job : group) job->done.release();
        continue;
      }
      // If the transaction of a group is lost (disk full, …), each job runs again alone and gets its own answer.
      if (group.size() == 1 || !commit_together(group)) {
        for (Job* job : group) job->result = commit_alone(*job);
      }
      for (Job* job : group) job->done.release();
    }
  }

  /// The file has its write-ahead log: the first write sees to it.
  Result<void> has_log() {
    if (!has_log_) OFFX_TRY(use_wal(*writer_));
    has_log_ = true;
    return {};
  }

  /// Waits for what is to be committed next; false if there is nothing and will be nothing.
  bool take_group(std::vector<Job*>& group) {
    const auto take = [&group](std::deque<Job*>& queue) {
      group.push_back(queue.front());
      queue.pop_front();
    };
    group.clear();
    std::unique_lock lock(write_mutex_);
    const auto is_wanted = [this] {
      return !waiting_.empty() || background_is_due() || (stopping_ && background_.empty());
    };
    while (!is_wanted()) {
      // Background work becomes due with time as well, which nobody announces, and so does giving memory back.
      const auto trim_due = readers_.trim_due();
      if (trim_due && *trim_due <= Clock::now()) {
        lock.unlock();
        readers_.trim();
        lock.lock();
      } else if (!background_.empty()) {
        write_wanted_.wait_for(lock, kCheckpointPatience);
      } else if (trim_due) {
        write_wanted_.wait_until(lock, *trim_due);
      } else {
        write_wanted_.wait(lock);
      }
    }
    if (background_is_due()) {
      take(background_);
      return true;
    }
    while (!waiting_.empty() && group.size() < kGroupMax) {
      const bool alone = waiting_.front()->alone != nullptr;
      if (alone && !group.empty()) break;
      take(waiting_);
      if (alone) break;
    }
    return !group.empty();
  }

  [[nodiscard]] bool background_is_due() const {
    if (background_.empty() || checkpointer_.is_behind()) return false;
    const auto waited = Clock::now() - background_.front()->since;
    if (!waiting_.empty() && waited <= kBackgroundPatience) return false;
    return !checkpointer_.is_working() || background_time_.load() > kBackgroundPatience || waited > kCheckpointPatience;
  }

  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(writer_->handle()) == 0; }

  /// Nothing more can be done if a ROLLBACK fails: SQLite has then ended the transaction itself.
  void roll_back() {
    if (in_transaction()) sqlite3_exec(writer_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  Result<Results> commit_alone(const Job& job) {
    if (job.alone) return job.alone();
    in_background_ = job.mode == Mode::background;
    auto results = commit([&] { return run_all(*writer_, job.statements, job.mode); });
    in_background_ = false;
    return results;
  }

  /// Runs `work` in a transaction of its own.
  template <class Work>
  Result<Results> commit(Work work) {
    OFFX_TRY(writer_->control_often("BEGIN IMMEDIATE"));
    const auto begun = Clock::now();
    Result<Results> results = work();
    if (!results) {
      roll_back();
      return results;
    }
    if (auto committed = writer_->control_often("COMMIT"); !committed) {
      roll_back();
      return fail(std::move(committed).error());
    }
    if (in_background_) background_time_ = Clock::now() - begun;
    return results;
  }

  /// One transaction for all; a job that fails is undone alone. False if the transaction was lost: nothing is stored.
  bool commit_together(std::span<Job* const> group) {
    if (!writer_->control_often("BEGIN IMMEDIATE")) return false;
    for (Job* job : group) {
      if (!writer_->control_often("SAVEPOINT job")) break;
      job->result = run_all(*writer_, job->statements, job->mode);
      if (!in_transaction()) return false;
      if (!job->result && !writer_->control_often("ROLLBACK TO job")) break;
      if (!writer_->control_often("RELEASE job")) break;
      if (job == group.back() && writer_->control_often("COMMIT")) return true;
    }
    roll_back();
    return false;
  }

  const std::string path_;
  std::unique_ptr<Connection> writer_;  // used by thread_ alone
  bool has_log_ = false;                // likewise: the file is in WAL mode
  bool in_background_ = false;          // likewise: a job in Mode::background runs
  std::atomic<Clock::duration> background_time_ = Clock::duration::zero();

  std::mutex write_mutex_;
  std::condition_variable write_wanted_;
  std::deque<Job*> waiting_;
  std::deque<Job*> background_;  // Mode::background
  bool stopping_ = false;

  Readers readers_{path_, [this] { wake_writer(); }};
  Checkpointer checkpointer_{path_, [this](const std::function<void()>& work) { between_writes(work); },
                             [this] { wake_writer(); }};
  std::thread thread_;
};

}  // namespace

std::string version_warning() {
  constexpr int kFixed = 3051003;
  if (sqlite3_libversion_number() >= kFixed) return {};
  return std::string("this build uses SQLite ") + sqlite3_libversion() +
         ", which can lose writes under load; build with the pinned SQLite (OFFX_SYSTEM_SQLITE=OFF) or 3.51.3 and "
         "later";
}

Result<std::unique_ptr<DatabaseClient>> open(const std::string& path, IfMissing if_missing) {
  configure_sqlite_once();
  const bool is_file = path != ":memory:";
  std::error_code error;
  if (is_file && if_missing == IfMissing::fail && !std::filesystem::exists(path, error)) {
    return fail(
        (error ? Error(Errc::io, error.message()) : Error(Errc::not_found, "there is no such database")).within(path));
  }
  recovered_after_unclean_end = false;
  OFFX_ASSIGN(auto writer, Connection::open(path, Connection::Access::read_write));
  bool has_log = true;  // in memory there is none, and none is needed
  if (is_file) {
    auto prepared = prepare_file(*writer);
    if (!prepared) return fail(std::move(prepared).error().within(path));
    has_log = *prepared;
  }
  return std::make_unique<Engine>(path, std::move(writer), has_log);
}

}  // namespace offx::db::sqlite
