#include "db/sqlite/readers.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "db/client.h"

namespace offx::db::sqlite {
namespace {

using namespace std::chrono_literals;

/// Whether this process has the file in its memory.
bool is_mapped(const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(path)) return true;
  }
  return false;
}

/// A database of a megabyte, in its file, not in its log.
std::string large_database(const TemporaryFolder& folder) {
  const std::string path = folder / "a.db";
  const auto client = must(create_database_client(path));
  must(client->execute("CREATE TABLE t (a)"));
  must(client->execute("INSERT INTO t VALUES (zeroblob(1000000))"));
  return path;
}

constexpr std::string_view kRead = "SELECT length(hex(a)) / 2 FROM t";

TEST(Readers, much_is_read_as_memory_which_is_given_back_when_little_is_read) {
  const TemporaryFolder folder;
  const auto path = large_database(folder);
  const auto client = must(create_database_client(path));
  const auto read = [&] { return to_integer(must(client->execute(kRead)).row(0)[0]); };
  for (int round = 0; round < 2; ++round) {  // whoever comes back finds it as it was
    for (std::size_t i = 0; i < 3 * Readers::kBusyUses; ++i) must(client->execute("SELECT count(*) FROM t"));
    EXPECT_EQ(read(), 1'000'000);
    EXPECT_TRUE(is_mapped(path));
    const auto give_up = std::chrono::steady_clock::now() + 60s;
    while (is_mapped(path) && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(100ms);
      EXPECT_EQ(read(), 1'000'000);
    }
    EXPECT_FALSE(is_mapped(path));
  }
}

TEST(Readers, one_in_use_gives_its_memory_back_when_it_is_given_back) {
  const TemporaryFolder folder;
  const auto path = large_database(folder);
  int busy = 0;
  Readers readers(path, [&] { ++busy; }, 0ms);
  EXPECT_FALSE(readers.trim_due());
  {
    for (std::size_t i = 0; i < 3 * Readers::kBusyUses && busy == 0; ++i) must(readers.borrow());
    ASSERT_TRUE(readers.trim_due());
    const auto reader = must(readers.borrow());
    must(reader->run(kRead));
    EXPECT_TRUE(is_mapped(path));
    readers.trim();
    EXPECT_FALSE(readers.trim_due());
    EXPECT_TRUE(is_mapped(path));
  }
  EXPECT_FALSE(is_mapped(path));
  EXPECT_EQ(busy, 1);
  readers.close();
  must(must(readers.borrow())->run(kRead));
}

/// So many kB of the file this process has in its memory.
long resident_kb(const std::string& path) {
  std::ifstream maps("/proc/self/smaps");
  long all = 0;
  bool is_file = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) is_file = line.ends_with(path);  // the first line of a mapping: its addresses
    if (is_file && line.starts_with("Rss:")) all += std::stol(line.substr(4));
  }
  return all;
}

/// One reader, which maps what it reads: a thousand rows, all in the file, which fill some hundred pages.
class Mapped : public ::testing::Test {
 protected:
  Mapped() {
    add(1000);
    checkpoint();
  }
  void add(int rows) {
    must(
        client_->execute("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1) "
                         "INSERT INTO t SELECT zeroblob(1000) FROM n",
                         {rows}));
  }
  /// Moves what was written from the log to the file.
  void checkpoint() { write("PRAGMA wal_checkpoint(TRUNCATE)"); }
  void write(const char* sql) { must(must(Connection::open(path_, Connection::Access::read_write))->control(sql)); }
  /// So many bytes there are, and so many are not zero.
  std::string read() {
    for (std::size_t i = 0; i < Readers::kBusyUses; ++i) must(readers_.borrow());
    const auto row =
        must(must(readers_.borrow())
                 ->run("SELECT sum(length(a)) || ' ' || sum(length(replace(hex(a), '00', '')) / 2) FROM t"));
    return to_text(row.row(0)[0]);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.db";
  std::unique_ptr<DatabaseClient> client_ = [this] {
    auto client = must(create_database_client(path_));
    must(client->execute("CREATE TABLE t (a)"));
    return client;
  }();
  Readers readers_{path_, [] {}, 1h};
};

TEST_F(Mapped, stays_in_memory_when_the_file_changes) {
  EXPECT_EQ(read(), "1000000 0");
  add(1);
  EXPECT_EQ(read(), "1001000 0");  // from the first change on its length is watched
  EXPECT_GT(resident_kb(path_), 900);
  for (int i = 2; i < 10; ++i) {
    add(1);
    if (i % 2 == 0) checkpoint();
    must(must(readers_.borrow())->run("SELECT a FROM t WHERE rowid = 1"));
    EXPECT_GT(resident_kb(path_), 900);
  }
  EXPECT_EQ(read(), "1009000 0");
}

TEST_F(Mapped, what_was_written_over_is_read) {
  EXPECT_EQ(read(), "1000000 0");
  add(1);
  EXPECT_EQ(read(), "1001000 0");
  write("UPDATE t SET a = CAST(replace(hex(zeroblob(500)), '0', '1') AS BLOB) WHERE rowid = 500");
  EXPECT_EQ(read(), "1001000 1000");
  checkpoint();
  EXPECT_EQ(read(), "1001000 1000");
  write("UPDATE t SET a = zeroblob(1000)");
  checkpoint();
  EXPECT_EQ(read(), "1001000 0");
}

TEST_F(Mapped, shrinks_and_grows_with_the_file) {
  EXPECT_EQ(read(), "1000000 0");
  write("DELETE FROM t WHERE rowid > 10");
  write("VACUUM");
  checkpoint();
  EXPECT_LT(std::filesystem::file_size(path_), 100'000U);
  EXPECT_EQ(read(), "10000 0");
  for (int i = 1; i <= 12; ++i) {
    add(3000);
    if (i % 3 == 0) checkpoint();
    EXPECT_EQ(read(), std::to_string(i * 3'000'000 + 10'000) + " 0");
  }
}

}  // namespace
}  // namespace offx::db::sqlite
