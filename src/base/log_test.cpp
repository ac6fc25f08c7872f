#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx {
namespace {

using testing::EndsWith;
using testing::IsEmpty;

std::string logged(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  testing::internal::CaptureStderr();
  log(level, event, fields);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, is_one_line_whatever_a_value_holds) {
  EXPECT_THAT(logged(LogLevel::info, "server.started", {{"address", "[::1]:80"}, {"ms", "7"}}),
              EndsWith("Z info server.started address=[::1]:80 ms=7\n"));
  EXPECT_THAT(logged(LogLevel::error, "x", {{"a", "b\r\n2026 error forged=\"1\" \x1b[31m\\"}, {"e", ""}}),
              EndsWith("Z error x a=\"b\\x0d\\x0a2026 error forged=\\\"1\\\" \\x1b[31m\\\\\" e=\"\"\n"));
}

TEST(Log, leaves_out_what_is_below_its_level) {
  EXPECT_THAT(logged(LogLevel::debug, "x", {}), IsEmpty());
  set_log_level(LogLevel::error);
  EXPECT_THAT(logged(LogLevel::warning, "x", {}), IsEmpty());
  set_log_level(LogLevel::info);
  EXPECT_EQ(log_level_of("warning"), LogLevel::warning);
  EXPECT_EQ(log_level_of("loud"), std::nullopt);
}

}  // namespace
}  // namespace offx
