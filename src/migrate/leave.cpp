#include "migrate/leave.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "db/script.h"
#include "migrate/departure.h"
#include "migrate/pair_sql.h"
#include "migrate/range_sql.h"
#include "migrate/references.h"
#include "migrate/removal.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

/// `name`, or what follows it where that is taken.
std::string free_name(const std::vector<SchemaObject>& objects, const std::string& name) {
  auto free = name;
  const auto is_taken = [&] {
    return std::any_of(objects.begin(), objects.end(),
                       [&](const SchemaObject& object) { return same_name(object.name, free); });
  };
  for (int n = 2; is_taken(); ++n) free = name + "_" + std::to_string(n);
  return free;
}

/// Adds what gives the tables these names, and leaves the text of all views and triggers as it is.
Result<void> rename_tables(db::DatabaseClient& client, Script& script, const std::vector<std::string>& tables,
                           const std::vector<std::string>& names) {
  std::vector<std::string> renames;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    renames.push_back("ALTER TABLE " + quote_identifier(tables[i]) + " RENAME TO " + quote_identifier(names[i]));
  }
  OFFX_ASSIGN(auto schema, Schema::read(client));
  auto& scratch = schema.scratch();
  for (const auto& statement : script.statements()) {
    // What could not be made there cannot be dropped there.
    if (statement.sql.starts_with("DROP ")) (void)scratch.execute(statement.sql);
  }
  OFFX_ASSIGN(const auto objects, read_objects(scratch));
  // While a view or trigger cannot be compiled, SQLite renames no table; and one may be whole for its own program,
  // whose functions nobody else knows. Then all of them step aside for a moment; and those that speak of the tables in
  // any case, or SQLite would change their text.
  const bool renamed = std::all_of(renames.begin(), renames.end(),
                                   [&](const std::string& sql) { return scratch.execute(sql).has_value(); });
  std::vector<std::string> aside;
  std::vector<std::string> back;
  for (const std::string type : {"view", "trigger"}) {
    for (const auto& object : objects) {
      if (object.type != type) continue;
      const bool goes = type == "trigger" && contains_name(tables, object.table);
      const bool speaks_of_them = std::any_of(tables.begin(), tables.end(),
                                              [&](const std::string& table) { return mentions(object.sql, table); });
      // Those of a view go with it.
      if (!goes && !speaks_of_them && renamed && !contains_name(aside, object.table)) continue;
      script.add("DROP " + type + " IF EXISTS " + quote_identifier(object.name));
      if (type == "view") aside.push_back(object.name);
      if (!goes) back.push_back(object.sql);
    }
  }
  script.add(renames);
  script.add(back);
  return {};
}

/// Adds what gives free the names of what `create` made beside a new table that is kept, so that the migration may be
/// started again. Other tables may hold what nothing else does, and are kept too; one of a module that reads its
/// content from the new table has nothing of its own. Triggers and views are gone already.
void move_beside(Script& script, const PairPlan& plan, const std::vector<SchemaObject>& objects,
                 std::vector<std::string>& tables, std::vector<std::string>& names) {
  const auto& to = plan.pair.change.to;
  for (const auto& statement : plan.create) {
    const auto made = created_object(statement);
    const bool is_there = std::any_of(objects.begin(), objects.end(), [&](const SchemaObject& object) {
      return object.type == "table" && same_name(object.name, made.name);
    });
    if (made.kind != "table" || same_name(made.name, to) || !is_there) continue;
    const auto tokens = tokens_of(statement);
    const bool is_of_module = is_word(tokens[1], "virtual");
    const bool reads_it = std::any_of(tokens.begin(), tokens.end(),
                                      [&](const Token& token) { return same_name(db::unquoted(token), to); });
    if (is_of_module && reads_it) {
      script.add("DROP TABLE IF EXISTS " + quote_identifier(made.name));
      continue;
    }
    tables.push_back(made.name);
    names.push_back(free_name(objects, made.name + "_rolled_back"));
    for (const auto& object : objects) {
      if (object.type != "index" || object.sql.empty() || !same_name(object.table, made.name)) continue;
      script.add("DROP INDEX IF EXISTS " + quote_identifier(object.name));
    }
  }
}

/// Adds what takes the tables away from under their names. From the transaction in which one version stands alone, the
/// other one is found by nobody: a program that still writes to it gets an error, where its write would be told done
/// and then go with the table. Those that are kept have the name of an archive from then on, so that whoever goes on
/// later cannot decide otherwise.
Result<void> move_aside(Worker& worker, Script& script, Record& record, Side side, const std::vector<bool>& kept,
                        const Blueprint& blueprint = {}) {
  OFFX_ASSIGN(const auto objects, read_objects(worker.client()));
  std::vector<std::string> tables;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < record.tables.size(); ++i) {
    auto& table = record.tables[i];
    const auto& name = table.name(side);
    const bool is_there = std::any_of(objects.begin(), objects.end(), [&](const SchemaObject& object) {
      return object.type == "table" && same_name(object.name, name);
    });
    if (!is_there) continue;  // somebody dropped it, and whoever rolls back has said --discard
    tables.push_back(name);
    if (!kept[i]) {
      names.push_back(leaving_name(name));
      continue;
    }
    table.kept_as = free_name(objects, name + (side == kOld ? "_archived" : "_rolled_back"));
    names.push_back(table.kept_as);
    script.add(record_archive(record.name, table));
    for (const auto& object : objects) {
      // They would keep their names from a next attempt.
      if (side == kNew && object.type == "index" && !object.sql.empty() && same_name(object.table, name)) {
        script.add("DROP INDEX IF EXISTS " + quote_identifier(object.name));
      }
    }
    const auto* plan = blueprint.pair_from(table.from);
    if (side == kNew && plan != nullptr) move_beside(script, *plan, objects, tables, names);
  }
  return rename_tables(worker.client(), script, tables, names);
}

/// Release 0.1.0 left a table that goes where it was, and decided at its end whether to keep it.
Result<void> move_aside_late(Worker& worker, Record& record, Side side, bool keep) {
  const auto done = side == kOld ? Phase::completed : Phase::rolled_back;
  OFFX_ASSIGN(const auto objects, read_objects(worker.client()));
  auto left = record;
  std::erase_if(left.tables, [&](const TableRecord& table) {
    const auto& name = table.name(side);
    const auto exists = [&](const std::string& wanted) {
      return std::any_of(objects.begin(), objects.end(), [&](const SchemaObject& object) {
        return object.type == "table" && same_name(object.name, wanted);
      });
    };
    return table.phase == done || !table.kept_as.empty() || exists(leaving_name(name)) || !exists(name);
  });
  if (left.tables.empty()) return {};
  Script script;
  OFFX_TRY(move_aside(worker, script, left, side, std::vector<bool>(left.tables.size(), keep)));
  OFFX_TRY(worker.commit(script));
  return {};
}

/// From the tables of this side that some outside of the migration refer to, to those of the other side.
Result<std::vector<db::Redirect>> redirects_from(db::DatabaseClient& client, const Blueprint& blueprint, Side side) {
  std::vector<db::Redirect> redirects;
  OFFX_ASSIGN(auto schema, Schema::read(client));
  for (const auto& plan : blueprint.pairs) {
    const auto& name = plan.pair.tables[side].name;
    for (const auto& child : plan.children) {
      OFFX_ASSIGN(const auto table, schema.table(child));
      const bool refers = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                                      [&](const ForeignKey& key) { return same_name(key.parent, name); });
      if (!refers) continue;
      redirects.push_back(redirect_from(blueprint, plan, side));
      break;
    }
  }
  return redirects;
}

/// What the database remembers of the migration's tables, by its names: whatever becomes of them is its doing.
Result<std::vector<std::string>> remembered_of_tables(db::DatabaseClient& client, const Record& record) {
  auto tables = names_of(record, kOld);
  for (auto& name : names_of(record, kNew)) tables.push_back(std::move(name));
  OFFX_ASSIGN(const auto known, client.execute("SELECT name, sql FROM offx_schema_objects"));
  auto names = tables;
  for (std::size_t i = 0; i < known.rows(); ++i) {
    const auto row = known.row(i);
    if (contains_name(tables, created_object(db::to_text(row[1])).table)) names.push_back(db::to_text(row[0]));
  }
  return names;
}

/// The transaction after which one version stands alone, and what referred to the other one refers to it. Whoever began
/// to use the other version since that was looked at, and comparing all rows takes its time, stops it.
Result<void> leave(Worker& worker, const Record& record, const Blueprint& blueprint, const Script& script, Side side,
                   bool force) {
  OFFX_ASSIGN(auto names, remembered_of_tables(worker.client(), record));
  const auto add_created = [&](const std::vector<std::string>& statements) {
    for (const auto& statement : statements) names.push_back(created_object(statement).name);
  };
  add_created(blueprint.make_on_complete);
  for (const auto& plan : blueprint.pairs) {
    add_created(plan.create);
    names.insert(names.end(), plan.pair.change.drop.begin(), plan.pair.change.drop.end());
  }
  Script all;
  if (!force) all.add(refuse_users_of(names_of(record, side)));
  all.add(script.statements());
  all.add(remember_end(names));
  OFFX_ASSIGN(const auto redirects, redirects_from(worker.client(), blueprint, side));
  const auto mark = mark_as_remembered();
  const std::array before = {db::Statement{mark, {}}};
  Result<void> done;
  if (!redirects.empty()) {
    done = worker.lease().redirect_references(redirects, before, all.statements());
  } else {
    Script marked;
    marked.add(before.front());
    marked.add(all.statements());
    if (auto results = worker.commit(marked); !results) done = fail(std::move(results).error());
  }
  if (!done && done.error().message().find("offx_table_users.program") != std::string::npos) {
    OFFX_TRY(check_no_users(worker.client(), record, side));
  }
  return done;
}

/// Whether each of the new tables is kept by a rollback: those that know something the old ones do not, and those that
/// they refer to, whose rows would take theirs along.
std::vector<bool> kept_by_rollback(const Record& record, const Blueprint& blueprint) {
  std::vector<const PairPlan*> plans;
  std::vector<bool> kept;
  for (const auto& table : record.tables) {
    const auto* plan = blueprint.pair_from(table.from);
    plans.push_back(plan);
    const bool knows_more = plan == nullptr || !plan->pair.own_columns(kNew).empty() ||
                            std::any_of(plan->pair.groups.begin(), plan->pair.groups.end(),
                                        [](const Group& group) { return group.one_way; });
    kept.push_back(table.phase == Phase::live && knows_more);
  }
  // Parents come before those that refer to them.
  for (std::size_t child = record.tables.size(); child-- > 0;) {
    if (!kept[child] || plans[child] == nullptr) continue;
    for (const auto& key : plans[child]->pair.table(kNew).foreign_keys) {
      for (std::size_t i = 0; i < child; ++i) kept[i] = kept[i] || same_name(key.parent, record.tables[i].to);
    }
  }
  return kept;
}

/// Adds what ends that the two versions are kept alike.
Result<void> untie(db::DatabaseClient& client, Script& script, const PairPlan& plan) {
  auto names = trigger_names(plan);
  OFFX_ASSIGN(auto helpers, expected_helpers(client, plan.pair.tables[kNew].name));
  for (auto& helper : helpers) names.push_back(std::move(helper.name));
  script.add(drop_triggers(plan));
  script.add(forget_own(names));
  script.add(drop_helpers(plan.pair));
  return {};
}

/// The triggers of ours on both tables, whatever they were made of: where somebody has renamed a column since, the
/// migration's file gives others, and one that stayed would fail every write to the old version. Nobody else's version
/// is made of the new one by then.
std::vector<std::string> left_triggers(const std::vector<SchemaObject>& objects, const TableChange& change) {
  std::vector<std::string> names;
  for (const auto& object : objects) {
    const bool is_on_them = same_name(object.table, change.from) || same_name(object.table, change.to);
    if (object.type != "trigger" || !is_on_them) continue;
    const auto prefix = std::string(kSyncPrefix) + change.to;
    if (object.name.starts_with(prefix + "_up_") || object.name.starts_with(prefix + "_down_")) {
      names.push_back(object.name);
    }
  }
  return names;
}

Result<void> finish(Worker& worker, const Record& record, Phase phase) {
  OFFX_ASSIGN(const auto names, remembered_of_tables(worker.client(), record));
  Script script;
  script.add(record_phase(record.name, phase));
  script.add(remember_end(names));
  OFFX_TRY(worker.commit(script));
  return {};
}

}  // namespace

Result<void> complete(Worker& worker, Record record, const CompleteOptions& options) {
  if (record.phase == Phase::live) {
    OFFX_ASSIGN(const auto blueprint,
                worker.keeping_lease([&] { return may_complete(worker.client(), record, options.force); }));
    OFFX_TRY(check_alike(worker, record, blueprint, true));
    Script script;
    script.add(blueprint.drop_on_complete);
    for (const auto& plan : blueprint.pairs) {
      OFFX_TRY(untie(worker.client(), script, plan));
      script.add(equalise_sequences(plan.pair));
    }
    OFFX_TRY(move_aside(worker, script, record, kOld, std::vector<bool>(record.tables.size(), options.keep_old)));
    script.add(blueprint.make_on_complete);
    for (const auto& table : record.tables) script.add(record_table_phase(record.name, table, Phase::completing));
    script.add(record_phase(record.name, Phase::completing));
    OFFX_TRY(leave(worker, record, blueprint, script, kOld, options.force));
  }
  OFFX_TRY(move_aside_late(worker, record, kOld, options.keep_old));
  OFFX_TRY(remove_tables(worker, record, kOld));
  return finish(worker, record, Phase::completed);
}

Result<void> roll_back(Worker& worker, Record record, const RollbackOptions& options) {
  if (record.phase != Phase::rolling_back) {
    OFFX_ASSIGN(const auto blueprint,
                worker.keeping_lease([&] { return may_roll_back(worker.client(), record, options); }));
    OFFX_ASSIGN(const auto objects, read_objects(worker.client()));
    Script script;
    for (const auto& plan : blueprint.pairs) {
      OFFX_TRY(untie(worker.client(), script, plan));
      const auto left = left_triggers(objects, plan.pair.change);
      for (const auto& name : left) script.add("DROP TRIGGER IF EXISTS " + quote_identifier(name));
      script.add(forget_own(left));
      // The author's own, which would take the emptying of the new table for the application's deletes, and views.
      for (const auto& statement : std::views::reverse(plan.create)) {
        const auto object = created_object(statement);
        if (object.kind != "trigger" && object.kind != "view") continue;
        script.add("DROP " + object.kind + " IF EXISTS " + quote_identifier(object.name));
      }
      if (record.phase == Phase::live) script.add(equalise_sequences(plan.pair));
    }
    const auto kept = options.discard ? std::vector<bool>(record.tables.size()) : kept_by_rollback(record, blueprint);
    OFFX_TRY(move_aside(worker, script, record, kNew, kept, blueprint));
    script.add(record_phase(record.name, Phase::rolling_back));
    OFFX_TRY(leave(worker, record, blueprint, script, kNew, options.force || record.phase != Phase::live));
  }
  OFFX_TRY(move_aside_late(worker, record, kNew, !options.discard));
  OFFX_TRY(remove_tables(worker, record, kNew));
  return finish(worker, record, Phase::rolled_back);
}

}  // namespace offx::migrate
