#include "migrate/blueprint.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "db/script.h"
#include "db/server_references.h"
#include "migrate/added_columns.h"
#include "migrate/demands.h"
#include "migrate/ignoring.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using Severity = Finding::Severity;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return same_name(n, name); });
}

bool is_ours(std::string_view name) { return folded(name).starts_with("offx_"); }

/// What an index is over: everything behind its table's name.
std::string indexed_part(std::string_view sql) {
  const auto open = sql.find('(');
  return open == std::string_view::npos ? std::string() : normalised(sql.substr(open));
}

/// The columns of the trigger's UPDATE OF.
std::vector<std::string> columns_of_update(std::string_view sql) {
  const auto tokens = tokens_of(sql);
  const auto word = [&](auto from, std::string_view text) {
    return std::find_if(from, tokens.end(), [&](const Token& token) { return same_name(token.text, text); });
  };
  std::vector<std::string> columns;
  auto token = word(word(tokens.begin(), "update"), "of");
  for (const auto on = word(tokens.begin(), "on"); token < on; ++token) {
    const bool is_name = token->kind == Token::Kind::name || token->kind == Token::Kind::quoted_name;
    if (is_name && !same_name(token->text, "of")) columns.push_back(name_of(*token));
  }
  return columns;
}

class Builder {
 public:
  Builder(Schema& schema, const Migration& migration, Redirects can_redirect, std::vector<Finding>& findings)
      : schema_(schema), migration_(migration), can_redirect_(can_redirect), findings_(findings) {}

  Result<Blueprint> build() {
    for (const auto& change : migration_.tables) OFFX_TRY(add_pair(change));
    for (auto& plan : blueprint_.pairs) {
      check_references(plan);
      OFFX_TRY(find_children(plan));
      plan.pair.carries_replace = carries_replace(plan);
      carry_indexes(plan);
      plan.helpers = sync_helpers(plan.pair);
      plan.sync = triggers_in(plan.pair.change.sync, plan.pair.change, findings_);
      find_triggers(plan);
      plan.up = sync_triggers(plan.pair, kOld);
      plan.down = sync_triggers(plan.pair, kNew);
    }
    order_by_references();
    carry_triggers_and_views();
    return std::move(blueprint_);
  }

 private:
  void find(Severity severity, std::string_view table, std::string_view name, std::string message) {
    findings_.push_back({severity, std::string(table), std::string(name), std::move(message)});
  }

  Result<void> add_pair(const TableChange& change) {
    auto old_table = schema_.table(change.from);
    if (!old_table) {
      if (old_table.error().code() != Errc::not_found) return fail(std::move(old_table).error());
      find(Severity::refusal, change.from, "", "there is no table " + change.from);
      return {};
    }
    if (old_table->kind != "table") {
      find(Severity::refusal, change.from, "",
           change.from + " is a " + old_table->kind + (old_table->kind == "view" ? "" : " table") +
               ": it can have no triggers. Make the next one beside it in `create`, fill it from the table it is "
               "about, and drop the old one in `complete`");
      return {};
    }
    PairPlan plan;
    for (const auto statement : db::split_script(change.create)) plan.create.emplace_back(statement);
    if (!check_create(change, plan.create)) return {};
    if (schema_.find("table", change.to) == nullptr && !make_in_scratch(change, plan.create)) return {};
    auto new_table = schema_.table(change.to);
    if (!new_table) {
      find(Severity::refusal, change.from, "",
           "`create` does not make " + change.to + (plan.create.empty() ? ": it is empty" : ""));
      return {};
    }
    if (new_table->kind != "table") {
      find(Severity::refusal, change.from, "", change.to + " is a " + new_table->kind + ", not an ordinary table");
      return {};
    }
    auto pair = resolve_pair(std::move(*old_table), std::move(*new_table), change, findings_);
    if (!pair) return {};
    note_demands(*pair, findings_);
    if (only_adds_columns(*pair)) {
      find(Severity::note, change.from, "",
           "nothing but columns is added: ALTER TABLE … ADD COLUMN in place would do, in a millisecond, if old code "
           "neither says SELECT * nor inserts by position");
    }
    plan.pair = std::move(*pair);
    blueprint_.pairs.push_back(std::move(plan));
    return {};
  }

  /// `create` runs before anybody has agreed to lose anything: it makes new things, fills them, and touches no others.
  bool check_create(const TableChange& change, const std::vector<std::string>& create) {
    std::vector<std::string> made;
    for (const auto& statement : create) {
      const auto object = created_object(statement);
      const auto tokens = tokens_of(statement);
      const auto is = [&](std::size_t at, std::string_view word) {
        return at < tokens.size() && tokens[at].kind == Token::Kind::name && same_name(tokens[at].text, word);
      };
      const bool temporary = is(1, "temp") || is(1, "temporary");
      if (!temporary && (object.kind == "table" || object.kind == "view" || object.kind == "trigger")) {
        made.push_back(object.name);
        continue;
      }
      if (object.kind == "index") {
        const auto on =
            std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return same_name(t.text, "on"); });
        const auto table = on == tokens.end() || on + 1 == tokens.end() ? std::string() : name_of(*(on + 1));
        if (contains(made, table)) continue;
        find(Severity::refusal, change.from, object.name,
             "`create` makes the index " + object.name + ", which is on " + table + ", which it does not make");
        return false;
      }
      // A full-text table is filled from another one.
      if (is(0, "insert") && is(1, "into") && tokens.size() > 2 && contains(made, name_of(tokens[2]))) continue;
      find(Severity::refusal, change.from, "",
           "`create` may hold CREATE TABLE, INDEX, TRIGGER and VIEW, and INSERT INTO what it makes: " +
               statement.substr(0, 80));
      return false;
    }
    return true;
  }

  bool make_in_scratch(const TableChange& change, const std::vector<std::string>& create) {
    for (const auto& statement : create) {
      if (auto made = schema_.scratch().execute(statement); !made) {
        find(Severity::refusal, change.from, "",
             "`create` fails: " + made.error().message() + " in: " + statement.substr(0, 200));
        return false;
      }
      const auto object = created_object(statement);
      if (object.kind == "trigger" && mentions(statement, change.to)) {
        find(Severity::note, change.from, object.name,
             "the trigger " + object.name + " runs for what old code writes too; what does the same on " + change.from +
                 " then runs twice for one write: put it under `complete` if that hurts");
      }
    }
    return true;
  }

  const PairPlan* pair_from(std::string_view table) const {
    for (const auto& plan : blueprint_.pairs) {
      if (same_name(plan.pair.change.from, table)) return &plan;
    }
    return nullptr;
  }
  const PairPlan* pair_to(std::string_view table) const {
    for (const auto& plan : blueprint_.pairs) {
      if (same_name(plan.pair.change.to, table)) return &plan;
    }
    return nullptr;
  }

  /// What the new table refers to.
  void check_references(const PairPlan& plan) {
    const auto& pair = plan.pair;
    const auto& to = pair.change.to;
    for (const auto& key : pair.table(kNew).foreign_keys) {
      if (const auto* parent = pair_from(key.parent); parent != nullptr && !same_name(key.parent, to)) {
        find(Severity::refusal, pair.change.from, joined(key.columns, ", "),
             to + " refers to " + key.parent + ", which this migration replaces: refer to " + parent->pair.change.to);
      } else if (pair_to(key.parent) == nullptr && schema_.find("table", key.parent) == nullptr) {
        find(Severity::refusal, pair.change.from, joined(key.columns, ", "),
             to + " refers to " + key.parent + ", and there is no such table");
      }
    }
    for (const auto& old_key : pair.table(kOld).foreign_keys) {
      const auto* parent = pair_from(old_key.parent);
      const auto& new_parent = parent == nullptr ? old_key.parent : parent->pair.change.to;
      const ForeignKey* same = nullptr;
      for (const auto& new_key : pair.table(kNew).foreign_keys) {
        bool matches = same_name(new_key.parent, new_parent) && new_key.columns.size() == old_key.columns.size();
        for (std::size_t i = 0; matches && i < old_key.columns.size(); ++i) {
          matches = same_name(pair.counterpart(kOld, old_key.columns[i]), new_key.columns[i]);
        }
        if (matches) same = &new_key;
      }
      const auto columns = joined(old_key.columns, ", ");
      if (same == nullptr) {
        find(Severity::warning, pair.change.from, columns,
             "the reference of (" + columns + ") to " + old_key.parent + " is not in " + to +
                 ": while both live it holds for new code too, after `complete` nothing enforces it");
      } else if (same->on_delete != old_key.on_delete || same->on_update != old_key.on_update) {
        find(Severity::warning, pair.change.from, columns,
             "the reference of (" + columns + ") says ON DELETE " + old_key.on_delete + " ON UPDATE " +
                 old_key.on_update + " in " + pair.change.from + " and ON DELETE " + same->on_delete + " ON UPDATE " +
                 same->on_update + " in " + to + ": while both live, both happen");
      }
    }
  }

  /// Tables outside of the migration that refer to the old one.
  Result<void> find_children(PairPlan& plan) {
    const auto& pair = plan.pair;
    OFFX_ASSIGN(const auto names, schema_.table_names());
    for (const auto& name : names) {
      if (pair_to(name) != nullptr) continue;
      OFFX_ASSIGN(const auto child, schema_.table(name));
      plan.deletions_act = plan.deletions_act || acts_on(child, pair);
      if (pair_from(name) != nullptr) continue;
      for (const auto& key : child.foreign_keys) {
        if (!same_name(key.parent, pair.change.from) && !same_name(key.parent, pair.change.to)) continue;
        if (!contains(plan.children, name)) plan.children.push_back(name);
        check_child(plan, child, key);
      }
    }
    return {};
  }

  /// Whether a deletion from the old table does to `child` what one from the new table does to nobody.
  bool acts_on(const Table& child, const Pair& pair) const {
    if (same_name(child.name, pair.change.from)) return false;
    const auto* versioned = pair_from(child.name);
    return std::any_of(child.foreign_keys.begin(), child.foreign_keys.end(), [&](const ForeignKey& key) {
      if (!same_name(key.parent, pair.change.from) || key.on_delete == "NO ACTION") return false;
      if (versioned == nullptr) return true;
      const auto& keys = versioned->pair.table(kNew).foreign_keys;
      return std::none_of(keys.begin(), keys.end(), [&](const ForeignKey& successor) {
        return same_name(successor.parent, pair.change.to) && successor.on_delete == key.on_delete;
      });
    });
  }

  /// The reasons of Pair::carries_replace. What was decided when the migration was begun holds until it ends.
  bool carries_replace(const PairPlan& plan) {
    const auto& change = plan.pair.change;
    if (schema_.find("table", change.to) != nullptr) {
      return schema_.find("table", note_of_replaced(change.to)) != nullptr;
    }
    const bool runs_triggers =
        std::any_of(schema_.objects().begin(), schema_.objects().end(), [&](const SchemaObject& object) {
          return object.type == "trigger" && same_name(object.table, change.from) && !is_ours(object.name) &&
                 (runs_for(object.sql, "insert") || runs_for(object.sql, "update"));
        });
    return runs_triggers || plan.deletions_act || schema_.find("table", note_of_replaced(change.from)) != nullptr;
  }

  void check_child(PairPlan& plan, const Table& child, const ForeignKey& key) {
    const auto& pair = plan.pair;
    const auto& from = pair.change.from;
    const auto columns = key.parent_columns.empty() ? pair.table(kOld).key : key.parent_columns;
    const auto& new_columns = key.parent_columns.empty() ? pair.table(kNew).key : key.parent_columns;
    bool carried = columns.size() == new_columns.size();
    for (std::size_t i = 0; carried && i < columns.size(); ++i) {
      carried = same_name(pair.counterpart(kOld, columns[i]), new_columns[i]);
    }
    const std::string version_it = "give " + child.name +
                                   " its next version in the same file: a [[table]] whose `create` refers to " +
                                   pair.change.to;
    if (!carried) {
      find(Severity::refusal, from, child.name,
           child.name + " refers to (" + joined(columns, ", ") + ") of " + from + ", which " + pair.change.to +
               " does not have under that name: " + version_it);
    } else if (can_redirect_ == Redirects::none ||
               (can_redirect_ == Redirects::of_columns && db::has_key_of_table(child.sql, from))) {
      if (!contains(plan.stuck_children, child.name)) plan.stuck_children.push_back(child.name);
      find(Severity::warning, from, child.name,
           child.name + " refers to " + from + ", and this server cannot point " +
               (can_redirect_ == Redirects::none ? "it" : "a FOREIGN KEY (…) that stands behind the columns") + " at " +
               pair.change.to + ": both versions can live, and `complete` will be refused; otherwise " + version_it);
    } else {
      find(Severity::note, from, child.name,
           child.name + " goes on referring to " + from + " while both live, and to " + pair.change.to +
               " from `complete` on; its rows are not copied");
    }
  }

  /// What the pair's own triggers depend on of the user's.
  void find_triggers(PairPlan& plan) {
    auto& pair = plan.pair;
    const auto note = [&](Side side, const std::string& sql) {
      if (runs_for(sql, "update")) pair.update_triggers[side].push_back(columns_of_update(sql));
      if (runs_for(sql, "delete")) pair.delete_triggers[side] = true;
    };
    for (const auto& object : scratch_objects()) {
      const bool is_authors = std::any_of(plan.sync.begin(), plan.sync.end(), [&](const NamedSql& trigger) {
        return same_name(trigger.name, object.name);
      });
      if (object.type != "trigger" || is_authors) continue;
      if (same_name(object.table, pair.change.from)) carry_ignoring(pair, object);
      if (is_ours(object.name)) continue;
      for (const Side side : {kOld, kNew}) {
        if (same_name(object.table, pair.table(side).name)) note(side, object.sql);
      }
      if (same_name(object.table, pair.change.to) && ignores(object.sql) != Ignores::nothing) {
        find(Severity::refusal, pair.change.from, object.name,
             "the trigger " + object.name + " on " + pair.change.to +
                 " says RAISE (IGNORE): what it leaves undone old code has written to " + pair.change.from +
                 ", which would be an error while both live; put it under `complete`");
      }
    }
    for (const auto& trigger : pair.ignoring) note(kNew, trigger.event);
  }

  /// What a trigger on the old table leaves undone must not be done to the new one, where new code writes.
  void carry_ignoring(Pair& pair, const SchemaObject& object) {
    const auto what = ignores(object.sql);
    if (what == Ignores::nothing || (is_ours(object.name) && !is_ignoring(object.name))) return;
    const auto refuse = [&](const std::string& why) {
      find(Severity::refusal, pair.change.from, object.name,
           "the trigger " + object.name + " says RAISE (IGNORE), and " + why);
    };
    if (is_ours(object.name)) {
      return refuse("stands for one of yours until the migration that made " + pair.change.from +
                    " is completed: complete that first");
    }
    if (what == Ignores::some_of_what) {
      return refuse(
          "changes something too for what it does not leave undone, which would be done twice for new code "
          "while both live: make two of it, of which the one with RAISE (IGNORE) has nothing but SELECT");
    }
    if (pair.ignoring.size() == Pair::kIgnoringMax) {
      return refuse("with it there are more than " + std::to_string(Pair::kIgnoringMax) + " that do on " +
                    pair.change.from + ": make one of several");
    }
    std::string sql;
    for (const auto statement : db::split_script(pair.change.complete)) {
      const auto made = created_object(statement);
      if (made.kind == "trigger" && same_name(made.name, object.name)) sql = statement;
    }
    if (sql.empty()) sql = rewritten(pair, object, object.sql, false);
    if (!sql.empty()) pair.ignoring.push_back(trigger_text(sql));
  }

  void order_by_references() {
    std::vector<PairPlan> ordered;
    auto& pairs = blueprint_.pairs;
    while (!pairs.empty()) {
      const auto ready = std::find_if(pairs.begin(), pairs.end(), [&](const PairPlan& plan) {
        return std::none_of(pairs.begin(), pairs.end(), [&](const PairPlan& parent) {
          if (&parent == &plan) return false;
          return std::any_of(plan.pair.table(kNew).foreign_keys.begin(), plan.pair.table(kNew).foreign_keys.end(),
                             [&](const ForeignKey& key) { return same_name(key.parent, parent.pair.change.to); });
        });
      });
      if (ready == pairs.end()) {
        find(Severity::refusal, pairs.front().pair.change.from, "",
             "the new tables refer to each other in a circle: no order copies parents before those that refer to them");
        for (auto& plan : pairs) ordered.push_back(std::move(plan));
        break;
      }
      ordered.push_back(std::move(*ready));
      pairs.erase(ready);
    }
    blueprint_.pairs = std::move(ordered);
  }

  /// `sql` of an object on the old table as it must be for the new one; empty, with a finding, if that cannot be told.
  std::string rewritten(const Pair& pair, const SchemaObject& object, std::string sql, bool rename_columns) {
    const auto names = names_in(sql);
    for (const auto& column : pair.table(kOld).columns) {
      if (!names.contains(folded(column.name))) continue;
      const auto counterpart = pair.counterpart(kOld, column.name);
      const auto* same = pair.table(kNew).column(column.name);
      if (counterpart.empty() && same != nullptr && same->generated && column.generated) continue;
      if (!counterpart.empty() && same_name(counterpart, column.name)) continue;
      if (!counterpart.empty() && rename_columns) {
        sql = with_name_replaced(sql, column.name, counterpart);
        continue;
      }
      find(Severity::refusal, pair.change.from, object.name,
           "the " + object.type + " " + object.name + " speaks of " + column.name + ", which is not in " +
               pair.change.to + " under that name: " +
               (object.type == "index"
                    ? "make its successor in `create`, or list it in `drop`"
                    : "make its successor under `complete`, with the same name, or list it in `drop`"));
      return {};
    }
    return with_name_replaced(sql, pair.change.from, pair.change.to);
  }

  void carry_indexes(PairPlan& plan) {
    const auto& pair = plan.pair;
    std::set<std::string> there;
    for (const auto& object : scratch_objects()) {
      if (object.type == "index" && same_name(object.table, pair.change.to)) there.insert(indexed_part(object.sql));
    }
    for (const auto& object : schema_.objects()) {
      if (object.type != "index" || object.sql.empty() || !same_name(object.table, pair.change.from) ||
          is_ours(object.name) || contains(pair.change.drop, object.name)) {
        continue;
      }
      auto sql = rewritten(pair, object, object.sql, true);
      if (sql.empty() || there.contains(indexed_part(sql))) continue;
      const auto name = successor_name(pair, object.name);
      sql = with_name_replaced(sql, object.name, name);
      plan.carried_indexes.push_back({name, sql});
      find(Severity::note, pair.change.from, object.name, "the index " + object.name + " is carried as " + name);
    }
  }

  /// An index's name for the new table, as both live at once.
  std::string successor_name(const Pair& pair, const std::string& name) const {
    const auto& from = pair.change.from;
    const auto& to = pair.change.to;
    if (const auto at = folded(name).find(folded(from)); at != std::string::npos) {
      return name.substr(0, at) + to + name.substr(at + from.size());
    }
    const auto suffix = to.rfind('_');
    auto successor = name + (suffix == std::string::npos ? "_" + to : to.substr(suffix));
    while (schema_.find("index", successor) != nullptr) successor += "_next";
    return successor;
  }

  std::vector<SchemaObject> scratch_objects() {
    auto objects = read_objects(schema_.scratch());
    return objects ? std::move(*objects) : std::vector<SchemaObject>();
  }

  /// Triggers and views that speak of an old table, wherever they are.
  void carry_triggers_and_views() {
    std::set<std::string> replaced;  // names of what `complete` makes
    std::vector<std::string> complete;
    std::vector<std::string> dropped;
    for (const auto& plan : blueprint_.pairs) {
      for (const auto statement : db::split_script(plan.pair.change.complete)) {
        replaced.insert(folded(created_object(statement).name));
        complete.emplace_back(statement);
      }
      dropped.insert(dropped.end(), plan.pair.change.drop.begin(), plan.pair.change.drop.end());
      for (const auto& trigger : plan.sync) dropped.push_back(trigger.name);
      check_dropped(plan);
    }
    std::vector<std::string> views;
    std::vector<std::string> triggers;
    for (const auto& object : schema_.objects()) {
      if ((object.type != "trigger" && object.type != "view") || is_ours(object.name)) continue;
      std::vector<const Pair*> concerned;
      for (const auto& plan : blueprint_.pairs) {
        if (same_name(object.table, plan.pair.change.from) || mentions(object.sql, plan.pair.change.from)) {
          concerned.push_back(&plan.pair);
        }
      }
      if (concerned.empty() || contains(plan_sync_names(), object.name)) continue;
      blueprint_.drop_on_complete.push_back("DROP " + std::string(object.type == "view" ? "VIEW " : "TRIGGER ") +
                                            "IF EXISTS " + quote_identifier(object.name));
      if (contains(dropped, object.name) || replaced.contains(folded(object.name))) continue;
      auto sql = object.sql;
      for (const auto* pair : concerned) {
        if (!sql.empty()) sql = rewritten(*pair, object, sql, false);
      }
      if (sql.empty()) continue;
      if (object.type == "trigger") note_trigger(*concerned.front(), object);
      find(Severity::note, concerned.front()->change.from, object.name,
           "the " + object.type + " " + object.name + " stays as it is while both live and speaks of " +
               concerned.front()->change.to + " from `complete` on");
      if (object.type == "view" && sql.find('*') != std::string::npos) {
        find(Severity::warning, concerned.front()->change.from, object.name,
             "the view " + object.name + " says SELECT *: from `complete` on its columns are those of " +
                 concerned.front()->change.to);
      }
      (object.type == "view" ? views : triggers).push_back(std::move(sql));
    }
    auto& make = blueprint_.make_on_complete;
    make.insert(make.end(), views.begin(), views.end());
    make.insert(make.end(), triggers.begin(), triggers.end());
    make.insert(make.end(), complete.begin(), complete.end());
    check_virtual_tables();
  }

  /// In what a trigger on the old table differs for what new code writes.
  void note_trigger(const Pair& pair, const SchemaObject& object) {
    if (!same_name(object.table, pair.change.from)) return;
    if (runs_for(object.sql, "update") && !updates_once(pair, kNew)) {
      find(Severity::warning, pair.change.from, object.name,
           "one UPDATE by new code of several columns may reach " + pair.change.from +
               " as several, and run the trigger " + object.name + " for each, while both live");
    }
    const auto& uniques = pair.uniqueness[kNew];
    if (runs_for(object.sql, "delete") && std::any_of(uniques.begin(), uniques.end(), [](const Uniqueness& unique) {
          return unique.is_carried() && !unique.on_both;
        })) {
      find(Severity::warning, pair.change.from, object.name,
           "the trigger " + object.name + " runs for rows too that new code replaces through a UNIQUE that only " +
               pair.change.to + " has, or a partial one, while both live: on one table REPLACE runs no DELETE trigger");
    }
  }

  std::vector<std::string> plan_sync_names() const {
    std::vector<std::string> names;
    for (const auto& plan : blueprint_.pairs) {
      for (const auto& trigger : plan.sync) names.push_back(trigger.name);
    }
    return names;
  }

  void check_dropped(const PairPlan& plan) {
    for (const auto& name : plan.pair.change.drop) {
      const bool found = std::any_of(schema_.objects().begin(), schema_.objects().end(),
                                     [&](const SchemaObject& object) { return same_name(object.name, name); });
      if (!found) {
        find(Severity::warning, plan.pair.change.from, name, "`drop` names " + name + ", and there is no such thing");
      }
    }
  }

  /// A full-text table over the old table's rows would dangle.
  void check_virtual_tables() {
    for (const auto& object : schema_.objects()) {
      const auto tokens = tokens_of(std::string_view(object.sql).substr(0, 100));
      if (object.type != "table" || tokens.size() < 2 || !same_name(tokens[1].text, "virtual")) continue;
      for (const auto& plan : blueprint_.pairs) {
        const auto& from = plan.pair.change.from;
        if (contains(plan.pair.change.drop, object.name)) {
          blueprint_.drop_on_complete.push_back("DROP TABLE IF EXISTS " + quote_identifier(object.name));
          continue;
        }
        bool speaks_of_it = mentions(object.sql, from);
        for (const auto& token : tokens_of(object.sql)) {
          speaks_of_it = speaks_of_it || (token.kind == Token::Kind::string && same_name(token.text, "'" + from + "'"));
        }
        if (!speaks_of_it) continue;
        find(Severity::refusal, from, object.name,
             "the virtual table " + object.name + " reads its content from " + from +
                 " and cannot be pointed elsewhere: "
                 "make its successor over " +
                 plan.pair.change.to + " in `create`, with the triggers that fill it, and list " + object.name +
                 " in `drop`");
      }
    }
  }

  Schema& schema_;
  const Migration& migration_;
  Redirects can_redirect_;
  std::vector<Finding>& findings_;
  Blueprint blueprint_;
};

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

/// Every table and view whose use fails now, with the reason.
Result<std::map<std::string, std::string>> broken_objects(Schema& schema) {
  std::map<std::string, std::string> broken;
  OFFX_ASSIGN(const auto objects, read_objects(schema.scratch()));
  for (const auto& object : objects) {
    if (object.type == "view") {
      auto read = schema.scratch().execute("EXPLAIN QUERY PLAN SELECT * FROM " + quote_identifier(object.name));
      if (!read) broken["the view " + object.name] = read.error().message();
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

/// An aggregate or a window over the whole table would make one row of many, or another value in a trigger than in the
/// copy. SQLite refuses both in a WHERE, and allows them in subqueries there.
Result<void> check_one_row(db::DatabaseClient& scratch, const Pair& pair, std::vector<Finding>& findings) {
  for (const Side side : {kOld, kNew}) {
    for (const auto& c : pair.computed(side)) {
      if (!c.carried_from.empty()) continue;
      const auto compiled =
          scratch.execute("EXPLAIN QUERY PLAN SELECT 1 FROM " + quote_identifier(pair.table(other(side)).name) +
                          " WHERE (" + c.expression + ")");
      if (compiled || compiled.error().message().find("misuse of") == std::string::npos) continue;
      findings.push_back({Severity::refusal, pair.change.from, c.column,
                          c.column + " is computed from several rows (" + compiled.error().message() +
                              "): an expression has one; (SELECT …) looks at others"});
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> trigger_names(const PairPlan& plan) {
  auto names = sync_trigger_names(plan.pair, kOld);
  for (auto& name : sync_trigger_names(plan.pair, kNew)) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> drop_triggers(const PairPlan& plan) {
  auto names = trigger_names(plan);
  for (const auto& trigger : plan.sync) names.push_back(trigger.name);
  for (auto& name : names) name = "DROP TRIGGER IF EXISTS " + quote_identifier(name);
  return names;
}

Result<std::vector<NamedSql>> expected_triggers(db::DatabaseClient& client, const PairPlan& plan, Side side,
                                                bool live) {
  std::vector<NamedSql> expected;
  if (live) {
    OFFX_ASSIGN(const auto rows, client.execute("SELECT name, sql FROM offx_schema_objects WHERE type = 'trigger' AND "
                                                "name LIKE 'offx\\_sync\\_%' ESCAPE '\\'"));
    const auto names = sync_trigger_names(plan.pair, side);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      auto name = db::to_text(rows.row(i)[0]);
      if (contains(names, name)) expected.push_back({std::move(name), db::to_text(rows.row(i)[1])});
    }
  }
  if (expected.empty()) expected = side == kOld ? plan.up : plan.down;
  return expected;
}

Redirects can_redirect_references(const db::DatabaseClient& client) {
  const auto engine = client.description();
  if (engine.starts_with("sqlite:") || engine.starts_with("rqlite:")) return Redirects::all;
  return engine.starts_with("libsql:") ? Redirects::of_columns : Redirects::none;
}

bool repeats_statements(const db::DatabaseClient& client) { return client.description().starts_with("rqlite:"); }

std::vector<NamedSql> triggers_in(std::string_view script, const TableChange& change, std::vector<Finding>& findings) {
  std::vector<NamedSql> triggers;
  for (const auto statement : db::split_script(script)) {
    auto object = created_object(statement);
    if (object.kind != "trigger") {
      findings.push_back({Severity::refusal, change.from, "",
                          "`sync` may hold CREATE TRIGGER statements only, as they are dropped with the old version: " +
                              std::string(statement.substr(0, 80))});
      continue;
    }
    triggers.push_back({std::move(object.name), std::string(statement)});
  }
  return triggers;
}

Result<Blueprint> make_blueprint(Schema& schema, const Migration& migration, Redirects can_redirect,
                                 std::vector<Finding>& findings) {
  return Builder(schema, migration, can_redirect, findings).build();
}

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
  const auto run = [&](const std::string& table, const std::string& sql) {
    const auto object = created_object(sql);
    if (!object.name.empty()) {
      const auto there = scratch.execute("SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE",
                                         {object.kind, object.name});
      if (there && there->rows() != 0 && schema.find(object.kind, object.name) != nullptr) return;
    }
    if (auto done = scratch.execute(sql); !done)
      refuse(table, "this statement fails", done.error().message() + " in: " + sql);
  };
  for (const auto& plan : blueprint.pairs) OFFX_TRY(check_one_row(scratch, plan.pair, findings));
  for (const auto& plan : blueprint.pairs) {
    const auto& from = plan.pair.change.from;
    for (const auto& index : plan.carried_indexes) run(from, index.sql);
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
    auto redirected = scratch.redirect_references(plan.pair.change.from, plan.pair.change.to, {}, {});
    if (!redirected) {
      refuse(plan.pair.change.from, "pointing " + joined(plan.children, ", ") + " at " + plan.pair.change.to,
             redirected.error().message());
    }
  }
  for (const auto& sql : blueprint.drop_on_complete) run("", sql);
  for (const auto& plan : blueprint.pairs) {
    for (const auto& sql : drop_triggers(plan)) run("", sql);
  }
  for (const auto& sql : blueprint.make_on_complete) run("", sql);
  for (auto plan = blueprint.pairs.rbegin(); plan != blueprint.pairs.rend(); ++plan) {
    run(plan->pair.change.from, "DROP TABLE " + quote_identifier(plan->pair.change.from));
  }
  return newly_broken("complete");
}

}  // namespace offx::migrate
