#include "migrate/pair.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "db/script.h"
#include "migrate/constraints.h"
#include "migrate/functions.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Severity = Finding::Severity;

const std::string* find_text(const ColumnTexts& texts, std::string_view column) {
  const auto found =
      std::find_if(texts.begin(), texts.end(), [&](const auto& entry) { return same_name(entry.first, column); });
  return found == texts.end() ? nullptr : &found->second;
}

/// Resolves one pair; a class because every step needs the same few things.
class Resolver {
 public:
  Resolver(Pair& pair, std::vector<Finding>& findings) : pair_(pair), findings_(findings) {}

  /// False if rows cannot be told apart. What else is refused leaves a pair of which more can be said.
  bool resolve() {
    check_names();
    compute(kNew);
    compute(kOld);
    if (!find_key()) return false;
    read_sources();
    make_groups();
    bundle_groups();
    check_way_back();
    find_constraints(pair_, findings_);
    find_parents_in_self();
    check_sequence();
    return true;
  }

 private:
  /// `field` of the migration's file is what this is about, if it is about one.
  void find(Severity severity, std::string column, std::string message, std::string_view field = {}) {
    const int line = field.empty() ? 0 : pair_.change.line_of(field);
    findings_.push_back({severity, pair_.change.from, std::move(column), std::move(message), line});
  }

  /// What there is none of, for people.
  std::string has_no(Side side, const std::string& column) const {
    std::vector<std::string> names;
    for (const auto& its : table(side).columns) names.push_back(its.name);
    return " names " + column + ", which " + table(side).name + " does not have" + did_you_mean(column, names);
  }

  const Table& table(Side side) const { return pair_.tables[side]; }

  void check_names() {
    const auto& change = pair_.change;
    const auto expect = [&](Side side, const std::string& column, const char* where, const std::string& field) {
      if (table(side).column(column) == nullptr) {
        find(Severity::refusal, column, where + has_no(side, column), field);
      }
    };
    for (const auto& [from, to] : change.rename) {
      expect(kOld, from, "rename", "rename." + from);
      expect(kNew, to, "rename", "rename." + from);
    }
    for (const auto& [column, expression] : change.up) check_expression(kNew, column, expression);
    for (const auto& [column, expression] : change.down) check_expression(kOld, column, expression);
    for (const auto& column : change.one_way) expect(kNew, column, "one_way", "one_way");
  }

  void check_expression(Side side, const std::string& column, const std::string& expression) {
    const char* where = side == kNew ? "up" : "down";
    const auto field = std::string(where) + "." + column;
    const Column* found = table(side).column(column);
    if (found == nullptr) {
      find(Severity::refusal, column, where + has_no(side, column), field);
    } else if (found->generated) {
      find(Severity::refusal, column, column + " is a generated column: SQLite computes it; leave it out of " + where,
           field);
    }
    check_functions(where, column, expression);
    if (const auto part = non_deterministic_part(expression); !part.empty()) {
      find(Severity::refusal, column,
           std::string(where) + " uses " + part +
               ", which gives another value each time it is asked: both versions "
               "would never be alike; use a column, a constant or a DEFAULT",
           field);
    }
  }

  /// An expression runs in triggers, in whatever program writes.
  void check_functions(const char* where, const std::string& column, const std::string& expression) {
    for (const auto& function : called_functions(expression)) {
      if (function.known == Known::everywhere) continue;
      const bool nowhere = function.known == Known::nowhere;
      find(
          nowhere ? Severity::refusal : Severity::warning, column,
          std::string(where) + " uses " + function.name + "(), which " +
              (nowhere ? "is no function of SQLite's own: the triggers run in every program that writes, and each that "
                         "does not know it could not write any more"
                       : "not every SQLite has (3.35, or one compiled with less, does not): a program that writes and "
                         "whose SQLite lacks it gets an error while both live"),
          std::string(where) + "." + column);
    }
  }

  /// What each column of `side` is computed from.
  void compute(Side side) {
    const auto& change = pair_.change;
    const auto& expressions = side == kNew ? change.up : change.down;
    for (const auto& column : table(side).columns) {
      if (column.generated) continue;
      Computed computed{column.name, {}, {}, {}, false};
      if (const auto* expression = find_text(expressions, column.name); expression != nullptr) {
        computed.expression = *expression;
      } else if (const auto* source = carried_source(side, column.name); source != nullptr) {
        computed.carried_from = source->name;
        computed.expression = db::quote_identifier(source->name);
      } else {
        check_own(side, column);
        continue;
      }
      computed_[side].push_back(std::move(computed));
    }
  }

  /// The column of the other side that has this one's value: renamed, or of the same name and not renamed away.
  const Column* carried_source(Side side, std::string_view column) const {
    for (const auto& [from, to] : pair_.change.rename) {
      if (same_name(side == kNew ? to : from, column)) return table(other(side)).column(side == kNew ? from : to);
    }
    for (const auto& [from, to] : pair_.change.rename) {
      if (same_name(side == kNew ? from : to, column)) return nullptr;
    }
    return table(other(side)).column(column);
  }

  void check_own(Side side, const Column& column) {
    const bool rowid = table(side).key_is_rowid() && column.primary_key > 0;
    if (!column.not_null || column.default_value || rowid) {
      if (column.default_value && !non_deterministic_part(*column.default_value).empty()) {
        find(Severity::note, column.name,
             "the DEFAULT of " + column.name +
                 " differs each time: rows that come from the other version get the time "
                 "or number of their copy");
      }
      return;
    }
    find(Severity::refusal, column.name,
         side == kNew
             ? "the new column " + column.name +
                   " is NOT NULL and has no DEFAULT: say under [table.up] what "
                   "existing rows get"
             : "the old column " + column.name + " is NOT NULL, has no DEFAULT and nothing in " + table(kNew).name +
                   " gives its value: say under [table.down] what old code reads in rows "
                   "that new code inserts",
         "create");
  }

  const Computed* computed(Side side, std::string_view column) const {
    const auto found = std::find_if(computed_[side].begin(), computed_[side].end(),
                                    [&](const Computed& c) { return same_name(c.column, column); });
    return found == computed_[side].end() ? nullptr : &*found;
  }

  /// The other side's column if both are carried from each other.
  std::string mutual(Side side, std::string_view column) const {
    const auto* to = computed(side, column);
    if (to == nullptr || to->carried_from.empty()) return {};
    const auto* back = computed(other(side), to->carried_from);
    return back != nullptr && same_name(back->carried_from, column) ? to->carried_from : std::string();
  }

  /// The collation of each column as `=` takes it in this table.
  std::vector<std::string> key_collations(Side side, const std::vector<std::string>& columns) const {
    for (const auto& index : table(side).indexes) {
      if (!index.unique || index.partial || index.columns.size() != columns.size()) continue;
      std::vector<std::string> collations;
      for (const auto& column : columns) collations.push_back(folded(collation_in(index, column)));
      if (!contains_name(collations, "")) return collations;
    }
    return std::vector<std::string>(columns.size(), "binary");
  }

  bool same_affinity(const std::vector<std::string>& old_key, const std::vector<std::string>& new_key) const {
    for (std::size_t i = 0; i < old_key.size(); ++i) {
      const auto& old_type = table(kOld).column(old_key[i])->type;
      const auto& new_type = table(kNew).column(new_key[i])->type;
      if (!tell_apart_alike(old_type, new_type)) return false;
    }
    return true;
  }

  bool find_key() {
    std::vector<std::vector<std::string>> candidates;
    if (!table(kOld).key.empty()) candidates.push_back(table(kOld).key);
    for (const auto& index : table(kOld).indexes) {
      if (index.unique && !index.partial && !contains_name(index.columns, "")) candidates.push_back(index.columns);
    }
    for (const bool may_be_null : {false, true}) {
      for (const auto& old_key : candidates) {
        std::vector<std::string> new_key;
        bool nullable = false;
        for (const auto& column : old_key) {
          new_key.push_back(mutual(kOld, column));
          nullable = nullable || can_be_null(kOld, column);
        }
        if (nullable != may_be_null || contains_name(new_key, "")) continue;
        // '1' and '01' are two texts and one number.
        if (!same_affinity(old_key, new_key)) continue;
        const auto collations = key_collations(kOld, old_key);
        if (!is_unique(table(kNew), new_key, collations) || key_collations(kNew, new_key) != collations) continue;
        pair_.key_folds_case = std::any_of(collations.begin(), collations.end(),
                                           [](const std::string& collation) { return collation != "binary"; });
        pair_.key = {old_key, new_key};
        for (const Side side : {kOld, kNew}) {
          pair_.nullable_key[side] = std::any_of(pair_.key[side].begin(), pair_.key[side].end(),
                                                 [&](const auto& column) { return can_be_null(side, column); });
        }
        return true;
      }
    }
    find(Severity::refusal, "",
         table(kOld).key.empty()
             ? table(kOld).name +
                   " has no PRIMARY KEY or UNIQUE key that both versions share: rows cannot be told "
                   "apart (VACUUM renumbers rowids). Add a key first, or use a table with one"
             : "the key (" + joined(table(kOld).key, ", ") + ") of " + table(kOld).name +
                   " is not carried as it is "
                   "into a PRIMARY KEY or UNIQUE key of " +
                   table(kNew).name + ", with the same type and collation: rows cannot be told apart",
         "create");
    return false;
  }

  bool can_be_null(Side side, std::string_view column) const {
    const auto& t = table(side);
    const auto* found = t.column(column);
    if (found->not_null || (found->primary_key > 0 && t.without_rowid)) return false;
    return !(t.key_is_rowid() && found->primary_key > 0);
  }

  bool in_key(Side side, std::string_view column) const { return contains_name(pair_.key[side], column); }

  void read_sources() {
    for (const Side side : {kOld, kNew}) {
      for (auto& c : computed_[side]) {
        const auto names = columns_in(c.expression);
        for (const auto& column : table(other(side)).columns) {
          if (!names.contains(folded(column.name))) continue;
          if (in_key(other(side), column.name)) {
            c.reads_key = true;
          } else {
            c.reads.push_back(column.name);
          }
        }
      }
    }
  }

  void make_groups() {
    // Union-find over the columns of both sides.
    std::map<std::pair<Side, std::string>, std::size_t> numbers;
    std::vector<std::size_t> parent;
    for (const Side side : {kOld, kNew}) {
      for (const auto& column : table(side).columns) {
        if (in_key(side, column.name)) continue;
        numbers[{side, folded(column.name)}] = parent.size();
        parent.push_back(parent.size());
      }
    }
    const std::function<std::size_t(std::size_t)> root = [&](std::size_t i) {
      return parent[i] == i ? i : parent[i] = root(parent[i]);
    };
    const auto number = [&](Side side, std::string_view column) -> std::optional<std::size_t> {
      const auto found = numbers.find({side, folded(column)});
      return found == numbers.end() ? std::nullopt : std::optional(found->second);
    };
    const auto unite = [&](std::optional<std::size_t> a, std::optional<std::size_t> b) {
      if (a && b) parent[root(*a)] = root(*b);
    };
    for (const Side side : {kOld, kNew}) {
      for (const auto& c : computed_[side]) {
        for (const auto& source : c.reads) unite(number(side, c.column), number(other(side), source));
      }
      const auto unite_all = [&](const auto& columns) {
        std::optional<std::size_t> first;
        for (const auto& column : columns) {
          if (!first) first = number(side, column);
          unite(first, number(side, column));
        }
      };
      for (const auto& index : table(side).indexes) {
        if (index.unique) unite_all(read_by(table(side), index));
      }
      for (const auto& key : table(side).foreign_keys) unite_all(key.columns);
      for (const auto check : check_expressions(table(side).sql)) unite_all(columns_in(check));
    }
    std::map<std::size_t, Group> groups;
    for (const Side side : {kOld, kNew}) {
      for (const auto& c : computed_[side]) {
        if (in_key(side, c.column)) continue;
        auto& group = groups[root(*number(side, c.column))];
        group.computed[side].push_back(c);
        for (const auto& source : c.reads) {
          auto& sources = group.sources[other(side)];
          if (!contains_name(sources, source)) sources.push_back(source);
        }
      }
    }
    for (auto& [id, group] : groups) {
      group.plain = true;
      for (const Side side : {kOld, kNew}) {
        for (const auto& c : group.computed[side]) group.plain = group.plain && !mutual(side, c.column).empty();
      }
      group.one_way = group.computed[kOld].empty();
      const auto selects = [](const Computed& c) { return mentions(c.expression, "select"); };
      for (const Side side : {kOld, kNew}) {
        group.looked_up[side] = !group.computed[side].empty() && group.computed[other(side)].empty() &&
                                group.sources[other(side)].empty() &&
                                std::all_of(group.computed[side].begin(), group.computed[side].end(), selects);
      }
      group.synced_by_author = !pair_.change.sync.empty();
      pair_.groups.push_back(std::move(group));
    }
  }

  /// SQLite compiles every trigger that a statement may set off, which hundreds of them make slow: columns that are
  /// only carried then share one.
  void bundle_groups() {
    constexpr std::size_t kMost = 64;
    constexpr std::size_t kColumns = 50;
    if (pair_.groups.size() <= kMost) return;
    const auto simple = [&](const Group& group) {
      if (!group.plain || group.computed[kOld].size() != 1) return false;
      const auto& c = group.computed[kNew][0];
      return same_name(table(kNew).column(c.column)->type, table(kOld).column(c.carried_from)->type);
    };
    std::vector<Group> groups;
    std::optional<std::size_t> open;
    for (auto& group : pair_.groups) {
      if (!simple(group) || !open || groups[*open].computed[kOld].size() == kColumns) {
        if (simple(group)) open = groups.size();
        groups.push_back(std::move(group));
        continue;
      }
      for (const Side side : {kOld, kNew}) {
        groups[*open].computed[side].push_back(std::move(group.computed[side][0]));
        groups[*open].sources[side].push_back(std::move(group.sources[side][0]));
      }
    }
    pair_.groups = std::move(groups);
  }

  void check_way_back() {
    for (const auto& group : pair_.groups) {
      for (const auto& c : group.computed[kNew]) {
        if (contains_name(pair_.change.one_way, c.column)) continue;
        for (const auto& source : c.reads) {
          if (computed(kOld, source) != nullptr || table(kOld).column(source)->generated) continue;
          find(Severity::refusal, c.column,
               "what new code writes to " + c.column + " would not reach the old column " + source +
                   ": say under [table.down] how to compute " + source + ", or list " + c.column + " in one_way",
               "up." + c.column);
        }
      }
    }
    for (const auto& column : pair_.change.one_way) {
      find(Severity::warning, column,
           "old code does not see what new code writes to " + column + ", and a rollback keeps it only in the archive",
           "one_way");
    }
  }

  void find_parents_in_self() {
    bool is_refused = false;
    for (const Side side : {kOld, kNew}) {
      for (const auto& key : table(side).foreign_keys) {
        if (!same_name(key.parent, table(side).name)) continue;
        const auto parent = key.parent_columns.empty() ? table(side).key : key.parent_columns;
        if (key.columns.size() == 1 && pair_.key[side].size() == 1 && same_name(parent[0], pair_.key[side][0])) {
          if (!pair_.parent_in_self[side]) {
            pair_.parent_in_self[side] = key.columns[0];
            continue;
          }
        }
        if (std::exchange(is_refused, true)) continue;
        find(Severity::refusal, joined(key.columns, ", "),
             table(side).name +
                 " refers to itself by more than one column or not by its key: rows could not be copied before those "
                 "they refer to. Neither version may have such a reference" +
                 (side == kOld ? ": make " + table(side).name +
                                     " anew without it before, in one transaction as "
                                     "https://sqlite.org/lang_altertable.html#otheralter says"
                               : std::string()) +
                 "; it may come back in the same way after `complete`");
      }
    }
  }

  void check_sequence() {
    if (!table(kOld).autoincrement || table(kNew).autoincrement) return;
    // To any other column that they are carried to, SQLite gives no ids.
    if (table(kNew).key_is_rowid() && same_name(pair_.counterpart(kOld, table(kOld).key[0]), table(kNew).key[0])) {
      find(Severity::refusal, table(kNew).key[0],
           table(kOld).name + " has an AUTOINCREMENT key and " + table(kNew).name +
               " has not: ids of deleted rows would be given again; make it AUTOINCREMENT too",
           "create");
    }
  }

  Pair& pair_;
  std::vector<Finding>& findings_;
  std::array<std::vector<Computed>, 2> computed_;
};

}  // namespace

bool Group::only_initial(Side side) const {
  return sources[other(side)].empty() &&
         (looked_up[side] ||
          std::none_of(computed[side].begin(), computed[side].end(), [](const Computed& c) { return c.reads_key; }));
}

bool Uniqueness::is_carried() const { return !contains_name(columns[kOld], "") && !contains_name(columns[kNew], ""); }

std::vector<Computed> Pair::computed(Side side) const {
  std::vector<Computed> all;
  for (std::size_t i = 0; i < key[side].size(); ++i) {
    all.push_back({key[side][i], db::quote_identifier(key[other(side)][i]), key[other(side)][i], {}, true});
  }
  for (const auto& column : tables[side].columns) {
    for (const auto& group : groups) {
      for (const auto& c : group.computed[side]) {
        if (c.column == column.name) all.push_back(c);
      }
    }
  }
  return all;
}

std::string Pair::counterpart(Side side, std::string_view column) const {
  for (std::size_t i = 0; i < key[side].size(); ++i) {
    if (same_name(key[side][i], column)) return key[other(side)][i];
  }
  for (const auto& group : groups) {
    for (const auto& c : group.computed[other(side)]) {
      if (same_name(c.carried_from, column)) return c.column;
    }
  }
  return {};
}

std::string Pair::mutual(Side side, std::string_view column) const {
  const auto carried_from = [&](Side its, std::string_view name) {
    for (std::size_t i = 0; i < key[its].size(); ++i) {
      if (same_name(key[its][i], name)) return key[other(its)][i];
    }
    for (const auto& group : groups) {
      for (const auto& c : group.computed[its]) {
        if (same_name(c.column, name)) return c.carried_from;
      }
    }
    return std::string();
  };
  auto there = carried_from(side, column);
  return !there.empty() && same_name(carried_from(other(side), there), column) ? there : std::string();
}

std::string_view Pair::on_delete_in_self(Side side) const {
  if (!parent_in_self[side]) return {};
  for (const auto& foreign : table(side).foreign_keys) {
    if (!same_name(foreign.parent, table(side).name)) continue;
    if (same_name(foreign.columns[0], *parent_in_self[side])) return foreign.on_delete;
  }
  return {};
}

bool Pair::acts_on_delete_in_self(Side side) const {
  const auto action = on_delete_in_self(side);
  return !action.empty() && action != "NO ACTION" && action != "RESTRICT";
}

bool Pair::cascades_in_self(Side side) const { return on_delete_in_self(side) == "CASCADE"; }

bool Pair::keys_are_rowids() const {
  return tables[kOld].key_is_rowid() && tables[kNew].key_is_rowid() && key[kOld] == tables[kOld].key &&
         key[kNew] == tables[kNew].key;
}

std::vector<const Column*> Pair::own_columns(Side side) const {
  std::vector<const Column*> own;
  const auto all = computed(side);
  for (const auto& column : tables[side].columns) {
    const bool is_computed =
        std::any_of(all.begin(), all.end(), [&](const Computed& c) { return same_name(c.column, column.name); });
    if (!is_computed && !column.generated) own.push_back(&column);
  }
  return own;
}

std::optional<Pair> resolve_pair(Table old_table, Table new_table, const TableChange& change,
                                 std::vector<Finding>& findings) {
  Pair pair;
  pair.change = change;
  pair.tables = {std::move(old_table), std::move(new_table)};
  if (!Resolver(pair, findings).resolve()) return std::nullopt;
  return pair;
}

}  // namespace offx::migrate
