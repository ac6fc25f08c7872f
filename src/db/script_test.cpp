#include "db/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitScript, splits_at_the_semicolons_that_end_statements) {
  EXPECT_THAT(split_script("SELECT 1; SELECT ';' ;\n\n-- a; comment\nSELECT \"a;b\"; "),
              ElementsAre("SELECT 1", "SELECT ';'", "-- a; comment\nSELECT \"a;b\""));
  EXPECT_THAT(split_script("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END; SELECT 2"),
              ElementsAre("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END", "SELECT 2"));
  EXPECT_THAT(split_script(" ;; \n"), IsEmpty());
}

TEST(QuoteIdentifier, doubles_quotes) { EXPECT_EQ(quote_identifier("a\"b c"), "\"a\"\"b c\""); }

}  // namespace
}  // namespace offx::db
