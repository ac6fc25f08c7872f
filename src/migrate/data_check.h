#pragma once

#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/blueprint.h"
#include "migrate/migrator.h"

namespace offx::migrate {

/// Looks for rows of the old tables that the new ones would refuse: NULL where none may be, repeated values, failing
/// CHECKs, types that STRICT refuses, references to nothing. Only what the old table does not demand as well is looked
/// for, each by reading the table through once, until the first such row. `progress` is told before each;
/// Errc::cancelled if it says so.
Result<void> check_rows(db::DatabaseClient& client, const Blueprint& blueprint, std::vector<Finding>& findings,
                        const WorkProgress& progress = {});

}  // namespace offx::migrate
