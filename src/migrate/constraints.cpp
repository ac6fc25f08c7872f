#include "migrate/constraints.h"

#include <algorithm>
#include <set>
#include <utility>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using Severity = Finding::Severity;

/// Adds the columns that `sql` speaks of: for a generated one those too that it is made of.
void add_columns_in(const Table& table, std::string_view sql, std::vector<std::string>& columns) {
  const auto names = columns_in(sql);
  for (const auto& column : table.columns) {
    if (!names.contains(folded(column.name)) || contains_name(columns, column.name)) continue;
    columns.push_back(column.name);
    if (column.generated) add_columns_in(table, definition(table, column.name), columns);
  }
}

/// True if these are all columns that it is over first, in whatever order.
bool begins_with(const Index& index, const std::vector<std::string>& columns) {
  return index.columns.size() >= columns.size() &&
         std::all_of(index.columns.begin(), index.columns.begin() + std::ssize(columns),
                     [&](const auto& column) { return contains_name(columns, column); }) &&
         std::all_of(columns.begin(), columns.end(), [&](const auto& column) {
           return std::any_of(index.columns.begin(), index.columns.begin() + std::ssize(columns),
                              [&](const auto& its) { return same_name(its, column); });
         });
}

/// The CHECKs of a table, and what comes to the same: NOT NULL of generated columns.
std::vector<std::string> demanded_by(const Table& table) {
  std::vector<std::string> checks;
  for (const auto check : check_expressions(table.sql)) checks.emplace_back(check);
  for (const auto& column : table.columns) {
    if (column.generated && column.not_null) checks.push_back(db::quote_identifier(column.name) + " IS NOT NULL");
  }
  return checks;
}

class Finder {
 public:
  Finder(Pair& pair, std::vector<Finding>& findings) : pair_(pair), findings_(findings) {}

  void find_uniqueness() {
    for (const Side side : {kOld, kNew}) {
      for (const auto& index : table(side).indexes) {
        if (!index.unique) continue;
        const bool is_key = index.columns.size() == pair_.key[side].size() &&
                            std::all_of(index.columns.begin(), index.columns.end(),
                                        [&](const auto& column) { return contains_name(pair_.key[side], column); });
        if (is_key && !index.partial) continue;
        Uniqueness unique;
        for (const auto& column : index.columns) {
          unique.columns[side].push_back(column);
          unique.columns[other(side)].push_back(column.empty() ? std::string() : pair_.mutual(side, column));
        }
        unique.collations = index.collations;
        unique.text = index.text;
        unique.reads = read_by(table(side), index);
        for (std::size_t i = 0; i < index.columns.size(); ++i) {
          const auto& carried = unique.columns[other(side)][i];
          auto said = carried.empty() ? as_said_by_other(side, index.text.terms[i]) : db::quote_identifier(carried);
          if (!said) break;
          unique.terms_of_other.push_back(*std::move(said));
        }
        if (unique.terms_of_other.size() < index.text.terms.size()) unique.terms_of_other.clear();
        const auto* same = said_by_other(side, index);
        const auto* equal = same != nullptr && says_the_same(side, index) ? same : nullptr;
        const bool is_whole = unique.is_carried() && !index.partial;
        unique.on_both =
            is_whole ? is_unique(table(other(side)), unique.columns[other(side)], unique.collations) : equal != nullptr;
        if (!unique.on_both) {
          find(Severity::warning, index.by_constraint ? joined(index.columns, ", ") : index.name,
               (same == nullptr ? "only " + table(side).name + " demands unique (" + readable(index) + ")"
                                : table(side).name + " may tell other rows apart by unique (" + readable(index) +
                                      ") than " + table(other(side)).name) +
                   ": while both versions live, " + (side == kNew ? "old" : "new") +
                   " code that writes a repeated value gets an error");
        }
        if (equal != nullptr)
          unique.lookup = {equal->collations, equal->text.where};
        else
          unique.lookup = find_lookup(side, unique);
        pair_.notes_displaced[side] = pair_.notes_displaced[side] || !unique.lookup;
        if (!unique.lookup && !unique.is_carried() && table(side).key_is_rowid() &&
            contains_name(unique.reads, table(side).key[0])) {
          find(Severity::refusal, index.name,
               index.name + " is unique over an expression of " + table(side).key[0] +
                   ", which SQLite gives to a row after BEFORE triggers have run: what a row replaces through it could "
                   "not be told. Drop it before, and make it again after `complete`");
        }
        pair_.uniqueness[side].push_back(std::move(unique));
      }
    }
  }

  void find_own_checks() {
    for (const Side side : {kOld, kNew}) {
      std::set<std::string> others;
      for (const auto& check : demanded_by(table(other(side)))) others.insert(normalised(check));
      for (auto& check : demanded_by(table(side))) {
        RowCheck found{std::move(check), {}};
        add_columns_in(table(side), found.text, found.reads);
        const auto said = as_said_by_other(side, found.text);
        if (said && others.contains(normalised(*said)) && are_made_alike(side, found.reads)) continue;
        pair_.own_checks[side].push_back(std::move(found));
      }
    }
  }

 private:
  /// Without one each write would have to read the other side's table from end to end.
  std::optional<Uniqueness::Lookup> find_lookup(Side side, const Uniqueness& unique) const {
    if (!unique.is_carried()) return std::nullopt;
    const auto& columns = unique.columns[other(side)];
    for (const auto& index : table(other(side)).indexes) {
      if (!begins_with(index, columns) || (index.partial && !holds_the_same(side, unique, index))) continue;
      Uniqueness::Lookup lookup{{}, index.text.where};
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto mine = table(side).column(unique.columns[side][i])->type;
        if (!tell_apart_alike(mine, table(other(side)).column(columns[i])->type)) break;
        // What is equal by its bytes is so by any collation.
        const auto its = collation_in(index, columns[i]);
        if (!same_name(its, unique.collations[i]) && !same_name(unique.collations[i], "BINARY")) break;
        lookup.collations.push_back(its);
      }
      if (lookup.collations.size() == columns.size()) return lookup;
    }
    return std::nullopt;
  }

  /// True if the other side's partial index holds the twins of the rows that `unique` is about.
  bool holds_the_same(Side side, const Uniqueness& unique, const Index& index) const {
    if (!is_said(side, unique.text.where, index.text.where)) return false;
    std::vector<std::string> speaks_of;
    add_columns_in(table(side), unique.text.where, speaks_of);
    return are_made_alike(side, speaks_of) && says_the_same(side, unique.text.where);
  }

  /// True if `sql`, which both sides say, has the same value for rows that are alike. Without a declared type 1 and 1.0
  /// are alike, and have other texts; a column alone is compared as they are.
  bool says_the_same(Side side, std::string_view sql) const {
    const auto tokens = tokens_of(sql);
    const bool computes = tokens.size() > 1;
    const bool compares = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
      return token.text.find_first_of("=<>") != std::string_view::npos ||
             contains_name({"is", "in", "between", "case", "min", "max", "nullif"}, token.text);
    });
    const auto names = columns_in(sql);
    return std::all_of(table(side).columns.begin(), table(side).columns.end(), [&](const Column& mine) {
      if (!names.contains(folded(mine.name))) return true;
      const auto* its = table(other(side)).column(mine.generated ? mine.name : pair_.mutual(side, mine.name));
      return its != nullptr && tell_apart_alike(mine.type, its->type) &&
             !(computes && affinity_of(mine.type) == Affinity::blob && !mine.generated) &&
             (!compares || collation_of(table(side), mine.name) == collation_of(table(other(side)), its->name)) &&
             (!mine.generated || says_the_same(side, generated_as(definition(table(side), mine.name))));
    });
  }
  bool says_the_same(Side side, const Index& index) const {
    return says_the_same(side, index.text.where) &&
           std::all_of(index.text.terms.begin(), index.text.terms.end(),
                       [&](const std::string& term) { return says_the_same(side, term); });
  }

  /// `sql` as the other side would have to say it; nothing if it speaks of what is not carried there.
  std::optional<std::string> as_said_by_other(Side side, std::string_view sql) const {
    bool is_there = keys_are_same_rowids() || !speaks_of_rowid(side, sql);
    auto said = with_columns(sql, [&](const std::string& name) {
      const auto* column = table(side).column(name);
      if (column == nullptr) return std::string();
      const auto* its = table(other(side)).column(name);
      const bool is_made_alike = column->generated && its != nullptr && its->generated;
      const auto counterpart = is_made_alike ? name : pair_.mutual(side, name);
      is_there = is_there && !counterpart.empty();
      return db::quote_identifier(counterpart);
    });
    return is_there ? std::optional(std::move(said)) : std::nullopt;
  }

  bool speaks_of_rowid(Side side, std::string_view sql) const {
    const auto names = columns_in(sql);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return contains_name({"rowid", "oid", "_rowid_"}, name) && table(side).column(name) == nullptr;
    });
  }
  bool keys_are_same_rowids() const {
    return table(kOld).key_is_rowid() && table(kNew).key_is_rowid() &&
           same_name(pair_.mutual(kOld, table(kOld).key[0]), table(kNew).key[0]);
  }

  /// True if those of them that are generated are by the same expression on the other side.
  bool are_made_alike(Side side, const std::vector<std::string>& columns) const {
    return std::all_of(columns.begin(), columns.end(), [&](const std::string& name) {
      return !table(side).column(name)->generated ||
             is_said(side, definition(table(side), name), definition(table(other(side)), name));
    });
  }

  /// True if `its` is what the other side would have to say for `mine`.
  bool is_said(Side side, std::string_view mine, std::string_view its) const {
    const auto said = as_said_by_other(side, mine);
    return said && normalised(*said) == normalised(its);
  }

  /// The UNIQUE of the other side that says the same, of what is carried under another name too; nullptr if none does.
  const Index* said_by_other(Side side, const Index& index) const {
    if (!are_made_alike(side, read_by(table(side), index))) return nullptr;
    const auto& others = table(other(side)).indexes;
    const auto found = std::find_if(others.begin(), others.end(), [&](const Index& its) {
      return its.unique && its.collations == index.collations && is_said(side, index.text.where, its.text.where) &&
             std::equal(index.text.terms.begin(), index.text.terms.end(), its.text.terms.begin(), its.text.terms.end(),
                        [&](const std::string& a, const std::string& b) { return is_said(side, a, b); });
    });
    return found == others.end() ? nullptr : &*found;
  }

  static std::string readable(const Index& index) {
    auto columns = index.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].empty()) columns[i] = "an expression";
      if (!same_name(index.collations[i], "BINARY")) columns[i] += " COLLATE " + index.collations[i];
    }
    return joined(columns, ", ");
  }

  void find(Severity severity, std::string column, std::string message) {
    findings_.push_back({severity, pair_.change.from, std::move(column), std::move(message)});
  }

  const Table& table(Side side) const { return pair_.tables[side]; }

  Pair& pair_;
  std::vector<Finding>& findings_;
};

}  // namespace

std::string collation_in(const Index& index, std::string_view column) {
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    if (same_name(index.columns[i], column)) return index.collations[i];
  }
  return {};
}

bool is_unique(const Table& table, const std::vector<std::string>& columns,
               const std::vector<std::string>& collations) {
  if (table.key_is_rowid() && columns.size() == 1 && same_name(columns[0], table.key[0])) return true;
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) {
    bool same = index.unique && !index.partial && index.columns.size() == columns.size() && begins_with(index, columns);
    for (std::size_t i = 0; same && i < columns.size(); ++i) {
      const auto its = collation_in(index, columns[i]);
      same = !its.empty() && (same_name(its, collations[i]) || same_name(collations[i], "BINARY"));
    }
    return same;
  });
}

std::vector<std::string> read_by(const Table& table, const Index& index) {
  std::vector<std::string> columns;
  for (const auto& term : index.text.terms) add_columns_in(table, term, columns);
  add_columns_in(table, index.text.where, columns);
  return columns;
}

void find_constraints(Pair& pair, std::vector<Finding>& findings) {
  Finder finder(pair, findings);
  finder.find_uniqueness();
  finder.find_own_checks();
}

}  // namespace offx::migrate
