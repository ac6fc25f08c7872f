#include <algorithm>
#include <map>

#include "migrate/departure.h"
#include "migrate/ledger.h"
#include "migrate/migrator.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::to_text;

/// Adds how what there is differs from what is expected; true if it does not.
bool compare(const std::vector<SchemaObject>& objects, const std::string& type, const NamedSql& expected,
             std::vector<Drift>& drifts, bool may_differ = false) {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const SchemaObject& object) {
    return object.type == type && same_name(object.name, expected.name);
  });
  if (found == objects.end()) {
    drifts.push_back({type, expected.name, "missing", expected.sql, ""});
    return false;
  }
  if (found->sql == expected.sql || may_differ) return true;
  drifts.push_back({type, expected.name, "changed", expected.sql, found->sql});
  return false;
}

/// The triggers, indexes and tables that a migration under way keeps for itself, as they must be.
Result<void> find_lost_objects(db::DatabaseClient& client, const Record& record,
                               const std::vector<SchemaObject>& objects, std::vector<Drift>& drifts) {
  if (record.phase != Phase::backfill && record.phase != Phase::verify && record.phase != Phase::live) return {};
  const bool live = record.phase == Phase::live;
  bool has_notes = true;
  for (const auto& table : record.tables) {
    OFFX_ASSIGN(const auto helpers, expected_helpers(client, table.to));
    for (const auto& helper : helpers) {
      const auto kind = created_object(helper.sql).kind;
      const bool is_as_expected = compare(objects, kind, helper, drifts);
      has_notes = has_notes && (is_as_expected || kind != "table");
    }
  }
  // Until the triggers are remembered, which there must be is told by the tables of notes that are there.
  if (!live && !has_notes) return {};
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client, migration, findings));
  for (const auto& plan : blueprint.pairs) {
    const auto table = std::find_if(record.tables.begin(), record.tables.end(),
                                    [&](const TableRecord& t) { return same_name(t.from, plan.pair.change.from); });
    if (table == record.tables.end() || table->phase == Phase::expand) continue;
    OFFX_ASSIGN(auto expected, expected_triggers(client, plan, kOld, live));
    if (live) {
      OFFX_ASSIGN(const auto down, expected_triggers(client, plan, kNew, live));
      expected.insert(expected.end(), down.begin(), down.end());
    }
    // While rows are copied the trigger of inserts may be another one for a time (may_wait_for_copy()).
    const auto waiting = table->phase == Phase::backfill && may_wait_for_copy(plan.pair)
                             ? sync_triggers(plan.pair, kOld, 0)
                             : std::vector<NamedSql>();
    const auto may_differ = [&](const NamedSql& trigger) {
      return std::any_of(waiting.begin(), waiting.end(),
                         [&](const NamedSql& other) { return other.name == trigger.name && other.sql != trigger.sql; });
    };
    for (const auto& trigger : expected) compare(objects, "trigger", trigger, drifts, may_differ(trigger));
  }
  return {};
}

}  // namespace

Result<void> baseline(db::DatabaseClient& client, std::string_view name) {
  OFFX_TRY(make_ledger(client));
  OFFX_ASSIGN(const auto records, read_records(client));
  for (const auto& record : records) {
    if (record.name == name)
      return fail(Errc::conflict, "the history has " + record.name + " already: take another name");
  }
  auto statements = remember_schema();
  statements.push_back(record_baseline(name));
  OFFX_TRY(client.batch(statements, db::Mode::write));
  return {};
}

Result<std::vector<Drift>> find_drift(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto records, read_records(client));
  if (records.empty()) {
    return fail(Errc::not_found,
                "this database has no history to compare with: `offx migrate baseline NAME` begins one");
  }
  OFFX_ASSIGN(const auto remembered,
              client.execute("SELECT type, name, sql FROM offx_schema_objects ORDER BY type, name"));
  OFFX_ASSIGN(const auto objects, read_objects(client));
  std::vector<Drift> drifts;
  std::map<std::pair<std::string, std::string>, std::string> expected;
  for (std::size_t i = 0; i < remembered.rows(); ++i) {
    const auto row = remembered.row(i);
    if (is_ours(to_text(row[1]))) continue;  // find_lost_objects() asks for those
    expected[{to_text(row[0]), to_text(row[1])}] = to_text(row[2]);
  }
  for (const auto& object : objects) {
    if (object.sql.empty() || is_ours(object.name) || is_ours(object.table)) continue;
    const auto found = expected.find({object.type, object.name});
    if (found == expected.end()) {
      drifts.push_back({object.type, object.name, "new", "", object.sql});
      continue;
    }
    if (found->second != object.sql) drifts.push_back({object.type, object.name, "changed", found->second, object.sql});
    expected.erase(found);
  }
  for (const auto& [key, sql] : expected) drifts.push_back({key.first, key.second, "missing", sql, ""});
  for (const auto& record : records) OFFX_TRY(find_lost_objects(client, record, objects, drifts));
  return drifts;
}

}  // namespace offx::migrate
