#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/pair_sql.h"

/// What the triggers of sync_sql.h need beside the two tables, made before them and dropped with them: tables of notes.
namespace offx::migrate {

[[nodiscard]] std::vector<NamedSql> sync_helpers(const Pair& pair);
/// Statements that drop them, as far as they are there.
[[nodiscard]] std::vector<std::string> drop_helpers(const Pair& pair);
/// True if one for the new table `to` may be called so.
[[nodiscard]] bool is_sync_helper(std::string_view name, std::string_view to);

/// The table where triggers note the row that REPLACE is about to replace in the new table `to` (carries_replace).
[[nodiscard]] std::string note_of_replaced(std::string_view to);
/// The one where those of both tables note the rows that stand in the way of a write (notes_displaced).
[[nodiscard]] std::string note_of_displaced(std::string_view to);
/// The one by which they tell whether foreign keys are enforced, where ON DELETE of a self-reference does something.
[[nodiscard]] std::string note_of_enforcement(std::string_view to);
/// `key1, key2, …`: what a column of the key is called in notes of rows.
[[nodiscard]] std::vector<std::string> note_columns(const Pair& pair);

}  // namespace offx::migrate
