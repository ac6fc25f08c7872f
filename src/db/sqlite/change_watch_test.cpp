#include "db/sqlite/change_watch.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/test_support.h"

namespace offx::db::sqlite {
namespace {

constexpr std::string_view kInsert = "INSERT INTO t VALUES (1)";

class Watch : public testing::Test {
 protected:
  Watch() : client_(must(create_database_client(folder_ / "a.db"))), watch_(*client_) {
    must(client_->execute("CREATE TABLE t (a)"));
  }
  bool write_unmarked(std::string_view sql = kInsert) {
    const Statement statement{sql, {}};
    return must(watch_.write_unmarked(std::span(&statement, 1)));
  }
  std::int64_t count() { return to_integer(must(client_->execute("SELECT count(*) FROM t")).row(0)[0]); }

  TemporaryFolder folder_;
  std::unique_ptr<DatabaseClient> client_;
  ChangeWatch watch_;
};

TEST_F(Watch, sees_every_commit_and_nothing_else) {
  const auto before = watch_.mark();
  ASSERT_TRUE(before);
  must(client_->execute("SELECT count(*) FROM t"));
  EXPECT_EQ(watch_.mark(), before);
  must(client_->execute(kInsert));
  const auto after = watch_.mark();
  EXPECT_NE(after, before);
  EXPECT_EQ(watch_.mark(), after);
  const auto other = must(create_database_client(folder_ / "a.db"));  // as another process
  must(other->execute("UPDATE t SET a = 2"));
  EXPECT_NE(watch_.mark(), after);
}

TEST_F(Watch, what_it_writes_itself_is_stored_and_no_change) {
  const auto before = watch_.mark();
  ChangeWatch another(*client_);
  const auto before_another = another.mark();
  EXPECT_TRUE(write_unmarked());
  EXPECT_EQ(watch_.mark(), before);
  EXPECT_EQ(count(), 1);
  EXPECT_NE(another.mark(), before_another);
  // What others wrote before or after it is seen all the same.
  must(client_->execute(kInsert));
  EXPECT_TRUE(write_unmarked());
  const auto after = watch_.mark();
  EXPECT_NE(after, before);
  EXPECT_TRUE(write_unmarked());
  must(client_->execute(kInsert));
  EXPECT_NE(watch_.mark(), after);
  EXPECT_EQ(count(), 5);
}

TEST_F(Watch, what_fails_is_not_written_at_all) {
  const Statement statements[] = {{kInsert, {}}, {"INSERT INTO nothing VALUES (1)", {}}};
  const auto before = watch_.mark();
  EXPECT_FALSE(watch_.write_unmarked(statements));
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(watch_.mark(), before);
  EXPECT_TRUE(write_unmarked());
  must(client_->execute(kInsert));
  EXPECT_EQ(count(), 2);
}

// Others may commit as soon as it is done, and nothing tells their commit from one of its own.
TEST_F(Watch, what_changes_nothing_counts_as_a_change) {
  const auto before = watch_.mark();
  EXPECT_TRUE(write_unmarked("UPDATE t SET a = 2"));
  const auto after = watch_.mark();
  EXPECT_NE(after, before);
  EXPECT_TRUE(write_unmarked());
  EXPECT_EQ(watch_.mark(), after);
}

TEST_F(Watch, many_may_ask_while_it_and_others_write) {
  must(client_->execute("CREATE TABLE u (a)"));
  std::atomic<int> written = 0;
  std::atomic<bool> stop = false;
  std::thread unmarked([&] {
    while (!stop) must(watch_.write_unmarked(std::vector<Statement>(20, {kInsert, {}})));
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      auto mark = watch_.mark();
      auto seen = must(client_->execute("SELECT count(*) FROM u")).row(0)[0];
      while (!stop) {
        const int before = written;
        const auto now = watch_.mark();
        if (now != mark) {
          seen = must(client_->execute("SELECT count(*) FROM u")).row(0)[0];
          mark = now;
        }
        // As long as the mark stays, nothing has come to what it marks.
        EXPECT_GE(to_integer(seen), before);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    must(client_->execute("INSERT INTO u VALUES (1)"));
    ++written;
  }
  stop = true;
  unmarked.join();
  for (auto& reader : readers) reader.join();
}

TEST_F(Watch, a_long_log_is_left_to_the_engine) {
  must(client_->execute("CREATE TABLE large (a)"));
  ASSERT_TRUE(watch_.mark());
  bool refused = false;
  for (int i = 0; i < 40 && !refused; ++i) refused = !write_unmarked("INSERT INTO large VALUES (zeroblob(1000000))");
  EXPECT_TRUE(refused);
  EXPECT_TRUE(write_unmarked());  // once is enough
}

/// While a reader keeps the log long, a backup for instance, each turn of the engine's is a change to all who ask.
TEST_F(Watch, a_log_that_stays_long_is_left_to_the_engine_once_a_second) {
  must(client_->execute("CREATE TABLE large (a)"));
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "a.db").c_str(), &reader), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  constexpr std::string_view kLarge = "INSERT INTO large VALUES (zeroblob(1000000))";
  for (int i = 0; i < 40 && write_unmarked(kLarge);) ++i;
  const auto began = std::chrono::steady_clock::now();
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    if (write_unmarked()) continue;
    ++refused;
    must(client_->execute(kInsert));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
  EXPECT_LE(refused, seconds.count() + 1);
  EXPECT_EQ(count(), 100);
  sqlite3_close(reader);
}

TEST_F(Watch, is_asked_at_once_only_when_it_is_open) {
  EXPECT_FALSE(watch_.try_mark());
  const auto mark = watch_.mark();
  ASSERT_TRUE(mark);
  EXPECT_EQ(watch_.try_mark(), mark);
  must(client_->execute(kInsert));
  EXPECT_NE(watch_.try_mark(), mark);
}

TEST(ChangeWatch, a_file_without_a_log_tells_nothing_and_stays_as_it_is) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.db";
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, "CREATE TABLE t (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  const auto client = must(create_database_client(path));
  ChangeWatch watch(*client);
  EXPECT_FALSE(watch.mark());
  EXPECT_FALSE(std::filesystem::exists(path + "-shm"));
  must(client->execute(kInsert));  // now it has one
  EXPECT_TRUE(ChangeWatch(*client).mark());
}

TEST(ChangeWatch, is_for_files) {
  const auto client = must(create_database_client(":memory:"));
  ChangeWatch watch(*client);
  EXPECT_FALSE(watch.mark());
  EXPECT_FALSE(must(watch.write_unmarked({})));
}

}  // namespace
}  // namespace offx::db::sqlite
