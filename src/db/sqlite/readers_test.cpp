#include "db/sqlite/readers.h"

#include <fstream>
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

}  // namespace
}  // namespace offx::db::sqlite
