#pragma once

#include <string>
#include <vector>

#include "migrate/pair.h"

/// The SQL that copies and compares two versions of a table, a range of keys at a time, in the same plain dialect as
/// that of sync_sql.h.
namespace offx::migrate {

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
/// Makes the rows of the range refer to nothing, or else to themselves, where `side`'s table refers to itself: one
/// after the other, with the same parameters. A row whose CHECK allows neither stays as it is.
[[nodiscard]] std::vector<std::string> detach_sql(const Pair& pair, Side side, Range range);
/// Removes the rows of the range.
[[nodiscard]] std::string empty_sql(const Pair& pair, Side side, Range range);

/// One row: rows of `side` in the range, those that the other side lacks, and, for kOld, those that differ.
/// `live`: both sides are written to, so a pair is alike if either follows from the other; before, the new one follows.
/// If pair.keys_are_rowids(), kOld has a fourth column: rows of the new table in the range.
[[nodiscard]] std::string compare_sql(const Pair& pair, Side side, Range range, bool live);
/// One row: how many rows the old table has, and the new one.
[[nodiscard]] std::string count_sql(const Pair& pair);
/// The keys of at most 21 of those rows, as text, and the columns in which they differ with both values.
[[nodiscard]] std::string missing_sql(const Pair& pair, Side side, Range range);
[[nodiscard]] std::string different_sql(const Pair& pair, Range range, bool live);

/// Brings the AUTOINCREMENT counters of both tables to the greater of the two; empty if they have none.
[[nodiscard]] std::vector<std::string> equalise_sequences(const Pair& pair);

}  // namespace offx::migrate
