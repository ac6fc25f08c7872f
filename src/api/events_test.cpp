#include "api/events.h"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace offx::api {
namespace {

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

}  // namespace
}  // namespace offx::api
