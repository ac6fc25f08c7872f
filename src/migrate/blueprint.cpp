#include "migrate/blueprint.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "db/script.h"
#include "migrate/added_columns.h"
#include "migrate/carried.h"
#include "migrate/demands.h"
#include "migrate/ignoring.h"
#include "migrate/references.h"
#include "migrate/sql_text.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using Severity = Finding::Severity;

class Builder {
 public:
  Builder(Schema& schema, const Migration& migration, Redirects can_redirect, std::vector<Finding>& findings)
      : schema_(schema), migration_(migration), can_redirect_(can_redirect), findings_(findings) {}

  Result<Blueprint> build() {
    for (const auto& change : migration_.tables) OFFX_TRY(add_pair(change));
    for (auto& plan : blueprint_.pairs) {
      check_references(blueprint_, plan, schema_, findings_);
      OFFX_TRY(find_children(blueprint_, plan, schema_, can_redirect_, findings_));
      plan.pair.carries_replace = carries_replace(plan);
      for (const Side side : {kOld, kNew}) decide_on_notes(plan.pair, side);
      plan.helpers = sync_helpers(plan.pair);
      plan.sync = triggers_in(plan.pair.change.sync, plan.pair.change, findings_);
      OFFX_TRY(find_triggers(plan));
      for (const Side side : {kOld, kNew}) check_replacing_updates(plan, side);
      check_failing_deletes(plan.pair);
      plan.up = sync_triggers(plan.pair, kOld);
      plan.down = sync_triggers(plan.pair, kNew);
    }
    order_by_references(blueprint_.pairs, findings_);
    OFFX_TRY(carry_triggers_and_views(blueprint_, schema_, findings_));
    return std::move(blueprint_);
  }

 private:
  /// `field` of the migration's file is what this is about.
  void find(Severity severity, const TableChange& change, std::string_view field, std::string_view name,
            std::string message) {
    findings_.push_back({severity, change.from, std::string(name), std::move(message), change.line_of(field)});
  }

  Result<void> add_pair(const TableChange& change) {
    auto old_table = schema_.table(change.from);
    if (!old_table) {
      if (old_table.error().code() != Errc::not_found) return fail(std::move(old_table).error());
      OFFX_ASSIGN(const auto names, schema_.table_names());
      find(Severity::refusal, change, "from", "",
           "there is no table " + change.from + did_you_mean(change.from, names));
      return {};
    }
    if (old_table->kind != "table") {
      find(Severity::refusal, change, "from", "",
           change.from + " is a " + old_table->kind + (old_table->kind == "view" ? "" : " table") +
               ": it can have no triggers. Make the next one beside it in `create`, fill it from the table it is "
               "about, and drop the old one in `complete`");
      return {};
    }
    PairPlan plan;
    for (const auto statement : db::split_script(change.create)) plan.create.emplace_back(statement);
    if (!check_create(change, plan.create)) return {};
    const bool is_made = schema_.find("table", change.to) != nullptr;
    if (!is_made && !make_in_scratch(change, plan.create)) return {};
    check_filled(change, plan.create);
    auto new_table = schema_.table(change.to);
    if (!new_table) {
      find(Severity::refusal, change, "create", "",
           "`create` does not make " + change.to + (plan.create.empty() ? ": it is empty" : ""));
      return {};
    }
    if (new_table->kind != "table") {
      find(Severity::refusal, change, "create", "", change.to + " is a " + new_table->kind + ", not an ordinary table");
      return {};
    }
    std::vector<Finding> findings;
    auto pair = resolve_pair(*old_table, *new_table, change, findings);
    if (pair) {
      plan.pair = *pair;
      std::vector<Finding> carried;
      OFFX_TRY(carry_indexes(plan, schema_, carried));
      if (!is_made && !plan.carried_indexes.empty()) {  // what they demand belongs to the pair
        if (!make_in_scratch(change, plan.carried_indexes)) return {};
        OFFX_ASSIGN(*new_table, schema_.table(change.to));
        findings.clear();
        pair = resolve_pair(std::move(*old_table), std::move(*new_table), change, findings);
      }
      findings.insert(findings.end(), carried.begin(), carried.end());
    }
    findings_.insert(findings_.end(), findings.begin(), findings.end());
    if (!pair) return {};
    note_demands(*pair, findings_);
    if (only_adds_columns(*pair)) {
      find(Severity::note, change, "create", "",
           "nothing but columns is added: ALTER TABLE … ADD COLUMN in place would do, in a millisecond, if old code "
           "neither says SELECT * nor inserts by position");
    }
    plan.pair = std::move(*pair);
    blueprint_.pairs.push_back(std::move(plan));
    return {};
  }

  /// What `create` fills, it fills in its own transaction, before there is a row in the new table.
  void check_filled(const TableChange& change, const std::vector<std::string>& create) {
    for (const auto& statement : create) {
      const auto tokens = tokens_of(statement);
      if (tokens.size() < 3 || !is_word(tokens[0], "insert")) continue;
      const auto filled = schema_.table(name_of(tokens[2]));
      if (!filled) continue;
      const bool refers = std::any_of(filled->foreign_keys.begin(), filled->foreign_keys.end(),
                                      [&](const ForeignKey& key) { return same_name(key.parent, change.to); });
      if (refers) {
        find(Severity::refusal, change, "create", filled->name,
             "`create` fills " + filled->name + " with rows that refer to " + change.to +
                 ", which is empty then: let a trigger on " + change.to + " under `sync` make them, as its rows come");
        continue;
      }
      for (const auto& object : schema_.objects()) {
        if (object.type != "table" || filled->kind == "virtual" || !mentions(statement, object.name)) continue;
        find(Severity::warning, change, "create", filled->name,
             "`create` fills " + filled->name + " from " + object.name +
                 " in one transaction: writers wait for as long as that takes");
        break;
      }
    }
  }

  /// `create` runs before anybody has agreed to lose anything: it makes new things, fills them, and touches no others.
  bool check_create(const TableChange& change, const std::vector<std::string>& create) {
    std::vector<std::string> made;
    for (const auto& statement : create) {
      const auto object = created_object(statement);
      const auto tokens = tokens_of(statement);
      const auto is = [&](std::size_t at, std::string_view word) {
        return at < tokens.size() && is_word(tokens[at], word);
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
        if (contains_name(made, table)) continue;
        find(Severity::refusal, change, "create", object.name,
             "`create` makes the index " + object.name + ", which is on " + table + ", which it does not make");
        return false;
      }
      // A full-text table is filled from another one.
      if (is(0, "insert") && is(1, "into") && tokens.size() > 2 && contains_name(made, name_of(tokens[2]))) continue;
      find(Severity::refusal, change, "create", "",
           "`create` may hold CREATE TABLE, INDEX, TRIGGER and VIEW, and INSERT INTO what it makes: " +
               statement.substr(0, 80));
      return false;
    }
    return true;
  }

  /// `IF NOT EXISTS` would leave what is there as it is, and a rollback would drop it.
  bool check_made(const TableChange& change, const std::string& statement) {
    const auto object = created_object(statement);
    if (object.kind.empty() || schema_.find(object.kind, object.name) == nullptr) return true;
    const auto there = schema_.scratch().execute(
        "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE", {object.kind, object.name});
    if (there && there->rows() == 0) return true;  // drop_orphans()
    find(Severity::refusal, change, "create", object.name,
         "`create` makes the " + object.kind + " " + object.name +
             ", which exists already: give the new one another name");
    return false;
  }

  bool make_in_scratch(const TableChange& change, const std::vector<std::string>& create) {
    for (const auto& statement : create) {
      if (!check_made(change, statement)) return false;
      if (auto made = schema_.scratch().execute(statement); !made) {
        find(Severity::refusal, change, "create", "",
             "`create` fails: " + made.error().message() + " in: " + statement.substr(0, 200));
        return false;
      }
      const auto object = created_object(statement);
      if (object.kind == "trigger" && mentions(statement, change.to)) {
        find(Severity::note, change, "create", object.name,
             "the trigger " + object.name + " runs for what old code writes too; what does the same on " + change.from +
                 " then runs twice for one write: put it under `complete` if that hurts");
      }
    }
    return true;
  }

  bool make_in_scratch(const TableChange& change, const std::vector<NamedSql>& carried) {
    for (const auto& index : carried) {
      if (auto made = schema_.scratch().execute(index.sql); !made) {
        find(Severity::refusal, change, "create", index.name,
             "its index cannot be carried: " + made.error().message() + " in: " + index.sql.substr(0, 200));
        return false;
      }
    }
    return true;
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

  /// Likewise of Pair::notes_displaced.
  void decide_on_notes(Pair& pair, Side side) {
    auto& notes = pair.notes_displaced[side];
    notes = notes || pair.goes_with_itself;
    if (schema_.find("table", pair.change.to) == nullptr) return;
    const bool has_triggers = schema_.find("trigger", trigger_name(pair, side, "del")) != nullptr;
    notes = has_triggers ? schema_.find("trigger", trigger_name(pair, side, "way_in")) != nullptr
                         : notes && schema_.find("table", note_of_displaced(pair.change.to)) != nullptr;
    // There was an index then, which somebody has dropped: rows are found without it, by reading the whole table.
    for (auto& unique : pair.uniqueness[side]) {
      if (!notes && !unique.terms_of_other.empty() && !unique.lookup) unique.lookup = {unique.collations, {}};
    }
  }

  /// In a chain: the tables that this one is a next version of.
  [[nodiscard]] std::vector<std::string> versions_before(const std::string& table) const {
    std::vector<std::string> tables;
    const auto carries_to = [&](const std::string& to) {
      return schema_.find("trigger", std::string(kSyncPrefix) + to + "_up_del");
    };
    for (const auto* trigger = carries_to(table); trigger != nullptr; trigger = carries_to(tables.back())) {
      tables.push_back(trigger->table);
    }
    return tables;
  }

  /// What the pair's own triggers depend on of the user's.
  Result<void> find_triggers(PairPlan& plan) {
    auto& pair = plan.pair;
    const auto note = [&](Side side, const std::string& sql) {
      if (runs_for(sql, "update")) pair.update_triggers[side].push_back(columns_of_update(sql));
      if (runs_for(sql, "delete")) pair.delete_triggers[side] = true;
    };
    const auto before = versions_before(pair.change.from);
    OFFX_ASSIGN(const auto objects, read_objects(schema_.scratch()));
    for (const auto& object : objects) {
      const bool is_authors = std::any_of(plan.sync.begin(), plan.sync.end(), [&](const NamedSql& trigger) {
        return same_name(trigger.name, object.name);
      });
      if (object.type != "trigger" || is_authors) continue;
      if (same_name(object.table, pair.change.from)) OFFX_TRY(carry_ignoring(pair, object, schema_, findings_));
      if (is_ours(object.name)) continue;
      if (contains_name(before, object.table)) {
        // What is done to the old table is passed on as it comes there; of which columns is for those who pass it on.
        if (runs_for(object.sql, "update")) pair.update_triggers[kOld].emplace_back();
        if (runs_for(object.sql, "delete")) pair.delete_triggers[kOld] = true;
      }
      for (const Side side : {kOld, kNew}) {
        if (!same_name(object.table, pair.table(side).name)) continue;
        note(side, object.sql);
        warn_of_group(pair, side, object);
        if (!pair.notes_displaced[side] || !writes_before(object.sql, object.table)) continue;
        find(Severity::warning, pair.change, "", object.name,
             "the trigger " + object.name + " writes to " + object.table +
                 " before each row that it runs for: a write with OR REPLACE that it gets in the way of so may be "
                 "refused or leave the versions different while both live; AFTER does not");
      }
      if (same_name(object.table, pair.change.to) && ignores(object.sql) != Ignores::nothing) {
        find(Severity::refusal, pair.change, "create", object.name,
             "the trigger " + object.name + " on " + pair.change.to +
                 " says RAISE (IGNORE) or RAISE (FAIL): what it leaves undone old code has written to " +
                 pair.change.from +
                 " by then; say RAISE (ABORT), which is an error for old code too, or put it under "
                 "`complete`");
      }
    }
    for (const auto& trigger : pair.ignoring) note(kNew, trigger.event);
    return {};
  }

  /// What OR REPLACE by new code replaces may have to be deleted from the old table (Sweeps); a trigger that
  /// ended the statement there, and took back nothing, would leave it half done.
  void check_failing_deletes(const Pair& pair) {
    const auto& uniques = pair.uniqueness[kNew];
    const bool sweeps =
        pair.notes_displaced[kNew] || pair.sweeps_updates[kOld] ||
        std::any_of(uniques.begin(), uniques.end(), [](const Uniqueness& unique) { return !unique.on_both; });
    for (const auto& object : schema_.objects()) {
      const bool fails_deletes = object.type == "trigger" && same_name(object.table, pair.change.from) &&
                                 runs_for(object.sql, "delete") && fails(object.sql);
      if (!sweeps || !fails_deletes) continue;
      find(
          Severity::refusal, pair.change, "", object.name,
          "the trigger " + object.name + " on DELETE of " + pair.change.from +
              " says RAISE (FAIL), and would leave a write half done that replaces a row through a UNIQUE which is not "
              "the same in both versions: say RAISE (ABORT)");
    }
  }

  /// An UPDATE OF trigger goes by the columns that a statement names, and those of a group are named together.
  void warn_of_group(const Pair& pair, Side side, const SchemaObject& trigger) {
    const auto of = columns_of_update(trigger.sql);
    for (const auto& group : pair.groups) {
      std::vector<std::string> named;
      std::vector<std::string> others;
      for (const auto& c : group.computed[side]) (contains_name(of, c.column) ? named : others).push_back(c.column);
      if (named.empty() || others.empty()) continue;
      find(Severity::warning, pair.change, "", trigger.name,
           "the trigger " + trigger.name + " is of UPDATE OF " + joined(named, ", ") + ", and runs for an UPDATE of " +
               joined(others, ", ") + " by " + (side == kOld ? "new" : "old") +
               " code too while both live, as they are under one constraint or computed from each other");
    }
  }

  /// UPDATE OR REPLACE of the other side arrives on `side` as one (Triggers::update_through()), where SQLite would not
  /// refuse it there alone.
  void check_replacing_updates(PairPlan& plan, Side side) {
    auto& pair = plan.pair;
    const auto& table = pair.table(side);
    const bool foreign_keys_look_on =
        !table.foreign_keys.empty() || (side == kOld && !plan.children.empty()) ||
        std::any_of(blueprint_.pairs.begin(), blueprint_.pairs.end(), [&](const PairPlan& other_plan) {
          const auto& keys = other_plan.pair.table(side).foreign_keys;
          return std::any_of(keys.begin(), keys.end(),
                             [&](const ForeignKey& key) { return same_name(key.parent, table.name); });
        });
    if (!pair.delete_triggers[side] || !foreign_keys_look_on) return;
    const auto uniques_here = [&](Side of) {
      std::vector<std::string> uniques;
      for (const auto& unique : pair.uniqueness[of]) {
        uniques.push_back(normalised(joined(of == side ? unique.text.terms : unique.terms_of_other, ", ")));
      }
      return uniques;
    };
    const auto count = pair.uniqueness[side].size();
    constexpr std::size_t kNamedMax = 3;
    auto uniques = std::array{uniques_here(kOld), uniques_here(kNew)};
    const bool ordered_otherwise = table.key_is_rowid() && count > 1 && uniques[kOld] != uniques[kNew];
    if (count <= kNamedMax && !ordered_otherwise) return;
    pair.sweeps_updates[side] = true;
    for (auto& of_side : uniques) std::sort(of_side.begin(), of_side.end());
    const bool are_the_same = uniques[kOld] == uniques[kNew];
    find(Severity::warning, pair.change, "create", "",
         std::string("an UPDATE OR REPLACE by ") + (side == kOld ? "new" : "old") +
             " code that replaces a row runs the DELETE triggers of " + table.name +
             " while both live, which on one table it does not, as that has foreign keys and " +
             (!ordered_otherwise ? "more than three UNIQUE constraints"
              : are_the_same     ? "its UNIQUE constraints in another order: say them in the same one"
                                 : "other UNIQUE constraints"));
  }

  Schema& schema_;
  const Migration& migration_;
  Redirects can_redirect_;
  std::vector<Finding>& findings_;
  Blueprint blueprint_;
};

}  // namespace

const PairPlan* Blueprint::pair_from(std::string_view table) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const PairPlan& plan) { return same_name(plan.pair.change.from, table); });
  return found == pairs.end() ? nullptr : &*found;
}

const PairPlan* Blueprint::pair_to(std::string_view table) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const PairPlan& plan) { return same_name(plan.pair.change.to, table); });
  return found == pairs.end() ? nullptr : &*found;
}

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
      if (contains_name(names, name)) expected.push_back({std::move(name), db::to_text(rows.row(i)[1])});
    }
  }
  if (expected.empty()) expected = side == kOld ? plan.up : plan.down;
  return expected;
}

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

Result<std::vector<NamedSql>> expected_helpers(db::DatabaseClient& client, std::string_view to) {
  OFFX_ASSIGN(const auto rows, client.execute("SELECT name, sql FROM offx_schema_objects WHERE type IN ('table', "
                                              "'index') AND name LIKE 'offx\\_sync\\_%' ESCAPE '\\' ORDER BY name"));
  std::vector<NamedSql> expected;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    auto name = db::to_text(rows.row(i)[0]);
    if (!is_sync_helper(name, to)) continue;
    expected.push_back({std::move(name), db::to_text(rows.row(i)[1])});
  }
  return expected;
}

void drop_orphans(Schema& schema, const Migration& migration) {
  for (const auto& change : migration.tables) {
    if (schema.find("table", change.to) != nullptr) continue;
    const auto statements = db::split_script(change.create);
    for (const auto statement : std::views::reverse(statements)) {
      const auto object = created_object(statement);
      if (object.kind.empty()) continue;
      // What cannot be dropped make_blueprint() finds there, and says so.
      (void)schema.scratch().execute("DROP " + object.kind + " IF EXISTS " + quote_identifier(object.name));
    }
  }
}

Result<Blueprint> make_blueprint(Schema& schema, const Migration& migration, Redirects can_redirect,
                                 std::vector<Finding>& findings) {
  return Builder(schema, migration, can_redirect, findings).build();
}

}  // namespace offx::migrate
