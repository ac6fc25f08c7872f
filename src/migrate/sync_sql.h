#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/pair.h"

/// The SQL that makes two versions of a table one: triggers, copying and comparing. All of it is plain SQL that every
/// SQLite since 3.35 and every engine that speaks its dialect runs, as other programs' writes run it too.
namespace offx::migrate {

struct NamedSql {
  std::string name;
  std::string sql;
};

/// The triggers on `from`'s table that carry its writes to the other one. With `copied_up_to` (see may_wait_for_copy())
/// those of the old table do not carry rows that are inserted with a greater key, unless the new table has their twins.
[[nodiscard]] std::vector<NamedSql> sync_triggers(const Pair& pair, Side from,
                                                  std::optional<std::int64_t> copied_up_to = {});

/// True if rows that are inserted into the old table above those to be copied may be left to the copy, as long as that
/// is below them. A row is added cheaply at the end of a table, and at several times the price in front of one that is
/// there already: with a single new row at its end, the copy takes half as long again.
[[nodiscard]] bool may_wait_for_copy(const Pair& pair);

/// True if a trigger of this name is among them that leaves undone what one of the user's on the old table would
/// (Pair::ignoring).
[[nodiscard]] bool is_ignoring(std::string_view trigger);
/// Every name that one of them may have: what a user's trigger makes of them can change while they are there.
[[nodiscard]] std::vector<std::string> sync_trigger_names(const Pair& pair, Side from);
/// False if an UPDATE of several groups of `from`'s columns sets off UPDATE triggers of the user's on the other table
/// once for each.
[[nodiscard]] bool updates_once(const Pair& pair, Side from);

/// What the triggers need beside the tables, made before them and dropped with them: indexes to find rows by, where a
/// table has none of its own, and a table of notes.
[[nodiscard]] std::vector<NamedSql> sync_helpers(const Pair& pair);
/// Statements that drop them, as far as they are there.
[[nodiscard]] std::vector<std::string> drop_helpers(const Pair& pair);
/// The helper where triggers note the row that REPLACE is about to replace in the new table `to` (carries_replace).
[[nodiscard]] std::string note_of_replaced(std::string_view to);

/// A range of keys, `(low, high]`; without a bound where one is missing.
struct Range {
  bool has_low = false;
  bool has_high = false;
};

/// Parameters of the statements below: the key of `low`, if there is one, then that of `high`.

/// The key that is `rows` - 1 rows after the first one behind `low`; the last parameter is `rows` - 1. No row if there
/// are fewer.
[[nodiscard]] std::string boundary_sql(const Pair& pair, Side side, Range range);
/// Copies the rows of the range that are not there yet, old → new.
[[nodiscard]] std::string copy_sql(const Pair& pair, Range range);
/// Makes the rows of the range refer to themselves, where `side`'s table refers to itself.
[[nodiscard]] std::string detach_sql(const Pair& pair, Side side, Range range);
/// Removes the rows of the range.
[[nodiscard]] std::string empty_sql(const Pair& pair, Side side, Range range);

/// One row: rows of `side` in the range, those that the other side lacks, and, for kOld, those that differ.
/// `live`: both sides are written to, so a pair is alike if either follows from the other; before, the new one follows.
/// If ranges_agree(), kOld has a fourth column: rows of the new table in the range.
[[nodiscard]] std::string compare_sql(const Pair& pair, Side side, Range range, bool live);
/// True if a range holds the same keys of both tables, so that in one snapshot the new table's rows in it, less those
/// that are the twin of an old one, are those that the old table lacks.
[[nodiscard]] bool ranges_agree(const Pair& pair);
/// One row: how many rows the old table has, and the new one.
[[nodiscard]] std::string count_sql(const Pair& pair);
/// The keys of at most 21 of those rows, as text, and the columns in which they differ with both values.
[[nodiscard]] std::string missing_sql(const Pair& pair, Side side, Range range);
[[nodiscard]] std::string different_sql(const Pair& pair, Range range, bool live);

/// Brings the AUTOINCREMENT counters of both tables to the greater of the two; empty if they have none.
[[nodiscard]] std::vector<std::string> equalise_sequences(const Pair& pair);

}  // namespace offx::migrate
