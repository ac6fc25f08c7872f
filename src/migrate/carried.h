#pragma once

#include <vector>

#include "base/error.h"
#include "migrate/blueprint.h"
#include "migrate/schema.h"

/// What stands around an old table and goes over to the new one: indexes when that is made; triggers and views,
/// wherever they speak of it, at `complete`. What cannot be told is a refusal among `findings`, until the migration's
/// file says it.
namespace offx::migrate {

/// Fills in carried_indexes of `plan`.
Result<void> carry_indexes(PairPlan& plan, Schema& schema, std::vector<Finding>& findings);

/// What `trigger` on the old table leaves undone must not be done to the new one, where new code writes: adds to
/// `pair.ignoring` what it needs.
Result<void> carry_ignoring(Pair& pair, const SchemaObject& trigger, const Schema& schema,
                            std::vector<Finding>& findings);

/// Fills in drop_on_complete and make_on_complete.
Result<void> carry_triggers_and_views(Blueprint& blueprint, const Schema& schema, std::vector<Finding>& findings);

/// Warns of views and triggers that will speak of the old tables when the `earlier` migrations of the same tables, the
/// oldest first, are completed, and of what the new tables do not have: by then the file says no more.
void check_what_will_speak(const Blueprint& blueprint, const Schema& schema, const std::vector<Migration>& earlier,
                           std::vector<Finding>& findings);

}  // namespace offx::migrate
