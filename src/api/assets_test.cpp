#include "api/assets.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Assets : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_asset("/")) GTEST_SKIP() << "built without the dashboard";
  }
};

TEST_F(Assets, ThePageIsThere) {
  const auto page = find_asset("/");
  EXPECT_THAT(std::string(page->content), StartsWith("<!doctype html>"));
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->immutable) << "it names the others by their hashes, so it is asked for anew";
  EXPECT_EQ(find_asset("/index.html")->etag, page->etag);
  EXPECT_THAT(std::string(page->etag), testing::MatchesRegex("\"[-_A-Za-z0-9]+\""));
}

TEST_F(Assets, WhatThePageNamesIsThereAndCompressed) {
  const std::string page(find_asset("/")->content);
  const auto begin = page.find("/assets/");
  ASSERT_NE(begin, std::string::npos);
  const auto script = find_asset(page.substr(begin, page.find('"', begin) - begin));
  ASSERT_TRUE(script);
  EXPECT_TRUE(script->immutable);
  EXPECT_LT(script->content_brotli.size(), script->content_gzip.size());
  EXPECT_LT(script->content_gzip.size(), script->content.size());
  EXPECT_THAT(std::string(script->content_gzip), StartsWith("\x1f\x8b"));
}

// The header `Content-Security-Policy: script-src 'self'; style-src 'self'` lets none of that run.
TEST_F(Assets, NothingIsInline) {
  const std::string page(find_asset("/")->content);
  EXPECT_THAT(page, HasSubstr("<script"));
  for (auto at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) {
    EXPECT_THAT(page.substr(at, page.find('>', at) - at), HasSubstr(" src=\"/"));
  }
  EXPECT_THAT(page, testing::Not(HasSubstr("<style")));
  EXPECT_THAT(page, testing::Not(HasSubstr(" style=")));
  EXPECT_THAT(page, testing::Not(HasSubstr("https://")));
}

TEST_F(Assets, NoOtherPathIsAFile) {
  for (const char* path : {"", "//", "/..", "/assets", "/assets/", "/../index.html", "/index.html/", "/INDEX.HTML",
                           "/%69ndex.html", "/package.json", "/.git/config"}) {
    EXPECT_FALSE(find_asset(path)) << path;
  }
}

}  // namespace
}  // namespace offx::api
