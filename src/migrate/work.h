#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migrator.h"
#include "migrate/pair.h"

/// Pieces of the migrator's work that walk through tables in key order.
namespace offx::migrate {

/// `low`, then `high`: what a statement with a Range is given.
[[nodiscard]] db::Params range_params(const std::vector<db::Value>& low, const std::vector<db::Value>& high);

/// The key of the row `rows` - 1 behind the first one after `low` (or from the start); empty if there are fewer rows.
Result<std::vector<db::Value>> boundary(db::DatabaseClient& client, const Pair& pair, Side side,
                                        const std::vector<db::Value>& low, std::int64_t rows);

/// Compares both versions row by row, in chunks that each see one snapshot, and adds what it finds to `report`.
/// `live`: both are written to. `on_chunk` is told the rows of each chunk of the old table.
Result<void> compare_pair(db::DatabaseClient& client, const Pair& pair, bool live, VerifyReport& report,
                          const std::function<Result<void>(std::int64_t)>& on_chunk);

}  // namespace offx::migrate
