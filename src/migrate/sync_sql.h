#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/pair_sql.h"

/// The triggers that make two versions of a table one. Plain SQL that every SQLite since 3.35 and every engine that
/// speaks its dialect runs, as other programs' writes run it too.
namespace offx::migrate {

/// The triggers that carry writes to `from`'s table to the other one. With `copied_up_to` (see may_wait_for_copy())
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
/// The helper where those of both tables note the rows that stand in the way of a write (notes_displaced).
[[nodiscard]] std::string note_of_displaced(std::string_view to);
/// The helper by which they tell whether foreign keys are enforced, where ON DELETE of a self-reference does something.
[[nodiscard]] std::string note_of_enforcement(std::string_view to);

}  // namespace offx::migrate
