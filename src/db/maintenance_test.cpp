#include "db/maintenance.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/test_support.h"
#include "db/test_servers.h"

namespace offx::db {
namespace {

class Maintenance : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string url = folder_ / "a.db";
    if (GetParam() != "file") {
      if (const auto missing = servers_missing(); !missing.empty()) GTEST_SKIP() << missing;
      url = empty_database_on(GetParam());
    }
    client_ = must(create_database_client(url));
    must(client_->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, parent INTEGER REFERENCES t (id))"));
    must(client_->execute("CREATE INDEX t_a ON t (a)"));
    must(client_->execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t (a) "
        "SELECT 'row ' || (i % 7) FROM n"));
  }
  TemporaryFolder folder_;
  std::unique_ptr<DatabaseClient> client_;
};

INSTANTIATE_TEST_SUITE_P(Engines, Maintenance, testing::Values("file", "sqld", "rqlite"),
                         [](const auto& tested) { return tested.param; });

TEST_P(Maintenance, the_check_ends_when_it_is_told_to) {
  for (const auto depth : {CheckDepth::quick, CheckDepth::full}) {
    const auto stopped = check_integrity(*client_, depth, [] { return false; });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), Errc::cancelled);
  }
}

TEST(MaintenanceOfFile, the_check_ends_in_the_middle_of_its_statement) {
  const TemporaryFolder folder;
  const auto client = must(create_database_client(folder / "a.db"));
  must(client->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"));
  must(client->execute("CREATE INDEX t_a ON t (a)"));
  must(
      client->execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
                      "INSERT INTO t (a) SELECT hex(randomblob(20)) FROM n"));
  int asked = 0;
  must(check_integrity(*client, CheckDepth::full, [&] { return ++asked > 0; }));
  EXPECT_GT(asked, 10) << "it is asked within its statements, of which there are two";
  int left = 5;
  const auto stopped = check_integrity(*client, CheckDepth::full, [&] { return --left > 0; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), Errc::cancelled) << stopped.error().to_string();
  EXPECT_GE(left, -1);
}

TEST_P(Maintenance, a_sound_database_has_no_problems) {
  for (const auto depth : {CheckDepth::quick, CheckDepth::full}) {
    const auto findings = must(check_integrity(*client_, depth));
    EXPECT_THAT(findings.damage, testing::IsEmpty());
    EXPECT_THAT(findings.references, testing::IsEmpty());
  }
}

TEST(MaintenanceOfFiles, what_refers_to_nothing_is_no_damage) {
  const TemporaryFolder folder;
  auto client = must(create_database_client(folder / "a.db"));
  must(client->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t (id))"));
  sqlite3* other = nullptr;  // another program, which leaves foreign keys off
  ASSERT_EQ(sqlite3_open((folder / "a.db").c_str(), &other), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(other, "PRAGMA foreign_keys = 0; INSERT INTO t VALUES (3, 7)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(other);
  const auto findings = must(check_integrity(*client, CheckDepth::full));
  EXPECT_THAT(findings.damage, testing::IsEmpty());
  EXPECT_THAT(findings.references, testing::ElementsAre("t: row 3 refers to a row of t that is not there"));
}

TEST_P(Maintenance, statistics_can_be_refreshed_again_and_again) {
  must(refresh_statistics(*client_));
  must(refresh_statistics(*client_));
  if (GetParam() == "file") {
    EXPECT_EQ(must(client_->execute("SELECT tbl FROM sqlite_stat1 WHERE idx = 't_a'")).rows(), 1U);
  }
}

TEST_P(Maintenance, the_size_grows_with_what_is_stored) {
  const auto before = must(size_bytes(*client_));
  ASSERT_TRUE(before);
  EXPECT_GT(*before, 8'000U);
  // More than all that was there, as a server's file may have free pages from before.
  must(client_->execute("INSERT INTO t (a) SELECT hex(zeroblob(?1 / 2 / count(*) OVER ())) FROM t",
                        {static_cast<std::int64_t>(*before + 1'000'000)}));
  EXPECT_GT(must(size_bytes(*client_)).value(), *before + 90'000U);
}

TEST(MaintenanceOfMemory, the_size_is_that_of_its_pages) {
  const auto client = must(create_database_client(":memory:"));
  must(client->execute("CREATE TABLE t (a TEXT)"));
  EXPECT_GT(must(size_bytes(*client)).value(), 4'000U);
}

TEST(MaintenanceOfFiles, a_flipped_page_is_found) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.db";
  {
    auto client = must(create_database_client(folder / "origin.db"));
    must(client->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"));
    must(client->execute("CREATE INDEX t_a ON t (a)"));
    must(client->execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t (a) "
        "SELECT 'row ' || i FROM n"));
    must(client->backup(path, {}));  // with nothing left in a log
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file);
    // Behind the schema; whatever page it is.
    for (int page = 1; page < 12; ++page) {
      file.seekp(page * 4096);
      file.write("\x0d\xff\xff\xff\xff\xff\xff\xff", 8);
    }
  }
  auto client = must(create_database_client(path));
  EXPECT_THAT(must(check_integrity(*client, CheckDepth::full)).damage, testing::Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace offx::db
