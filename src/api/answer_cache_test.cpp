#include "api/answer_cache.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::api {
namespace {

class Cache : public testing::Test {
 protected:
  Cache() : client_(must(db::create_database_client(folder_ / "a.db"))), cache_(*client_) {
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
    return answer.body;
  }

  TemporaryFolder folder_;
  std::unique_ptr<db::DatabaseClient> client_;
  AnswerCache cache_;
  std::atomic<int> made_ = 0;
};

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
        EXPECT_GE(std::stoi(answer.body), before);
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
