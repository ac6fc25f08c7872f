#pragma once

#include <string_view>
#include <vector>

namespace offx::db {

/// A CREATE TABLE taken apart at the commas between its outermost parentheses, without understanding what stands there.
/// Views into the SQL, without blanks and comments around. All empty for what has no parentheses.
struct TableText {
  std::vector<std::string_view> columns;  ///< each begins with its name
  /// What follows the columns: keys, uniques, checks, references. Between these SQLite needs no comma, so one of them
  /// may hold several, and begin with one and go on with another.
  std::vector<std::string_view> constraints;
  std::string_view options;  ///< behind the parentheses: STRICT, WITHOUT ROWID
};

/// Cost: one pass over the text.
[[nodiscard]] TableText read_table_text(std::string_view create_sql);

}  // namespace offx::db
