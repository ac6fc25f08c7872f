#include "net/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::net {
namespace {

TEST(NetworkList, knows_what_is_inside) {
  const auto list = must(NetworkList::parse("127.0.0.0/8, ::1 10.20.0.0/14,2001:db8::/33"));
  for (const auto* inside :
       {"127.0.0.1", "127.255.0.9", "::1", "10.20.0.1", "10.23.255.255", "::ffff:127.0.0.1", "2001:db8:7fff::1"}) {
    EXPECT_TRUE(list.contains(inside)) << inside;
  }
  for (const auto* outside : {"128.0.0.1", "::2", "10.24.0.0", "10.19.255.255", "2001:db8:8000::1", "", "localhost"}) {
    EXPECT_FALSE(list.contains(outside)) << outside;
  }
  EXPECT_TRUE(must(NetworkList::parse("0.0.0.0/0")).contains("9.9.9.9"));
  EXPECT_FALSE(must(NetworkList::parse("0.0.0.0/0")).contains("2001:db8::1"));
  EXPECT_FALSE(must(NetworkList::parse(" ")).contains("127.0.0.1"));
}

TEST(NetworkList, names_what_is_none) {
  for (const auto* text :
       {"127.0.0.1/33", "::/129", "localhost", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "1.2.3.4/-1"}) {
    const auto list = NetworkList::parse(std::string("::1,") + text);
    ASSERT_FALSE(list) << text;
    EXPECT_THAT(list.error().message(), testing::HasSubstr(text));
  }
}

TEST(CallerNetwork, takes_the_64_of_a_host) {
  EXPECT_EQ(caller_network("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(caller_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
}

}  // namespace
}  // namespace offx::net
