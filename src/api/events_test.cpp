#include "api/events.h"

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "api/test_routes.h"
#include "migrate/users.h"

namespace offx::api {
namespace {

namespace json = boost::json;

class Stream final : public net::EventStream {
 public:
  bool send(std::string_view event, std::string_view /*data*/) override {
    if (event == "news") ++news;
    return is_open_;
  }
  void close() override { is_open_ = false; }
  [[nodiscard]] bool is_open() const override { return is_open_; }

  std::atomic<int> news = 0;

 private:
  std::atomic<bool> is_open_ = true;
};

template <typename Condition>
[[nodiscard]] bool comes_true(const Condition& condition) {
  for (int i = 0; i < 600; ++i) {  // not asked again once it has come true: it may take what it asks for
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

TEST(EventStreams, are_closed_with_their_permission_which_is_asked_once_for_all_of_one) {
  std::atomic<int> asked = 0;
  const Events::Permission none{"ann", [&] { return ++asked == 0; }, std::chrono::hours(1)};
  const Events::Permission lasting{"bob", [] { return true; }};
  const auto tab = std::make_shared<Stream>();
  const auto other_tab = std::make_shared<Stream>();
  const auto stays = std::make_shared<Stream>();
  Events events({});
  events.add(tab, none);
  events.add(other_tab, none);
  events.add(stays, lasting);
  EXPECT_TRUE(comes_true([&] { return !tab->is_open() && !other_tab->is_open(); }));
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(stays->is_open());
}

TEST(EventStreams, of_one_user_are_so_many_at_most) {
  Events events({});
  std::vector<std::shared_ptr<Stream>> streams;
  const auto open = [&](std::int64_t user) {
    auto place = events.take_place(user);
    if (!place) return false;
    streams.push_back(std::make_shared<Stream>());
    events.add(streams.back(), {std::to_string(user), [] { return true; }}, std::move(place));
    return true;
  };
  for (int i = 0; i < Events::kStreamsOfUser; ++i) EXPECT_TRUE(open(1)) << i;
  EXPECT_FALSE(open(1));
  EXPECT_TRUE(open(2));
  streams.front()->close();  // whoever is gone has no place
  EXPECT_TRUE(comes_true([&] { return open(1); }));
  EXPECT_FALSE(open(1));
  // One that never became a stream gives its place back too.
  streams[1]->close();
  ASSERT_TRUE(comes_true([&] { return events.take_place(1) != nullptr; }));
  EXPECT_TRUE(open(1));
}

TEST(EventStreams, hear_on_though_something_was_thrown) {
  std::atomic<int> looks = 0;
  Events events({{"news", [&]() -> Result<std::map<std::string, Watched>> {
                    if (++looks < 3) throw std::runtime_error("no memory");
                    return std::map<std::string, Watched>{{"a", {"{}", std::to_string(looks)}}};
                  }}});
  const auto stream = std::make_shared<Stream>();
  events.add(stream, {"ann", []() -> bool { throw std::runtime_error("no memory"); }});
  EXPECT_TRUE(comes_true([&] { return stream->news > 0; }));
  EXPECT_TRUE(stream->is_open());
}

class StandardEvents : public RoutesTest {};

TEST_F(StandardEvents, new_posts_are_told_once) {
  const auto sources = standard_events(*client_);
  const auto& read = sources[0].read;
  ASSERT_EQ(sources[0].event, "posts");
  EXPECT_TRUE(must(read()).empty());
  import(line("1", "a", "2026-08-20T08:00:00Z"));
  const auto told = must(read());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(json::parse(told.begin()->second.data).at("added"), 1);
  EXPECT_TRUE(must(read()).empty());
  import(line("2", "b", "2026-08-20T09:00:00Z"));
  EXPECT_EQ(must(read()).size(), 1U);
}

TEST_F(StandardEvents, that_a_program_still_uses_its_tables_is_no_news) {
  const std::array<std::string_view, 1> tables = {"topics_v1"};
  const auto use = must(migrate::TableUse::announce(*client_, "sample", tables));
  const auto sources = standard_events(*client_);
  const auto& read = sources[2].read;
  ASSERT_EQ(sources[2].event, "migration");
  const auto before = must(read()).at("topics_v2");
  EXPECT_EQ(json::parse(before.data).at("old_users").at(0).at("program"), "sample");
  must(client_->execute("UPDATE offx_table_users SET renewed_at = '2098-01-01', expires_at = '2099-01-01'"));
  const auto renewed = must(read()).at("topics_v2");
  EXPECT_NE(renewed.data, before.data);
  EXPECT_EQ(renewed.news, before.news);
  must(client_->execute("DELETE FROM offx_table_users"));
  EXPECT_NE(must(read()).at("topics_v2").news, before.news);
}

}  // namespace
}  // namespace offx::api
