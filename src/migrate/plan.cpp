#include "migrate/plan.h"

#include <algorithm>

#include "db/script.h"
#include "migrate/blueprint.h"
#include "migrate/data_check.h"
#include "migrate/disk.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::to_integer;
using db::to_real;
using Severity = Finding::Severity;

std::vector<std::string> sql_of(const std::vector<NamedSql>& named) {
  std::vector<std::string> sql;
  for (const auto& entry : named) sql.push_back(entry.sql);
  return sql;
}

std::vector<std::string> drops_of(const std::vector<NamedSql>& triggers) {
  std::vector<std::string> sql;
  for (const auto& trigger : triggers) sql.push_back("DROP TRIGGER " + quote_identifier(trigger.name));
  return sql;
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Step> steps_of(const Blueprint& blueprint) {
  std::vector<Step> steps;
  Step expand{"expand", "", "make the new tables and their indexes, empty", {}};
  for (const auto& plan : blueprint.pairs) {
    append(expand.sql, plan.create);
    append(expand.sql, sql_of(plan.carried_indexes));
    append(expand.sql, sql_of(plan.helpers));
  }
  steps.push_back(std::move(expand));
  Step live{"live", "", "triggers new → old, in the transaction that makes both versions live", {}};
  for (const auto& plan : blueprint.pairs) {
    const auto& [from, to] = std::pair(plan.pair.change.from, plan.pair.change.to);
    Step triggers{"expand", from, "triggers " + from + " → " + to + ": from now on writes are carried",
                  sql_of(plan.up)};
    append(triggers.sql, sql_of(plan.sync));
    steps.push_back(std::move(triggers));
    steps.push_back({"backfill", from, "copy the rows that are there, in chunks", {copy_sql(plan.pair, {true, true})}});
    append(live.sql, sql_of(plan.down));
    append(live.sql, equalise_sequences(plan.pair));
  }
  for (const auto& plan : blueprint.pairs) {
    steps.push_back(
        {"verify",
         plan.pair.change.from,
         "compare every row of both, in chunks",
         {compare_sql(plan.pair, kOld, {true, true}, false), compare_sql(plan.pair, kNew, {true, true}, false)}});
  }
  steps.push_back(std::move(live));
  Step complete{"complete", "", "the new version stands alone, in one transaction", blueprint.drop_on_complete};
  for (const auto& plan : blueprint.pairs) {
    for (const auto& child : plan.children) {
      steps.push_back({"complete",
                       plan.pair.change.from,
                       "point the foreign keys of " + child + " at " + plan.pair.change.to + " (its rows stay)",
                       {}});
    }
    append(complete.sql, drops_of(plan.up));
    append(complete.sql, drops_of(plan.sync));
    append(complete.sql, drops_of(plan.down));
  }
  append(complete.sql, blueprint.make_on_complete);
  steps.push_back(std::move(complete));
  for (auto plan = blueprint.pairs.rbegin(); plan != blueprint.pairs.rend(); ++plan) {
    steps.push_back(
        {"complete",
         plan->pair.change.from,
         "empty the old table in chunks, and drop it",
         {empty_sql(plan->pair, kOld, {false, true}), "DROP TABLE " + quote_identifier(plan->pair.change.from)}});
  }
  return steps;
}

/// Rows are counted; bytes are those of a sample, with what a b-tree adds, for the table and each index.
Result<TableEstimate> estimate(db::DatabaseClient& client, const PairPlan& plan) {
  TableEstimate estimate;
  estimate.from = plan.pair.change.from;
  estimate.to = plan.pair.change.to;
  const auto bytes_of = [&](const Table& table) -> Result<double> {
    std::vector<std::string> lengths = {"8"};
    for (const auto& column : table.columns) {
      if (!column.generated)
        lengths.push_back("coalesce(length(CAST(" + quote_identifier(column.name) + " AS BLOB)), 0)");
    }
    OFFX_ASSIGN(const auto rows,
                client.execute("SELECT coalesce(avg(" + combined(lengths, " + ") + "), 0) FROM (SELECT * FROM " +
                               quote_identifier(table.name) + " LIMIT 1000)"));
    return to_real(rows.row(0)[0]) * 1.15 + 24.0 * static_cast<double>(table.indexes.size());
  };
  OFFX_ASSIGN(const auto rows, client.execute("SELECT count(*) FROM " + quote_identifier(estimate.from)));
  OFFX_ASSIGN(const auto row_bytes, bytes_of(plan.pair.table(kOld)));
  estimate.rows = to_integer(rows.row(0)[0]);
  const double indexes = 24.0 * static_cast<double>(plan.pair.table(kNew).indexes.size() + plan.carried_indexes.size());
  const auto count = static_cast<double>(estimate.rows);
  estimate.bytes = static_cast<std::int64_t>(row_bytes * count);
  constexpr double kLogBytes = 80e6;  // the write-ahead log beside the file
  estimate.disk_bytes =
      static_cast<std::int64_t>((row_bytes + indexes) * count + std::min(kLogBytes, row_bytes * count));
  constexpr double kRowsPerSecond = 15'000;  // measured: docs/benchmarks.md
  estimate.seconds = count / kRowsPerSecond;
  return estimate;
}

/// What reads a clock or rolls dice is evaluated by each node of such an engine for itself, and again at its restart.
void refuse_clocks(const Blueprint& blueprint, std::vector<Finding>& findings) {
  for (const auto& entry : blueprint.pairs) {
    const auto refuse = [&](const std::string& column, const std::string& what) {
      findings.push_back({Severity::refusal, entry.pair.change.from, column,
                          what +
                              ", which each node of this engine would evaluate for itself, and again at its restart: "
                              "their rows would differ; let programs give the value"});
    };
    for (const auto& column : entry.pair.table(kNew).columns) {
      if (column.default_value && !non_deterministic_part(*column.default_value).empty()) {
        refuse(column.name, "the DEFAULT of " + column.name + " is " + *column.default_value);
      }
    }
    for (const auto& statement : entry.create) {
      const auto part = created_object(statement).kind == "trigger" ? non_deterministic_part(statement) : std::string();
      if (!part.empty()) refuse("", "the trigger " + created_object(statement).name + " uses " + part);
    }
    for (const auto& trigger : entry.sync) {
      if (const auto part = non_deterministic_part(trigger.sql); !part.empty()) {
        refuse("", "the trigger " + trigger.name + " uses " + part);
      }
    }
  }
}

}  // namespace

std::string_view to_string(Finding::Severity severity) noexcept {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::refusal: return "refusal";
  }
  return "unknown";
}

bool Plan::refused() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::refusal; });
}

Result<Plan> make_plan(db::DatabaseClient& client, const Migration& migration) {
  Plan plan;
  plan.migration = migration;
  OFFX_ASSIGN(auto schema, Schema::read(client));
  for (const auto& change : migration.tables) {
    if (schema.find("table", change.to) == nullptr) continue;
    plan.findings.push_back({Severity::refusal, change.from, "",
                             "the table " + change.to +
                                 " exists already; a version is never used twice: take the next "
                                 "number"});
  }
  for (const auto& what : schema.unreadable()) {
    plan.findings.push_back({Severity::note, "", "", "not looked at, as it cannot be made elsewhere: " + what});
  }
  if (plan.refused()) return plan;
  OFFX_ASSIGN(const auto blueprint, make_blueprint(schema, migration, can_redirect_references(client), plan.findings));
  if (repeats_statements(client)) refuse_clocks(blueprint, plan.findings);
  if (!plan.refused()) OFFX_TRY(rehearse(schema, blueprint, plan.findings));
  if (!plan.refused()) OFFX_TRY(check_rows(client, blueprint, plan.findings));
  for (const auto& pair : blueprint.pairs) {
    OFFX_ASSIGN(auto size, estimate(client, pair));
    plan.tables.push_back(std::move(size));
  }
  std::int64_t needed = 0;
  for (const auto& table : plan.tables) needed += table.disk_bytes;
  if (const auto spare = spare_disk_bytes(client); spare && *spare - kKeepFreeBytes < needed) {
    const auto megabytes = [](std::int64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; };
    plan.findings.push_back({Severity::warning, "", "",
                             "about " + megabytes(needed) + " of disk are needed meanwhile, and " +
                                 megabytes(std::max<std::int64_t>(*spare, 0)) +
                                 " are free: copying will stop before the disk is full, and go on when there is more"});
  }
  plan.steps = steps_of(blueprint);
  std::stable_sort(plan.findings.begin(), plan.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return plan;
}

}  // namespace offx::migrate
