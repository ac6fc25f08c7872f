#pragma once

#include "migrate/pair.h"

namespace offx::migrate {

/// True if the migration does nothing but add columns, each of which SQLite could add to the old table where it is,
/// rows or not (https://www.sqlite.org/lang_altertable.html): behind the old ones, without a constraint of its own, NOT
/// NULL only with a DEFAULT, and that a constant. It compares what the two CREATE TABLE say, so that whatever else
/// differs (a CHECK, a conflict clause, the order) makes it false.
[[nodiscard]] bool only_adds_columns(const Pair& pair);

}  // namespace offx::migrate
