#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/pair_sql.h"

namespace offx::migrate {

/// Triggers on the new table that leave undone what the user's on the old one would (Pair::ignoring).
[[nodiscard]] std::vector<NamedSql> ignoring_triggers(const Pair& pair);
/// Every name that one of them may have.
[[nodiscard]] std::vector<std::string> ignoring_trigger_names(const Pair& pair);
/// True if a trigger of this name is one of them, of whichever pair.
[[nodiscard]] bool is_ignoring(std::string_view trigger);

}  // namespace offx::migrate
