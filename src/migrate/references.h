#pragma once

#include <vector>

#include "base/error.h"
#include "migrate/blueprint.h"
#include "migrate/schema.h"

/// Foreign keys in a migration: those of the new tables, and those of tables outside of it that refer to an old one.
/// Complaints go to `findings`.
namespace offx::migrate {

/// Whether what `plan`'s new table refers to is there, and says the same as the old one's references. Fills in
/// Pair::followed.
void check_references(const Blueprint& blueprint, PairPlan& plan, const Schema& schema, std::vector<Finding>& findings);

/// Finds the tables outside of the migration that refer to `plan`'s old one: its children, stuck_children and
/// deletions_act.
Result<void> find_children(const Blueprint& blueprint, PairPlan& plan, Schema& schema, Redirects can_redirect,
                           std::vector<Finding>& findings);

/// What points the tables outside of the migration that refer to `side`'s table at the other side's. Those of the
/// migration leave with it, and would stand in the way of those that stay.
db::Redirect redirect_from(const Blueprint& blueprint, const PairPlan& plan, Side side);

/// Puts parents before those that refer to them.
void order_by_references(std::vector<PairPlan>& pairs, std::vector<Finding>& findings);

}  // namespace offx::migrate
