#include "migrate/references.h"

#include <algorithm>

#include "db/server_references.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Severity = Finding::Severity;

/// True if it refers to what is not the key, and has something done when that changes: a row that REPLACE puts there
/// deletes what was referred to, and an UPDATE would take those along that refer to it, or be refused.
bool acts_on_update_of_another(const ForeignKey& key, const Pair& pair) {
  return !key.parent_columns.empty() && key.on_update != "NO ACTION" &&
         !std::is_permutation(key.parent_columns.begin(), key.parent_columns.end(), pair.key[kOld].begin(),
                              pair.key[kOld].end(), [](const auto& a, const auto& b) { return same_name(a, b); });
}

/// Whether a deletion from the old table does to `child` what one from the new table does to nobody.
bool acts_on(const Blueprint& blueprint, const Table& child, const Pair& pair) {
  if (same_name(child.name, pair.change.from)) return false;
  const auto* versioned = blueprint.pair_from(child.name);
  return std::any_of(child.foreign_keys.begin(), child.foreign_keys.end(), [&](const ForeignKey& key) {
    if (!same_name(key.parent, pair.change.from)) return false;
    if (acts_on_update_of_another(key, pair)) return true;
    if (key.on_delete == "NO ACTION") return false;
    if (versioned == nullptr) return true;
    const auto& keys = versioned->pair.table(kNew).foreign_keys;
    return std::none_of(keys.begin(), keys.end(), [&](const ForeignKey& successor) {
      return same_name(successor.parent, pair.change.to) && successor.on_delete == key.on_delete;
    });
  });
}

/// What becomes of the reference `key` of a table outside of the migration.
void check_child(PairPlan& plan, const Table& child, const ForeignKey& key, Redirects can_redirect,
                 std::vector<Finding>& findings) {
  const auto& pair = plan.pair;
  const auto& from = pair.change.from;
  const auto& to = pair.change.to;
  const auto columns = key.parent_columns.empty() ? pair.table(kOld).key : key.parent_columns;
  const auto& new_columns = key.parent_columns.empty() ? pair.table(kNew).key : key.parent_columns;
  bool carried = columns.size() == new_columns.size();
  for (std::size_t i = 0; carried && i < columns.size(); ++i) {
    carried = same_name(pair.counterpart(kOld, columns[i]), new_columns[i]);
  }
  const std::string version_it = "give " + child.name +
                                 " its next version in the same file: a [[table]] whose `create` refers to " +
                                 pair.change.to;
  const bool is_there = std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
    return same_name(pair.counterpart(kOld, column), column);
  });
  if (!carried && key.parent_columns.empty() && is_there) {
    const auto by_name = "REFERENCES " + from + " (" + joined(columns, ", ") + ")";
    findings.push_back(
        {Severity::refusal, from, child.name,
         child.name + " refers to " + from + " without naming columns, which means the primary key, and " +
             (new_columns.empty() ? to + " has none" : "that of " + to + " is (" + joined(new_columns, ", ") + ")") +
             ", where it is (" + joined(columns, ", ") + ") now: let " + child.name + " say " + by_name +
             " before, or " + version_it});
  } else if (!carried) {
    findings.push_back({Severity::refusal, from, child.name,
                        child.name + " refers to (" + joined(columns, ", ") + ") of " + from + ", which " +
                            pair.change.to + " does not have under that name: " + version_it});
  } else if (can_redirect == Redirects::none ||
             (can_redirect == Redirects::of_columns && db::has_key_of_table(child.sql, from))) {
    if (!contains_name(plan.stuck_children, child.name)) plan.stuck_children.push_back(child.name);
    findings.push_back(
        {Severity::warning, from, child.name,
         child.name + " refers to " + from + ", and this server cannot point " +
             (can_redirect == Redirects::none ? "it" : "a FOREIGN KEY (…) that stands behind the columns") + " at " +
             pair.change.to + ": both versions can live, and `complete` will be refused; otherwise " + version_it});
  } else {
    findings.push_back({Severity::note, from, child.name,
                        child.name + " goes on referring to " + from + " while both live, and to " + pair.change.to +
                            " from `complete` on; its rows are not copied"});
  }
}

/// UPDATE OR REPLACE that replaces a row removes what refers to that by ON DELETE CASCADE, and the row it is about to
/// change with it, if that comes back to its table. Within one table the DELETE trigger of the row takes it along.
bool cascades_in_circle(const Table& table, const std::vector<Table>& tables) {
  const auto cascades = [](const Table& child, std::string_view parent) {
    return std::any_of(child.foreign_keys.begin(), child.foreign_keys.end(), [&](const ForeignKey& key) {
      return same_name(key.parent, parent) && key.on_delete == "CASCADE";
    });
  };
  std::vector<std::string> reached = {table.name};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    if (i > 0 && cascades(table, reached[i])) return true;
    for (const auto& other_table : tables) {
      if (cascades(other_table, reached[i]) && !contains_name(reached, other_table.name))
        reached.push_back(other_table.name);
    }
  }
  return false;
}

/// What a reference that only the new table has means for old code.
void note_new_reference(const Pair& pair, const ForeignKey& key, std::vector<Finding>& findings) {
  const auto columns = joined(key.columns, ", ");
  const bool acts = key.on_delete != "NO ACTION" && key.on_delete != "RESTRICT";
  findings.push_back(
      {Severity::warning, pair.change.from, columns,
       "only " + pair.change.to + " demands that (" + columns + ") refers to a row of " + key.parent +
           ": old code that writes otherwise" + (acts ? std::string() : ", or deletes what is referred to,") +
           " gets an error while both live" +
           (acts ? ", and ON DELETE " + key.on_delete + " acts on " + pair.change.from + " too" : std::string())});
}

}  // namespace

void check_references(const Blueprint& blueprint, PairPlan& plan, const Schema& schema,
                      std::vector<Finding>& findings) {
  auto& pair = plan.pair;
  const auto& to = pair.change.to;
  for (const auto& key : pair.table(kNew).foreign_keys) {
    if (const auto* parent = blueprint.pair_from(key.parent); parent != nullptr && !same_name(key.parent, to)) {
      findings.push_back(
          {Severity::refusal, pair.change.from, joined(key.columns, ", "),
           to + " refers to " + key.parent + ", which this migration replaces: refer to " + parent->pair.change.to});
    } else if (blueprint.pair_to(key.parent) == nullptr && schema.find("table", key.parent) == nullptr) {
      findings.push_back({Severity::refusal, pair.change.from, joined(key.columns, ", "),
                          to + " refers to " + key.parent + ", and there is no such table"});
    }
  }
  std::vector<const ForeignKey*> carried;
  for (const auto& old_key : pair.table(kOld).foreign_keys) {
    const auto* parent = blueprint.pair_from(old_key.parent);
    const auto& new_parent = parent == nullptr ? old_key.parent : parent->pair.change.to;
    const ForeignKey* same = nullptr;
    for (const auto& new_key : pair.table(kNew).foreign_keys) {
      bool matches = same_name(new_key.parent, new_parent) && new_key.columns.size() == old_key.columns.size();
      for (std::size_t i = 0; matches && i < old_key.columns.size(); ++i) {
        matches = same_name(pair.counterpart(kOld, old_key.columns[i]), new_key.columns[i]);
      }
      if (matches) same = &new_key;
    }
    if (same != nullptr) carried.push_back(same);
    const auto columns = joined(old_key.columns, ", ");
    if (same == nullptr) {
      findings.push_back({Severity::warning, pair.change.from, columns,
                          "the reference of (" + columns + ") to " + old_key.parent + " is not in " + to +
                              ": while both live it holds for new code too, after `complete` nothing enforces it"});
    } else if (same->on_delete != old_key.on_delete || same->on_update != old_key.on_update) {
      findings.push_back({Severity::warning, pair.change.from, columns,
                          "the reference of (" + columns + ") says ON DELETE " + old_key.on_delete + " ON UPDATE " +
                              old_key.on_update + " in " + pair.change.from + " and ON DELETE " + same->on_delete +
                              " ON UPDATE " + same->on_update + " in " + to + ": while both live, both happen"});
    }
    if (same != nullptr && same->deferred != old_key.deferred) {
      const bool old_waits = old_key.deferred;
      findings.push_back({Severity::warning, pair.change.from, columns,
                          "the reference of (" + columns + ") is DEFERRABLE INITIALLY DEFERRED in " +
                              (old_waits ? pair.change.from : to) + " alone: " + (old_waits ? "old" : "new") +
                              " code that makes a row before the one it refers to, in one transaction, gets an error "
                              "while both live"});
    }
    const bool stays = old_key.on_update == "RESTRICT";
    const bool is_let_be = !stays || old_key.on_delete == "NO ACTION";  // else nothing refers to it by then
    if (same != nullptr && parent != nullptr && is_let_be && acts_on_update_of_another(old_key, parent->pair)) {
      findings.push_back(
          {Severity::warning, pair.change.from, columns,
           "(" + columns + ") " + (stays ? "holds" : "follows") + " (" + joined(old_key.parent_columns, ", ") +
               ") of " + old_key.parent +
               ", which is not its key: while both live, a REPLACE by old code that changes that row " +
               (stays ? "is refused as an UPDATE is, while rows refer to it"
                      : "takes those along that refer to it, as an UPDATE does, and does not delete what "
                        "they refer to")});
    }
    const bool follows =
        same != nullptr && parent != nullptr && old_key.on_update == "CASCADE" && same->on_update == "CASCADE";
    if (!follows) continue;
    FollowedKey key = {{old_key.columns, same->columns},
                       {old_key.parent, same->parent},
                       {old_key.parent_columns, same->parent_columns},
                       {old_key.on_delete == "SET DEFAULT", same->on_delete == "SET DEFAULT"}};
    bool is_carried = true;
    for (const Side side : {kOld, kNew}) {
      if (key.parent_columns[side].empty()) key.parent_columns[side] = parent->pair.table(side).key;
    }
    for (std::size_t i = 0; i < key.parent_columns[kOld].size(); ++i) {
      is_carried = is_carried &&
                   same_name(parent->pair.counterpart(kOld, key.parent_columns[kOld][i]), key.parent_columns[kNew][i]);
    }
    if (is_carried) pair.followed.push_back(std::move(key));
  }
  for (const auto& key : pair.table(kNew).foreign_keys) {
    if (std::find(carried.begin(), carried.end(), &key) == carried.end()) note_new_reference(pair, key, findings);
  }
}

Result<void> find_children(const Blueprint& blueprint, PairPlan& plan, Schema& schema, Redirects can_redirect,
                           std::vector<Finding>& findings) {
  const auto& pair = plan.pair;
  OFFX_ASSIGN(const auto names, schema.table_names());
  std::vector<Table> tables;
  for (const auto& name : names) {
    OFFX_ASSIGN(auto table, schema.table(name));
    tables.push_back(std::move(table));
  }
  for (const auto& child : tables) {
    const auto& name = child.name;
    if (blueprint.pair_to(name) != nullptr) continue;
    plan.deletions_act = plan.deletions_act || acts_on(blueprint, child, pair);
    if (blueprint.pair_from(name) != nullptr) continue;
    for (const auto& key : child.foreign_keys) {
      if (!same_name(key.parent, pair.change.from) && !same_name(key.parent, pair.change.to)) continue;
      // One that `create` makes: it has nothing to do with the old table.
      if (same_name(key.parent, pair.change.to) && schema.find("table", name) == nullptr) continue;
      if (!contains_name(plan.children, name)) plan.children.push_back(name);
      check_child(plan, child, key, can_redirect, findings);
    }
  }
  plan.pair.goes_with_itself =
      cascades_in_circle(pair.table(kOld), tables) || cascades_in_circle(pair.table(kNew), tables);
  return {};
}

db::Redirect redirect_from(const Blueprint& blueprint, const PairPlan& plan, Side side) {
  db::Redirect redirect = {plan.pair.tables[side].name, plan.pair.tables[other(side)].name, {}};
  for (const auto& its : blueprint.pairs) redirect.but.push_back(its.pair.tables[side].name);
  return redirect;
}

void order_by_references(std::vector<PairPlan>& pairs, std::vector<Finding>& findings) {
  std::vector<PairPlan> ordered;
  while (!pairs.empty()) {
    const auto ready = std::find_if(pairs.begin(), pairs.end(), [&](const PairPlan& plan) {
      return std::none_of(pairs.begin(), pairs.end(), [&](const PairPlan& parent) {
        if (&parent == &plan) return false;
        return std::any_of(plan.pair.table(kNew).foreign_keys.begin(), plan.pair.table(kNew).foreign_keys.end(),
                           [&](const ForeignKey& key) { return same_name(key.parent, parent.pair.change.to); });
      });
    });
    if (ready == pairs.end()) {
      findings.push_back(
          {Severity::refusal, pairs.front().pair.change.from, "",
           "the new tables refer to each other in a circle: no order copies parents before those that refer to them"});
      for (auto& plan : pairs) ordered.push_back(std::move(plan));
      break;
    }
    ordered.push_back(std::move(*ready));
    pairs.erase(ready);
  }
  pairs = std::move(ordered);
}

}  // namespace offx::migrate
