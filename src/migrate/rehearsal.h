#pragma once

#include <vector>

#include "base/error.h"
#include "migrate/blueprint.h"
#include "migrate/schema.h"

namespace offx::migrate {

/// Does to the scratch database what the phases will do, and compiles every statement that an application's writes
/// would set off after each. What fails becomes a finding. The scratch database is used up.
Result<void> rehearse(Schema& schema, const Blueprint& blueprint, std::vector<Finding>& findings);

}  // namespace offx::migrate
