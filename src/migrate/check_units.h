#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "db/client.h"
#include "migrate/release.h"
#include "migrate/replay.h"
#include "migrate/sample_data.h"

/// What a check runs of a program.
namespace offx::migrate {

/// What is run at once: a statement, or a batch.
struct Unit {
  NamedStatement shown;  ///< what a report names
  std::vector<const NamedStatement*> parts;
  std::vector<std::vector<std::vector<db::Value>>> runs;  ///< of each run, the arguments of each part
};

/// The statements that a program runs in batches, and never alone.
[[nodiscard]] std::set<std::string> statements_in_batches(const Program& program);

/// Reading units, or writing ones in the order they are to be run: what empties a table last, lest the others find
/// nothing there. They point into `program`.
[[nodiscard]] std::vector<Unit> units_of(const Program& program, const SampleData& data, bool writing);

/// What each part gave; all the same error if a batch failed.
[[nodiscard]] std::vector<Outcome> run_unit(db::DatabaseClient& client, const Unit& unit,
                                            const std::vector<std::vector<db::Value>>& arguments);

/// The first difference between the outcomes of one run, and which part of it, with which arguments, makes it.
[[nodiscard]] std::optional<std::string> difference_of_units(const Unit& unit,
                                                             const std::vector<std::vector<db::Value>>& arguments,
                                                             const std::vector<Outcome>& expected,
                                                             const std::vector<Outcome>& found);

}  // namespace offx::migrate
