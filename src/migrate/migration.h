#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace offx::migrate {

/// Which of a table's two versions. Most of what is done for one is done for the other the other way round.
enum Side : std::size_t { kOld = 0, kNew = 1 };
[[nodiscard]] constexpr Side other(Side side) noexcept { return side == kOld ? kNew : kOld; }

/// Pairs in the order of the file: a column and what is said of it.
using ColumnTexts = std::vector<std::pair<std::string, std::string>>;

/// How one table becomes its next version. Columns that have one name in both versions are carried as they are.
struct TableChange {
  std::string from;    ///< the table as it is: `topics_v1`, `requests_2`, `users`
  std::string to;      ///< its next version: `topics_v2`
  std::string create;  ///< a script: CREATE TABLE `to`, its indexes, and what else lives from the start

  ColumnTexts rename;  ///< old column → new column
  ColumnTexts up;      ///< new column → SQL expression over the old row
  ColumnTexts down;    ///< old column → SQL expression over the new row

  std::vector<std::string> one_way;  ///< new columns computed by `up` whose changes the old version need not see
  std::vector<std::string> drop;     ///< indexes, triggers and views of the old version that are not carried on

  std::string sync;      ///< a script: triggers of the author's own, alive while both versions are
  std::string complete;  ///< a script run when the old version goes: triggers and views that take over

  /// Where the fields stand in the file: `create`, `up.COLUMN`, `drop`, …; the table itself under the empty name. None
  /// of a migration that was not read from one.
  std::map<std::string, int, std::less<>> lines;

  /// From 1; 0 if nobody knows.
  [[nodiscard]] int line_of(std::string_view field) const {
    const auto found = lines.find(field);
    return found == lines.end() ? 0 : found->second;
  }
};

/// What a migration file says.
struct Migration {
  std::string name;  ///< unique in a database's history: letters, digits, `_`, `-`, `.`
  std::string description;
  std::vector<TableChange> tables;  ///< at least one
};

/// Reads a migration from TOML or, if the text begins with `{`, from its JSON form. `file` is what errors name.
/// Errc::invalid_argument says file, line and field: a key nobody knows is an error too. `docs/migrations.md` describes
/// the format.
Result<Migration> parse_migration(std::string_view text, std::string_view file);

/// The same of a file. Errc::not_found, Errc::io.
Result<Migration> read_migration(const std::string& path);

/// The JSON form, canonical: equal migrations give equal text. parse_migration() reads it back.
[[nodiscard]] std::string to_json(const Migration& migration);

}  // namespace offx::migrate
