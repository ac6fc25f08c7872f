#pragma once

#include <functional>
#include <vector>

#include "migrate/pair.h"
#include "migrate/plan.h"
#include "migrate/schema.h"

namespace offx::migrate {

/// Refuses triggers and views, as far as `is_carried`, that take the columns of the old table by their order where
/// those of the new one are others: `INSERT INTO t VALUES (…)`, `SELECT *`. They would go on without an error, or with
/// one, and mean other columns.
void check_positions(const Pair& pair, const std::vector<SchemaObject>& objects,
                     const std::function<bool(const SchemaObject&)>& is_carried, std::vector<Finding>& findings);

}  // namespace offx::migrate
