#include "migrate/carried.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "db/script.h"
#include "migrate/ignoring.h"
#include "migrate/ignoring_sql.h"
#include "migrate/positions.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using Severity = Finding::Severity;

/// What to do about `object`, whose successor cannot be told. The file of a migration that has begun is as it is.
std::string way_out(const Pair& pair, const SchemaObject& object, const Schema& schema) {
  const bool is_begun = schema.find("table", pair.change.to) != nullptr;
  if (object.type == "index") {
    return is_begun ? "undo what was changed since `start`, or drop it by hand"
                    : "make its successor in `create`, or list it in `drop`";
  }
  if (is_begun && object.type == "view") return "drop it by hand and make it again over " + pair.change.to;
  if (is_begun) return "drop it by hand, and make its successor after `complete`";
  // One that leaves writes undone is needed on the new table too while both live.
  if (contains_name(pair.change.drop, object.name)) return "make its successor under `complete`, with the same name";
  return "make its successor under `complete`, with the same name, or list it in `drop`";
}

/// In memory, of `schema` the tables, and the views and triggers that are `wanted`. What cannot be made there is left
/// out: it is among Schema::unreadable().
Result<std::unique_ptr<db::DatabaseClient>> sketch_of(const Schema& schema,
                                                      const std::function<bool(const SchemaObject&)>& wanted) {
  OFFX_ASSIGN(auto client, db::create_database_client(":memory:"));
  for (const std::string_view type : {"table", "view", "trigger"}) {
    for (const auto& object : schema.objects()) {
      if (object.type != type || object.sql.empty() || is_ours(object.name)) continue;
      if (type == "table" || wanted(object)) static_cast<void>(client->execute(object.sql));
    }
  }
  return client;
}

/// True if a trigger or view, in whose text the name of a column of `table` occurs, may mean that column by it: names
/// of other tables' columns and keywords (BEFORE) look the same. SQLite knows, which says it with the column's new
/// name.
bool means_column(const SchemaObject& object, const std::string& table, const std::string& column,
                  const Schema& schema) {
  const auto client = sketch_of(schema, [&](const SchemaObject& other) {
    return other.type == "view" || (other.type == object.type && same_name(other.name, object.name));
  });
  if (!client) return true;
  const auto said = [&]() -> std::string {
    const std::vector<db::Value> key = {object.type, object.name};
    const auto rows = (*client)->execute("SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2", key);
    return rows && rows->rows() == 1 ? db::to_text(rows->row(0)[0]) : std::string();
  };
  // That of a migration before this one may not be made yet.
  if (normalised(said()) != normalised(object.sql)) return true;
  const auto renamed = (*client)->execute("ALTER TABLE " + quote_identifier(table) + " RENAME COLUMN " +
                                          quote_identifier(column) + " TO offx_renamed");
  return !renamed || normalised(said()) != normalised(object.sql);
}

/// True if a view's columns are those of `table`, whatever they are (SELECT *), or that cannot be told.
bool shows_all(const SchemaObject& view, const std::string& table, const Schema& schema) {
  const auto client = sketch_of(schema, [](const SchemaObject& object) { return object.type == "view"; });
  if (!client) return true;
  const std::vector<db::Value> name = {view.name};
  const auto columns = [&]() -> std::int64_t {
    const auto rows = (*client)->execute("SELECT count(*) FROM pragma_table_info(?1)", name);
    return rows ? db::to_integer(rows->row(0)[0]) : 0;
  };
  const auto before = columns();
  const auto added = (*client)->execute("ALTER TABLE " + quote_identifier(table) + " ADD COLUMN offx_added");
  return before == 0 || !added || columns() != before;
}

/// False, with a finding, if `object` speaks of a column that is not in the new table, under its name if that counts.
bool speaks_of_what_is_there(const Pair& pair, const SchemaObject& object, const Schema& schema,
                             std::vector<Finding>& findings) {
  const bool is_index = object.type == "index";
  const auto names = is_index ? columns_in(indexed_part(object.sql)) : names_in(object.sql);
  for (const auto& column : pair.table(kOld).columns) {
    if (!names.contains(folded(column.name))) continue;
    const auto counterpart = pair.counterpart(kOld, column.name);
    const auto* same = pair.table(kNew).column(column.name);
    if (counterpart.empty() && same != nullptr && same->generated && column.generated) continue;
    if (!counterpart.empty() && (is_index || same_name(counterpart, column.name))) continue;
    if (!is_index && !means_column(object, pair.change.from, column.name, schema)) continue;
    Finding finding = {Severity::refusal, pair.change.from, object.name,
                       "the " + object.type + " " + object.name + " speaks of " + column.name + ", which is not in " +
                           pair.change.to + (same == nullptr ? " under that name: " : " as it was: ") +
                           way_out(pair, object, schema)};
    // A trigger that leaves writes undone is looked at for both moments.
    const bool is_said = std::any_of(findings.begin(), findings.end(),
                                     [&](const Finding& other) { return other.message == finding.message; });
    if (!is_said) findings.push_back(std::move(finding));
    return false;
  }
  return true;
}

/// indexed_part() for the new table.
std::string carried_part(const Pair& pair, std::string_view create_index) {
  return with_columns(indexed_part(create_index), [&](const std::string& name) {
    const auto counterpart = pair.table(kOld).column(name) == nullptr ? "" : pair.counterpart(kOld, name);
    return counterpart.empty() || same_name(counterpart, name) ? "" : quote_identifier(counterpart);
  });
}

/// Statements of triggers and views by their type and name, folded.
using Statements = std::map<std::pair<std::string, std::string>, std::string>;

/// Those of `schema` as SQLite says them when the old tables have the new ones' names; none if it can rename nothing,
/// because one of them speaks of what is gone, for instance. `all`: not only of those that speak of the old tables.
Result<Statements> as_renamed(const Schema& schema, const std::vector<const Pair*>& pairs, bool all) {
  // Without our own triggers, which may be long and many: SQLite reads through all there are.
  OFFX_ASSIGN(const auto client, sketch_of(schema, [&](const SchemaObject& object) {
                return all || std::any_of(pairs.begin(), pairs.end(), [&](const Pair* pair) {
                         return same_name(object.table, pair->change.from) || mentions(object.sql, pair->change.from);
                       });
              }));
  const auto rename = [](const std::string& from, const std::string& to) {
    return "ALTER TABLE " + quote_identifier(from) + " RENAME TO " + quote_identifier(to);
  };
  std::vector<std::string> renames;
  for (const auto* pair : pairs) {
    const auto& from = pair->change.from;
    const auto& to = pair->change.to;
    if (schema.find("table", to) != nullptr) renames.push_back(rename(to, "offx_aside_" + to));
    renames.push_back(rename(from, to));
  }
  std::vector<db::Statement> statements;
  for (const auto& sql : renames) statements.push_back({sql, {}});
  statements.push_back({"SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')", {}});
  Statements renamed;
  const auto results = client->batch(statements, db::Mode::write);
  for (std::size_t i = 0; results && i < results->back().rows(); ++i) {
    const auto row = results->back().row(i);
    renamed[{db::to_text(row[0]), folded(db::to_text(row[1]))}] = db::to_text(row[2]);
  }
  return renamed;
}

Result<Statements> as_renamed(const Schema& schema, const std::vector<const Pair*>& pairs) {
  OFFX_ASSIGN(auto renamed, as_renamed(schema, pairs, true));
  return renamed.empty() ? as_renamed(schema, pairs, false) : std::move(renamed);
}

/// The statement of a trigger or view on old tables for the new ones; of those that SQLite does not rename, by names.
std::string for_new_tables(const SchemaObject& object, const std::vector<const Pair*>& pairs,
                           const Statements& renamed) {
  if (const auto found = renamed.find({object.type, folded(object.name)}); found != renamed.end()) return found->second;
  auto sql = object.sql;
  for (const auto* pair : pairs) sql = with_name_replaced(sql, pair->change.from, pair->change.to);
  return sql;
}

/// An index's name for the new table, as both live at once: with that in the place of the old one's, or else with its
/// version behind.
std::string successor_name(const std::vector<SchemaObject>& present, const Pair& pair, const std::string& name) {
  const auto& from = pair.change.from;
  const auto& to = pair.change.to;
  const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const auto version_of = [](const std::string& table) {
    const auto at = table.rfind('_');
    return at == std::string::npos ? std::string() : table.substr(at);
  };
  std::string successor;
  const auto at = folded(name).find(folded(from));
  const auto end = at + from.size();
  if (at != std::string::npos && (at == 0 || !is_letter(name[at - 1])) &&
      (end == name.size() || !is_letter(name[end]))) {
    successor = name.substr(0, at) + to + name.substr(end);
  } else {
    const auto old_version = version_of(from);
    successor = name;
    if (!old_version.empty() && name.size() > old_version.size() && name.ends_with(old_version)) {
      successor.resize(name.size() - old_version.size());
    }
    successor += version_of(to).empty() ? "_" + to : version_of(to);
  }
  const auto is_taken = [&] {
    return std::any_of(present.begin(), present.end(),
                       [&](const SchemaObject& object) { return same_name(object.name, successor); });
  };
  while (is_taken()) successor += "_next";
  return successor;
}

/// The views and triggers of `schema` as they will be when `earlier` are completed: those that speak of the old tables,
/// and those that `complete` makes.
std::vector<SchemaObject> objects_after(const Schema& schema, const std::vector<Migration>& earlier) {
  auto objects = schema.objects();
  std::erase_if(objects, [](const SchemaObject& object) {
    return (object.type != "view" && object.type != "trigger") || is_ours(object.name);
  });
  for (const auto& migration : earlier) {
    for (const auto& change : migration.tables) {
      std::vector<SchemaObject> made;
      std::vector<std::string> sync;
      for (const auto statement : db::split_script(change.complete)) {
        const auto object = created_object(statement);
        if (object.kind == "view" || object.kind == "trigger")
          made.push_back({object.kind, object.name, "", std::string(statement)});
      }
      for (const auto statement : db::split_script(change.sync)) sync.push_back(created_object(statement).name);
      std::erase_if(objects, [&](const SchemaObject& object) {
        return contains_name(change.drop, object.name) || contains_name(sync, object.name) ||
               std::any_of(made.begin(), made.end(), [&](const SchemaObject& successor) {
                 return successor.type == object.type && same_name(successor.name, object.name);
               });
      });
      for (auto& object : objects) object.sql = with_name_replaced(object.sql, change.from, change.to);
      objects.insert(objects.end(), made.begin(), made.end());
    }
  }
  return objects;
}

/// In what a trigger on the old table differs for what new code writes.
void note_trigger(const Pair& pair, const SchemaObject& object, std::vector<Finding>& findings) {
  if (!same_name(object.table, pair.change.from)) return;
  if (runs_for(object.sql, "update") && !updates_once(pair, kNew)) {
    findings.push_back({Severity::warning, pair.change.from, object.name,
                        "one UPDATE by new code of several columns may reach " + pair.change.from +
                            " as several, and run the trigger " + object.name + " for each, while both live"});
  }
  const auto& uniques = pair.uniqueness[kNew];
  if (runs_for(object.sql, "delete") && std::any_of(uniques.begin(), uniques.end(), [](const Uniqueness& unique) {
        return !unique.lookup || !unique.on_both;
      })) {
    findings.push_back(
        {Severity::warning, pair.change.from, object.name,
         "the trigger " + object.name + " runs for rows too that new code replaces through a UNIQUE that " +
             pair.change.from +
             " does not have, or has over columns of other types, while both live: on one table REPLACE runs no DELETE "
             "trigger" +
             (mentions(object.sql, "raise") ? ", and where this one says RAISE the write is refused" : "")});
  }
  if (runs_for(object.sql, "delete") && pair.cascades_in_self(kOld) && pair.cascades_in_self(kNew)) {
    findings.push_back({Severity::warning, pair.change.from, object.name,
                        "the trigger " + object.name +
                            " runs for rows too that new code replaces, if others that refer to them go with them (ON "
                            "DELETE CASCADE), while both live: on one table REPLACE runs no DELETE trigger"});
  }
}

/// Whether there is what `drop` names.
void check_dropped(const PairPlan& plan, const Schema& schema, std::vector<Finding>& findings) {
  for (const auto& name : plan.pair.change.drop) {
    const bool found = std::any_of(schema.objects().begin(), schema.objects().end(),
                                   [&](const SchemaObject& object) { return same_name(object.name, name); });
    if (!found) {
      findings.push_back(
          {Severity::warning, plan.pair.change.from, name, "`drop` names " + name + ", and there is no such thing"});
    }
  }
}

/// A full-text table over the old table's rows would dangle.
void check_virtual_tables(Blueprint& blueprint, const Schema& schema, std::vector<Finding>& findings) {
  for (const auto& object : schema.objects()) {
    const auto tokens = tokens_of(std::string_view(object.sql).substr(0, 100));
    if (object.type != "table" || tokens.size() < 2 || !same_name(tokens[1].text, "virtual")) continue;
    for (const auto& plan : blueprint.pairs) {
      const auto& from = plan.pair.change.from;
      if (contains_name(plan.pair.change.drop, object.name)) {
        blueprint.drop_on_complete.push_back("DROP TABLE IF EXISTS " + quote_identifier(object.name));
        continue;
      }
      bool speaks_of_it = mentions(object.sql, from);
      for (const auto& token : tokens_of(object.sql)) {
        speaks_of_it = speaks_of_it || (token.kind == Token::Kind::string && same_name(token.text, "'" + from + "'"));
      }
      if (!speaks_of_it) continue;
      findings.push_back({Severity::refusal, from, object.name,
                          "the virtual table " + object.name + " reads its content from " + from +
                              " and cannot be pointed elsewhere: "
                              "make its successor over " +
                              plan.pair.change.to + " in `create`, with the triggers that fill it, and list " +
                              object.name + " in `drop`"});
    }
  }
}

}  // namespace

void check_what_will_speak(const Blueprint& blueprint, const Schema& schema, const std::vector<Migration>& earlier,
                           std::vector<Finding>& findings) {
  if (earlier.empty()) return;
  auto objects = objects_after(schema, earlier);
  std::vector<std::string> settled;  // by `complete`, `drop` or `sync`
  for (const auto& plan : blueprint.pairs) {
    for (const auto statement : db::split_script(plan.pair.change.complete))
      settled.push_back(created_object(statement).name);
    settled.insert(settled.end(), plan.pair.change.drop.begin(), plan.pair.change.drop.end());
    for (const auto& trigger : plan.sync) settled.push_back(trigger.name);
  }
  // What speaks of the old tables already is looked at with the schema as it is.
  std::erase_if(objects, [&](const SchemaObject& object) {
    const auto* now = schema.find(object.type, object.name);
    return contains_name(settled, object.name) || (now != nullptr && normalised(now->sql) == normalised(object.sql));
  });
  for (const auto& plan : blueprint.pairs) {
    std::vector<Finding> found;
    for (const auto& object : objects) {
      if (mentions(object.sql, plan.pair.change.from)) speaks_of_what_is_there(plan.pair, object, schema, found);
    }
    check_positions(plan.pair, objects, [](const SchemaObject&) { return true; }, found);
    for (auto& finding : found) {
      finding.severity = Severity::warning;
      finding.message = "`complete` of this migration will be refused: when " + earlier.back().name +
                        " is completed, " + finding.message + ", now: nothing can be added to the file after `start`";
      findings.push_back(std::move(finding));
    }
  }
}

Result<void> carry_ignoring(Pair& pair, const SchemaObject& trigger, const Schema& schema,
                            std::vector<Finding>& findings) {
  const auto what = ignores(trigger.sql);
  if (what == Ignores::nothing || (is_ours(trigger.name) && !is_ignoring(trigger.name))) return {};
  const auto refuse = [&](const std::string& why) {
    findings.push_back({Severity::refusal, pair.change.from, trigger.name,
                        "the trigger " + trigger.name + " says RAISE (IGNORE) or RAISE (FAIL), and " + why});
    return Result<void>();
  };
  if (is_ours(trigger.name)) {
    return refuse("stands for one of yours until the migration that made " + pair.change.from +
                  " is completed: complete that first");
  }
  if (what == Ignores::some_of_what) {
    return refuse(
        "changes something before for what it does not leave undone, which would be done twice for new code "
        "while both live: make two of it, of which the one with RAISE has nothing but SELECT, or put RAISE first");
  }
  if (pair.ignoring.size() == Pair::kIgnoringMax) {
    return refuse("with it there are more than " + std::to_string(Pair::kIgnoringMax) + " that do on " +
                  pair.change.from + ": make one of several");
  }
  std::string sql;
  for (const auto statement : db::split_script(pair.change.complete)) {
    const auto made = created_object(statement);
    if (made.kind == "trigger" && same_name(made.name, trigger.name)) sql = statement;
  }
  if (sql.empty() && speaks_of_what_is_there(pair, trigger, schema, findings)) {
    OFFX_ASSIGN(const auto renamed, as_renamed(schema, {&pair}));
    sql = for_new_tables(trigger, {&pair}, renamed);
  }
  if (!sql.empty()) pair.ignoring.push_back(trigger_text(sql));
  return {};
}

Result<void> carry_indexes(PairPlan& plan, Schema& schema, std::vector<Finding>& findings) {
  const auto& pair = plan.pair;
  std::set<std::string> there;
  OFFX_ASSIGN(auto present, read_objects(schema.scratch()));
  for (const auto& object : present) {
    if (object.type == "index" && same_name(object.table, pair.change.to))
      there.insert(normalised(indexed_part(object.sql)));
  }
  for (const auto& object : schema.objects()) {
    if (object.type != "index" || object.sql.empty() || !same_name(object.table, pair.change.from) ||
        is_ours(object.name) || contains_name(pair.change.drop, object.name)) {
      continue;
    }
    if (!speaks_of_what_is_there(pair, object, schema, findings)) continue;
    const auto part = carried_part(pair, object.sql);
    if (there.contains(normalised(part))) continue;
    const auto name = successor_name(present, pair, object.name);
    const bool is_unique = same_name(tokens_of(object.sql)[1].text, "unique");
    const auto sql = std::string("CREATE ") + (is_unique ? "UNIQUE " : "") + "INDEX " + quote_identifier(name) +
                     " ON " + quote_identifier(pair.change.to) + " " + part;
    plan.carried_indexes.push_back({name, sql});
    present.push_back({"index", name, pair.change.to, sql});
    findings.push_back(
        {Severity::note, pair.change.from, object.name, "the index " + object.name + " is carried as " + name});
  }
  return {};
}

Result<void> carry_triggers_and_views(Blueprint& blueprint, const Schema& schema, std::vector<Finding>& findings) {
  std::set<std::string> replaced;  // names of what `complete` makes
  std::vector<std::string> complete;
  std::vector<std::string> dropped;
  std::vector<std::string> sync;
  for (const auto& plan : blueprint.pairs) {
    for (const auto statement : db::split_script(plan.pair.change.complete)) {
      replaced.insert(folded(created_object(statement).name));
      complete.emplace_back(statement);
    }
    dropped.insert(dropped.end(), plan.pair.change.drop.begin(), plan.pair.change.drop.end());
    for (const auto& trigger : plan.sync) sync.push_back(trigger.name);
    check_dropped(plan, schema, findings);
  }
  std::vector<const Pair*> pairs;
  for (const auto& plan : blueprint.pairs) pairs.push_back(&plan.pair);
  OFFX_ASSIGN(const auto renamed, as_renamed(schema, pairs));
  const auto makes = [&](const SchemaObject& object) {
    return std::any_of(complete.begin(), complete.end(), [&](const std::string& statement) {
      const auto made = created_object(statement);
      return made.kind == object.type && same_name(made.name, object.name);
    });
  };
  const auto is_carried = [&](const SchemaObject& object) {
    return !is_ours(object.name) && !contains_name(sync, object.name) && !contains_name(dropped, object.name) &&
           !replaced.contains(folded(object.name));
  };
  for (const auto& plan : blueprint.pairs) check_positions(plan.pair, schema.objects(), is_carried, findings);
  std::vector<std::string> views;
  std::vector<std::string> triggers;
  std::vector<std::string> views_that_go;
  std::vector<std::string> on_successors;  // triggers on views that `complete` makes
  for (const auto& object : schema.objects()) {
    if ((object.type != "trigger" && object.type != "view") || is_ours(object.name)) continue;
    std::vector<const Pair*> concerned;
    for (const auto& plan : blueprint.pairs) {
      if (same_name(object.table, plan.pair.change.from) || mentions(object.sql, plan.pair.change.from)) {
        concerned.push_back(&plan.pair);
      }
    }
    // DROP VIEW takes the view's INSTEAD OF triggers along.
    const bool goes_with_view = object.type == "trigger" && contains_name(views_that_go, object.table);
    const bool is_named = contains_name(dropped, object.name) || makes(object);
    if ((concerned.empty() && !goes_with_view && !is_named) || contains_name(sync, object.name)) continue;
    if (object.type == "view") views_that_go.push_back(object.name);
    blueprint.drop_on_complete.push_back("DROP " + std::string(object.type == "view" ? "VIEW " : "TRIGGER ") +
                                         "IF EXISTS " + quote_identifier(object.name));
    if (concerned.empty() && !goes_with_view) {
      findings.push_back({Severity::note, blueprint.pairs.front().pair.change.from, object.name,
                          "the " + object.type + " " + object.name + " goes at `complete`, as the file says"});
    }
    if (contains_name(dropped, object.name) || replaced.contains(folded(object.name))) continue;
    const bool is_sound = std::all_of(concerned.begin(), concerned.end(), [&](const Pair* pair) {
      return speaks_of_what_is_there(*pair, object, schema, findings);
    });
    if (!is_sound) continue;
    auto sql = for_new_tables(object, concerned, renamed);
    if (goes_with_view) {
      if (contains_name(dropped, object.table)) continue;
      if (replaced.contains(folded(object.table))) {
        on_successors.push_back(std::move(sql));
        continue;
      }
    }
    if (concerned.empty()) {
      triggers.push_back(std::move(sql));
      continue;
    }
    if (object.type == "trigger") note_trigger(*concerned.front(), object, findings);
    findings.push_back({Severity::note, concerned.front()->change.from, object.name,
                        "the " + object.type + " " + object.name + " stays as it is while both live and speaks of " +
                            concerned.front()->change.to + " from `complete` on"});
    const bool shows_others =
        object.type == "view" && std::any_of(concerned.begin(), concerned.end(), [&](const Pair* pair) {
          return shows_all(object, pair->change.from, schema);
        });
    if (shows_others) {
      findings.push_back({Severity::warning, concerned.front()->change.from, object.name,
                          "the view " + object.name + " says SELECT *: from `complete` on its columns are those of " +
                              concerned.front()->change.to});
    }
    if (mentions(object.sql, "natural")) {
      findings.push_back({Severity::warning, concerned.front()->change.from, object.name,
                          "the " + object.type + " " + object.name +
                              " says NATURAL JOIN: from `complete` on it joins by the columns that " +
                              concerned.front()->change.to + " shares with what it joins"});
    }
    (object.type == "view" ? views : triggers).push_back(std::move(sql));
  }
  auto& make = blueprint.make_on_complete;
  make.insert(make.end(), views.begin(), views.end());
  make.insert(make.end(), triggers.begin(), triggers.end());
  make.insert(make.end(), complete.begin(), complete.end());
  make.insert(make.end(), on_successors.begin(), on_successors.end());
  check_virtual_tables(blueprint, schema, findings);
  return {};
}

}  // namespace offx::migrate
