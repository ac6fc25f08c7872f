#include "api/encoding.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace offx::api {
namespace {

TEST(Encoding, takes_targets_apart) {
  const auto parts = must(take_apart("/a%20b/c%2Fd/?x=1+2&y&x=%C3%A4&&=z"));
  EXPECT_EQ(parts.path, "/a%20b/c%2Fd/");
  EXPECT_EQ(parts.segments, (std::vector<std::string>{"a b", "c/d", ""}));
  EXPECT_EQ(parts.query,
            (std::vector<std::pair<std::string, std::string>>{{"x", "1 2"}, {"y", ""}, {"x", "ä"}, {"", "z"}}));
  EXPECT_EQ(must(take_apart("http://host:80/a?b")).path, "/a");
  EXPECT_EQ(must(take_apart("http://host")).path, "/");
  const auto pathless = must(take_apart("https://host?x=/healthz"));
  EXPECT_EQ(pathless.path, "/") << "what a proxy takes for the query is no path";
  EXPECT_EQ(pathless.query, (std::vector<std::pair<std::string, std::string>>{{"x", "/healthz"}}));
  for (const auto* text : {"", "*", "a", "/%", "/%4", "/%g0", "/%00", "/%ff", "/?%ff", "/%c0%af", "ftp://host/a"}) {
    EXPECT_FALSE(take_apart(text)) << text;
  }
}

TEST(Encoding, chooses_what_the_client_likes_best) {
  EXPECT_EQ(preferred_coding("gzip, deflate, br"), Coding::brotli);
  EXPECT_EQ(preferred_coding("gzip;q=1.0, br;q=0.5"), Coding::gzip);
  EXPECT_EQ(preferred_coding("br;q=0, gzip"), Coding::gzip);
  EXPECT_EQ(preferred_coding("*"), Coding::gzip);
  EXPECT_EQ(preferred_coding("gzip;q=nonsense"), Coding::none);
  EXPECT_EQ(preferred_coding(""), Coding::none);
  EXPECT_EQ(preferred_coding("identity"), Coding::none);
  EXPECT_EQ(compressed("short", Coding::gzip), "");
  EXPECT_LT(compressed(std::string(5'000, 'a'), Coding::brotli).size(), 100U);
}

}  // namespace
}  // namespace offx::api
