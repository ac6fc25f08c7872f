#include "migrate/rehearsal.h"

#include <algorithm>
#include <array>
#include <map>

#include "db/script.h"
#include "migrate/mappings.h"
#include "migrate/range_sql.h"
#include "migrate/references.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using Severity = Finding::Severity;

/// Compiles what writes to a table would set off, without running it.
std::vector<std::string> probes(const Table& table) {
  std::vector<std::string> columns;
  std::vector<std::string> nulls;
  std::vector<std::string> sets;
  for (const auto& column : table.columns) {
    if (column.generated) continue;
    columns.push_back(quote_identifier(column.name));
    nulls.emplace_back("NULL");
    sets.push_back(columns.back() + " = NULL");
  }
  const auto name = quote_identifier(table.name);
  if (columns.empty()) return {};
  return {"EXPLAIN QUERY PLAN INSERT INTO " + name + " (" + joined(columns, ", ") + ") VALUES (" + joined(nulls, ", ") +
              ")",
          "EXPLAIN QUERY PLAN UPDATE " + name + " SET " + joined(sets, ", "), "EXPLAIN QUERY PLAN DELETE FROM " + name};
}

/// INSERT, UPDATE or DELETE.
std::string kind_of(const std::string& probe) { return probe.substr(sizeof("EXPLAIN QUERY PLAN"), 6); }

/// Every table and view whose use fails now, with the reason.
Result<std::map<std::string, std::string>> broken_objects(Schema& schema) {
  std::map<std::string, std::string> broken;
  OFFX_ASSIGN(const auto objects, read_objects(schema.scratch()));
  for (const auto& object : objects) {
    if (object.type == "view") {
      auto read = schema.scratch().execute("EXPLAIN QUERY PLAN SELECT * FROM " + quote_identifier(object.name));
      if (!read) broken["the view " + object.name] = read.error().message();
    }
    if (object.type == "view") {
      // Without an INSTEAD OF trigger there is no writing to it, at any time.
      Table view;
      view.name = object.name;
      if (auto columns = get_table_columns(schema.scratch(), object.name)) view.columns = std::move(*columns);
      for (const auto& probe : probes(view)) {
        auto compiled = schema.scratch().execute(probe);
        if (!compiled) broken[kind_of(probe) + " of the view " + object.name] = compiled.error().message();
      }
    }
    if (object.type != "table") continue;
    auto table = schema.table(object.name);
    if (!table || table->kind != "table") continue;
    for (const auto& probe : probes(*table)) {
      auto compiled = schema.scratch().execute(probe);
      if (!compiled) {
        broken["writing to " + object.name] = compiled.error().message();
        break;
      }
    }
  }
  return broken;
}

}  // namespace

Result<void> rehearse(Schema& schema, const Blueprint& blueprint, std::vector<Finding>& findings) {
  const auto refuse = [&](const std::string& table, const std::string& what, const std::string& why) {
    findings.push_back({Severity::refusal, table, "", what + ": " + why});
  };
  OFFX_ASSIGN(const auto before, broken_objects(schema));
  const auto newly_broken = [&](const std::string& phase) -> Result<void> {
    OFFX_ASSIGN(const auto now, broken_objects(schema));
    for (const auto& [object, why] : now) {
      if (!before.contains(object)) refuse("", "after " + phase + ", " + object + " would fail", why);
    }
    return {};
  };
  auto& scratch = schema.scratch();
  // What is there already of a migration that has begun is not made again.
  const auto run = [&](const std::string& table, const std::string& sql, bool may_be_there = true) {
    const auto object = created_object(sql);
    if (may_be_there && !object.name.empty()) {
      const auto there = scratch.execute("SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE",
                                         {object.kind, object.name});
      if (there && there->rows() != 0 && schema.find(object.kind, object.name) != nullptr) return;
    }
    if (auto done = scratch.execute(sql); !done)
      refuse(table, "this statement fails", done.error().message() + " in: " + sql);
  };
  // What is wrong with an expression would be said once more of each statement that it is in.
  if (!check_mappings(scratch, blueprint, findings)) return {};
  for (const auto& plan : blueprint.pairs) {
    const auto& from = plan.pair.change.from;
    for (const auto& helper : plan.helpers) run(from, helper.sql);
    for (const auto& trigger : plan.up) run(from, trigger.sql);
    for (const auto& trigger : plan.sync) run(from, trigger.sql);
    run(from, "EXPLAIN QUERY PLAN " + copy_sql(plan.pair, {}));
  }
  OFFX_TRY(newly_broken("expand"));
  for (const auto& plan : blueprint.pairs) {
    for (const auto& trigger : plan.down) run(plan.pair.change.from, trigger.sql);
    run(plan.pair.change.from, "EXPLAIN QUERY PLAN " + compare_sql(plan.pair, kOld, {}, true));
    run(plan.pair.change.from, "EXPLAIN QUERY PLAN " + compare_sql(plan.pair, kNew, {}, true));
  }
  OFFX_TRY(newly_broken("both versions live"));
  const bool refused = std::any_of(findings.begin(), findings.end(),
                                   [](const Finding& finding) { return finding.severity == Severity::refusal; });
  if (refused) return {};
  for (const auto& plan : blueprint.pairs) {
    if (plan.children.empty()) continue;
    const std::array redirect = {redirect_from(blueprint, plan, kOld)};
    auto redirected = scratch.redirect_references(redirect, {}, {});
    if (!redirected) {
      refuse(plan.pair.change.from, "pointing " + joined(plan.children, ", ") + " at " + plan.pair.change.to,
             redirected.error().message());
    }
  }
  // A migration that has one of the tables too is over by then: versions in a chain go from its ends.
  for (const auto& object : schema.objects()) {
    if (object.type == "trigger" && is_ours(object.name))
      run("", "DROP TRIGGER IF EXISTS " + quote_identifier(object.name));
  }
  for (const auto& sql : blueprint.drop_on_complete) run("", sql);
  for (const auto& plan : blueprint.pairs) {
    for (const auto& sql : drop_triggers(plan)) run("", sql);
  }
  for (const auto& sql : blueprint.make_on_complete) run("", sql, false);
  for (auto plan = blueprint.pairs.rbegin(); plan != blueprint.pairs.rend(); ++plan) {
    run(plan->pair.change.from, "DROP TABLE " + quote_identifier(plan->pair.change.from));
  }
  return newly_broken("complete");
}

}  // namespace offx::migrate
