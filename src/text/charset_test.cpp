#include "text/charset.h"

#include <gtest/gtest.h>

namespace offx::text {
namespace {

using namespace std::string_view_literals;

TEST(Charset, decodes_what_has_a_name) {
  EXPECT_EQ(decoded("caf\xE9 \x93", "windows-1252"), "café “");
  EXPECT_EQ(decoded("\xFF\xFEh\0i\0"sv, "UTF-16"), "hi");
  EXPECT_EQ(decoded("\0h\0i"sv, "UTF-16BE"), "hi");
  EXPECT_EQ(decoded("\x93\xFA\x96\x7B", "shift_jis"), "日本");
  EXPECT_EQ(decoded("a\xFF", "us-ascii"), "a\uFFFD");
  EXPECT_EQ(decoded("", "utf-8"), "");
  EXPECT_EQ(decoded("a", "no such encoding"), std::nullopt);
}

}  // namespace
}  // namespace offx::text
