#include "api/secrets.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/route.h"
#include "base/test_support.h"

namespace offx::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Passwords, are_argon2id_and_only_the_right_one_is_right) {
  PasswordHasher passwords(5s, 1);
  const auto hasher = must(passwords.enter());
  const auto hash = must(hasher.hash("correct horse battery"));
  EXPECT_THAT(hash, HasSubstr("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_NE(hash, must(hasher.hash("correct horse battery")));
  const auto verdict = must(hasher.verify("correct horse battery", hash));
  EXPECT_TRUE(verdict.right);
  EXPECT_FALSE(verdict.needs_new_hash);
  EXPECT_FALSE(must(hasher.verify("wrong", hash)).right);
  EXPECT_FALSE(must(hasher.verify("correct horse battery", std::nullopt)).right);
}

TEST(Passwords, four_are_hashed_at_once_some_wait_and_others_are_told_so) {
  PasswordHasher patient(1h, 6);
  std::vector<PasswordHasher::Place> places;
  for (int i = 0; i < 4; ++i) places.push_back(must(patient.enter()));
  std::atomic<int> entered = 0;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 2; ++i) {
    waiting.emplace_back([&] {
      if (patient.enter()) ++entered;
    });
  }
  const auto refused = [] {
    PasswordHasher impatient(1ms, 5);
    std::vector<PasswordHasher::Place> all;
    for (int i = 0; i < 4; ++i) all.push_back(must(impatient.enter()));
    return impatient.enter();
  }();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unavailable);
  EXPECT_EQ(refused.error().context(), kBusy);
  EXPECT_EQ(entered, 0);
  places.pop_back();
  waiting.clear();  // each leaves its place to the next
  EXPECT_EQ(entered, 2);

  PasswordHasher full(1h, 4);
  places.clear();
  for (int i = 0; i < 4; ++i) places.push_back(must(full.enter()));
  EXPECT_FALSE(full.enter());
}

}  // namespace
}  // namespace offx::api
