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

/// Every name that one of them may have: what a user's trigger makes of them can change while they are there.
[[nodiscard]] std::vector<std::string> sync_trigger_names(const Pair& pair, Side from);
/// False if an UPDATE of several groups of `from`'s columns sets off UPDATE triggers of the user's on the other table
/// once for each.
[[nodiscard]] bool updates_once(const Pair& pair, Side from);

}  // namespace offx::migrate
