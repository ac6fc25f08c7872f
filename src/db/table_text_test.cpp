#include "db/table_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offx::db {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TableText, tells_columns_from_constraints_and_options) {
  const auto text = read_table_text(
      "CREATE TABLE \"a,(b\" ( -- what it is, (about)\n"
      "  id INTEGER PRIMARY KEY , \"check\" TEXT DEFAULT ',)' CHECK (\"check\" IN ('x', 'y')), price DECIMAL(10, 2),\n"
      "  Unique (id, price) FOREIGN KEY (id) REFERENCES p (id), CONSTRAINT c CHECK (id > 0) /* , */ )\n"
      "  STRICT, WITHOUT ROWID ");
  EXPECT_THAT(text.columns,
              ElementsAre("id INTEGER PRIMARY KEY", "\"check\" TEXT DEFAULT ',)' CHECK (\"check\" IN ('x', 'y'))",
                          "price DECIMAL(10, 2)"));
  EXPECT_THAT(text.constraints,
              ElementsAre("Unique (id, price) FOREIGN KEY (id) REFERENCES p (id)", "CONSTRAINT c CHECK (id > 0)"));
  EXPECT_EQ(text.options, "STRICT, WITHOUT ROWID");
}

TEST(TableText, takes_what_is_cut_off_and_what_has_no_columns) {
  EXPECT_THAT(read_table_text("CREATE TABLE t (a, b INT").columns, ElementsAre("a", "b INT"));
  const auto text = read_table_text("CREATE TABLE t AS SELECT 1");
  EXPECT_THAT(text.columns, IsEmpty());
  EXPECT_THAT(text.constraints, IsEmpty());
  EXPECT_EQ(text.options, "");
}

}  // namespace
}  // namespace offx::db
