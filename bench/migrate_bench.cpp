// How fast a migration runs, and how long writers and readers wait meanwhile: a table of posts with four indexes
// becomes its next version. Every command but `prepare` prints one line of JSON; times are milliseconds.
//
//     migrate_bench prepare POSTS.jsonl BASE.db             the table, filled
//     migrate_bench migrate BASE.db WORK.db MAX_STALL same|other|none
//                                                           with a writer in the same process, in another one, or none
//     migrate_bench blocking BASE.db WORK.db                one INSERT … SELECT, its indexes made first
//     migrate_bench write DATABASE                          inserts without pause until SIGTERM
//     migrate_bench overhead BASE.db WORK.db                what writes cost before and while both versions live

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/client.h"
#include "db/script.h"
#include "migrate/migrator.h"

namespace {

namespace json = boost::json;
using namespace offx;
using Clock = std::chrono::steady_clock;
using Ms = std::chrono::duration<double, std::milli>;

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "migrate_bench: %s\n", message.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double ms_since(Clock::time_point start) { return Ms(Clock::now() - start).count(); }

double rounded(double value) { return static_cast<double>(static_cast<std::int64_t>(value * 100 + 0.5)) / 100; }

constexpr std::string_view kTable =
    "CREATE TABLE posts_v1 (id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL, content TEXT NOT NULL, "
    "author TEXT, author_username TEXT, platform TEXT NOT NULL, created_at TEXT NOT NULL, fetched_at TEXT NOT NULL, "
    "url TEXT);";
constexpr std::string_view kIndexes =
    "CREATE UNIQUE INDEX idx_posts_external_id ON posts_v1 (external_id, platform);"
    "CREATE INDEX idx_posts_author ON posts_v1 (author);"
    "CREATE INDEX idx_posts_created_at ON posts_v1 (created_at);"
    "CREATE INDEX idx_posts_platform ON posts_v1 (platform);";
constexpr std::string_view kNextTable =
    "CREATE TABLE posts_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL, body TEXT NOT NULL, "
    "author TEXT, author_username TEXT, platform TEXT NOT NULL, created_at TEXT NOT NULL, fetched_at TEXT NOT NULL, "
    "url TEXT, is_pinned INTEGER NOT NULL DEFAULT 0);";
constexpr std::string_view kNextIndexes =
    "CREATE UNIQUE INDEX idx_posts_external_id_v2 ON posts_v2 (external_id, platform);"
    "CREATE INDEX idx_posts_author_v2 ON posts_v2 (author);"
    "CREATE INDEX idx_posts_created_at_v2 ON posts_v2 (created_at);"
    "CREATE INDEX idx_posts_platform_v2 ON posts_v2 (platform);";
constexpr const char* kCopy =
    "INSERT INTO posts_v2 (id, external_id, body, author, author_username, platform, created_at, fetched_at, url) "
    "SELECT id, external_id, content, author, author_username, platform, created_at, fetched_at, url FROM posts_v1";

constexpr const char* kInsert =
    "INSERT INTO posts_v1 (external_id, content, author, author_username, platform, created_at, fetched_at, url) "
    "VALUES (?, ?, ?, ?, 'x', ?, '2026-01-01 00:00:00', ?)";

constexpr const char* kInsertNext =
    "INSERT INTO posts_v2 (external_id, body, author, author_username, platform, created_at, fetched_at, url) "
    "VALUES (?, ?, ?, ?, 'x', ?, '2026-01-01 00:00:00', ?)";

migrate::Migration migration() {
  migrate::TableChange change;
  change.from = "posts_v1";
  change.to = "posts_v2";
  change.create = std::string(kNextTable) + std::string(kNextIndexes);
  change.rename = {{"content", "body"}};
  change.drop = {"idx_posts_external_id", "idx_posts_author", "idx_posts_created_at", "idx_posts_platform"};
  migrate::Migration made;
  made.name = "posts_v2";
  made.tables.push_back(std::move(change));
  return made;
}

// --- The base
// ---------------------------------------------------------------------------------------------------------

void run_raw(sqlite3* handle, std::string_view sql) {
  if (sqlite3_exec(handle, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    give_up(sqlite3_errmsg(handle));
  }
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

int prepare(const char* posts, const std::string& base) {
  remove_database(base);
  sqlite3* handle = nullptr;
  if (sqlite3_open(base.c_str(), &handle) != SQLITE_OK) give_up(base + ": cannot be made");
  run_raw(handle, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-400000");
  run_raw(handle, kTable);
  run_raw(handle, "BEGIN");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(handle, kInsert, -1, &insert, nullptr);
  std::ifstream lines(posts);
  for (std::string line; std::getline(lines, line);) {
    const auto post = json::parse(line).as_object();
    int at = 0;
    for (const char* field : {"external_id", "content", "author", "author_username", "created_at", "url"}) {
      const auto& text = post.at(field).as_string();
      sqlite3_bind_text(insert, ++at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
    if (sqlite3_step(insert) != SQLITE_DONE) give_up(sqlite3_errmsg(handle));
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  run_raw(handle, "COMMIT");
  run_raw(handle, kIndexes);
  sqlite3_close(handle);
  return 0;
}

/// A copy of the base, on the disk, with the log that a database in use has.
std::unique_ptr<db::DatabaseClient> open_copy(const std::string& base, const std::string& work) {
  remove_database(work);
  std::filesystem::copy_file(base, work);
  ::sync();
  return need(db::create_database_client(work));
}

std::int64_t count_rows(db::DatabaseClient& client) {
  return db::to_integer(need(client.execute("SELECT count(*) FROM posts_v1")).row(0)[0]);
}

// --- Who waits
// --------------------------------------------------------------------------------------------------------

/// Milliseconds on a clock that all processes share.
double moment(Clock::time_point time) { return Ms(time.time_since_epoch()).count(); }

class Waits {
 public:
  void add(Clock::time_point began) {
    all_.push_back(ms_since(began));
    moments_.push_back(moment(began));
  }
  void refused() { ++refused_; }
  /// The longest ones with the moment at which they began.
  [[nodiscard]] json::array longest() const {
    constexpr std::size_t kShown = 200;
    std::vector<std::size_t> order(all_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all_[a] > all_[b]; });
    json::array shown;
    for (std::size_t i = 0; i < std::min(kShown, order.size()); ++i) {
      shown.push_back(json::object{{"ms", rounded(all_[order[i]])}, {"at", moments_[order[i]]}});
    }
    return shown;
  }
  /// How many milliseconds of those from `from` on were spent in waits of these that took at least `least`.
  [[nodiscard]] double within(double from, double ms, double least) const {
    double sum = 0;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i] < least) continue;
      sum += std::max(0.0, std::min(from + ms, moments_[i] + all_[i]) - std::max(from, moments_[i]));
    }
    return sum;
  }
  [[nodiscard]] json::object report() const {
    auto sorted = all_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double part) {
      if (sorted.empty()) return 0.0;
      const auto index = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
      return rounded(sorted[std::min(index, sorted.size() - 1)]);
    };
    return {{"count", all_.size()}, {"refused", refused_}, {"p50", at(0.5)},      {"p95", at(0.95)},
            {"p99", at(0.99)},      {"worst", at(1)},      {"longest", longest()}};
  }

 private:
  std::vector<double> all_;
  std::vector<double> moments_;
  int refused_ = 0;
};

class PostMaker {
 public:
  explicit PostMaker(unsigned seed) : random_(seed), prefix_("w" + std::to_string(seed) + "-") {}
  db::Params next() {
    const std::string author = "User " + std::to_string(random_() % 50'000);
    char created_at[32];
    std::snprintf(created_at, sizeof created_at, "2026-%02u-%02u %02u:%02u:%02u",
                  static_cast<unsigned>(1 + random_() % 12), static_cast<unsigned>(1 + random_() % 28),
                  static_cast<unsigned>(random_() % 24), static_cast<unsigned>(random_() % 60),
                  static_cast<unsigned>(random_() % 60));
    const std::string external_id = prefix_ + std::to_string(++number_);
    return {external_id, std::string(140, 'x'), author, author, created_at, "https://x.com/" + author + external_id};
  }

 private:
  std::mt19937 random_;
  std::string prefix_;
  std::int64_t number_ = 0;
};

Waits write_until(db::DatabaseClient& client, const std::atomic<bool>& stop, unsigned seed,
                  const char* insert = kInsert) {
  Waits waits;
  PostMaker posts(seed);
  while (!stop) {
    const auto post = posts.next();
    const auto started = Clock::now();
    if (const auto done = client.execute(insert, post); !done) {
      if (!done.error().retryable()) give_up(done.error().to_string());
      waits.refused();
    }
    waits.add(started);
  }
  return waits;
}

/// Pages of a timeline, a few hundred a second.
Waits read_until(db::DatabaseClient& client, const std::atomic<bool>& stop) {
  Waits waits;
  std::mt19937 random(7);
  while (!stop) {
    const std::string from = "2025-" + std::to_string(10 + random() % 3) + "-" + std::to_string(10 + random() % 18);
    const auto started = Clock::now();
    need(client.execute("SELECT id, content, author FROM posts_v1 WHERE created_at >= ? ORDER BY created_at LIMIT 50",
                        {from}));
    waits.add(started);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return waits;
}

/// `work(stop)` in a thread of its own, until finish().
class Beside {
 public:
  explicit Beside(std::function<Waits(const std::atomic<bool>&)> work)
      : thread_([this, work = std::move(work)] { waits_ = work(stop_); }) {}
  ~Beside() { finish(); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  const Waits& finish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return waits_;
  }

 private:
  std::atomic<bool> stop_ = false;
  Waits waits_;
  std::thread thread_;
};

/// This program's `write` in a process of its own.
class OtherProcess {
 public:
  OtherProcess(const char* self, const std::string& database) {
    int ends[2];
    if (pipe(ends) != 0) give_up("no pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl(self, self, "write", database.c_str(), nullptr);
      _exit(1);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  json::object finish() {
    kill(child_, SIGTERM);
    std::string text;
    char buffer[512];
    for (ssize_t got = 0; (got = read(output_, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(got));
    }
    waitpid(child_, nullptr, 0);
    return json::parse(text).as_object();
  }

 private:
  pid_t child_ = -1;
  int output_ = -1;
};

int write_until_terminated(const char* database) {
  static std::atomic<bool> stop = false;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  signal(SIGTERM, [](int) { stop = true; });
  auto client = need(db::create_database_client(database));
  std::printf("%s\n", json::serialize(write_until(*client, stop, 2).report()).c_str());
  return 0;
}

/// The largest size of the log that is seen.
class LogWatch {
 public:
  explicit LogWatch(std::string database)
      : beside_([this, path = std::move(database) + "-wal"](const std::atomic<bool>& stop) {
          while (!stop) {
            std::error_code error;
            const auto size = std::filesystem::file_size(path, error);
            if (!error) bytes_ = std::max(bytes_, size);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
          return Waits{};
        }) {}
  double finish_mb() {
    beside_.finish();
    return rounded(static_cast<double>(bytes_) / 1e6);
  }

 private:
  std::uintmax_t bytes_ = 0;
  Beside beside_;
};

/// A page is written over in another file of the same disk, and synced, fifty times a second: what nobody who syncs
/// there is spared, with this database or with none. More often it would itself be what slows the disk down.
Waits sync_until(const std::string& path, const std::atomic<bool>& stop) {
  constexpr std::size_t kPage = 4096;
  constexpr int kPages = 256;
  const std::vector<char> page(kPage, 'x');
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) give_up(path + ": cannot be made");
  const auto write_page = [&](int number) {
    if (pwrite(file, page.data(), kPage, static_cast<off_t>(number) * static_cast<off_t>(kPage)) < 0) {
      give_up(path + ": cannot be written");
    }
  };
  for (int number = 0; number < kPages; ++number) write_page(number);
  if (::fsync(file) != 0) give_up(path + ": cannot be synced");
  Waits waits;
  for (int number = 0; !stop; number = (number + 1) % kPages) {
    const auto started = Clock::now();
    write_page(number);
    if (::fdatasync(file) != 0) give_up(path + ": cannot be synced");
    waits.add(started);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ::close(file);
  std::filesystem::remove(path);
  return waits;
}

/// What is left of the longest wait of `writes` without the milliseconds in which `disk` was slow for everybody.
double worst_beside(const Waits& disk, const json::object& writes) {
  constexpr double kSlow = 10;
  double worst = 0;
  for (const auto& value : writes.at("longest").as_array()) {
    const auto& wait = value.as_object();
    const double ms = wait.at("ms").to_number<double>();
    worst = std::max(worst, ms - disk.within(wait.at("at").to_number<double>(), ms, kSlow));
  }
  return rounded(worst);
}

/// What readers and the writer wait for while `work` runs.
json::object measure(db::DatabaseClient& client, const std::string& database, const char* self,
                     const std::string& writer, const std::function<void()>& work) {
  const auto reads = [&](const std::atomic<bool>& stop) { return read_until(client, stop); };
  json::object report;
  {
    Beside reader(reads);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    report["reads_alone"] = reader.finish().report();
  }
  std::unique_ptr<Beside> same;
  std::unique_ptr<OtherProcess> other;
  if (writer != "none") {
    Beside before([&](const auto& stop) { return write_until(client, stop, 3); });
    Beside reader(reads);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    report["reads_beside_writer"] = reader.finish().report();
    report["writes_before"] = before.finish().report();
  }
  if (writer == "same") {
    same = std::make_unique<Beside>([&](const auto& stop) { return write_until(client, stop, 1); });
  } else if (writer == "other") {
    other = std::make_unique<OtherProcess>(self, database);
  }
  LogWatch log(database);
  Beside reader(reads);
  Beside disk([&](const std::atomic<bool>& stop) { return sync_until(database + "-disk", stop); });
  const auto started = Clock::now();
  work();
  report["seconds"] = rounded(ms_since(started) / 1000);
  if (other) report["writes"] = other->finish();
  if (same) report["writes"] = same->finish().report();
  const auto& syncs = disk.finish();
  report["disk"] = syncs.report();
  if (writer != "none") {
    auto& writes = report["writes"].as_object();
    writes["worst_beside_disk"] = worst_beside(syncs, writes);
    for (auto& wait : writes["longest"].as_array()) {  // beside "steps": what the migrator did when somebody waited
      auto& at = wait.as_object()["at"];
      at = rounded((at.to_number<double>() - moment(started)) / 1000);
    }
  }
  report["reads"] = reader.finish().report();
  report["log_mb"] = log.finish_mb();
  return report;
}

// --- What is measured
// -------------------------------------------------------------------------------------------------

int run_migration(const char* self, const std::string& base, const std::string& work, int max_stall_ms,
                  const std::string& writer) {
  auto client = open_copy(base, work);
  const auto rows = count_rows(*client);
  Clock::time_point copy_began;
  double copy_seconds = 0;
  std::vector<std::pair<std::string, Clock::time_point>> steps;
  migrate::WorkOptions options;
  options.max_stall = std::chrono::milliseconds(max_stall_ms);
  options.progress = [&](const migrate::WorkState& state) {
    if (steps.empty() || steps.back().first != state.what) steps.emplace_back(state.what, Clock::now());
    if (!state.what.starts_with("backfill")) return true;
    if (copy_began == Clock::time_point{}) copy_began = Clock::now();
    copy_seconds = ms_since(copy_began) / 1000;
    return true;
  };
  Clock::time_point began;
  auto report = measure(*client, work, self, writer, [&] {
    began = Clock::now();
    need(migrate::start(*client, migration(), options));
  });
  json::array told;  // each is told for the first time when its first chunk is done
  for (const auto& [what, at] : steps) {
    told.push_back(json::object{{"what", what}, {"at", rounded((moment(at) - moment(began)) / 1000)}});
  }
  report["steps"] = std::move(told);
  report["max_stall_ms"] = max_stall_ms;
  report["writer"] = writer;
  report["rows"] = rows;
  report["copy_seconds"] = rounded(copy_seconds);
  report["rows_per_second"] = rounded(static_cast<double>(rows) / copy_seconds);
  if (writer == "same") {
    migrate::CompleteOptions completing;
    completing.max_stall = options.max_stall;
    Beside next([&](const auto& stop) { return write_until(*client, stop, 4, kInsertNext); });
    const auto started = Clock::now();
    need(migrate::complete(*client, migration().name, completing));
    report["complete_seconds"] = rounded(ms_since(started) / 1000);
    report["complete_writes"] = next.finish().report();
  }
  std::printf("%s\n", json::serialize(report).c_str());
  return 0;
}

int run_blocking(const char* self, const std::string& base, const std::string& work) {
  auto client = open_copy(base, work);
  const auto rows = count_rows(*client);
  auto report = measure(*client, work, self, "same", [&] {
    std::vector<db::Statement> statements;
    for (const auto sql : db::split_script(kNextTable)) statements.push_back({sql, {}});
    for (const auto sql : db::split_script(kNextIndexes)) statements.push_back({sql, {}});
    statements.push_back({kCopy, {}});
    need(client->batch(statements, db::Mode::write));
  });
  report["rows"] = rows;
  report["rows_per_second"] = rounded(static_cast<double>(rows) / report.at("seconds").as_double());
  std::printf("%s\n", json::serialize(report).c_str());
  return 0;
}

/// Writes a second of each kind, each in a transaction of its own and a hundred in one: medians of some rounds.
json::object rates(db::DatabaseClient& client, std::int64_t rows) {
  constexpr int kRounds = 7;
  constexpr int kSingle = 300;
  constexpr int kBatches = 10;
  constexpr int kBatch = 100;
  PostMaker posts(11);
  std::mt19937_64 random(5);
  std::int64_t next_deleted = 0;
  std::int64_t next_moved = rows / 2;
  const auto some_id = [&] {
    return db::Value{static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows)) + 1};
  };
  const std::string upsert = std::string(kInsert) +
                             " ON CONFLICT (external_id, platform) DO UPDATE SET content = excluded.content, "
                             "fetched_at = excluded.fetched_at";
  const std::string replace = "REPLACE" + std::string(kInsert).substr(std::string_view("INSERT").size());
  // Half of the posts of these two are there already.
  PostMaker again(11);
  int upserts = 0;
  const auto known_or_new = [&] { return upserts++ % 2 == 0 ? again.next() : posts.next(); };
  const std::vector<std::pair<std::string, std::function<db::Statement()>>> kinds = {
      {"insert", [&] { return db::Statement{kInsert, posts.next()}; }},
      {"update of one column",
       [&] { return db::Statement{"UPDATE posts_v1 SET content = ? WHERE id = ?", {"changed", some_id()}}; }},
      {"update of several columns",
       [&] {
         return db::Statement{"UPDATE posts_v1 SET content = ?, author = ?, created_at = ?, url = ? WHERE id = ?",
                              {"changed again", "An Author", "2026-02-03 04:05:06", "https://x.com/1", some_id()}};
       }},
      {"update of the key",
       [&] {
         ++next_moved;
         return db::Statement{"UPDATE posts_v1 SET id = ? WHERE id = ?", {-next_moved, next_moved}};
       }},
      {"delete", [&] { return db::Statement{"DELETE FROM posts_v1 WHERE id = ?", {++next_deleted}}; }},
      {"upsert", [&] { return db::Statement{upsert, known_or_new()}; }},
      {"REPLACE", [&] { return db::Statement{replace, known_or_new()}; }},
  };
  std::vector<std::vector<double>> single(kinds.size());
  std::vector<std::vector<double>> batched(kinds.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      const auto& make = kinds[kind].second;
      auto started = Clock::now();
      for (int i = 0; i < kSingle; ++i) {
        const auto statement = make();
        need(client.execute(statement.sql, statement.params));
      }
      single[kind].push_back(kSingle / ms_since(started) * 1000);
      started = Clock::now();
      for (int i = 0; i < kBatches; ++i) {
        std::vector<db::Statement> batch;
        for (int row = 0; row < kBatch; ++row) batch.push_back(make());
        need(client.batch(batch, db::Mode::write));
      }
      batched[kind].push_back(kBatches * kBatch / ms_since(started) * 1000);
    }
  }
  const auto median = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return rounded(values[values.size() / 2]);
  };
  json::object report;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    report[kinds[kind].first] = json::object{{"single", median(single[kind])}, {"batched", median(batched[kind])}};
  }
  return report;
}

int run_overhead(const std::string& base, const std::string& work) {
  json::object report;
  for (const bool live : {false, true}) {
    auto client = open_copy(base, work);
    const auto rows = count_rows(*client);
    if (live) {
      migrate::WorkOptions options;
      options.max_stall = std::chrono::milliseconds(500);
      need(migrate::start(*client, migration(), options));
    }
    report[live ? "both_live" : "before"] = rates(*client, rows);
  }
  std::printf("%s\n", json::serialize(report).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> given(argv + 1, argv + argc);
  const std::string command = given.empty() ? "" : given[0];
  if (command == "prepare" && given.size() == 3) return prepare(argv[2], given[2]);
  if (command == "migrate" && given.size() == 5) {
    return run_migration(argv[0], given[1], given[2], std::atoi(argv[4]), given[4]);
  }
  if (command == "blocking" && given.size() == 3) return run_blocking(argv[0], given[1], given[2]);
  if (command == "write" && given.size() == 2) return write_until_terminated(argv[2]);
  if (command == "overhead" && given.size() == 3) return run_overhead(given[1], given[2]);
  std::fprintf(stderr, "usage: see the head of bench/migrate_bench.cpp\n");
  return 2;
}
