#pragma once

#include <vector>

#include "db/client.h"
#include "migrate/blueprint.h"
#include "migrate/plan.h"

namespace offx::migrate {

/// Compiles each expression of `up` and `down` alone, against the schema in `scratch`, and refuses those that are none
/// over one row, with their line. False if there are any.
[[nodiscard]] bool check_mappings(db::DatabaseClient& scratch, const Blueprint& blueprint,
                                  std::vector<Finding>& findings);

}  // namespace offx::migrate
