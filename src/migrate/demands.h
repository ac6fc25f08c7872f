#pragma once

#include <vector>

#include "migrate/pair.h"
#include "migrate/plan.h"

namespace offx::migrate {

/// True if rows that the other version takes may break a CHECK, NOT NULL or STRICT that only `side` has.
[[nodiscard]] bool demands_more(const Pair& pair, Side side);

/// Notes what one version of a table demands of its rows, or knows of them, and the other one does not: what code that
/// was written for the other one meets while both live.
void note_demands(const Pair& pair, std::vector<Finding>& findings);

}  // namespace offx::migrate
