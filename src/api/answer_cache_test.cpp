#include "api/answer_cache.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::api {
namespace {

class Cache : public testing::Test {
 protected:
  Cache() : client_(must(db::create_database_client(folder_ / "a.db"))), watch_(*client_), cache_(&watch_) {
    must(client_->execute("CREATE TABLE t (a)"));
  }
  std::string get(const std::string& key, int status = 200) {
    const auto answer = must(cache_.get(key, [&]() -> Result<net::HttpResponse> {
      ++made_;
      net::HttpResponse response;
      response.status = status;
      response.body = key + " " + std::to_string(made_);
      return response;
    }));
    return std::string(answer.content());
  }

  TemporaryFolder folder_;
  std::unique_ptr<db::DatabaseClient> client_;
  db::sqlite::ChangeWatch watch_;
  AnswerCache cache_;
  std::atomic<int> made_ = 0;
};

void work_long() {
  const auto until = std::clock() + 2 * CLOCKS_PER_SEC * AnswerCache::kQuick.count() / 1000;
  while (std::clock() < until) {
  }
}

TEST_F(Cache, an_answer_is_kept_until_the_database_changes) {
  EXPECT_EQ(get("a"), "a 1");
  EXPECT_EQ(get("a"), "a 1");
  EXPECT_EQ(get("b"), "b 2");
  must(client_->execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(get("a"), "a 3");
  EXPECT_EQ(get("a"), "a 3");
}

TEST_F(Cache, what_changes_while_an_answer_is_made_makes_it_old) {
  must(cache_.get("a", [&]() -> Result<net::HttpResponse> {
    must(client_->execute("INSERT INTO t VALUES (1)"));
    return net::HttpResponse{.body = "old"};
  }));
  EXPECT_EQ(get("a"), "a 1");
}

TEST_F(Cache, what_is_kept_can_be_had_at_once) {
  EXPECT_FALSE(cache_.find("a"));
  get("a");
  const auto found = cache_.find("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->content(), "a 1");
  const db::Statement unmarked{"INSERT INTO t VALUES (1)", {}};
  EXPECT_TRUE(must(watch_.write_unmarked(std::span(&unmarked, 1))));
  EXPECT_TRUE(cache_.find("a"));  // it is made of nothing that was written here
  must(client_->execute("INSERT INTO t VALUES (1)"));
  EXPECT_FALSE(cache_.find("a"));
}

TEST_F(Cache, large_answers_are_bounded_in_all) {
  const auto get_large = [&](int i) {
    const auto answer = must(cache_.get(std::to_string(i), [&]() -> Result<net::HttpResponse> {
      ++made_;
      return net::HttpResponse{.body = std::string(1'000'000, 'x')};
    }));
    EXPECT_EQ(answer.content().size(), 1'000'000U);
  };
  for (int i = 0; i < 20; ++i) get_large(i);
  EXPECT_EQ(made_, 20);
  get_large(19);
  EXPECT_EQ(made_, 20);
  get_large(0);
  EXPECT_EQ(made_, 21);
}

TEST_F(Cache, failures_are_not_kept) {
  EXPECT_FALSE(cache_.get("a", []() -> Result<net::HttpResponse> { return fail(Errc::unavailable, "no"); }));
  EXPECT_EQ(get("a", 404), "a 1");
  EXPECT_EQ(get("a"), "a 2");
  EXPECT_EQ(get("a"), "a 2");
}

TEST_F(Cache, many_keys_stay_bounded) {
  for (int i = 0; i < 1000; ++i) get("key " + std::to_string(i));
  EXPECT_EQ(get("key 999"), "key 999 1000");
  EXPECT_EQ(get("key 0"), "key 0 1001");
}

TEST_F(Cache, what_counts_long_is_given_with_its_age_and_counted_anew_beside) {
  std::atomic<bool> is_long = true;
  const AnswerCache::Make count = [&]() -> Result<net::HttpResponse> {
    if (is_long) work_long();
    return net::HttpResponse{.body = std::to_string(++made_)};
  };
  const auto get_counted = [&] { return must(cache_.get_counted("n", count)); };
  EXPECT_EQ(get_counted().content(), "1");
  EXPECT_EQ(get_counted().content(), "1");
  EXPECT_TRUE(get_counted().headers.empty());
  must(client_->execute("INSERT INTO t VALUES (1)"));
  const auto old = get_counted();
  EXPECT_EQ(old.content(), "1");
  ASSERT_EQ(old.headers.size(), 1U);
  EXPECT_EQ(old.headers[0].name, "Age");
  // Who will have nothing old asks without it.
  EXPECT_EQ(must(cache_.get("n", count)).content(), "2");
  EXPECT_EQ(get_counted().content(), "2");
  is_long = false;
  // Only what takes long: nobody waits for the rest, and nobody gets it old.
  EXPECT_EQ(must(cache_.get_counted("m", count)).content(), "3");
  must(client_->execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(must(cache_.get_counted("m", count)).content(), "4");
  // Though nobody asks again.
  is_long = true;
  must(cache_.get("n", count));
  EXPECT_EQ(made_, 5);
  must(client_->execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(get_counted().content(), "5");
  for (int i = 0; i < 600 && made_ < 6; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(get_counted().content(), "6");
}

TEST_F(Cache, nobody_gets_what_was_counted_too_long_ago) {
  AnswerCache strict(&watch_, {.renewed = std::chrono::hours(1), .max = std::chrono::milliseconds(0)});
  const AnswerCache::Make count = [&]() -> Result<net::HttpResponse> {
    work_long();
    return net::HttpResponse{.body = std::to_string(++made_)};
  };
  EXPECT_EQ(must(strict.get_counted("n", count)).content(), "1");
  must(client_->execute("INSERT INTO t VALUES (1)"));
  const auto anew = must(strict.get_counted("n", count));
  EXPECT_EQ(anew.content(), "2");
  EXPECT_TRUE(anew.headers.empty());
}

TEST_F(Cache, what_is_thrown_in_the_background_harms_nobody) {
  AnswerCache eager(&watch_, {.renewed = std::chrono::milliseconds(0), .max = std::chrono::hours(1)});
  const AnswerCache::Make count = [&]() -> Result<net::HttpResponse> {
    work_long();
    if (++made_ == 2) throw std::runtime_error("no memory");
    return net::HttpResponse{.body = std::to_string(made_)};
  };
  EXPECT_EQ(must(eager.get_counted("n", count)).content(), "1");
  must(client_->execute("INSERT INTO t VALUES (1)"));
  // It is given until it could be made after all.
  std::string last = "1";
  for (int i = 0; i < 600 && last == "1"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    last = must(eager.get_counted("n", count)).content();
  }
  EXPECT_EQ(last, "3");
}

TEST_F(Cache, many_ask_at_once_while_it_changes) {
  std::atomic<int> written = 0;
  std::vector<std::thread> readers;
  std::atomic<bool> stop = false;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const int before = written;
        const auto answer = must(cache_.get("count", [&]() -> Result<net::HttpResponse> {
          const auto rows = must(client_->execute("SELECT count(*) FROM t"));
          return net::HttpResponse{.body = std::to_string(db::to_integer(rows.row(0)[0]))};
        }));
        // What was written before it was asked for is in it.
        EXPECT_GE(std::stoi(std::string(answer.content())), before);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    must(client_->execute("INSERT INTO t VALUES (1)"));
    ++written;
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace offx::api
