// Users, sessions and tokens as rows.

#include "store/accounts.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "store/store.h"

namespace offx::store {
namespace {

using std::chrono::hours;

const Timestamp kNow = *parse_time("2026-11-20 14:05:17");

class AccountRows : public testing::Test {
 protected:
  std::int64_t add_admin(const std::string& name) {
    User user;
    user.username = name;
    user.password_hash = "hash of " + name;
    user.is_admin = true;
    return must(accounts_.add(user, kNow));
  }
  void log_in(std::int64_t user) {
    Session session;
    session.token_hash = "session of " + std::to_string(user);
    session.user_id = user;
    session.created_at = kNow;
    session.expires_at = kNow + hours(1);
    must(accounts_.add_session(session));
  }
  std::size_t sessions_of(std::int64_t user) { return must(accounts_.sessions_of(user, kNow, kNow - hours(1))).size(); }

  std::unique_ptr<db::DatabaseClient> client_ = must(open(":memory:"));
  AccountRepository accounts_{*client_};
};

TEST_F(AccountRows, the_only_administrator_who_may_not_go_stays_logged_in) {
  const auto ada = add_admin("ada");
  log_in(ada);
  const auto refused = accounts_.remove(ada);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_EQ(sessions_of(ada), 1U);

  add_admin("bob");
  must(accounts_.remove(ada));
  EXPECT_FALSE(must(accounts_.get(ada)));
  EXPECT_EQ(sessions_of(ada), 0U);
}

TEST_F(AccountRows, a_new_password_ends_the_sessions_of_its_user_whoever_that_is) {
  const auto ada = add_admin("ada");
  log_in(ada);
  must(accounts_.set_password(ada, "another hash", kNow));
  EXPECT_EQ(sessions_of(ada), 0U);
}

}  // namespace
}  // namespace offx::store
