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

/// The triggers and indexes that a migration under way keeps for itself, as they must be.
Result<void> find_lost_triggers(db::DatabaseClient& client, const Record& record,
                                const std::vector<SchemaObject>& objects, std::vector<Drift>& drifts) {
  if (record.phase != Phase::backfill && record.phase != Phase::verify && record.phase != Phase::live) return {};
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client, migration, findings));
  for (const auto& plan : blueprint.pairs) {
    const auto table = std::find_if(record.tables.begin(), record.tables.end(),
                                    [&](const TableRecord& t) { return same_name(t.from, plan.pair.change.from); });
    if (table == record.tables.end() || table->phase == Phase::expand) continue;
    const bool live = record.phase == Phase::live;
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
    for (const auto& trigger : expected) {
      const auto found = std::find_if(objects.begin(), objects.end(), [&](const SchemaObject& object) {
        return object.type == "trigger" && same_name(object.name, trigger.name);
      });
      if (found == objects.end()) {
        drifts.push_back({"trigger", trigger.name, "missing", trigger.sql, ""});
      } else if (found->sql != trigger.sql && !may_differ(trigger)) {
        drifts.push_back({"trigger", trigger.name, "changed", trigger.sql, found->sql});
      }
    }
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
    if (is_ours(to_text(row[1]))) continue;  // find_lost_triggers() asks for those
    expected[{to_text(row[0]), to_text(row[1])}] = to_text(row[2]);
  }
  for (const auto& object : objects) {
    if (object.sql.empty() || is_ours(object.name)) continue;
    const auto found = expected.find({object.type, object.name});
    if (found == expected.end()) {
      drifts.push_back({object.type, object.name, "new", "", object.sql});
      continue;
    }
    if (found->second != object.sql) drifts.push_back({object.type, object.name, "changed", found->second, object.sql});
    expected.erase(found);
  }
  for (const auto& [key, sql] : expected) drifts.push_back({key.first, key.second, "missing", sql, ""});
  for (const auto& record : records) OFFX_TRY(find_lost_triggers(client, record, objects, drifts));
  return drifts;
}

}  // namespace offx::migrate
