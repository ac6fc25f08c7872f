#include "migrate/check_units.h"

#include <algorithm>

#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::Value;

bool empties_a_table(const NamedStatement& statement) {
  const auto tokens = tokens_of(statement.sql);
  return !tokens.empty() && same_name(tokens[0].text, "delete") && !mentions(statement.sql, "where");
}

}  // namespace

std::set<std::string> statements_in_batches(const Program& program) {
  std::set<std::string> names;
  for (const auto& batch : program.batches) {
    for (const auto& part : batch.parts) names.insert(part.statement);
  }
  return names;
}

std::vector<Unit> units_of(const Program& program, const SampleData& data, bool writing) {
  const auto in_batches = statements_in_batches(program);
  std::vector<Unit> units;
  for (const auto& statement : program.statements) {
    if (statement.writes != writing || in_batches.contains(statement.name)) continue;
    Unit unit{statement, {&statement}, {}};
    for (auto& arguments : data.arguments(statement)) unit.runs.push_back({std::move(arguments)});
    units.push_back(std::move(unit));
  }
  for (const auto& batch : program.batches) {
    if (!writing) break;
    Unit unit{{batch.name, "", {}, true}, {}, data.arguments(batch)};
    for (const auto& part : batch.parts) {
      unit.parts.push_back(program.find(part.statement));
      unit.shown.sql += (unit.shown.sql.empty() ? "" : ";\n") + unit.parts.back()->sql;
    }
    units.push_back(std::move(unit));
  }
  std::stable_partition(units.begin(), units.end(), [](const Unit& unit) { return !empties_a_table(unit.shown); });
  return units;
}

std::vector<Outcome> run_unit(db::DatabaseClient& client, const Unit& unit,
                              const std::vector<std::vector<Value>>& arguments) {
  if (unit.parts.size() == 1) return {run(client, *unit.parts.front(), arguments.front())};
  std::vector<db::Statement> statements;
  for (std::size_t i = 0; i < unit.parts.size(); ++i) statements.push_back({unit.parts[i]->sql, arguments[i]});
  auto results = client.batch(statements, db::Mode::write);
  if (!results) return std::vector<Outcome>(unit.parts.size(), Outcome{{}, results.error()});
  std::vector<Outcome> outcomes;
  for (auto& result : *results) outcomes.push_back({std::move(result), std::nullopt});
  return outcomes;
}

std::optional<std::string> difference_of_units(const Unit& unit, const std::vector<std::vector<Value>>& arguments,
                                               const std::vector<Outcome>& expected,
                                               const std::vector<Outcome>& found) {
  for (std::size_t i = 0; i < unit.parts.size(); ++i) {
    if (const auto differs = difference(*unit.parts[i], expected[i], found[i])) {
      return (unit.parts.size() > 1 ? unit.parts[i]->name + " " : "") + "with " + described(arguments[i]) + ": " +
             *differs;
    }
  }
  return std::nullopt;
}

}  // namespace offx::migrate
