#include "migrate/users.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/test_support.h"
#include "migrate/ledger.h"
#include "migrate/linted_client.h"
#include "migrate/migrator.h"

namespace offx::migrate {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class Users : public testing::Test {
 protected:
  void run(std::string_view sql, const db::Params& params = {}) { must(client_->execute(sql, params)); }
  std::vector<TableUser> users() { return must(list_table_users(*client_)); }
  /// Looks again and again, for a minute at most.
  template <class Condition>
  bool comes_true(const Condition& condition) {
    for (int i = 0; i < 6000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  TemporaryFolder folder_;
  std::unique_ptr<db::DatabaseClient> client_ = linted(must(db::create_database_client(folder_ / "users.db")));
  const std::vector<std::string_view> tables_ = {"posts_v1", "odd \"name\""};
};

TEST_F(Users, a_process_is_listed_while_it_says_so) {
  EXPECT_THAT(users(), IsEmpty());
  {
    const auto use = must(TableUse::announce(*client_, "offx 1.2.3 serve", tables_));
    const auto other = must(TableUse::announce(*client_, "a second one", {}));
    const auto listed = users();
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0].program, "a second one");
    const auto& user = listed[1];
    EXPECT_EQ(user.program, "offx 1.2.3 serve");
    EXPECT_EQ(user.pid, getpid());
    EXPECT_FALSE(user.host.empty());
    EXPECT_NE(user.id, listed[0].id);
    EXPECT_THAT(user.tables, ElementsAre("posts_v1", "odd \"name\""));
    EXPECT_EQ(user.expires_at - user.renewed_at, 30s);
  }
  EXPECT_THAT(users(), IsEmpty());
}

TEST_F(Users, a_lease_is_renewed_and_comes_back_when_it_was_swept_away) {
  const auto use = must(TableUse::announce(*client_, "p", tables_, 300ms));
  const auto first = users();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(comes_true([&] {
    const auto now = users();
    return now.size() == 1 && now[0].renewed_at > first[0].renewed_at + 300ms;
  }));
  run("DELETE FROM offx_table_users");
  EXPECT_TRUE(comes_true([&] { return users().size() == 1; }));
}

TEST_F(Users, it_goes_on_after_a_time_without_the_database) {
  const auto use = must(TableUse::announce(*client_, "p", tables_, 60ms));
  run("ALTER TABLE offx_table_users RENAME TO away");
  std::this_thread::sleep_for(200ms);
  run("ALTER TABLE away RENAME TO offx_table_users");
  EXPECT_TRUE(comes_true([&] { return users().size() == 1; }));
}

TEST_F(Users, ending_does_not_wait_for_the_next_renewal) {
  // Would otherwise take an hour, and the test's time limit.
  must(TableUse::announce(*client_, "p", tables_, 3h));
  EXPECT_THAT(users(), IsEmpty());
}

TEST_F(Users, the_dead_are_not_listed_and_forgotten_after_a_day) {
  must(TableUse::announce(*client_, "makes the table", {}));
  const auto now = SystemClock().now();
  const auto insert = [&](const std::string& id, Timestamp expires_at) {
    run("INSERT INTO offx_table_users VALUES (?, 'p', 'h', 1, '[]', ?, ?)",
        {id, to_sql_time(expires_at), to_sql_time(expires_at)});
  };
  insert("alive", now + 1h);
  insert("died lately", now - 1h);
  insert("died long ago", now - 48h);
  ASSERT_EQ(users().size(), 1U);
  EXPECT_EQ(users()[0].id, "alive");
  must(TableUse::announce(*client_, "sweeps", {}));
  const auto left = must(client_->execute("SELECT id FROM offx_table_users ORDER BY id"));
  ASSERT_EQ(left.rows(), 2U);
  EXPECT_EQ(db::to_text(left.row(1)[0]), "died lately");
}

/// A database in which topics_v1 → topics_v2 is live.
class CheckTables : public Users {
 protected:
  void SetUp() override {
    run("CREATE TABLE topics_v1 (id INTEGER PRIMARY KEY, title TEXT)");
    migration_.name = "topics_v2";
    TableChange change;
    change.from = "topics_v1";
    change.to = "topics_v2";
    change.create = "CREATE TABLE topics_v2 (id INTEGER PRIMARY KEY, title TEXT, color TEXT)";
    migration_.tables = {change};
  }
  Result<void> check(std::string_view table) {
    return check_tables(must(read_records(*client_)), std::span(&table, 1));
  }

  Migration migration_;
};

TEST_F(CheckTables, an_older_program_is_refused_when_its_table_is_gone_and_not_before) {
  EXPECT_TRUE(check("topics_v1"));  // no history at all
  must(start(*client_, migration_, {}));
  EXPECT_TRUE(check("topics_v1"));
  EXPECT_TRUE(check("topics_v2"));
  must(complete(*client_, "topics_v2", {}));
  EXPECT_TRUE(check("topics_v2"));
  const auto refused = check("TOPICS_v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("migration topics_v2"));
  EXPECT_TRUE(check("posts_v1"));  // nobody took it away
}

TEST_F(CheckTables, complete_waits_for_those_who_announced_themselves) {
  must(start(*client_, migration_, {}));
  const std::string_view old_table = "Topics_V1";
  {
    const auto use = must(TableUse::announce(*client_, "offx 0.1 serve", std::span(&old_table, 1)));
    const auto refused = complete(*client_, "topics_v2", {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), testing::HasSubstr("offx 0.1 serve"));
    EXPECT_EQ(must(list_migrations(*client_)).front().old_users.size(), 1U);
  }
  must(complete(*client_, "topics_v2", {}));
}

}  // namespace
}  // namespace offx::migrate
