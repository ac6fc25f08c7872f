#include "db/sqlite/change_watch.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::db::sqlite {
namespace {

TEST(ChangeWatch, sees_every_commit_and_nothing_else) {
  const TemporaryFolder folder;
  const auto client = must(create_database_client(folder / "a.db"));
  must(client->execute("CREATE TABLE t (a)"));
  const auto watch = ChangeWatch::open(*client);
  ASSERT_TRUE(watch);
  const auto before = watch->mark();
  ASSERT_TRUE(before);
  must(client->execute("SELECT count(*) FROM t"));
  EXPECT_EQ(watch->mark(), before);
  must(client->execute("INSERT INTO t VALUES (1)"));
  const auto after = watch->mark();
  EXPECT_NE(after, before);
  EXPECT_EQ(watch->mark(), after);
  const auto other = must(create_database_client(folder / "a.db"));  // as another process
  must(other->execute("UPDATE t SET a = 2"));
  EXPECT_NE(watch->mark(), after);
}

TEST(ChangeWatch, is_for_files) { EXPECT_FALSE(ChangeWatch::open(*must(create_database_client(":memory:")))); }

}  // namespace
}  // namespace offx::db::sqlite
