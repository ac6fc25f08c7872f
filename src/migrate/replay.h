#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/release.h"

/// Runs statements against databases that should say the same, and tells in what they do not.
namespace offx::migrate {

/// What running a statement gave.
struct Outcome {
  db::QueryResult result;
  std::optional<Error> error;
};
[[nodiscard]] Outcome run(db::DatabaseClient& client, const NamedStatement& statement,
                          const std::vector<db::Value>& arguments);

/// How an outcome differs from the one expected: columns, rows, rows changed, ids, errors; nothing if it does not. Rows
/// of a statement that says no order are compared as a set. Times of the present second are taken as equal.
[[nodiscard]] std::optional<std::string> difference(const NamedStatement& statement, const Outcome& expected,
                                                    const Outcome& found);

/// The same between the statements of one name of two releases, run with the same arguments: columns of one name (or
/// all, in their order, if the number is the same) must hold the same values in every row.
[[nodiscard]] std::optional<std::string> difference_in_meaning(const NamedStatement& old_statement,
                                                               const NamedStatement& new_statement,
                                                               const Outcome& expected, const Outcome& found);

/// Rows of a table, only these columns (all if there are none), in the order of their values.
[[nodiscard]] Outcome contents(db::DatabaseClient& client, const std::string& table,
                               const std::vector<std::string>& columns);
[[nodiscard]] std::optional<std::string> difference_of_contents(const Outcome& expected, const Outcome& found);

/// The lines of EXPLAIN QUERY PLAN; an error if the statement cannot be compiled.
Result<std::vector<std::string>> query_plan(db::DatabaseClient& client, const NamedStatement& statement);

/// Where `found` does more work than `expected`: a table read through that was searched, an index that narrowed by more
/// columns, rows that came in order and are sorted now. `names` says which names of `expected` are called otherwise in
/// `found`, both folded.
[[nodiscard]] std::optional<std::string> worse_plan(const std::vector<std::string>& expected,
                                                    const std::vector<std::string>& found,
                                                    const std::map<std::string, std::string>& names);

/// Arguments for people: `(7, 'a', NULL)`.
[[nodiscard]] std::string described(const std::vector<db::Value>& arguments);

}  // namespace offx::migrate
