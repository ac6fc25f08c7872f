#include "migrate/range_sql.h"

#include "db/script.h"
#include "migrate/pair_sql.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

std::string tuple(const std::vector<std::string>& parts) {
  return parts.size() == 1 ? parts[0] : "(" + joined(parts, ", ") + ")";
}

/// `key > low AND key <= high` with the parameters of a range.
std::string in_range(const Pair& pair, Side side, Range range, const std::string& qualifier) {
  const auto key = tuple(quoted_key(pair, side, qualifier));
  const std::size_t width = pair.key[side].size();
  const auto parameters = [&](std::size_t first) {
    std::vector<std::string> numbers;
    for (std::size_t i = 0; i < width; ++i) numbers.push_back("?" + std::to_string(first + i));
    return tuple(numbers);
  };
  std::vector<std::string> parts;
  if (range.has_low) parts.push_back(key + " > " + parameters(1));
  if (range.has_high) parts.push_back(key + " <= " + parameters(range.has_low ? 1 + width : 1));
  return parts.empty() ? "1" : combined(parts, " AND ");
}

/// What verification compares in a group; empty if there is nothing to compare: what one side alone decides.
std::string verified(const Group& group, bool live, const Rows& rows) {
  for (const Side side : {kOld, kNew}) {
    if (!group.looked_up[side]) continue;
    const bool comparable = group.synced_by_author && (live || side == kNew);
    return comparable ? "(" + follows(group, side, rows) + ")" : std::string();
  }
  if (group.computed[kNew].empty() || (live && (group.one_way || group.only_initial(kNew)))) return {};
  return alike(group, kNew, rows);
}

std::string key_as_text(const Pair& pair, Side side, const std::string& qualifier) {
  std::vector<std::string> parts;
  for (const auto& column : pair.key[side]) {
    parts.push_back(quote_text(column + " = ") + " || quote(" + qualifier + "." + quote_identifier(column) + ")");
  }
  return joined(parts, " || ', ' || ");
}

std::string join_of_both(const Pair& pair, const char* kind) {
  return quoted(pair, kOld) + " AS " + kAlias[kOld] + " " + kind + " " + quoted(pair, kNew) + " AS " + kAlias[kNew] +
         " ON " + compared(quoted_key(pair, kNew, kAlias[kNew]), quoted_key(pair, kOld, kAlias[kOld]));
}

std::string twin_exists(const Pair& pair, Side side) {
  return "EXISTS (SELECT 1 FROM " + quoted(pair, other(side)) + " WHERE " +
         at_key(pair, other(side), side, quoted(pair, side)) + ")";
}

}  // namespace

std::string boundary_sql(const Pair& pair, Side side, Range range) {
  const auto key = key_list(pair, side);
  const auto skipped = range.has_low ? pair.key[side].size() + 1 : 1;
  return "SELECT " + key + " FROM " + quoted(pair, side) + " WHERE " +
         in_range(pair, side, {range.has_low, false}, "") + " ORDER BY " + key + " LIMIT 1 OFFSET ?" +
         std::to_string(skipped);
}

std::string copy_sql(const Pair& pair, Range range) {
  const auto columns = columns_to_write(pair, kNew);
  const auto table = quoted(pair, kOld);
  auto rows = in_range(pair, kOld, range, table);
  if (copies_ancestors(pair)) {
    const auto parent = table + "." + quote_identifier(pair.counterpart(kNew, *pair.parent_in_self[kNew]));
    rows = "(" + rows + ") OR " + table + "." + quote_identifier(pair.key[kOld][0]) + " IN " +
           ancestors(pair, "SELECT " + parent + " FROM " + table + " WHERE " + rows);
  }
  return "INSERT INTO " + quoted(pair, kNew) + " (" + columns.names + ") SELECT " + columns.expressions + " FROM " +
         table + " WHERE " + rows + " ORDER BY " + joined(quoted_key(pair, kOld, table), ", ") + " ON CONFLICT (" +
         key_list(pair, kNew) + ") DO NOTHING";
}

std::vector<std::string> detach_sql(const Pair& pair, Side side, Range range) {
  const auto parent = quote_identifier(*pair.parent_in_self[side]);
  const auto key = quote_identifier(pair.key[side][0]);
  const auto update = "UPDATE OR IGNORE " + quoted(pair, side) + " SET " + parent + " = ";
  const auto rows = " WHERE " + in_range(pair, side, range, "") + " AND " + parent;
  return {update + "NULL" + rows + " IS NOT NULL", update + key + rows + " <> " + key};
}

std::string empty_sql(const Pair& pair, Side side, Range range) {
  return "DELETE FROM " + quoted(pair, side) + " WHERE " + in_range(pair, side, range, "");
}

std::string compare_sql(const Pair& pair, Side side, Range range, bool live) {
  if (side == kNew) {
    return "SELECT count(*), coalesce(sum(NOT " + twin_exists(pair, kNew) + "), 0), 0 FROM " + quoted(pair, kNew) +
           " WHERE " + in_range(pair, kNew, range, quoted(pair, kNew));
  }
  std::vector<std::string> parts;
  for (const auto& group : pair.groups) {
    if (auto part = verified(group, live, rows_in_join(pair)); !part.empty()) parts.push_back(std::move(part));
  }
  const auto key = std::string(kAlias[kNew]) + "." + quote_identifier(pair.key[kNew][0]);
  return "SELECT count(*), coalesce(sum(" + key + " IS NULL), 0), coalesce(sum(" + key + " IS NOT NULL AND NOT (" +
         (parts.empty() ? "1" : combined(parts, " AND ")) + ")), 0)" +
         (pair.keys_are_rowids() ? ", (SELECT count(*) FROM " + quoted(pair, kNew) + " WHERE " +
                                       in_range(pair, kNew, range, quoted(pair, kNew)) + ")"
                                 : "") +
         " FROM " + join_of_both(pair, "LEFT JOIN") + " WHERE " + in_range(pair, kOld, range, kAlias[kOld]);
}

std::string count_sql(const Pair& pair) {
  return "SELECT (SELECT count(*) FROM " + quoted(pair, kOld) + "), (SELECT count(*) FROM " + quoted(pair, kNew) + ")";
}

std::string missing_sql(const Pair& pair, Side side, Range range) {
  const auto table = quoted(pair, side);
  return "SELECT " + key_as_text(pair, side, table) + " FROM " + table + " WHERE " +
         in_range(pair, side, range, table) + " AND NOT " + twin_exists(pair, side) + " ORDER BY " +
         joined(quoted_key(pair, side, table), ", ") + " LIMIT 21";
}

std::string different_sql(const Pair& pair, Range range, bool live) {
  const auto rows = rows_in_join(pair);
  std::vector<std::string> parts;
  std::vector<std::string> texts;
  for (const auto& group : pair.groups) {
    const auto same = verified(group, live, rows);
    if (same.empty()) continue;
    parts.push_back(same);
    const Side side = group.computed[kNew].empty() ? kOld : kNew;
    for (const auto& c : group.computed[side]) {
      const auto shown = [](const std::string& value) { return "substr(quote(" + value + "), 1, 60)"; };
      texts.push_back("CASE WHEN " + same + " THEN '' ELSE " + quote_text(c.column + ": ") + " || " +
                      shown(rows.column(side, c.column)) + " || " + quote_text(" in " + pair.tables[side].name + ", ") +
                      " || " + shown(rows.value(c, side)) + " || " +
                      quote_text(" by " + pair.tables[other(side)].name + "; ") + " END");
    }
  }
  if (parts.empty()) return {};
  return "SELECT " + key_as_text(pair, kOld, kAlias[kOld]) + ", " + combined(texts, " || ") + " FROM " +
         join_of_both(pair, "JOIN") + " WHERE " + in_range(pair, kOld, range, kAlias[kOld]) + " AND NOT (" +
         combined(parts, " AND ") + ") ORDER BY " + joined(quoted_key(pair, kOld, kAlias[kOld]), ", ") + " LIMIT 21";
}

std::vector<std::string> equalise_sequences(const Pair& pair) {
  std::vector<std::string> statements;
  if (!pair.tables[kOld].autoincrement || !pair.tables[kNew].autoincrement) return statements;
  // sqlite_sequence has no unique key: UPDATE, then INSERT what is missing.
  for (const Side side : {kNew, kOld}) {
    const auto mine = quote_text(pair.tables[side].name);
    const auto others = quote_text(pair.tables[other(side)].name);
    statements.push_back(
        "UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT o.seq FROM sqlite_sequence AS o "
        "WHERE o.name = " +
        others + " COLLATE NOCASE), 0)) WHERE name = " + mine + " COLLATE NOCASE");
    statements.push_back("INSERT INTO sqlite_sequence (name, seq) SELECT " + mine +
                         ", o.seq FROM sqlite_sequence AS o WHERE o.name = " + others +
                         " COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM sqlite_sequence AS n WHERE n.name = " + mine +
                         " COLLATE NOCASE)");
  }
  return statements;
}

}  // namespace offx::migrate
