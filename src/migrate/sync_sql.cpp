#include "migrate/sync_sql.h"

#include <algorithm>
#include <array>
#include <map>

#include "db/script.h"
#include "migrate/demand_sql.h"
#include "migrate/demands.h"
#include "migrate/sql_text.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

/// In a statement on the table of `to`, in a trigger on the other one.
Rows rows_in_trigger(const Pair& pair, Side to) {
  const Side from = other(to);
  return {[&pair, to, from](Side side, const std::string& column) {
            return side == to ? quoted(pair, to) + "." + quote_identifier(column)
                              : looked_up(pair, from, quote_identifier(column), from, "NEW");
          },
          [&pair, to, from](const Computed& c, Side side) {
            if (side == to) return looked_up(pair, from, c.expression, from, "NEW");
            return c.carried_from.empty() ? "(" + c.expression + ")"
                                          : quoted(pair, to) + "." + quote_identifier(c.carried_from);
          }};
}

bool carries(const Group& group, Side to) { return !group.computed[to].empty() && !group.only_initial(to); }

std::string all_alike(const Pair& pair, Side to, const Rows& rows, bool but_one_way = false) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; pair.key_folds_case && i < pair.key[to].size(); ++i) {
    parts.push_back(rows.column(to, pair.key[to][i]) + " COLLATE BINARY IS " +
                    rows.column(other(to), pair.key[other(to)][i]));
  }
  for (const auto& group : pair.groups) {
    if (but_one_way && group.computed[other(to)].empty()) continue;
    if (carries(group, to)) parts.push_back(alike(group, to, rows));
  }
  return parts.empty() ? "1" : combined(parts, " AND ");
}

using Groups = std::vector<const Group*>;

constexpr const char* kMaskPrefix = "update";
constexpr const char* kIgnoring = "ignore";

bool is_carried_on_update(const Group& group, Side to) {
  return !group.computed[to].empty() && !group.sources[other(to)].empty();
}

/// The groups that updates of `from`'s table carry, by the user's UPDATE OF triggers that naming their columns of the
/// other table sets off. One UPDATE there names the columns of all classes of which some changed, so that each trigger
/// runs once, and none that is of other columns.
struct UpdateClasses {
  Groups free;                ///< set off none
  std::vector<Groups> bound;  ///< set off the same
  /// Of more there would be too many unions.
  static constexpr std::size_t kBoundMax = 3;
};

UpdateClasses update_classes(const Pair& pair, Side from) {
  const Side to = other(from);
  std::map<std::vector<bool>, Groups> by_triggers;
  for (const auto& group : pair.groups) {
    if (!is_carried_on_update(group, to)) continue;
    std::vector<bool> sets_off;
    for (const auto& of : pair.update_triggers[to]) {
      sets_off.push_back(std::any_of(group.computed[to].begin(), group.computed[to].end(), [&](const Computed& c) {
        return std::any_of(of.begin(), of.end(), [&](const auto& column) { return same_name(column, c.column); });
      }));
    }
    by_triggers[sets_off].push_back(&group);
  }
  UpdateClasses classes;
  for (auto& [sets_off, groups] : by_triggers) {
    const bool is_bound = std::find(sets_off.begin(), sets_off.end(), true) != sets_off.end();
    if (is_bound)
      classes.bound.push_back(std::move(groups));
    else
      classes.free = std::move(groups);
  }
  return classes;
}

/// The triggers on one side's table, which write to the other's.
class Triggers {
 public:
  Triggers(const Pair& pair, Side from, std::optional<std::int64_t> copied_up_to)
      : pair_(pair),
        from_(from),
        to_(other(from)),
        rows_(rows_in_trigger(pair, to_)),
        source_(quoted(pair, from_)),
        target_(quoted(pair, to_)) {
    if (!copied_up_to) return;
    // REPLACE may find a twin that an update of its key took there.
    is_carried_ = " AND (NEW." + quote_identifier(pair.key[from][0]) + " <= " + std::to_string(*copied_up_to) + " OR " +
                  twin("NEW") + ")";
  }

  std::vector<NamedSql> make() {
    // The row itself is made, or gets its new key, by what follows.
    const auto but_this = " AND NOT (" + at_key(pair_, from_, from_, "NEW") + ")";
    if (carries_replace()) add("rep", "BEFORE INSERT", "", note_replaced());
    if (notes_displaced()) {
      // Where nothing is in the way, nothing is written.
      add("way_in", "BEFORE INSERT", some_displaced() + " OR " + some_in_the_way(false), note_displaced(false));
      add("way_to", "BEFORE UPDATE" + of_unique(), some_displaced() + " OR " + some_in_the_way(true),
          note_displaced(true));
      // No other trigger is of columns that the target lacks, or of an echo that finds the pair alike.
      const auto rows = displaced_rows(true, true);
      add("way_up", "AFTER UPDATE" + of_unique(), some_displaced(),
          take_from_parent({rows}, true) + sweep(rows) + clear_displaced(true));
    }
    // An echo, or what comes to the same, ends before anything is done.
    add("ins", "AFTER INSERT",
        "NOT " + pair_is_alike() + (carries_replace() ? " OR " + is_noted() : "") +
            (notes_displaced() ? " OR " + some_displaced() : ""),
        refuse_null_key() + bring_ancestors(but_this) + sweeps(nullptr, false) + replace() + insert_through("", false) +
            insert(is_carried_) + restore() + assert_row(false, is_carried_));
    add("del", "AFTER DELETE", "",
        take_parent_along() + take_displaced_along() + "DELETE FROM " + target_ + " WHERE " +
            at_key(pair_, to_, from_, "OLD") + " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " +
            at_key(pair_, from_, from_, "OLD") + ");\n" + forget_displaced());
    const auto old_twin = twin("OLD");
    // 'y' that becomes 'Y' is the same key where case does not count: the one twin is NEW's.
    const auto other_key =
        pair_.key_folds_case
            ? " AND NOT (" + compared(quoted_key(pair_, from_, "NEW"), quoted_key(pair_, from_, "OLD")) + ")"
            : std::string();
    add("key", "AFTER UPDATE OF " + key_list(pair_, from_) + names_of_rowid(),
        "(" + key_changed() + ") AND (" + old_twin + other_key + " OR NOT " + pair_is_alike() + ")" +
            no_parent_moves(nullptr),
        refuse_null_key() + bring_ancestors(but_this + " AND NOT " + pair_is_alike()) + forget_displaced() +
            sweeps(nullptr, true) + insert_through(" AND NOT " + old_twin, true) + insert(" AND NOT " + old_twin) +
            move() + restore() + assert_row(true, ""));
    // Where nobody sees in how many statements an UPDATE arrives, each group goes by itself, which costs less.
    if (!pair_.update_triggers[to_].empty() && updates_once(pair_, from_)) {
      const auto classes = update_classes(pair_, from_);
      for (std::size_t mask = 0; mask < (std::size_t{1} << classes.bound.size()); ++mask) add_update(classes, mask);
    } else {
      for (std::size_t i = 0; i < pair_.groups.size(); ++i) {
        const auto& group = pair_.groups[i];
        if (!is_carried_on_update(group, to_)) continue;
        add(std::to_string(i + 1), "AFTER UPDATE" + of_sources({&group}),
            not_key_changed() + " AND (" + changed(group) + ")" + no_parent_moves(&group),
            ancestors_for(group) + sweeps(&group, false) + update(group) + assert_groups({&group}));
      }
    }
    return std::move(made_);
  }

 private:
  void add(const std::string& suffix, const std::string& event, const std::string& when, const std::string& body) {
    const auto name = trigger_name(pair_, from_, suffix);
    made_.push_back({name, "CREATE TRIGGER " + quote_identifier(name) + " " + event + " ON " + source_ +
                               (when.empty() ? "" : "\nWHEN " + when) + "\nBEGIN\n" + body + "END"});
  }

  /// An UPDATE of columns of just the bound classes in `mask`, and any free ones: one UPDATE of the twin.
  void add_update(const UpdateClasses& classes, std::size_t mask) {
    Groups groups = classes.free;
    std::vector<std::string> when = {not_key_changed()};
    const auto some_changed = [&](const Groups& some) {
      std::vector<std::string> parts;
      for (const auto* group : some) parts.push_back(changed(*group));
      return "(" + combined(parts, " OR ") + ")";
    };
    for (std::size_t i = 0; i < classes.bound.size(); ++i) {
      const bool wanted = (mask >> i & 1U) != 0;
      when.push_back((wanted ? "" : "NOT ") + some_changed(classes.bound[i]));
      if (wanted) groups.insert(groups.end(), classes.bound[i].begin(), classes.bound[i].end());
    }
    if (groups.empty()) return;
    for (const auto* group : groups) when.back() += no_parent_moves(group);
    if (mask == 0) when.push_back(some_changed(classes.free));
    std::string body;
    for (const auto* group : groups) body += ancestors_for(*group);
    for (const auto* group : groups) body += sweeps(group, false);
    body += groups.size() == 1 ? update(*groups[0]) : update(groups);
    add(kMaskPrefix + std::to_string(mask), "AFTER UPDATE" + of_sources(groups), joined(when, " AND "),
        body + assert_groups(groups));
  }

  /// False while a new key of a parent is on its way: what refers to it has followed here already, by ON UPDATE
  /// CASCADE, and will over there. Carried before, it would refer to the row that the parent replaces there, and go
  /// with it.
  std::string no_parent_moves(const Group* group) const {
    std::string when;
    for (const auto& key : pair_.followed) {
      const auto is_source = [&](const auto& column) {
        return group == nullptr ? contains_name(pair_.key[from_], column)
                                : contains_name(group->sources[from_], column);
      };
      if (std::none_of(key.columns[from_].begin(), key.columns[from_].end(), is_source)) continue;
      const auto exists = [&](Side side, const std::string& row) {
        const auto table = quote_identifier(key.parents[side]);
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < key.columns[from_].size(); ++i) {
          parts.push_back(table + "." + quote_identifier(key.parent_columns[side][i]) + " = " + row + "." +
                          quote_identifier(key.columns[from_][i]));
        }
        return "EXISTS (SELECT 1 FROM " + table + " WHERE " + joined(parts, " AND ") + ")";
      };
      // REPLACE of a parent deletes it as well, and makes one of the same key.
      std::vector<std::string> defaults;
      for (const auto& name : key.columns[from_]) {
        const auto& column = *pair_.tables[from_].column(name);
        defaults.push_back(new_is(column, column.default_value.value_or("NULL")));
      }
      when += " AND NOT (" + exists(to_, "OLD") + " AND NOT " + exists(from_, "OLD") + " AND " + exists(from_, "NEW") +
              (key.sets_default[from_] ? " AND NOT (" + joined(defaults, " AND ") + ")" : "") + ")";
    }
    return when;
  }

  std::string not_key_changed() const { return "NOT (" + key_changed() + ")"; }

  std::string key_changed() const {
    return compared(quoted_key(pair_, from_, "NEW"), quoted_key(pair_, from_, "OLD"), " COLLATE BINARY IS NOT ",
                    " OR ");
  }

  std::string changed(const Group& group) const {
    std::vector<std::string> parts;
    for (const auto& source : group.sources[from_]) {
      const auto column = quote_identifier(source);
      parts.push_back("NEW." + column + " COLLATE BINARY IS NOT OLD." + column);
    }
    return combined(parts, " OR ");
  }

  /// ` OF a, b`; nothing if one is generated, as an UPDATE never names those.
  std::string of_sources(const Groups& groups) const {
    std::vector<std::string> columns;
    for (const auto* group : groups) {
      for (const auto& source : group->sources[from_]) {
        if (pair_.tables[from_].column(source)->generated) return {};
        columns.push_back(quote_identifier(source));
      }
    }
    return " OF " + joined(columns, ", ");
  }

  /// While old rows are being copied, a row may refer to one that is not copied yet.
  std::string bring_ancestors(const std::string& condition) const {
    if (from_ != kOld || !copies_ancestors(pair_)) return {};
    const auto parent = quote_identifier(pair_.counterpart(kNew, *pair_.parent_in_self[kNew]));
    const auto columns = columns_to_write(pair_, kNew);
    return "INSERT INTO " + target_ + " (" + columns.names + ") SELECT " + columns.expressions + " FROM " + source_ +
           " WHERE " + source_ + "." + quote_identifier(pair_.key[kOld][0]) + " IN " +
           ancestors(pair_, "SELECT NEW." + parent) + " AND NOT EXISTS (SELECT 1 FROM " + target_ + " WHERE " +
           at_key(pair_, kNew, kOld, source_) + ")" + condition + " ON CONFLICT (" + key_list(pair_, kNew) +
           ") DO NOTHING;\n";
  }
  std::string ancestors_for(const Group& group) const {
    if (from_ != kOld || !copies_ancestors(pair_)) return {};
    const auto parent = pair_.counterpart(kNew, *pair_.parent_in_self[kNew]);
    // A cascade comes before the triggers of the row whose new key it carries on: that row is on its way.
    const auto exists_old = [&](Side side) {
      return "EXISTS (SELECT 1 FROM " + quoted(pair_, side) + " WHERE " +
             quoted_key(pair_, side, quoted(pair_, side))[0] + " = OLD." + quote_identifier(parent) + ")";
    };
    // Nor is anything missing for an echo: what REPLACE removed would come back, and replace what took its place.
    for (const auto& source : group.sources[kOld]) {
      if (same_name(source, parent)) {
        return bring_ancestors(" AND NOT " + group_is_alike(group) + " AND NOT (" + exists_old(kNew) + " AND NOT " +
                               exists_old(kOld) + ")");
      }
    }
    return {};
  }

  /// True if a change of the group's sources can change what is to be unique.
  bool concerns(const Uniqueness& unique, const Group* group) const {
    if (group == nullptr) return true;
    const auto is_source = [&](const auto& column) { return contains_name(group->sources[from_], column); };
    const auto is_computed = [&](const auto& column) {
      return std::any_of(group->computed[to_].begin(), group->computed[to_].end(),
                         [&](const Computed& c) { return same_name(c.column, column); });
    };
    return std::any_of(unique.reads.begin(), unique.reads.end(), is_source) ||
           std::any_of(unique.reads.begin(), unique.reads.end(), is_computed) ||
           std::any_of(unique.columns[from_].begin(), unique.columns[from_].end(), is_source) ||
           std::any_of(unique.columns[to_].begin(), unique.columns[to_].end(), is_computed);
  }

  /// The rows of the target that have NEW's values, by which they are looked up, but the twins of NEW and OLD.
  std::string others_with(const Uniqueness& unique, bool key_moves) const {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < unique.terms_of_other.size(); ++i) {
      const auto value = over_values(pair_.tables[from_], unique.text.terms[i],
                                     [](const Column& column) { return "NEW." + quote_identifier(column.name); });
      const auto equal = "(" + unique.terms_of_other[i] + ") = (" + value + ") COLLATE ";
      parts.push_back(equal + unique.collations[i]);
      if (!same_name(unique.lookup->collations[i], unique.collations[i]))
        parts.push_back(equal + unique.lookup->collations[i]);
    }
    if (!unique.lookup->where.empty()) parts.push_back("(" + unique.lookup->where + ")");
    parts.push_back("NOT (" + at_key(pair_, to_, from_, "NEW") + ")");
    if (key_moves) parts.push_back("NOT (" + at_key(pair_, to_, from_, "OLD") + ")");
    return joined(parts, " AND ");
  }

  /// ` FROM … WHERE …`: the rows of the target whose twins REPLACE removed for NEW by this uniqueness.
  std::string replaced_rows(const Uniqueness& unique, bool key_moves) const {
    return " FROM " + target_ + " WHERE " + others_with(unique, key_moves) + " AND NOT EXISTS (SELECT 1 FROM " +
           source_ + " WHERE " + compared(quoted_key(pair_, from_, source_), quoted_key(pair_, to_, target_)) + ")";
  }

  /// Where DELETE triggers of the user's would see them go, they are not swept, but replaced by what is written, if the
  /// target has the same uniqueness.
  bool replaces_through(const Uniqueness& unique, bool by_update) const {
    return unique.on_both && unique.lookup && pair_.delete_triggers[to_] && !(by_update && pair_.sweeps_updates[to_]);
  }

  /// True if there are rows to be replaced so; empty if there are never.
  std::string replaces(const Groups& groups, bool key_moves) const {
    std::vector<std::string> parts;
    for (const auto& unique : pair_.uniqueness[from_]) {
      const bool concerned = groups.empty() || std::any_of(groups.begin(), groups.end(),
                                                           [&](const Group* group) { return concerns(unique, group); });
      if (!concerned || !replaces_through(unique, !groups.empty() || key_moves)) continue;
      parts.push_back("EXISTS (SELECT 1" + replaced_rows(unique, key_moves) + ")");
    }
    return parts.empty() ? std::string() : "(" + combined(parts, " OR ") + ")";
  }

  /// What an UPDATE of the target sets in one group, or of one column of the key, and the condition under which that
  /// changes something.
  struct Change {
    const Group* group;  ///< nullptr: of the key
    std::vector<std::string> sets;
    std::string differs;
  };
  static constexpr std::size_t kWatchedMax = 3;

  /// True if there are UNIQUE constraints that SQLite checks because an UPDATE of the target names the column.
  bool is_watched(const std::string& column) const {
    const auto& itself = pair_.parent_in_self[to_];  // naming it has all of them checked
    const auto& uniques = pair_.uniqueness[to_];
    return (itself && same_name(*itself, column)) ||
           std::any_of(uniques.begin(), uniques.end(),
                       [&](const Uniqueness& unique) { return contains_name(unique.reads, column); });
  }
  /// … the group's columns.
  bool is_watched(const Group& group) const {
    return std::any_of(group.computed[to_].begin(), group.computed[to_].end(),
                       [&](const Computed& c) { return is_watched(c.column); });
  }

  /// UPDATE OR REPLACE of the target, for when that is `replacing`. Where foreign keys look on, SQLite checks what such
  /// a statement names once more when it has replaced a row, and takes the row itself for another one if a value has
  /// not changed. So of the columns under UNIQUE constraints those are named that change, by a statement for each set
  /// of their groups; which a new rowid makes useless, as then it checks them all.
  std::string update_through(std::vector<std::string> sets, const std::vector<Change>& changes,
                             const std::string& where, const std::string& replacing, bool new_key = false) const {
    std::vector<const Change*> watched;
    for (const auto& change : changes) {
      if (change.group == nullptr || is_watched(*change.group)) watched.push_back(&change);
    }
    if (watched.size() > kWatchedMax || (new_key && pair_.tables[to_].key_is_rowid())) watched.clear();
    for (const auto& change : changes) {
      if (std::find(watched.begin(), watched.end(), &change) == watched.end()) {
        sets.insert(sets.end(), change.sets.begin(), change.sets.end());
      }
    }
    // What the target itself says of its key it does without that; the statement's own OR REPLACE reaches in here.
    const std::string verb = new_key && key_says_replace(pair_.tables[to_].sql) ? "UPDATE " : "UPDATE OR REPLACE ";
    std::string sql;
    const std::size_t least = new_key || watched.empty() ? 0 : 1;  // nothing is replaced where nothing changes
    for (std::size_t mask = least; mask < (std::size_t{1} << watched.size()); ++mask) {
      auto named = sets;
      std::string when;
      for (std::size_t i = 0; i < watched.size(); ++i) {
        const bool wanted = (mask >> i & 1U) != 0;
        when += std::string(wanted ? " AND (" : " AND NOT (") + watched[i]->differs + ")";
        if (wanted) named.insert(named.end(), watched[i]->sets.begin(), watched[i]->sets.end());
      }
      if (named.empty()) continue;
      sql += verb + target_ + " SET " + joined(named, ", ") + " WHERE " + where + when + " AND " + replacing + ";\n";
    }
    return sql;
  }

  std::string update_plainly(std::vector<std::string> sets, const std::vector<Change>& changes,
                             const std::string& where) const {
    for (const auto& change : changes) sets.insert(sets.end(), change.sets.begin(), change.sets.end());
    return "UPDATE " + target_ + " SET " + joined(sets, ", ") + " WHERE " + where + ";\n";
  }

  /// REPLACE removes rows without firing their DELETE triggers: their twins go here.
  std::string sweeps(const Group* group, bool key_moves) const {
    std::vector<std::string> gone;
    std::string sql;
    bool concerned = group == nullptr;
    for (const auto& unique : pair_.uniqueness[from_]) {
      if (!concerns(unique, group)) continue;
      concerned = true;
      if (!unique.lookup) continue;
      gone.push_back(replaced_rows(unique, key_moves));
      if (!replaces_through(unique, group != nullptr || key_moves)) sql += sweep(gone.back());
    }
    if (concerned && notes_displaced()) {
      gone.push_back(displaced_rows(key_moves, group != nullptr || key_moves));
      sql += sweep(gone.back()) + clear_displaced(group != nullptr || key_moves);
    }
    return gone.empty() ? sql : take_from_parent(gone, key_moves) + sql;
  }

  std::string sweep(const std::string& rows) const {
    std::string sql;
    if (takes_parents_along()) {
      // take_parent_along() over there would take NEW for a parent that went, as its twin is not there yet.
      sql = refusal() + "NOT " + twin("NEW") + " AND EXISTS (SELECT 1" + rows + " AND " + target_ + "." +
            quote_identifier(*pair_.parent_in_self[to_]) + " = " + quoted_key(pair_, from_, "NEW")[0] + ");\n";
    }
    sql += "DELETE" + rows + ";\n";
    // A trigger of the user's may have left that undone.
    return pair_.delete_triggers[to_] ? sql + refusal() + "EXISTS (SELECT 1" + rows + ");\n" : sql;
  }

  /// `raise` where that is so and foreign keys are enforced, which the program that writes decides and no SQL tells: a
  /// row goes with another, or not. Nothing if ON DELETE of the self-reference does nothing.
  std::string if_enforced(const std::string& raise, const std::string& condition) const {
    if (!pair_.acts_on_delete_in_self(to_)) return {};
    const auto table = quote_identifier(note_of_enforcement(pair_.tables[kNew].name));
    return "DELETE FROM " + table + ";\nINSERT INTO " + table + " (id) SELECT 1 WHERE " + condition +
           ";\nINSERT INTO " + table + " (id, goes_with) SELECT 2, 1 FROM " + table + ";\nDELETE FROM " + table +
           " WHERE id = 1;\n" + raise + condition + " AND NOT EXISTS (SELECT 1 FROM " + table + ");\nDELETE FROM " +
           table + ";\n";
  }

  /// ON DELETE of a self-reference would take NEW's twin along with a row that is swept, if it referred to that, and
  /// the row with it: the twin gets its new parent first. Where that is one of those which are gone, or the parent
  /// cannot change alone, it is an error if the twin would go.
  std::string take_from_parent(const std::vector<std::string>& swept, bool key_moves) const {
    const auto group = std::find_if(pair_.groups.begin(), pair_.groups.end(), [&](const Group& g) {
      return pair_.parent_in_self[to_] && carries(g, to_) &&
             std::any_of(g.computed[to_].begin(), g.computed[to_].end(),
                         [&](const Computed& c) { return same_name(c.column, *pair_.parent_in_self[to_]); });
    });
    if (group == pair_.groups.end()) return {};
    const auto parent = quote_identifier(*pair_.parent_in_self[to_]);
    const auto is_swept = [&](const std::string& row) {
      std::vector<std::string> parts;
      for (const auto& rows : swept) {
        parts.push_back(row + " IN (SELECT " + quoted_key(pair_, to_, target_)[0] + rows + ")");
      }
      return "(" + combined(parts, " OR ") + ")";
    };
    if (key_moves || group->computed[to_].size() != 1) {
      if (!pair_.cascades_in_self(to_)) return {};
      return if_enforced(refusal(), is_swept("(SELECT " + parent + " FROM " + target_ + " WHERE " +
                                             at_key(pair_, to_, from_, key_moves ? "OLD" : "NEW") + ")"));
    }
    std::vector<std::string> some;
    for (const auto& rows : swept) some.push_back("EXISTS (SELECT 1" + rows + ")");
    const auto value = rows_.value(group->computed[to_][0], to_);
    return if_enforced("SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE ", is_swept(value)) + "UPDATE " +
           target_ + " SET " + parent + " = " + value + " WHERE " + at_key(pair_, to_, from_, "NEW") + " AND NOT " +
           alike(*group, to_, rows_) + " AND (" + combined(some, " OR ") + ");\n";
  }

  /// The pair whose key is NEW's.
  std::string this_pair() const {
    std::array<std::string, 2> key = {compared(quoted_key(pair_, kOld, kAlias[kOld]), quoted_key(pair_, from_, "NEW")),
                                      compared(quoted_key(pair_, kNew, kAlias[kNew]), quoted_key(pair_, from_, "NEW"))};
    return quoted(pair_, kOld) + " AS " + kAlias[kOld] + ", " + quoted(pair_, kNew) + " AS " + kAlias[kNew] +
           " WHERE " + key[kOld] + " AND " + key[kNew];
  }

  std::string pair_is_alike(bool but_one_way = false) const {
    return "EXISTS (SELECT 1 FROM " + this_pair() + " AND " + all_alike(pair_, to_, rows_in_join(pair_), but_one_way) +
           ")";
  }

  std::string group_is_alike(const Group& group) const {
    return "EXISTS (SELECT 1 FROM " + this_pair() + " AND " + alike(group, to_, rows_in_join(pair_)) + ")";
  }

  /// True if the target has a row with the key of `row`, OLD or NEW.
  std::string twin(const std::string& row) const {
    return "EXISTS (SELECT 1 FROM " + target_ + " WHERE " + at_key(pair_, to_, from_, row) + ")";
  }

  std::string source_exists() const {
    return "EXISTS (SELECT 1 FROM " + source_ + " WHERE " + at_key(pair_, from_, from_, "NEW") + ")";
  }

  /// Makes the twin, or, where a REPLACE left an older one, writes to it. The row is read from its table, not from NEW:
  /// a trigger of the user's may have changed it before this one ran.
  std::string insert(const std::string& condition) const {
    const auto columns = columns_to_write(pair_, to_);
    std::vector<std::string> sets;
    for (std::size_t i = 0; pair_.key_folds_case && i < pair_.key[to_].size(); ++i) {
      const auto column = quote_identifier(pair_.key[to_][i]);
      sets.push_back(column + " = excluded." + column);
    }
    for (const auto& group : pair_.groups) {
      if (!carries(group, to_)) continue;
      for (const auto& c : group.computed[to_]) {
        sets.push_back(assignment(group, c, "excluded." + quote_identifier(c.column)));
      }
    }
    return "INSERT INTO " + target_ + " (" + columns.names + ") SELECT " + columns.expressions + " FROM " + source_ +
           " WHERE " + at_key(pair_, from_, from_, "NEW") + " AND NOT " + pair_is_alike() + condition +
           " ON CONFLICT (" + key_list(pair_, to_) + ") DO " +
           (sets.empty() ? std::string("NOTHING") : "UPDATE SET " + joined(sets, ", ")) + ";\n";
  }

  /// All that is carried, where it is not alike.
  std::vector<Change> changes_of_all() const {
    std::vector<Change> changes;
    for (const auto& group : pair_.groups) {
      if (!carries(group, to_)) continue;
      Change change{&group, {}, "NOT " + alike(group, to_, rows_)};
      for (const auto& c : group.computed[to_]) change.sets.push_back(assignment(group, c, rows_.value(c, to_)));
      changes.push_back(std::move(change));
    }
    return changes;
  }

  /// insert() where that replaces.
  std::string insert_through(const std::string& condition, bool key_moves) const {
    const auto replacing = replaces({}, key_moves);
    if (replacing.empty()) return {};
    const auto columns = columns_to_write(pair_, to_);
    const auto due = " AND NOT " + pair_is_alike() + condition;
    const auto changes = changes_of_all();
    return (changes.empty()
                ? std::string()
                : update_through({}, changes, at_key(pair_, to_, from_, "NEW") + " AND " + source_exists() + due,
                                 replacing)) +
           "INSERT OR REPLACE INTO " + target_ + " (" + columns.names + ") SELECT " + columns.expressions + " FROM " +
           source_ + " WHERE " + at_key(pair_, from_, from_, "NEW") + " AND NOT " + twin("NEW") + due + " AND " +
           replacing + ";\n";
  }

  bool carries_replace() const { return from_ == kNew && pair_.carries_replace; }

  /// The columns of the note, and NEW's key as it stands there.
  std::pair<std::vector<std::string>, std::vector<std::string>> note() const {
    return {note_columns(pair_), quoted_key(pair_, from_, "NEW")};
  }

  /// That the row which is inserted has a predecessor. If the insert then comes to pass, it was REPLACE; a note that
  /// stays behind was of one that was ignored, or became an update.
  std::string note_replaced() const {
    const auto table = quote_identifier(note_of_replaced(pair_.tables[kNew].name));
    const auto [columns, key] = note();
    return "DELETE FROM " + table + " WHERE " + columns[0] + " IS NOT NULL;\nINSERT INTO " + table + " (" +
           joined(columns, ", ") + ") SELECT " + joined(key, ", ") + " WHERE " + source_exists() + ";\n";
  }

  /// What note_replaced() noted of this row.
  std::string is_noted() const {
    const auto [columns, key] = note();
    return "EXISTS (SELECT 1 FROM " + quote_identifier(note_of_replaced(pair_.tables[kNew].name)) + " WHERE " +
           compared(columns, key) + ")";
  }

  /// REPLACE arrives as REPLACE: what other tables' ON DELETE says happens, and no DELETE trigger runs. What the new
  /// table does not give its twin stays as it was.
  std::string replace() const {
    if (!carries_replace()) return {};
    std::vector<std::string> names;
    std::vector<std::string> values;
    const auto add_column = [&](const std::string& column, std::string value) {
      names.push_back(quote_identifier(column));
      values.push_back(std::move(value));
    };
    const auto kept = [&](const std::string& column) {
      return looked_up(pair_, to_, quote_identifier(column), from_, "NEW");
    };
    for (std::size_t i = 0; i < pair_.key[to_].size(); ++i) {
      add_column(pair_.key[to_][i], quote_identifier(pair_.key[from_][i]));
    }
    for (const auto& group : pair_.groups) {
      for (const auto& c : group.computed[to_]) {
        auto value = kept(c.column);
        if (group.plain) {
          value = quote_identifier(c.carried_from);
        } else if (carries(group, to_)) {
          value = "CASE WHEN EXISTS (SELECT 1 FROM " + this_pair() + " AND " + alike(group, to_, rows_in_join(pair_)) +
                  ") THEN " + value + " ELSE (" + c.expression + ") END";
        }
        add_column(c.column, std::move(value));
      }
    }
    for (const auto* column : pair_.own_columns(to_)) add_column(column->name, kept(column->name));
    return "INSERT OR REPLACE INTO " + target_ + " (" + joined(names, ", ") + ") SELECT " + joined(values, ", ") +
           " FROM " + source_ + " WHERE " + at_key(pair_, from_, from_, "NEW") + " AND " + is_noted() +
           " AND EXISTS (SELECT 1 FROM " + target_ + " WHERE " + at_key(pair_, to_, from_, "NEW") + ");\n";
  }

  std::string assignment(const Group& group, const Computed& c, const std::string& value) const {
    const auto column = quote_identifier(c.column);
    const auto same_type = [&] {
      return same_name(pair_.tables[to_].column(c.column)->type, pair_.tables[from_].column(c.carried_from)->type);
    };
    if (group.plain && same_type()) return column + " = " + value;
    return column + " = CASE WHEN " + alike(group, to_, rows_) + " THEN " + column + " ELSE " + value + " END";
  }

  /// True if the group's columns of the target follow from the source and the source's from nothing: once the row is
  /// made, the target's own writes to them stand until the source changes.
  bool is_one_way(const Group& group) const { return group.computed[from_].empty(); }
  bool reads_key(const Group& group) const {
    return std::any_of(group.computed[to_].begin(), group.computed[to_].end(),
                       [](const Computed& c) { return c.reads_key; });
  }

  /// The echo of an insert or of a new key computes the source's one-way columns anew: what was written stands.
  std::string restore() const {
    std::string sql;
    for (const auto& group : pair_.groups) {
      if (!group.computed[to_].empty() || !carries(group, from_)) continue;
      std::vector<std::string> sets;
      std::vector<std::string> differ;
      for (const auto& c : group.computed[from_]) {
        const auto column = quote_identifier(c.column);
        sets.push_back(column + " = NEW." + column);
        differ.push_back(column + " COLLATE BINARY IS NOT NEW." + column);
      }
      sql += "UPDATE " + source_ + " SET " + joined(sets, ", ") + " WHERE " + at_key(pair_, from_, from_, "NEW") +
             " AND (" + combined(differ, " OR ") + ");\n";
    }
    return sql;
  }

  /// True if SQLite may give it to a row. In a trigger before that it is -1.
  bool key_may_be_given() const {
    return pair_.tables[from_].key_is_rowid() && pair_.key[from_] == pair_.tables[from_].key;
  }

  /// `, rowid, …`: an UPDATE may name the key so, and `OF` goes by the name.
  std::string names_of_rowid() const {
    std::string names;
    const auto& table = pair_.tables[from_];
    if (!key_may_be_given()) return names;
    for (const char* name : {"rowid", "oid", "_rowid_"}) {
      if (table.column(name) == nullptr) names += std::string(", ") + name;
    }
    return names;
  }

  bool notes_displaced() const { return pair_.notes_displaced[from_]; }
  std::string displaced() const { return quote_identifier(note_of_displaced(pair_.tables[kNew].name)); }
  std::string of_this_side() const { return "side = " + std::to_string(from_); }
  /// What was noted for the write that ends here; the notes of one that this one is inside of stay.
  std::string clear_displaced(bool by_update) const {
    return "DELETE FROM " + displaced() + " WHERE " + of_this_side() + " AND by_write IN (" +
           joined(marks(by_update), ", ") + ");\n";
  }
  /// OLD is gone in another way.
  std::string forget_displaced() const {
    if (!notes_displaced()) return {};
    return "DELETE FROM " + displaced() + " WHERE " + of_this_side() + " AND " +
           compared(note_columns(pair_), quoted_key(pair_, from_, "OLD"), " IS ") + ";\n";
  }
  std::string some_displaced() const {
    return "EXISTS (SELECT 1 FROM " + displaced() + " WHERE " + of_this_side() + ")";
  }

  /// ` OF` the columns by which a row can stand in the way of an UPDATE.
  std::string of_unique() const {
    std::vector<std::string> columns = pair_.key[from_];
    for (const auto& column : unique_columns()) {
      if (!contains_name(columns, column)) columns.push_back(column);
    }
    for (auto& column : columns) column = quote_identifier(column);
    return " OF " + joined(columns, ", ") + names_of_rowid();
  }

  /// ` FROM … WHERE …`, of each uniqueness: the row that stands in the way of NEW.
  std::vector<std::string> ways(bool is_update) const {
    std::vector<std::string> ways = {at_key(pair_, from_, from_, "NEW")};
    for (const auto& unique : pair_.uniqueness[from_]) {
      ways.push_back(has_terms_of_new(pair_.tables[from_], unique));
    }
    const auto is_this = compared(quoted_key(pair_, from_, source_), quoted_key(pair_, from_, "OLD"), " IS ");
    for (auto& way : ways) way = " FROM " + source_ + " WHERE " + way + (is_update ? " AND NOT (" + is_this + ")" : "");
    return ways;
  }
  std::string some_in_the_way(bool is_update) const {
    auto some = ways(is_update);
    for (auto& way : some) way = "EXISTS (SELECT 1" + way + ")";
    return combined(some, " OR ");
  }

  /// What tells a write from the others of its table, in a trigger after it: an UPDATE by the row's key, an INSERT by
  /// what its row has in UNIQUE columns and by its key, or, if SQLite gave it that, by none.
  std::vector<std::string> marks(bool by_update) const {
    if (by_update) return {mark("u", quoted_key(pair_, from_, "OLD"))};
    auto values = unique_columns();
    for (auto& value : values) value = "NEW." + quote_identifier(value);
    auto with_key = values;
    for (const auto& key : quoted_key(pair_, from_, "NEW")) with_key.push_back(key);
    if (!key_may_be_given()) return {mark("i", with_key)};
    return {mark("i", with_key), mark("n", values)};
  }
  /// … of an INSERT, in a trigger before it.
  std::string mark_of_insert() const {
    std::vector<std::string> values;
    for (const auto& column : unique_columns())
      values.push_back(over_new(pair_.tables[from_], quote_identifier(column)));
    auto with_key = values;
    const auto key = quoted_key(pair_, from_, "NEW");
    for (const auto& column : key) with_key.push_back(column);
    if (!key_may_be_given()) return mark("i", with_key);
    return "CASE " + key[0] + " WHEN -1 THEN " + mark("n", values) + " ELSE " + mark("i", with_key) + " END";
  }
  static std::string mark(const std::string& kind, std::vector<std::string> values) {
    for (auto& value : values) value = " || ' ' || quote(" + value + ")";
    return quote_text(kind) + joined(values, "");
  }
  std::vector<std::string> unique_columns() const {
    std::vector<std::string> columns;
    for (const auto& unique : pair_.uniqueness[from_]) {
      for (const auto& column : unique.reads) {
        const bool is_new = !contains_name(columns, column) && !pair_.tables[from_].column(column)->generated;
        if (is_new) columns.push_back(column);
      }
    }
    return columns;
  }

  /// The rows that stand in the way of NEW, and who comes that way. Notes of a write that was ignored, or became an
  /// upsert's update, are of rows that are still there. Those of one that this one is inside of (a row that it replaced
  /// has set off triggers) stay: some of their rows are gone already.
  std::string note_displaced(bool is_update) const {
    const auto is_noted = compared(quoted_key(pair_, from_, source_), note_columns(pair_));
    std::string sql = "DELETE FROM " + displaced() + " WHERE " + of_this_side() +
                      " AND by_write NOT IN (SELECT by_write FROM " + displaced() + " WHERE " + of_this_side() +
                      " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " + is_noted + "));\n";
    // In a BEFORE UPDATE trigger NEW has what is set or named, and generated columns are computed from that.
    std::vector<std::string> read;
    for (const auto& unique : pair_.uniqueness[from_]) {
      for (const auto& column : unique.reads) read.push_back("NEW." + quote_identifier(column));
    }
    if (is_update && !read.empty()) sql += "SELECT " + joined(read, ", ") + ";\n";
    for (const auto& way : ways(is_update)) {
      sql += "INSERT INTO " + displaced() + " (side, " + joined(note_columns(pair_), ", ") + ", by_write) SELECT " +
             std::to_string(from_) + ", " + joined(quoted_key(pair_, from_, source_), ", ") + ", " +
             (is_update ? marks(true)[0] : mark_of_insert()) + way + ";\n";
    }
    return sql;
  }

  /// Of rows of the target: those whose twins stood in the way and are gone.
  std::string were_displaced(const std::string& which) const {
    const auto key = quoted_key(pair_, to_, target_);
    return "(" + joined(key, ", ") + ") IN (SELECT " + joined(note_columns(pair_), ", ") + " FROM " + displaced() +
           " WHERE " + of_this_side() + which + ") AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " +
           compared(quoted_key(pair_, from_, source_), key) + ")";
  }

  /// ` FROM … WHERE …`: those that are swept.
  std::string displaced_rows(bool key_moves, bool by_update) const {
    std::string rows = " FROM " + target_ + " WHERE " + were_displaced("");
    for (const auto& unique : pair_.uniqueness[from_]) {
      // A NULL stands in nobody's way.
      if (replaces_through(unique, by_update)) rows += " AND (" + others_with(unique, key_moves) + ") IS NOT 1";
    }
    return rows;
  }

  /// UPDATE OR REPLACE may remove the row that it is about to change along with the one in its way, by ON DELETE
  /// CASCADE through other tables: then this is the only trigger that runs for it.
  std::string take_displaced_along() const {
    const bool takes = pair_.goes_with_itself || pair_.cascades_in_self(kOld) || pair_.cascades_in_self(kNew);
    if (!notes_displaced() || !takes) return {};
    return "DELETE FROM " + target_ + " WHERE " + were_displaced(" AND by_write = " + marks(true)[0]) + ";\n";
  }

  bool takes_parents_along() const { return pair_.cascades_in_self(kOld) && pair_.cascades_in_self(kNew); }

  /// REPLACE that removes the parent of a row it is about to change removes that row too, by ON DELETE CASCADE, and no
  /// trigger sees the parent go. A parent whose children see it gone takes them along here as there.
  std::string take_parent_along() const {
    if (!takes_parents_along()) return {};
    const auto parent = "OLD." + quote_identifier(*pair_.parent_in_self[from_]);
    return "DELETE FROM " + target_ + " WHERE " + quoted_key(pair_, to_, target_)[0] + " = " + parent +
           " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " + quoted_key(pair_, from_, source_)[0] + " = " +
           parent + ");\n";
  }

  /// The key and all else in one statement: an echo in between would see half of it.
  std::string move() const {
    auto changes = changes_of_all();
    for (auto& [group, its, differs] : changes) {
      if (!is_one_way(*group) || reads_key(*group)) continue;
      differs = changed(*group);
      its.clear();
      for (const auto& c : group->computed[to_]) {
        const auto mine = quote_identifier(c.column);
        its.push_back(mine + " = CASE WHEN " + differs + " THEN " + rows_.value(c, to_) + " ELSE " + mine + " END");
      }
    }
    std::vector<std::string> sets;
    for (std::size_t i = 0; i < pair_.key[to_].size(); ++i) {
      const auto& column = pair_.key[to_][i];
      const auto mine = quote_identifier(pair_.key[from_][i]);
      const auto set = quote_identifier(column) + " = NEW." + mine;
      if (pair_.key[to_].size() > 1 && is_watched(column)) {
        changes.push_back({nullptr, {set}, "NEW." + mine + " COLLATE BINARY IS NOT OLD." + mine});
      } else {
        sets.push_back(set);
      }
    }
    // Whatever has the new key there already is the twin of a row that REPLACE removed.
    auto replacing = twin("NEW");
    if (const auto others = replaces({}, true); !others.empty()) replacing = "(" + replacing + " OR " + others + ")";
    const auto where = at_key(pair_, to_, from_, "OLD") + " AND " + source_exists();
    return update_through(sets, changes, where, replacing, true) + update_plainly(sets, changes, where);
  }

  std::string update(const Group& group) const {
    Change change{&group, {}, "NOT " + alike(group, to_, rows_)};
    for (const auto& c : group.computed[to_]) {
      change.sets.push_back(quote_identifier(c.column) + " = " + rows_.value(c, to_));
    }
    return update_by({change}, {&group});
  }

  /// As above, of those that changed.
  std::string update(const Groups& groups) const {
    std::vector<Change> changes;
    for (const auto* group : groups) {
      Change change{group, {}, "(" + changed(*group) + ") AND NOT " + alike(*group, to_, rows_)};
      for (const auto& c : group->computed[to_]) {
        const auto column = quote_identifier(c.column);
        change.sets.push_back(column + " = CASE WHEN " + change.differs + " THEN " + rows_.value(c, to_) + " ELSE " +
                              column + " END");
      }
      changes.push_back(std::move(change));
    }
    return update_by(changes, groups);
  }

  std::string update_by(const std::vector<Change>& changes, const Groups& groups) const {
    std::vector<std::string> differ;
    for (const auto& change : changes) differ.push_back("(" + change.differs + ")");
    const auto where = at_key(pair_, to_, from_, "NEW") + " AND (" + combined(differ, " OR ") + ")";
    const auto replacing = replaces(groups, false);
    return (replacing.empty() ? std::string() : update_through({}, changes, where, replacing)) +
           update_plainly({}, changes, where);
  }

  /// Nothing finds a row without a key: it would be in one version alone.
  std::string refuse_null_key() const {
    if (!pair_.nullable_key[from_]) return {};
    const auto key = quoted_key(pair_, from_, "NEW");
    std::vector<std::string> is_null;
    for (const auto& column : key) is_null.push_back(column + " IS NULL");
    return "SELECT RAISE(ABORT, " +
           quote_text("NOT NULL constraint failed: " + pair_.tables[from_].name + "." + joined(pair_.key[from_], ", ") +
                      ": a row needs its key while two versions of its table live") +
           ") WHERE " + joined(is_null, " OR ") + ";\n";
  }

  /// OR IGNORE in the application's statement reaches into triggers: what the target refuses would vanish there.
  std::string refusal() const {
    return "SELECT RAISE(ABORT, " + quote_text("offx-sync: " + pair_.tables[to_].name + " refuses this row") +
           ") WHERE ";
  }
  std::string assert_row(bool but_one_way, const std::string& condition) const {
    return refusal() + source_exists() + " AND NOT " + pair_is_alike(but_one_way) + condition + ";\n";
  }
  std::string assert_groups(const Groups& groups) const {
    std::vector<std::string> differ;
    for (const auto* group : groups) {
      const auto part = "NOT " + alike(*group, to_, rows_in_join(pair_));
      differ.push_back(groups.size() == 1 ? part : "((" + changed(*group) + ") AND " + part + ")");
    }
    return refusal() + "EXISTS (SELECT 1 FROM " + this_pair() + " AND (" + combined(differ, " OR ") + "));\n";
  }

  const Pair& pair_;
  Side from_;
  Side to_;
  Rows rows_;
  std::string source_;
  std::string target_;
  std::string is_carried_;  ///< the condition on a row that is inserted, if not each is carried at once
  std::vector<NamedSql> made_;
};

/// In a trigger on the new table: that NEW's key has the bytes of the one of a row of `side` that is at_key() of it.
std::vector<std::string> is_spelled_as_new(const Pair& pair, Side side) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; pair.key_folds_case && i < pair.key[kNew].size(); ++i) {
    parts.push_back("NEW." + quote_identifier(pair.key[kNew][i]) + " COLLATE BINARY IS " + quoted(pair, side) + "." +
                    quote_identifier(pair.key[side][i]));
  }
  return parts;
}

/// In a BEFORE trigger on the new table: false if what is about to be written there is on the old table already, and
/// not yet on the new one.
std::string is_no_echo(const Pair& pair, std::string_view event) {
  const auto exists = [&](Side side, const std::string& row, std::vector<std::string> conditions) {
    conditions.insert(conditions.begin(), at_key(pair, side, kNew, row));
    return "EXISTS (SELECT 1 FROM " + quoted(pair, side) + " WHERE " + combined(conditions, " AND ") + ")";
  };
  if (runs_for(event, "delete")) return exists(kOld, "OLD", {});
  auto on_old = is_spelled_as_new(pair, kOld);
  auto on_new = is_spelled_as_new(pair, kNew);
  for (const auto& group : pair.groups) {
    if (!carries(group, kNew)) continue;
    for (const auto& c : group.computed[kNew]) {
      const auto column = quote_identifier(c.column);
      on_old.push_back(new_follows(pair, kNew, c));
      on_new.push_back("NEW." + column + " COLLATE BINARY IS " + quoted(pair, kNew) + "." + column);
    }
  }
  std::vector<std::string> stays;
  for (const auto& column : pair.table(kNew).columns) {
    const auto name = quote_identifier(column.name);
    if (!column.generated) stays.push_back("NEW." + name + " COLLATE BINARY IS OLD." + name);
  }
  return "(NOT " + exists(kOld, "NEW", on_old) + " OR " +
         (runs_for(event, "update") ? combined(stays, " AND ") : exists(kNew, "NEW", on_new)) + ")";
}

/// True if rows that the old table takes may refer to nothing by what the new one says.
bool refers_anew(const Pair& pair) {
  const auto& old_keys = pair.table(kOld).foreign_keys;
  const auto& new_keys = pair.table(kNew).foreign_keys;
  return !std::all_of(new_keys.begin(), new_keys.end(), [&](const ForeignKey& key) {
    return std::any_of(old_keys.begin(), old_keys.end(), [&](const ForeignKey& old_key) {
      return std::equal(
          key.columns.begin(), key.columns.end(), old_key.columns.begin(), old_key.columns.end(),
          [&](const std::string& a, const std::string& b) { return same_name(pair.counterpart(kNew, a), b); });
    });
  });
}

}  // namespace

bool may_wait_for_copy(const Pair& pair) {
  // Nobody may refer to it yet, and a row that the new table refuses is one that its author has to hear of.
  const bool refuses = std::any_of(pair.uniqueness[kNew].begin(), pair.uniqueness[kNew].end(),
                                   [](const Uniqueness& unique) { return !unique.on_both; });
  return pair.keys_are_rowids() && !refuses && !pair.delete_triggers[kNew] && !pair.parent_in_self[kOld] &&
         !pair.parent_in_self[kNew] && !demands_more(pair, kNew) && !refers_anew(pair);
}

std::vector<NamedSql> sync_triggers(const Pair& pair, Side from, std::optional<std::int64_t> copied_up_to) {
  auto triggers = Triggers(pair, from, copied_up_to).make();
  for (auto& trigger : demand_triggers(pair, other(from))) triggers.push_back(std::move(trigger));
  for (std::size_t i = 0; from == kNew && i < pair.ignoring.size(); ++i) {
    const auto name = trigger_name(pair, from, kIgnoring + std::to_string(i + 1));
    const auto& trigger = pair.ignoring[i];
    triggers.push_back({name, "CREATE TRIGGER " + quote_identifier(name) + " " + trigger.event + "\nWHEN " +
                                  (trigger.when.empty() ? "" : "(" + trigger.when + ") AND ") +
                                  is_no_echo(pair, trigger.event) + trigger.body});
  }
  return triggers;
}

bool is_ignoring(std::string_view trigger) {
  return trigger.starts_with(kSyncPrefix) && trigger.find("_down_" + std::string(kIgnoring)) != std::string_view::npos;
}

std::vector<std::string> sync_trigger_names(const Pair& pair, Side from) {
  std::vector<std::string> suffixes = {"rep", "ins", "del", "key", "way_in", "way_to", "way_up"};
  for (std::size_t i = 1; i <= pair.groups.size(); ++i) suffixes.push_back(std::to_string(i));
  for (std::size_t mask = 0; mask < (std::size_t{1} << UpdateClasses::kBoundMax); ++mask) {
    suffixes.push_back(kMaskPrefix + std::to_string(mask));
  }
  for (std::size_t i = 1; i <= Pair::kIgnoringMax; ++i) suffixes.push_back(kIgnoring + std::to_string(i));
  for (auto& suffix : suffixes) suffix = trigger_name(pair, from, suffix);
  for (auto& name : demand_trigger_names(pair, other(from))) suffixes.push_back(std::move(name));
  return suffixes;
}

bool updates_once(const Pair& pair, Side from) {
  return pair.update_triggers[other(from)].empty() ||
         update_classes(pair, from).bound.size() <= UpdateClasses::kBoundMax;
}

}  // namespace offx::migrate
