#pragma once

#include <vector>

#include "migrate/pair_sql.h"

namespace offx::migrate {

/// Triggers on `to`'s table that refuse what the other version brings and only this one does not take (a CHECK, NOT
/// NULL or UNIQUE), before SQLite does: that would act as the application's statement says, under OR REPLACE take
/// another row away, under OR FAIL leave the row that was written without its twin.
[[nodiscard]] std::vector<NamedSql> demand_triggers(const Pair& pair, Side to);
/// Every name that one of them may have.
[[nodiscard]] std::vector<std::string> demand_trigger_names(const Pair& pair, Side to);

}  // namespace offx::migrate
