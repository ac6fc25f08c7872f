#pragma once

#include <chrono>

#include "base/error.h"
#include "db/client.h"
#include "migrate/blueprint.h"
#include "migrate/plan.h"

namespace offx::migrate {

/// How much there is to do for one pair, where `new_table` is as it will be, with every index: from about 1,000 rows
/// taken all over the old table, and what b-trees and chunks of `max_stall` make of them. Rows are counted. Sizes are
/// right to about a half, times to a factor of two or three. The disk is measured (measure_disk()) for tables that are
/// large enough for it to matter.
Result<TableEstimate> estimate(db::DatabaseClient& client, const PairPlan& plan, const Table& new_table,
                               std::chrono::milliseconds max_stall);

/// What the write-ahead log takes beside `growth` bytes of a migration's, at most.
[[nodiscard]] std::int64_t log_bytes(const db::DatabaseClient& client, std::int64_t growth,
                                     std::chrono::milliseconds max_stall);

/// Bytes of the file that are free to be used again; 0 where the engine does not say.
[[nodiscard]] std::int64_t reusable_bytes(db::DatabaseClient& client);

}  // namespace offx::migrate
