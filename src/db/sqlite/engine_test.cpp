#include "db/sqlite/engine.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test_support.h"
#include "db/outage.h"
#include "db/sqlite/backup.h"
#include "db/sqlite/checkpointer.h"
#include "db/sqlite/connection.h"

namespace offx::db {
namespace {

using testing::HasSubstr;

std::string scalar(DatabaseClient& client, std::string_view sql) {
  return to_text(must(client.execute(sql), std::string(sql).c_str()).row(0)[0]);
}

/// Makes the database `path` with `rows` rows in table t.
void fill(const std::string& path, int rows) {
  auto client = must(sqlite::open(path));
  must(client->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)"));
  must(
      client->execute("INSERT INTO t (v) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                      "SELECT hex(zeroblob(200)) FROM n",
                      {rows}));
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SqliteEngine, uses_wal_full_synchronous_and_foreign_keys) {
  TemporaryFolder folder;
  auto client = must(sqlite::open(folder / "a.db"));
  EXPECT_EQ(scalar(*client, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(scalar(*client, "PRAGMA foreign_keys"), "1");
  EXPECT_GE(scalar(*client, "SELECT sqlite_version()"), "3.51.3");
}

TEST(SqliteEngine, a_file_of_another_journal_is_changed_by_the_first_write_only) {
  TemporaryFolder folder;
  fill(folder / "a.db", 10);
  {
    auto raw = must(sqlite::Connection::open(folder / "a.db", sqlite::Connection::Access::read_write));
    must(raw->control("PRAGMA journal_mode=DELETE"));
  }
  const auto before = bytes_of(folder / "a.db");
  {
    auto client = must(sqlite::open(folder / "a.db"));
    EXPECT_EQ(scalar(*client, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), "1");
    const db::Statement read{"SELECT 1", {}};
    must(client->batch(std::span(&read, 1), Mode::read));
  }
  EXPECT_TRUE(bytes_of(folder / "a.db") == before);
  auto client = must(sqlite::open(folder / "a.db"));
  must(client->execute("CREATE TABLE another (x)"));
  EXPECT_EQ(scalar(*client, "PRAGMA journal_mode"), "wal");
}

TEST(SqliteEngine, an_insert_has_its_id_although_it_sets_off_an_update) {
  auto client = must(sqlite::open(":memory:"));
  must(client->execute("CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"));
  must(client->execute("CREATE TABLE child (parent REFERENCES parent ON DELETE SET NULL)"));
  must(client->execute("INSERT INTO parent VALUES (1, 'a')"));
  const auto replaced = must(client->execute("INSERT OR REPLACE INTO parent (id, name) VALUES (7, 'a')"));
  EXPECT_EQ(replaced.last_insert_rowid(), 7);
  const auto upserted = must(
      client->execute("INSERT INTO parent (id, name) VALUES (8, 'a') ON CONFLICT (name) DO UPDATE SET name = 'b'"));
  EXPECT_EQ(upserted.last_insert_rowid(), std::nullopt);
}

TEST(SqliteEngine, explains_a_statement_by_the_schema_as_it_is_now) {
  const auto client = must(sqlite::open(":memory:"));
  must(client->execute("CREATE TABLE t (a)"));
  const auto plan = [&] { return client->execute("EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = 1"); };
  EXPECT_EQ(to_text(must(plan()).row(0)[3]), "SCAN t");
  must(client->execute("CREATE INDEX by_a ON t (a)"));
  EXPECT_EQ(to_text(must(plan()).row(0)[3]), "SEARCH t USING COVERING INDEX by_a (a=?)");
  must(client->execute("DROP TABLE t"));
  EXPECT_FALSE(plan());
}

TEST(SqliteEngine, makes_anew_what_went_with_its_table) {
  const TemporaryFolder folder;
  const auto client = must(sqlite::open(folder / "offx.db"));
  for (const std::string when : {"BEFORE", "AFTER"}) {
    must(client->execute("CREATE TABLE t (a)"));
    must(client->execute("CREATE TRIGGER x " + when + " INSERT ON t BEGIN SELECT 1; END"));
    must(client->execute("SELECT count(*) FROM t"));
    must(client->execute("DROP TABLE t"));
  }
  EXPECT_EQ(client->execute("SELECT nonsense").error().code(), Errc::invalid_argument);
}

TEST(SqliteEngine, a_folder_that_does_not_exist_is_a_clear_error) {
  const auto client = sqlite::open("/nonexistent/folder/a.db");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::io);
  EXPECT_THAT(client.error().to_string(), HasSubstr("/nonexistent/folder/a.db"));
}

TEST(SqliteEngine, a_file_that_is_no_database_is_corrupt_and_left_alone) {
  TemporaryFolder folder;
  const std::string text(5000, 'x');
  std::ofstream(folder / "a.db") << text;
  const auto client = sqlite::open(folder / "a.db");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::corrupt);
  std::ifstream file(folder / "a.db");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

/// Runs `work` in a process of its own, ended with SIGKILL once `work` has written a byte to its argument.
template <class Work>
void run_and_kill(Work work) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    work(ends[1]);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(SqliteEngine, what_was_acknowledged_survives_sigkill) {
  TemporaryFolder folder;
  run_and_kill([&](int done) {
    auto client = must(sqlite::open(folder / "a.db"));
    must(client->execute("CREATE TABLE t (v)"));
    must(client->execute("INSERT INTO t VALUES (1), (2)"));
    EXPECT_EQ(write(done, "x", 1), 1);
    pause();
  });
  auto client = must(sqlite::open(folder / "a.db"));
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM t"), "2");
}

TEST(SqliteEngine, after_an_unclean_end_a_damaged_file_is_refused) {
  TemporaryFolder folder;
  fill(folder / "a.db", 3000);
  run_and_kill([&](int done) {
    auto client = must(sqlite::open(folder / "a.db"));
    must(client->execute("INSERT INTO t (v) VALUES ('last')"));
    EXPECT_EQ(write(done, "x", 1), 1);
    pause();
  });
  {
    std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(std::streamoff{10} * 4096);
    file << std::string(4096, '\xff');
  }
  const auto client = sqlite::open(folder / "a.db");
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::corrupt);
  EXPECT_THAT(client.error().message(), HasSubstr("offx db restore"));
}

TEST(SqliteEngine, errors_name_the_file_once) {
  TemporaryFolder folder;
  std::ofstream(folder / "text.db") << std::string(5000, 'x');
  for (const auto& path : {folder / "no/such/folder.db", folder / "text.db"}) {
    const auto client = create_database_client(path);
    ASSERT_FALSE(client.has_value());
    EXPECT_EQ(client.error().context(), path);
    EXPECT_THAT(client.error().message(), testing::Not(HasSubstr(path)));
  }
}

TEST(SqliteEngine, looking_for_a_file_that_is_not_there_makes_none) {
  TemporaryFolder folder;
  const auto client = create_database_client(folder / "a.db", IfMissing::fail);
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code(), Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.db"));
  EXPECT_TRUE(create_database_client(":memory:", IfMissing::fail).has_value());
}

TEST(SqliteEngine, a_backup_beside_a_writer_is_one_moment_of_the_database) {
  TemporaryFolder folder;
  fill(folder / "a.db", 20000);
  auto client = must(sqlite::open(folder / "a.db"));
  must(client->execute("CREATE TABLE pairs (a INTEGER, b INTEGER)"));
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    while (!stop) {
      const std::vector<Statement> both = {{"INSERT INTO pairs (a) VALUES (1)", {}},
                                           {"UPDATE pairs SET b = a WHERE b IS NULL", {}}};
      must(client->batch(both, Mode::write));
      ++written;
    }
  });
  while (written < 20) std::this_thread::yield();
  int steps = 0;
  const int before = written;
  must(client->backup(folder / "b.db", [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    ++steps;
    while (written < before + 20 * steps) std::this_thread::yield();  // writes go on during the copy
    return true;
  }));
  stop = true;
  writer.join();
  EXPECT_GT(steps, 0);

  auto copy = must(sqlite::open(folder / "b.db"));
  EXPECT_EQ(scalar(*copy, "SELECT count(*) FROM t"), "20000");
  EXPECT_EQ(scalar(*copy, "SELECT count(*) FROM pairs WHERE b IS NOT a"), "0");
  EXPECT_EQ(scalar(*copy, "PRAGMA integrity_check"), "ok");
  EXPECT_GE(std::stoi(scalar(*copy, "SELECT count(*) FROM pairs")), 20);

  const auto again = client->backup(folder / "b.db", {});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), Errc::conflict);
}

unsigned mode_of(const std::string& path) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions()) & 0777U;
}

TEST(SqliteEngine, what_it_makes_is_for_its_owner_alone_and_what_is_there_keeps_its_mode) {
  TemporaryFolder folder;
  const auto old_mask = umask(022);
  {
    fill(folder / "a.db", 10);
    auto client = must(sqlite::open(folder / "a.db"));
    must(client->execute("INSERT INTO t (v) VALUES ('x')"));
    for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(mode_of(folder / "a.db" + suffix), 0600U) << suffix;
    must(client->backup(folder / "b.db", {}));
    EXPECT_EQ(mode_of(folder / "b.db"), 0600U);
  }
  using std::filesystem::perms;
  const auto shared = perms::owner_read | perms::owner_write | perms::group_read;
  for (const char* name : {"a.db", "b.db"}) std::filesystem::permissions(folder / name, shared);
  {
    auto client = must(sqlite::open(folder / "a.db"));
    must(client->execute("INSERT INTO t (v) VALUES ('y')"));
    for (const char* suffix : {"", "-wal"}) EXPECT_EQ(mode_of(folder / "a.db" + suffix), 0640U) << suffix;
    must(client->backup(folder / "c.db", {}));
    EXPECT_EQ(mode_of(folder / "c.db"), 0600U);
  }
  must(sqlite::restore(folder / "a.db", folder / "c.db", folder / "kept.db", {}));
  EXPECT_EQ(mode_of(folder / "a.db"), 0640U);
  EXPECT_EQ(mode_of(folder / "kept.db"), 0600U);
  must(sqlite::restore(folder / "new.db", folder / "b.db", {}, {}));
  EXPECT_EQ(mode_of(folder / "new.db"), 0640U);
  umask(old_mask);
}

TEST(SqliteEngine, a_cancelled_backup_leaves_no_file) {
  TemporaryFolder folder;
  fill(folder / "a.db", 30000);
  auto client = must(sqlite::open(folder / "a.db"));
  const auto result = client->backup(folder / "b.db", [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::cancelled);
  EXPECT_FALSE(std::filesystem::exists(folder / "b.db"));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
    EXPECT_THAT(entry.path().filename().string(), testing::StartsWith("a.db"));
  }
}

TEST(SqliteEngine, restore_replaces_the_content_and_keeps_what_was_there) {
  TemporaryFolder folder;
  fill(folder / "old.db", 10);
  fill(folder / "a.db", 500);
  must(sqlite::restore(folder / "a.db", folder / "old.db", folder / "kept.db", {}));
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "a.db")), "SELECT count(*) FROM t"), "10");
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "kept.db")), "SELECT count(*) FROM t"), "500");
}

TEST(SqliteEngine, a_backup_with_pages_of_another_size_is_restored_too) {
  TemporaryFolder folder;
  fill(folder / "old.db", 300);
  {
    auto raw = must(sqlite::Connection::open(folder / "old.db", sqlite::Connection::Access::read_write));
    must(raw->control("PRAGMA journal_mode=DELETE; PRAGMA page_size=8192; VACUUM"));
  }
  fill(folder / "a.db", 500);
  auto client = must(sqlite::open(folder / "a.db"));
  must(sqlite::restore(folder / "a.db", folder / "old.db", folder / "kept.db", {}));
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM t"), "300");
  EXPECT_EQ(scalar(*client, "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "kept.db")), "SELECT count(*) FROM t"), "500");
}

TEST(SqliteEngine, a_file_that_is_copied_stays_as_it_is) {
  TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    fill(folder / "a.db", 100);
    auto client = must(sqlite::open(folder / "a.db"));
    must(client->execute("INSERT INTO t (id) VALUES (1000)"));
    _exit(0);  // as if killed: what it wrote last is in the log
  }
  waitpid(child, nullptr, 0);
  const auto file = bytes_of(folder / "a.db");
  const auto log = bytes_of(folder / "a.db-wal");
  ASSERT_FALSE(log.empty());
  must(sqlite::copy_database(folder / "a.db", folder / "b.db", {}));
  EXPECT_TRUE(bytes_of(folder / "a.db") == file);
  EXPECT_TRUE(bytes_of(folder / "a.db-wal") == log);
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "b.db")), "SELECT count(*) FROM t"), "101");

  must(sqlite::copy_database(folder / "b.db", folder / "c.db", {}));
  EXPECT_FALSE(std::filesystem::exists(folder / "b.db-wal")) << "where there was no log there is none afterwards";
}

TEST(SqliteEngine, files_beside_a_backup_are_not_its_own) {
  TemporaryFolder folder;
  fill(folder / "a.db", 10);
  std::ofstream(folder / "b.db.partial") << "precious";
  auto client = must(sqlite::open(folder / "a.db"));
  must(client->backup(folder / "b.db", {}));
  EXPECT_EQ(bytes_of(folder / "b.db.partial"), "precious");
  must(sqlite::restore(folder / "a.db", folder / "b.db", "", {}));
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) names.insert(entry.path().filename());
  EXPECT_THAT(names, testing::IsSubsetOf({"a.db", "a.db-wal", "a.db-shm", "b.db", "b.db.partial"}));
}

TEST(SqliteEngine, restore_is_seen_by_a_client_that_is_open) {
  TemporaryFolder folder;
  fill(folder / "old.db", 10);
  fill(folder / "a.db", 500);
  auto client = must(sqlite::open(folder / "a.db"));
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM t"), "500");
  must(sqlite::restore(folder / "a.db", folder / "old.db", "", {}));
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM t"), "10");
}

TEST(SqliteEngine, a_damaged_backup_replaces_nothing) {
  TemporaryFolder folder;
  fill(folder / "a.db", 500);
  fill(folder / "bad.db", 3000);
  {
    std::fstream file(folder / "bad.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(std::streamoff{10} * 4096);
    file << std::string(4096, '\xff');
  }
  std::ofstream(folder / "text.db") << std::string(5000, 'x');
  for (const char* name : {"bad.db", "text.db"}) {
    const auto result = sqlite::restore(folder / "a.db", folder / name, folder / "kept.db", {});
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().code(), Errc::corrupt) << name;
    const auto text = result.error().to_string();
    EXPECT_EQ(text.find(folder / name), text.rfind(folder / name)) << "the path once: " << text;
  }
  const auto missing = sqlite::restore(folder / "a.db", folder / "none.db", folder / "kept.db", {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "a.db")), "SELECT count(*) FROM t"), "500");
  EXPECT_FALSE(std::filesystem::exists(folder / "kept.db"));
}

TEST(SqliteEngine, restore_repairs_a_database_that_cannot_be_opened) {
  TemporaryFolder folder;
  fill(folder / "old.db", 10);
  std::ofstream(folder / "a.db") << std::string(5000, 'x');
  must(sqlite::restore(folder / "a.db", folder / "old.db", folder / "kept.db", {}));
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "a.db")), "SELECT count(*) FROM t"), "10");
  EXPECT_EQ(std::filesystem::file_size(folder / "kept.db"), 5000U);
}

TEST(SqliteEngine, two_processes_write_to_one_file) {
  TemporaryFolder folder;
  fill(folder / "a.db", 1);
  const auto work = [&](int from) {
    auto client = must(sqlite::open(folder / "a.db"));
    for (int i = 0; i < 200; ++i) must(client->execute("INSERT INTO t (id) VALUES (?)", {from + i}));
  };
  const pid_t child = fork();
  if (child == 0) {
    work(1000);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  work(5000);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(scalar(*must(sqlite::open(folder / "a.db")), "SELECT count(*) FROM t"), "401");
}

/// Adds a row of a megabyte, `count` times.
void add_megabytes(DatabaseClient& client, int count, Mode mode) {
  for (int i = 0; i < count; ++i) {
    const std::vector<Statement> insert = {{"INSERT INTO big (v) VALUES (zeroblob(1000000))", {}}};
    must(client.batch(insert, mode));
  }
}

/// How often the log of `path` was started anew: SQLite counts it in the log's header.
std::uint32_t log_generation(const std::string& path) {
  const auto log = bytes_of(path + "-wal");
  std::uint32_t number = 0;
  for (std::size_t i = 12; i < 16; ++i) number = number << 8 | static_cast<unsigned char>(log.at(i));
  return number;
}

TEST(SqliteEngine, the_log_stays_short_while_much_is_written) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  auto client = must(sqlite::open(path));
  must(client->execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB)"));
  add_megabytes(*client, 60, Mode::background);
  EXPECT_GT(log_generation(path), 0U);
  EXPECT_LT(std::filesystem::file_size(path + "-wal"), (sqlite::Checkpointer::kLogPagesMax + 500) * 4120U);
  EXPECT_GT(client->last_background_time().count(), 0);
  client.reset();
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_EQ(scalar(*must(sqlite::open(path)), "SELECT count(*) FROM big"), "60");
}

TEST(SqliteEngine, the_log_has_a_bound_where_background_writes_are_large) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  auto client = must(sqlite::open(path));
  must(client->execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB)"));
  constexpr int kMegabytes = 30;
  for (int i = 0; i < 8; ++i) {
    const std::vector<Statement> insert(kMegabytes, {"INSERT INTO big (v) VALUES (zeroblob(1000000))", {}});
    must(client->batch(insert, Mode::background));
  }
  EXPECT_GT(log_generation(path), 0U);
  EXPECT_LT(std::filesystem::file_size(path + "-wal"),
            sqlite::Checkpointer::kLogPagesLarge * 4120U + (kMegabytes + 1) * 1'010'000U);
}

TEST(SqliteEngine, a_reader_that_keeps_its_snapshot_holds_up_nobody) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  auto client = must(sqlite::open(path));
  must(client->execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB)"));
  add_megabytes(*client, 1, Mode::write);
  auto reader = must(sqlite::Connection::open(path, sqlite::Connection::Access::read_only));
  must(reader->control("BEGIN; SELECT * FROM big"));
  const auto generation = log_generation(path);
  add_megabytes(*client, 30, Mode::background);
  add_megabytes(*client, 5, Mode::write);
  EXPECT_EQ(log_generation(path), generation) << "the reader still needs what the log began with";
  EXPECT_EQ(to_text(must(reader->run("SELECT count(*) FROM big")).row(0)[0]), "1");
  must(reader->control("COMMIT"));
  add_megabytes(*client, 20, Mode::background);
  EXPECT_GT(log_generation(path), generation);
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM big"), "56");
}

TEST(SqliteEngine, no_commit_cuts_a_log_that_had_to_grow) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  auto client = must(sqlite::open(path));
  must(client->execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB)"));
  auto reader = must(sqlite::Connection::open(path, sqlite::Connection::Access::read_only));
  must(reader->control("BEGIN; SELECT * FROM big"));
  const std::vector<Statement> insert(80, {"INSERT INTO big (v) VALUES (zeroblob(1000000))", {}});
  must(client->batch(insert, Mode::write));
  const auto bytes = std::filesystem::file_size(path + "-wal");
  const auto generation = log_generation(path);
  must(reader->control("COMMIT"));
  for (int i = 0; i < 50 && log_generation(path) == generation; ++i) add_megabytes(*client, 1, Mode::write);
  ASSERT_GT(log_generation(path), generation);
  EXPECT_GE(std::filesystem::file_size(path + "-wal"), bytes);
}

TEST(SqliteEngine, two_processes_keep_one_log_short) {
  TemporaryFolder folder;
  const std::string path = folder / "a.db";
  must(must(sqlite::open(path))->execute("CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB)"));
  const pid_t child = fork();
  if (child == 0) {
    auto client = must(sqlite::open(path));
    add_megabytes(*client, 40, Mode::write);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  auto client = must(sqlite::open(path));
  add_megabytes(*client, 40, Mode::background);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_GT(log_generation(path), 0U);
  EXPECT_EQ(scalar(*client, "SELECT count(*) FROM big"), "80");
  EXPECT_EQ(scalar(*client, "PRAGMA integrity_check"), "ok");
}

TEST(SqliteEngine, locks_and_full_disks_are_told_to_everybody) {
  const auto outage = [](int code) { return std::string(outage_of(sqlite::to_error(nullptr, code)).reason); };
  EXPECT_THAT(outage(SQLITE_BUSY), HasSubstr("locked"));
  EXPECT_THAT(outage(SQLITE_FULL), HasSubstr("full"));
  EXPECT_THAT(outage(SQLITE_IOERR), HasSubstr("disk"));
  EXPECT_THAT(outage(SQLITE_CORRUPT), HasSubstr("damaged"));
}

}  // namespace
}  // namespace offx::db
