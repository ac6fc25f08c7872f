#include "migrate/sync_sql.h"

#include <algorithm>
#include <array>
#include <map>

#include "db/script.h"
#include "migrate/demand_sql.h"
#include "migrate/demands.h"
#include "migrate/ignoring_sql.h"
#include "migrate/sql_text.h"
#include "migrate/sweep_sql.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

std::string all_alike(const Pair& pair, Side to, const Rows& rows, bool but_one_way = false) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; pair.key_folds_case && i < pair.key[to].size(); ++i) {
    parts.push_back(rows.column(to, pair.key[to][i]) + " COLLATE BINARY IS " +
                    rows.column(other(to), pair.key[other(to)][i]));
  }
  for (const auto& group : pair.groups) {
    if (but_one_way && group.computed[other(to)].empty()) continue;
    if (group.is_carried_to(to)) parts.push_back(alike(group, to, rows));
  }
  return parts.empty() ? "1" : combined(parts, " AND ");
}

constexpr const char* kMaskPrefix = "update";

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
        target_(quoted(pair, to_)),
        sweeps_(pair, from) {
    if (!copied_up_to) return;
    // REPLACE may find a twin that an update of its key took there.
    is_carried_ = " AND (NEW." + quote_identifier(pair.key[from][0]) + " <= " + std::to_string(*copied_up_to) + " OR " +
                  has_row(pair_, to_, from_, "NEW") + ")";
  }

  std::vector<NamedSql> make() {
    // The row itself is made, or gets its new key, by what follows.
    const auto but_this = " AND NOT (" + at_key(pair_, from_, from_, "NEW") + ")";
    if (carries_replace()) add("rep", "BEFORE INSERT", "", note_replaced());
    if (notes().are_kept()) {
      // Where nothing is in the way, nothing is written.
      add("way_in", "BEFORE INSERT", notes().some() + " OR " + notes().some_in_the_way(false), notes().note(false));
      add("way_to", "BEFORE UPDATE" + notes().of_unique(), notes().some() + " OR " + notes().some_in_the_way(true),
          notes().note(true));
      // No other trigger is of columns that the target lacks, or of an echo that finds the pair alike.
      add("way_up", "AFTER UPDATE" + notes().of_unique(), notes().some(), sweeps_.sweep_noted());
    }
    // An echo, or what comes to the same, ends before anything is done.
    add("ins", "AFTER INSERT",
        "NOT " + pair_is_alike() + (carries_replace() ? " OR " + is_noted() : "") +
            (notes().are_kept() ? " OR " + notes().some() : ""),
        refuse_null_key() + bring_ancestors(but_this) + sweeps_.sweep_for(nullptr, false) + replace() +
            insert_through("", false) + insert(is_carried_) + restore() + assert_row(false, is_carried_));
    add("del", "AFTER DELETE", "",
        sweeps_.take_along() + "DELETE FROM " + target_ + " WHERE " + at_key(pair_, to_, from_, "OLD") +
            " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " + at_key(pair_, from_, from_, "OLD") + ");\n" +
            notes().forget_old());
    const auto old_twin = has_row(pair_, to_, from_, "OLD");
    // 'y' that becomes 'Y' is the same key where case does not count: the one twin is NEW's.
    const auto other_key =
        pair_.key_folds_case
            ? " AND NOT (" + compared(quoted_key(pair_, from_, "NEW"), quoted_key(pair_, from_, "OLD")) + ")"
            : std::string();
    add("key", "AFTER UPDATE OF " + key_list(pair_, from_) + names_of_rowid(pair_, from_),
        "(" + key_changed() + ") AND (" + old_twin + other_key + " OR NOT " + pair_is_alike() + ")" +
            no_parent_moves(nullptr),
        refuse_null_key() + bring_ancestors(but_this + " AND NOT " + pair_is_alike()) + notes().forget_old() +
            sweeps_.sweep_for(nullptr, true) + insert_through(" AND NOT " + old_twin, true) +
            insert(" AND NOT " + old_twin) + move() + restore() + assert_row(true, ""));
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
            ancestors_for(group) + sweeps_.sweep_for(&group, false) + update(group) + assert_groups({&group}));
      }
    }
    return std::move(made_);
  }

 private:
  [[nodiscard]] const DisplacedNotes& notes() const { return sweeps_.notes(); }

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
    for (const auto* group : groups) body += sweeps_.sweep_for(group, false);
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

  /// What an UPDATE of the target sets in one group, or of one column of the key, and the condition under which that
  /// changes something.
  struct Change {
    const Group* group;  ///< nullptr: of the key
    std::vector<std::string> sets;
    std::string differs;
  };
  static constexpr std::size_t kWatchedMax = 4;

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

  bool is_watched(const Change& change) const { return change.group == nullptr || is_watched(*change.group); }

  /// With each column by itself of a group that is carried as it is, if that makes no more to be watched than can be.
  std::vector<Change> by_columns(const std::vector<Change>& changes) const {
    std::vector<Change> split;
    for (const auto& change : changes) {
      const bool is_one = change.group == nullptr || !change.group->plain || change.sets.size() == 1;
      if (is_one || !is_watched(change)) {
        split.push_back(change);
        continue;
      }
      for (std::size_t i = 0; i < change.sets.size(); ++i) {
        const auto& c = change.group->computed[to_][i];
        split.push_back({change.group,
                         {change.sets[i]},
                         "(" + change.differs + ") AND " + rows_.column(to_, c.column) + " COLLATE BINARY IS NOT " +
                             rows_.value(c, to_)});
      }
    }
    const auto watched =
        std::count_if(split.begin(), split.end(), [&](const Change& change) { return is_watched(change); });
    return static_cast<std::size_t>(watched) <= kWatchedMax ? split : changes;
  }

  /// UPDATE OR REPLACE of the target, for when that is `replacing`. Where foreign keys look on, SQLite checks what such
  /// a statement names once more when it has replaced a row, and takes the row itself for another one if a value has
  /// not changed. So of the columns under UNIQUE constraints those are named that change, by a statement for each set
  /// of them, or of their groups; which a new rowid makes useless, as then it checks them all.
  std::string update_through(std::vector<std::string> sets, const std::vector<Change>& of_groups,
                             const std::string& where, const std::string& replacing, bool new_key = false) const {
    const auto changes = by_columns(of_groups);
    std::vector<const Change*> watched;
    for (const auto& change : changes) {
      if (is_watched(change)) watched.push_back(&change);
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

  std::string source_exists() const { return has_row(pair_, from_, from_, "NEW"); }

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
      if (!group.is_carried_to(to_)) continue;
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
      if (!group.is_carried_to(to_)) continue;
      Change change{&group, {}, "NOT " + alike(group, to_, rows_)};
      for (const auto& c : group.computed[to_]) change.sets.push_back(assignment(group, c, rows_.value(c, to_)));
      changes.push_back(std::move(change));
    }
    return changes;
  }

  /// insert() where that replaces.
  std::string insert_through(const std::string& condition, bool key_moves) const {
    const auto replacing = sweeps_.replaces({}, key_moves);
    if (replacing.empty()) return {};
    const auto columns = columns_to_write(pair_, to_);
    const auto due = " AND NOT " + pair_is_alike() + condition;
    auto changes = changes_of_all();
    for (std::size_t i = 0; pair_.key_folds_case && i < pair_.key[to_].size(); ++i) {
      const auto key = quote_identifier(pair_.key[to_][i]);
      const auto mine = "NEW." + quote_identifier(pair_.key[from_][i]);
      changes.push_back({nullptr, {key + " = " + mine}, key + " COLLATE BINARY IS NOT " + mine});
    }
    return (changes.empty()
                ? std::string()
                : update_through({}, changes, at_key(pair_, to_, from_, "NEW") + " AND " + source_exists() + due,
                                 replacing)) +
           "INSERT OR REPLACE INTO " + target_ + " (" + columns.names + ") SELECT " + columns.expressions + " FROM " +
           source_ + " WHERE " + at_key(pair_, from_, from_, "NEW") + " AND NOT " + has_row(pair_, to_, from_, "NEW") +
           due + " AND " + replacing + ";\n";
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
        } else if (group.is_carried_to(to_)) {
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
      if (!group.computed[to_].empty() || !group.is_carried_to(from_)) continue;
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
    auto replacing = has_row(pair_, to_, from_, "NEW");
    if (const auto others = sweeps_.replaces({}, true); !others.empty())
      replacing = "(" + replacing + " OR " + others + ")";
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
    const auto replacing = sweeps_.replaces(groups, false);
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

  std::string assert_row(bool but_one_way, const std::string& condition) const {
    return raise_where(pair_, to_) + source_exists() + " AND NOT " + pair_is_alike(but_one_way) + condition + ";\n";
  }
  std::string assert_groups(const Groups& groups) const {
    std::vector<std::string> differ;
    for (const auto* group : groups) {
      const auto part = "NOT " + alike(*group, to_, rows_in_join(pair_));
      differ.push_back(groups.size() == 1 ? part : "((" + changed(*group) + ") AND " + part + ")");
    }
    return raise_where(pair_, to_) + "EXISTS (SELECT 1 FROM " + this_pair() + " AND (" + combined(differ, " OR ") +
           "));\n";
  }

  const Pair& pair_;
  Side from_;
  Side to_;
  Rows rows_;
  std::string source_;
  std::string target_;
  Sweeps sweeps_;
  std::string is_carried_;  ///< the condition on a row that is inserted, if not each is carried at once
  std::vector<NamedSql> made_;
};

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
  if (from == kOld) return triggers;
  for (auto& trigger : ignoring_triggers(pair)) triggers.push_back(std::move(trigger));
  return triggers;
}

std::vector<std::string> sync_trigger_names(const Pair& pair, Side from) {
  std::vector<std::string> suffixes = {"rep", "ins", "del", "key", "way_in", "way_to", "way_up"};
  for (std::size_t i = 1; i <= pair.groups.size(); ++i) suffixes.push_back(std::to_string(i));
  for (std::size_t mask = 0; mask < (std::size_t{1} << UpdateClasses::kBoundMax); ++mask) {
    suffixes.push_back(kMaskPrefix + std::to_string(mask));
  }
  for (auto& suffix : suffixes) suffix = trigger_name(pair, from, suffix);
  if (from == kNew) {
    for (auto& name : ignoring_trigger_names(pair)) suffixes.push_back(std::move(name));
  }
  for (auto& name : demand_trigger_names(pair, other(from))) suffixes.push_back(std::move(name));
  return suffixes;
}

bool updates_once(const Pair& pair, Side from) {
  return pair.update_triggers[other(from)].empty() ||
         update_classes(pair, from).bound.size() <= UpdateClasses::kBoundMax;
}

}  // namespace offx::migrate
