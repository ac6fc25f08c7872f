#pragma once

#include <string>

#include "base/error.h"
#include "migrate/migration.h"
#include "migrate/work.h"

/// What becomes of a version's tables once it has left (leave.h): they are emptied in chunks and dropped.
namespace offx::migrate {

/// What a table is called while it is being removed.
[[nodiscard]] std::string leaving_name(const std::string& table);

/// Removes what is left of `side`'s tables, children before their parents, and of each records it. Goes on with what
/// was removed in part.
Result<void> remove_tables(Worker& worker, const Record& record, Side side);

}  // namespace offx::migrate
