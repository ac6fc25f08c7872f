#include "migrate/sweep_sql.h"

#include <algorithm>

#include "db/script.h"
#include "migrate/sql_text.h"
#include "migrate/sync_helpers.h"

namespace offx::migrate {

using db::quote_identifier;

Sweeps::Sweeps(const Pair& pair, Side from)
    : pair_(pair),
      from_(from),
      to_(other(from)),
      rows_(rows_in_trigger(pair, to_)),
      source_(quoted(pair, from_)),
      target_(quoted(pair, to_)),
      notes_(pair, from) {}

std::string Sweeps::sweep_for(const Group* group, bool key_moves) const {
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
  if (concerned && notes_.are_kept()) {
    gone.push_back(displaced_rows(key_moves, group != nullptr || key_moves));
    sql += sweep(gone.back()) + notes_.clear(group != nullptr || key_moves);
  }
  return gone.empty() ? sql : take_from_parent(gone, key_moves) + sql;
}

std::string Sweeps::sweep_noted() const {
  const auto rows = displaced_rows(true, true);
  return take_from_parent({rows}, true) + sweep(rows) + notes_.clear(true);
}

std::string Sweeps::replaces(const Groups& groups, bool key_moves) const {
  std::vector<std::string> parts;
  for (const auto& unique : pair_.uniqueness[from_]) {
    const bool concerned = groups.empty() || std::any_of(groups.begin(), groups.end(),
                                                         [&](const Group* group) { return concerns(unique, group); });
    if (!concerned || !replaces_through(unique, !groups.empty() || key_moves)) continue;
    parts.push_back("EXISTS (SELECT 1" + replaced_rows(unique, key_moves) + ")");
  }
  return parts.empty() ? std::string() : "(" + combined(parts, " OR ") + ")";
}

std::string Sweeps::take_along() const { return take_parent_along() + take_displaced_along(); }

bool Sweeps::concerns(const Uniqueness& unique, const Group* group) const {
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

std::string Sweeps::others_with(const Uniqueness& unique, bool key_moves) const {
  const auto of_new = [&](const std::string& sql) {
    return "(" +
           over_values(pair_.tables[from_], sql,
                       [](const Column& column) { return "NEW." + quote_identifier(column.name); }) +
           ")";
  };
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < unique.terms_of_other.size(); ++i) {
    const auto& column = unique.columns[from_][i];
    const auto equal = "(" + unique.terms_of_other[i] +
                       ") = " + of_new(column.empty() ? unique.text.terms[i] : quote_identifier(column)) + " COLLATE ";
    parts.push_back(equal + unique.collations[i]);
    if (!same_name(unique.lookup->collations[i], unique.collations[i]))
      parts.push_back(equal + unique.lookup->collations[i]);
  }
  if (!unique.lookup->where.empty()) parts.push_back("(" + unique.lookup->where + ")");
  // One that it is not about replaces nothing by it.
  if (!unique.text.where.empty()) parts.push_back(of_new(unique.text.where));
  parts.push_back("NOT (" + at_key(pair_, to_, from_, "NEW") + ")");
  if (key_moves) parts.push_back("NOT (" + at_key(pair_, to_, from_, "OLD") + ")");
  return joined(parts, " AND ");
}

std::string Sweeps::replaced_rows(const Uniqueness& unique, bool key_moves) const {
  return " FROM " + target_ + " WHERE " + others_with(unique, key_moves) + " AND NOT EXISTS (SELECT 1 FROM " + source_ +
         " WHERE " + compared(quoted_key(pair_, from_, source_), quoted_key(pair_, to_, target_)) + ")";
}

bool Sweeps::replaces_through(const Uniqueness& unique, bool by_update) const {
  return unique.on_both && unique.lookup && pair_.delete_triggers[to_] && !(by_update && pair_.sweeps_updates[to_]);
}

std::string Sweeps::sweep(const std::string& rows) const {
  std::string sql;
  if (takes_parents_along()) {
    // take_parent_along() over there would take NEW for a parent that went, as its twin is not there yet.
    sql = raise_where(pair_, to_) + "NOT " + has_row(pair_, to_, from_, "NEW") + " AND EXISTS (SELECT 1" + rows +
          " AND " + target_ + "." + quote_identifier(*pair_.parent_in_self[to_]) + " = " +
          quoted_key(pair_, from_, "NEW")[0] + ");\n";
  }
  sql += "DELETE" + rows + ";\n";
  // A trigger of the user's may have left that undone.
  return pair_.delete_triggers[to_] ? sql + raise_where(pair_, to_) + "EXISTS (SELECT 1" + rows + ");\n" : sql;
}

std::string Sweeps::if_enforced(const std::string& raise, const std::string& condition) const {
  if (!pair_.acts_on_delete_in_self(to_)) return {};
  const auto table = quote_identifier(note_of_enforcement(pair_.tables[kNew].name));
  return "DELETE FROM " + table + ";\nINSERT INTO " + table + " (id) SELECT 1 WHERE " + condition + ";\nINSERT INTO " +
         table + " (id, goes_with) SELECT 2, 1 FROM " + table + ";\nDELETE FROM " + table + " WHERE id = 1;\n" + raise +
         condition + " AND NOT EXISTS (SELECT 1 FROM " + table + ");\nDELETE FROM " + table + ";\n";
}

std::string Sweeps::take_from_parent(const std::vector<std::string>& swept, bool key_moves) const {
  const auto group = std::find_if(pair_.groups.begin(), pair_.groups.end(), [&](const Group& g) {
    return pair_.parent_in_self[to_] && g.is_carried_to(to_) &&
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
    return if_enforced(raise_where(pair_, to_), is_swept("(SELECT " + parent + " FROM " + target_ + " WHERE " +
                                                         at_key(pair_, to_, from_, key_moves ? "OLD" : "NEW") + ")"));
  }
  std::vector<std::string> some;
  for (const auto& rows : swept) some.push_back("EXISTS (SELECT 1" + rows + ")");
  const auto value = rows_.value(group->computed[to_][0], to_);
  return if_enforced("SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed') WHERE ", is_swept(value)) + "UPDATE " +
         target_ + " SET " + parent + " = " + value + " WHERE " + at_key(pair_, to_, from_, "NEW") + " AND NOT " +
         alike(*group, to_, rows_) + " AND (" + combined(some, " OR ") + ");\n";
}

std::string Sweeps::displaced_rows(bool key_moves, bool by_update) const {
  std::string rows = " FROM " + target_ + " WHERE " + notes_.are_gone();
  for (const auto& unique : pair_.uniqueness[from_]) {
    // A NULL stands in nobody's way.
    if (replaces_through(unique, by_update)) rows += " AND (" + others_with(unique, key_moves) + ") IS NOT 1";
  }
  return rows;
}

std::string Sweeps::take_parent_along() const {
  if (!takes_parents_along()) return {};
  const auto parent = "OLD." + quote_identifier(*pair_.parent_in_self[from_]);
  return "DELETE FROM " + target_ + " WHERE " + quoted_key(pair_, to_, target_)[0] + " = " + parent +
         " AND NOT EXISTS (SELECT 1 FROM " + source_ + " WHERE " + quoted_key(pair_, from_, source_)[0] + " = " +
         parent + ");\n";
}

std::string Sweeps::take_displaced_along() const {
  const bool takes = pair_.goes_with_itself || pair_.cascades_in_self(kOld) || pair_.cascades_in_self(kNew);
  if (!notes_.are_kept() || !takes) return {};
  return "DELETE FROM " + target_ + " WHERE " + notes_.are_gone_for_old() + ";\n";
}

}  // namespace offx::migrate
