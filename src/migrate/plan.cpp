#include "migrate/plan.h"

#include <algorithm>
#include <ranges>
#include <span>

#include "db/forwarding_client.h"
#include "db/script.h"
#include "migrate/blueprint.h"
#include "migrate/carried.h"
#include "migrate/data_check.h"
#include "migrate/departure.h"
#include "migrate/disk.h"
#include "migrate/estimate.h"
#include "migrate/range_sql.h"
#include "migrate/rehearsal.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
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

/// A statement that SQLite does not understand would go to the connection that writes otherwise, and that makes of the
/// file one with a log.
class Reader final : public db::ForwardingClient {
 public:
  explicit Reader(db::DatabaseClient& client) : ForwardingClient(client) {}
  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    const db::Statement statement{sql, params};
    OFFX_ASSIGN(auto results, client().batch(std::span(&statement, 1), db::Mode::read));
    return std::move(results[0]);
  }
};

std::vector<Step> steps_of(const Blueprint& blueprint) {
  std::vector<Step> steps;
  Step expand{"expand", "", "make the new tables and their indexes, empty", {}};
  for (const auto& plan : blueprint.pairs) {
    append(expand.sql, plan.create);
    append(expand.sql, sql_of(plan.carried_indexes));
  }
  steps.push_back(std::move(expand));
  Step live{"live", "", "triggers new → old, in the transaction that makes both versions live", {}};
  for (const auto& plan : blueprint.pairs) {
    const auto& [from, to] = std::pair(plan.pair.change.from, plan.pair.change.to);
    Step triggers{"expand", from, "triggers " + from + " → " + to + ": from now on writes are carried",
                  sql_of(plan.helpers)};
    append(triggers.sql, sql_of(plan.up));
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
  for (const auto& plan : std::ranges::reverse_view(blueprint.pairs)) {
    steps.push_back(
        {"complete",
         plan.pair.change.from,
         "empty the old table in chunks, and drop it",
         {empty_sql(plan.pair, kOld, {false, true}), "DROP TABLE " + quote_identifier(plan.pair.change.from)}});
  }
  return steps;
}

/// What the migration needs beyond what the file has free, and whether the disk has it.
Result<void> check_disk(db::DatabaseClient& client, Plan& plan, std::chrono::milliseconds max_stall) {
  std::int64_t growth = 0;
  for (const auto& table : plan.tables) growth += table.disk_bytes;
  plan.disk_bytes = std::max<std::int64_t>(0, growth - reusable_bytes(client)) + log_bytes(client, growth, max_stall);
  const auto spare = spare_disk_bytes(client);
  if (!spare) return {};
  const auto free = std::max<std::int64_t>(0, *spare - kKeepFreeBytes);
  if (free >= plan.disk_bytes * 5 / 4) return {};
  const auto megabytes = [](std::int64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; };
  const auto text = "about " + megabytes(plan.disk_bytes) + " of disk are needed meanwhile, and " + megabytes(*spare) +
                    " are free, of which " + megabytes(kKeepFreeBytes) + " are left for those who write";
  // Estimates are right to about a half: what may fit is tried.
  if (free < plan.disk_bytes * 2 / 3) {
    plan.findings.push_back({Severity::refusal, "", "",
                             text + ": free " + megabytes(plan.disk_bytes + kKeepFreeBytes - *spare) + " first"});
  } else {
    plan.findings.push_back({Severity::warning, "", "",
                             text + ": copying may stop before the disk is full, and then goes on when there is more"});
  }
  return {};
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

/// Adds what a rehearsal says, but what may follow from what is refused already: of the tables that this is about, and
/// of the whole.
void add_to_known(Plan& plan, std::vector<Finding> rehearsed) {
  const auto known = plan.findings;
  const auto follows = [&](const std::string& table) {
    return std::any_of(known.begin(), known.end(), [&](const Finding& finding) {
      return finding.severity == Severity::refusal && (table.empty() || same_name(finding.table, table));
    });
  };
  for (auto& finding : rehearsed) {
    if (!follows(finding.table)) plan.findings.push_back(std::move(finding));
  }
}

/// A refusal is at least about its table's part of the file.
void find_lines(Plan& plan) {
  for (auto& finding : plan.findings) {
    if (finding.line != 0 || finding.severity != Severity::refusal) continue;
    for (const auto& change : plan.migration.tables) {
      if (same_name(change.from, finding.table)) finding.line = change.line_of("");
    }
  }
}

/// The migrations under way that make the old tables of `migration`, or those they are made from: the oldest first.
Result<std::vector<Migration>> earlier_in_chain(const std::vector<Record>& records, const Migration& migration) {
  std::vector<Migration> earlier;
  std::vector<std::string> tables;
  for (const auto& change : migration.tables) tables.push_back(change.from);
  auto left = records;
  std::erase_if(left, [](const Record& record) {
    return record.phase == Phase::completing || record.phase == Phase::completed ||
           record.phase == Phase::rolling_back || record.phase == Phase::rolled_back;
  });
  for (;;) {
    const auto next = std::find_if(left.begin(), left.end(), [&](const Record& record) {
      const auto made = names_of(record, kNew);
      return std::any_of(made.begin(), made.end(),
                         [&](const std::string& table) { return contains_name(tables, table); });
    });
    if (next == left.end()) break;
    for (const auto& table : next->tables) tables.push_back(table.from);
    OFFX_ASSIGN(auto read, parse_migration(next->definition, next->name));
    earlier.insert(earlier.begin(), std::move(read));
    left.erase(next);
  }
  return earlier;
}

/// What stops the copying of a migration that is begun.
Result<void> check_rows_left(db::DatabaseClient& client, const Migration& migration, std::vector<Finding>& findings,
                             const WorkProgress& progress) {
  std::vector<Finding> of_blueprint;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client, migration, of_blueprint));
  std::vector<Finding> of_rows;
  OFFX_TRY(check_rows(client, blueprint, of_rows, progress));
  std::erase_if(of_rows, [](const Finding& finding) { return finding.severity != Severity::refusal; });
  findings.insert(findings.end(), of_rows.begin(), of_rows.end());
  return {};
}

/// What can be done now with a migration that is begun.
Result<Plan> plan_of_begun(db::DatabaseClient& client, const Migration& migration, const Record& record,
                           const WorkProgress& progress) {
  Plan plan;
  plan.migration = migration;
  plan.begun = record.phase;
  const auto say = [&](Severity severity, std::string message) {
    plan.findings.push_back({severity, "", "", std::move(message)});
  };
  const auto phase = std::string(to_string(record.phase));
  // Errors of the database would be met by the real command too.
  const auto or_refused = [](const auto& allowed, std::string what) {
    return allowed ? what : "would be refused now: " + allowed.error().message();
  };
  say(Severity::note, record.name + " was started " + to_sql_time(record.started_at) + " and has been in the phase " +
                          phase + " since " + to_sql_time(record.changed_at));
  if (auto may = may_start(record, migration); !may) {
    say(Severity::refusal, "`start`: " + may.error().message());
  } else if (record.phase == Phase::live) {
    say(Severity::note, "`start` has nothing to do: both versions live");
  } else {
    std::string how_far;
    for (const auto& table : record.tables) {
      how_far += (how_far.empty() ? "" : ", ") + table.to + " " + std::to_string(table.rows_done) + " of " +
                 std::to_string(table.rows_total) + " rows";
    }
    const auto there = check_there(client, record);
    say(Severity::note, "`start` " + or_refused(there, "goes on where it stopped: " + how_far));
    if (there) OFFX_TRY(check_rows_left(client, migration, plan.findings, progress));
  }
  const auto old_tables = joined(names_of(record, kOld), ", ");
  if (record.phase == Phase::live) {
    say(Severity::note,
        "`complete` " + or_refused(may_complete(client, record, false), "compares all rows and removes " + old_tables));
  } else if (record.phase == Phase::completing) {
    say(Severity::note, "`complete` goes on removing " + old_tables);
  } else if (record.phase != Phase::completed && record.phase != Phase::rolling_back) {
    say(Severity::note, "`complete` is for later, when both versions live");
  }
  const auto new_tables = joined(names_of(record, kNew), ", ");
  if (record.phase == Phase::rolling_back) {
    say(Severity::note, "`rollback` goes on removing " + new_tables);
  } else if (record.phase != Phase::completing && record.phase != Phase::completed) {
    say(Severity::note, "`rollback` " + or_refused(may_roll_back(client, record, {}), "removes " + new_tables));
  }
  return plan;
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

std::string place_of(const Finding& finding) {
  auto place = finding.table;
  if (!finding.column.empty()) place += (place.empty() ? "" : ".") + finding.column;
  return place.empty() ? place : place + ": ";
}

bool Plan::refused() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::refusal; });
}

Result<Plan> make_plan(db::DatabaseClient& database, const Migration& migration, std::chrono::milliseconds max_stall,
                       const WorkProgress& progress) {
  Reader client(database);
  OFFX_ASSIGN(const auto records, read_records(client));
  for (const auto& record : records) {
    if (record.name == migration.name && record.phase != Phase::rolled_back) {
      return plan_of_begun(client, migration, record, progress);
    }
  }
  Plan plan;
  plan.migration = migration;
  OFFX_ASSIGN(auto schema, Schema::read(client));
  for (const auto& change : migration.tables) {
    if (schema.find("table", change.to) == nullptr) continue;
    plan.findings.push_back({Severity::refusal, change.from, "",
                             "the table " + change.to +
                                 " exists already; a version is never used twice: take the next "
                                 "number",
                             change.line_of("to")});
  }
  for (const auto& what : schema.unreadable()) {
    plan.findings.push_back({Severity::note, "", "", "not looked at, as it cannot be made elsewhere: " + what});
  }
  if (plan.refused()) {
    find_lines(plan);
    return plan;
  }
  OFFX_ASSIGN(const auto blueprint, make_blueprint(schema, migration, can_redirect_references(client), plan.findings));
  OFFX_ASSIGN(const auto earlier, earlier_in_chain(records, migration));
  check_what_will_speak(blueprint, schema, earlier, plan.findings);
  if (repeats_statements(client)) refuse_clocks(blueprint, plan.findings);
  std::vector<Finding> rehearsed;
  OFFX_TRY(rehearse(schema, blueprint, rehearsed));
  add_to_known(plan, std::move(rehearsed));
  std::vector<Finding> of_rows;
  OFFX_TRY(check_rows(client, blueprint, of_rows, progress));
  for (auto& finding : of_rows) {
    if (finding.severity == Severity::refusal || !plan.refused()) plan.findings.push_back(std::move(finding));
  }
  for (const auto& pair : blueprint.pairs) {
    // The scratch database has every index that it will have.
    OFFX_ASSIGN(const auto new_table, schema.table(pair.pair.change.to));
    OFFX_ASSIGN(auto size, estimate(client, pair, new_table, max_stall));
    plan.tables.push_back(std::move(size));
  }
  OFFX_TRY(check_disk(client, plan, max_stall));
  plan.steps = steps_of(blueprint);
  find_lines(plan);
  std::stable_sort(plan.findings.begin(), plan.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return plan;
}

}  // namespace offx::migrate
