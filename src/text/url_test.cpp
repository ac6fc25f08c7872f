#include "text/url.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace offx::text {
namespace {

TEST(ResolveUrl, FollowsTheExamplesOfRfc3986) {
  const std::string base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../../g", "http://a/g"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"/./g", "http://a/g"},
      {"g..", "http://a/b/c/g.."},
  };
  for (const auto& [reference, expected] : cases) EXPECT_EQ(resolve_url(base, reference), expected) << reference;
}

TEST(ResolveUrl, TidiesAndRefuses) {
  EXPECT_EQ(resolve_url("", " https://e.example/a b\n"), "https://e.example/a%20b");
  EXPECT_EQ(resolve_url("", "/x"), "");
  EXPECT_EQ(resolve_url("e.example", "/x"), "");
  EXPECT_EQ(resolve_url("https://e.example", "x"), "https://e.example/x");
  EXPECT_EQ(resolve_url("", "java\nscript:x"), "javascript:x");
}

TEST(Url, NamesSchemeAndHost) {
  EXPECT_EQ(url_scheme("HTTPS://x"), "https");
  EXPECT_EQ(url_scheme("no scheme:"), "");
  EXPECT_EQ(url_host("https://user@WWW.Example.org:8080/x@y"), "example.org");
  EXPECT_EQ(url_host("http://[::1]:80/"), "[::1]");
  EXPECT_EQ(url_host("tag:x"), "");
  EXPECT_TRUE(is_web_url("http://x"));
  EXPECT_FALSE(is_web_url("http:x"));
  EXPECT_FALSE(is_web_url("ftp://x"));
}

}  // namespace
}  // namespace offx::text
