#include "db/sqlite/readers.h"

#include <fstream>
#include <string>
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

TEST(Readers, the_memory_of_a_database_at_rest_is_given_back) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.db";
  {
    const auto client = must(create_database_client(path));
    must(client->execute("CREATE TABLE t (a)"));
    must(client->execute("INSERT INTO t VALUES (zeroblob(1000000))"));
  }  // now it is in the file, not in its log
  const auto client = must(create_database_client(path));
  const auto read = [&] { return to_integer(must(client->execute("SELECT length(hex(a)) / 2 FROM t")).row(0)[0]); };
  for (int round = 0; round < 2; ++round) {  // whoever comes back finds it as it was
    EXPECT_EQ(read(), 1'000'000);
    EXPECT_TRUE(is_mapped(path));
    const auto give_up = std::chrono::steady_clock::now() + 60s;
    while (is_mapped(path) && std::chrono::steady_clock::now() < give_up) std::this_thread::sleep_for(100ms);
    EXPECT_FALSE(is_mapped(path));
  }
}

TEST(Readers, nothing_is_trimmed_while_it_is_in_use) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.db";
  const auto client = must(create_database_client(path));
  must(client->execute("CREATE TABLE t (a)"));
  int uses = 0;
  Readers readers(path, [&] { ++uses; }, 0ms);
  EXPECT_FALSE(readers.trim_due());
  {
    const auto reader = must(readers.borrow());
    EXPECT_EQ(uses, 1);
    ASSERT_TRUE(readers.trim_due());
    readers.trim();
    EXPECT_TRUE(readers.trim_due());
    must(reader->run("SELECT count(*) FROM t"));
  }
  EXPECT_EQ(uses, 1);
  readers.trim();
  EXPECT_FALSE(readers.trim_due());
  must(readers.borrow());
  EXPECT_EQ(uses, 2);
  readers.close();
  must(must(readers.borrow())->run("SELECT count(*) FROM t"));
}

}  // namespace
}  // namespace offx::db::sqlite
