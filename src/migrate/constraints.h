#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/pair.h"

/// What the tables of a pair demand of their rows, and which of it both demand.
namespace offx::migrate {

/// How `index` compares `column`; empty if it is not over it.
[[nodiscard]] std::string collation_in(const Index& index, std::string_view column);
/// True if the table has a key or index over just these columns, under which rows are different that `collations` tell
/// apart. Values that any collation tells apart differ in their bytes.
[[nodiscard]] bool is_unique(const Table& table, const std::vector<std::string>& columns,
                             const std::vector<std::string>& collations);
/// The columns that an index is over, and its condition speaks of: for a generated one those too that it is made of.
[[nodiscard]] std::vector<std::string> read_by(const Table& table, const Index& index);

/// Finds Pair::uniqueness and own_checks, and whether displaced rows have to be noted for them, of a pair whose columns
/// are resolved. What is wrong or dangerous goes to `findings`.
void find_constraints(Pair& pair, std::vector<Finding>& findings);

}  // namespace offx::migrate
