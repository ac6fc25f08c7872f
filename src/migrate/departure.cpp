#include "migrate/departure.h"

#include <algorithm>

#include "migrate/rehearsal.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {

std::string refusals_in(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) {
    if (finding.severity != Finding::Severity::refusal) continue;
    text += "\n  ";
    if (finding.line != 0) text += "line " + std::to_string(finding.line) + ": ";
    text += place_of(finding) + finding.message;
  }
  return text;
}

Result<Blueprint> read_blueprint(db::DatabaseClient& client, const Migration& migration,
                                 std::vector<Finding>& findings) {
  OFFX_ASSIGN(auto schema, Schema::read(client));
  return make_blueprint(schema, migration, can_redirect_references(client), findings);
}

std::vector<TableUser> users_of(const std::vector<TableUser>& users, const Record& record, bool old_tables) {
  std::vector<TableUser> found;
  for (const auto& user : users) {
    const bool uses = std::any_of(record.tables.begin(), record.tables.end(), [&](const TableRecord& table) {
      return std::any_of(user.tables.begin(), user.tables.end(),
                         [&](const std::string& name) { return same_name(name, old_tables ? table.from : table.to); });
    });
    if (uses) found.push_back(user);
  }
  return found;
}

std::vector<std::string> names_of(const Record& record, Side side) {
  std::vector<std::string> names;
  for (const auto& table : record.tables) names.push_back(side == kOld ? table.from : table.to);
  return names;
}

Result<void> check_no_users(db::DatabaseClient& client, const Record& record, Side side) {
  OFFX_ASSIGN(const auto all, list_table_users(client));
  const auto users = users_of(all, record, side == kOld);
  if (users.empty()) return {};
  const auto& user = users.front();
  return fail(Errc::conflict, user.program + " (" + user.host + " pid " + std::to_string(user.pid) +
                                  ") still uses the " + (side == kOld ? "old" : "new") +
                                  " version: stop it first, or say --force");
}

Result<void> check_there(db::DatabaseClient& client, const Record& record, Side side) {
  for (const auto& name : names_of(record, side)) {
    OFFX_ASSIGN(const bool is_there, table_exists(client, name));
    if (is_there) continue;
    std::string remedy;
    if (record.phase == Phase::live) {
      remedy = side == kOld ? "rename it back, or make it again with the rows of the new version, and roll back"
                            : "rename it back and roll back, or roll back with --discard";
    } else {
      remedy = side == kOld ? "rename it back, or make it again (the new version has only what was copied so far), and "
                              "roll back"
                            : "roll back and start again; the old version has all rows";
    }
    return fail(Errc::conflict, "the migration " + record.name + " (" + std::string(to_string(record.phase)) +
                                    ") needs the table " + name + ", which somebody renamed or dropped: " + remedy);
  }
  return {};
}

Result<void> check_there(db::DatabaseClient& client, const Record& record) {
  for (const Side side : {kOld, kNew}) OFFX_TRY(check_there(client, record, side));
  for (const auto& table : record.tables) {
    OFFX_ASSIGN(const auto helpers, expected_helpers(client, table.to));
    for (const auto& helper : helpers) {
      OFFX_ASSIGN(const bool is_there, table_exists(client, helper.name));
      if (is_there) continue;
      return fail(Errc::conflict,
                  "the migration " + record.name + " (" + std::string(to_string(record.phase)) + ") needs the table " +
                      helper.name + ", which somebody dropped: without it what is written to " + table.from + " or " +
                      table.to + " fails. Make it again (`offx migrate drift --sql` shows it), or roll back");
    }
  }
  return {};
}

Result<void> check_not_leaving(const std::vector<Record>& records, std::string_view name) {
  for (const auto& record : records) {
    for (const auto& table : record.tables) {
      const bool leaving = (record.phase == Phase::completing && same_name(table.from, name)) ||
                           (record.phase == Phase::rolling_back && same_name(table.to, name));
      if (!leaving) continue;
      return fail(Errc::conflict, std::string(name) + " is being removed by the migration " + record.name + " (" +
                                      std::string(to_string(record.phase)) + ")");
    }
  }
  return {};
}

namespace {

/// What of a version's tables and their indexes is otherwise than when the migration began, a line for each.
Result<std::string> changed_since(db::DatabaseClient& client, const Record& record, Side side) {
  OFFX_ASSIGN(const auto known, client.execute("SELECT type, name, sql FROM offx_schema_objects"));
  OFFX_ASSIGN(const auto objects, read_objects(client));
  const auto tables = names_of(record, side);
  std::string changed;
  for (const auto& object : objects) {
    const bool concerns = std::any_of(tables.begin(), tables.end(),
                                      [&](const std::string& name) { return same_name(name, object.table); });
    // Views and triggers are carried as they are now.
    const bool carried = object.type != "table" && object.type != "index";
    if (!concerns || carried || object.sql.empty() || folded(object.name).starts_with("offx_")) continue;
    std::string what = "is new";
    for (std::size_t i = 0; i < known.rows(); ++i) {
      const auto row = known.row(i);
      if (db::to_text(row[0]) != object.type || !same_name(db::to_text(row[1]), object.name)) continue;
      what = db::to_text(row[2]) == object.sql ? "" : "was changed";
    }
    if (!what.empty()) changed += "\n  the " + object.type + " " + object.name + " " + what;
  }
  return changed;
}

/// What somebody added to an old table since the migration began is in no new one, and would go unseen.
Result<void> check_unchanged(db::DatabaseClient& client, const Record& record) {
  OFFX_ASSIGN(const auto changed, changed_since(client, record, kOld));
  if (changed.empty()) return {};
  return fail(Errc::conflict,
              "since " + record.name + " began somebody changed the old version, and the new one has nothing of it:" +
                  changed + "\nDo the same to the new table and undo it here, or say --force to lose it");
}

/// Versions in a chain, v1 ↔ v2 ↔ v3, go from its ends: a table that another migration under way keeps alike with its
/// own must stay, or every write to that one would fail, and rows removed here would be removed there.
Result<void> check_nobody_needs(db::DatabaseClient& client, const Record& record, Side side) {
  OFFX_ASSIGN(const auto records, read_records(client));
  for (const auto& table : record.tables) {
    const auto& name = side == kOld ? table.from : table.to;
    for (const auto& other : records) {
      if (other.name == record.name || other.phase == Phase::completed || other.phase == Phase::rolled_back) continue;
      for (const auto& needed : other.tables) {
        const bool is_its_old = same_name(needed.from, name);
        if (!is_its_old && !same_name(needed.to, name)) continue;
        return fail(Errc::conflict, "the migration " + other.name + " (" + std::string(to_string(other.phase)) +
                                        ") needs " + name + ", which would be removed: " +
                                        (is_its_old ? "roll " + other.name + " back" : "complete " + other.name) +
                                        " first");
      }
    }
  }
  return {};
}

}  // namespace

Result<void> check_triggers(db::DatabaseClient& client, const Blueprint& blueprint, Side from, bool live) {
  OFFX_ASSIGN(const auto objects, read_objects(client));
  for (const auto& plan : blueprint.pairs) {
    OFFX_ASSIGN(const auto triggers, expected_triggers(client, plan, from, live));
    const auto lost = std::find_if_not(triggers.begin(), triggers.end(), [&](const NamedSql& trigger) {
      return std::any_of(objects.begin(), objects.end(), [&](const SchemaObject& object) {
        return object.type == "trigger" && object.name == trigger.name && object.sql == trigger.sql;
      });
    });
    if (lost == triggers.end()) continue;
    return fail(Errc::corrupt,
                "the trigger " + lost->name +
                    " of this migration was dropped or changed by somebody: what was written to " +
                    plan.pair.tables[from].name + " since may be missing in " + plan.pair.tables[other(from)].name +
                    (from == kOld ? ". Roll back and start again; the old version has everything"
                                  : ". Make it again (`offx migrate drift` shows it) and correct what `offx migrate "
                                    "verify` finds; or roll back with --discard"));
  }
  return {};
}

Result<void> may_start(const Record& record, const Migration& migration) {
  const auto phase = std::string(to_string(record.phase));
  if (record.phase == Phase::rolled_back) return {};
  if (record.definition != to_json(migration)) {
    return fail(Errc::conflict,
                "the migration " + migration.name + " was started with another definition (phase " + phase +
                    "): use the file as it was, or roll back first, or give the new one a name of its own");
  }
  if (record.phase == Phase::completed) {
    return fail(Errc::conflict, "the migration " + migration.name + " is completed already");
  }
  if (record.phase == Phase::completing || record.phase == Phase::rolling_back) {
    return fail(Errc::conflict, "the migration " + migration.name + " is " + phase + ": let `" +
                                    (record.phase == Phase::completing ? "complete" : "rollback") + "` finish");
  }
  return {};
}

Result<Blueprint> may_complete(db::DatabaseClient& client, const Record& record, bool force) {
  OFFX_TRY(check_there(client, record));
  OFFX_TRY(check_nobody_needs(client, record, kOld));
  if (!force) OFFX_TRY(check_no_users(client, record, kOld));
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(auto schema, Schema::read(client));
  OFFX_ASSIGN(auto blueprint, make_blueprint(schema, migration, can_redirect_references(client), findings));
  OFFX_TRY(rehearse(schema, blueprint, findings));
  if (const auto refusals = refusals_in(findings); !refusals.empty()) {
    OFFX_ASSIGN(const auto old_changes, changed_since(client, record, kOld));
    OFFX_ASSIGN(const auto new_changes, changed_since(client, record, kNew));
    const auto changes = old_changes + new_changes;
    // What the refusals advise the file may not say any more.
    return fail(Errc::conflict,
                "completing " + record.name + " is refused:" + refusals +
                    (changes.empty() ? std::string()
                                     : "\nSince it began somebody changed the tables:" + changes +
                                           "\nRoll back, with --discard if that is refused too, and start with a file "
                                           "that fits"));
  }
  for (const auto& plan : blueprint.pairs) {
    if (plan.stuck_children.empty()) continue;
    const auto names = joined(plan.stuck_children, ", ");
    return fail(Errc::unsupported,
                names + " refer to " + plan.pair.change.from + ", and this server cannot point them at " +
                    plan.pair.change.to +
                    ": give them their next versions, in a migration of their own, and complete that "
                    "one first");
  }
  for (const Side side : {kOld, kNew}) OFFX_TRY(check_triggers(client, blueprint, side, true));
  if (!force) OFFX_TRY(check_unchanged(client, record));
  return blueprint;
}

Result<Blueprint> may_roll_back(db::DatabaseClient& client, const Record& record, const RollbackOptions& options) {
  OFFX_TRY(check_there(client, record, kOld));
  if (record.phase == Phase::live && !options.discard) OFFX_TRY(check_there(client, record, kNew));
  OFFX_TRY(check_nobody_needs(client, record, kNew));
  if (record.phase == Phase::live && !options.force) OFFX_TRY(check_no_users(client, record, kNew));
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(auto schema, Schema::read(client));
  drop_orphans(schema, migration);
  OFFX_ASSIGN(auto blueprint, make_blueprint(schema, migration, can_redirect_references(client), findings));
  if (record.phase == Phase::live && !options.discard) OFFX_TRY(check_triggers(client, blueprint, kNew, true));
  return blueprint;
}

}  // namespace offx::migrate
