#include "migrate/pair_sql.h"

#include <map>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {

using db::quote_identifier;

std::string trigger_name(const Pair& pair, Side from, std::string_view suffix) {
  return std::string(kSyncPrefix) + pair.tables[kNew].name + (from == kOld ? "_up_" : "_down_") + std::string(suffix);
}

std::string quoted(const Pair& pair, Side side) { return quote_identifier(pair.tables[side].name); }

std::vector<std::string> quoted_key(const Pair& pair, Side side, const std::string& qualifier) {
  std::vector<std::string> key;
  for (const auto& column : pair.key[side]) {
    key.push_back((qualifier.empty() ? "" : qualifier + ".") + quote_identifier(column));
  }
  return key;
}

std::string compared(const std::vector<std::string>& left, const std::vector<std::string>& right, const std::string& is,
                     const std::string& between) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < left.size(); ++i) parts.push_back(left[i] + is + right[i]);
  return joined(parts, between);
}

std::string at_key(const Pair& pair, Side side, Side row_side, const std::string& row) {
  return compared(quoted_key(pair, side, quoted(pair, side)), quoted_key(pair, row_side, row));
}

std::string has_row(const Pair& pair, Side side, Side row_side, const std::string& row) {
  return "EXISTS (SELECT 1 FROM " + quoted(pair, side) + " WHERE " + at_key(pair, side, row_side, row) + ")";
}

std::string looked_up(const Pair& pair, Side side, const std::string& expression, Side row_side,
                      const std::string& row) {
  return "(SELECT " + expression + " FROM " + quoted(pair, side) + " WHERE " + at_key(pair, side, row_side, row) + ")";
}

Rows rows_in_join(const Pair& pair) {
  return {
      [](Side side, const std::string& column) { return std::string(kAlias[side]) + "." + quote_identifier(column); },
      [&pair](const Computed& c, Side side) {
        const Side source = other(side);
        return c.carried_from.empty() ? looked_up(pair, source, c.expression, source, kAlias[source])
                                      : std::string(kAlias[source]) + "." + quote_identifier(c.carried_from);
      }};
}

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

std::string follows(const Group& group, Side side, const Rows& rows) {
  std::vector<std::string> parts;
  for (const auto& c : group.computed[side]) {
    parts.push_back(rows.column(side, c.column) + " COLLATE BINARY IS " + rows.value(c, side));
  }
  return combined(parts, " AND ");
}

std::string alike(const Group& group, Side to, const Rows& rows) {
  const auto forth = follows(group, to, rows);
  if (group.plain || group.computed[other(to)].empty()) return "(" + forth + ")";
  return "((" + forth + ") OR (" + follows(group, other(to), rows) + "))";
}

std::string over_values(const Table& table, std::string_view expression,
                        const std::function<std::string(const Column&)>& say) {
  std::vector<std::string> are_as_declared;
  bool has_number_column = false;
  bool has_text_column = false;
  const auto said = [&](bool cast) {
    return with_columns(expression, [&](const std::string& name) {
      const auto* column = table.column(name);
      if (column == nullptr) return std::string();
      auto value = say(*column);
      const auto affinity = affinity_of(column->type);
      if (!cast || affinity == Affinity::blob) return value;
      const bool is_text = affinity == Affinity::text;
      (is_text ? has_text_column : has_number_column) = true;
      // Of such a value a CAST makes no other one.
      are_as_declared.push_back("typeof(" + value + ") IN (" + (is_text ? "'text'" : "'integer', 'real'") +
                                ", 'null')");
      return "CAST(" + value + " AS " + (is_text ? "TEXT)" : "NUMERIC)");
    });
  };
  const auto plain = said(false);
  const auto typed = said(true);
  const auto tokens = tokens_of(expression);
  const auto has = [&](Token::Kind kind) {
    return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
      return token.kind == kind && token.text.find_first_of("0123456789") != std::string_view::npos;
    });
  };
  const bool may_tell = (has_number_column && (has_text_column || has(Token::Kind::string))) ||
                        (has_text_column && has(Token::Kind::number));
  if (!may_tell) return plain;
  return "CASE WHEN " + joined(are_as_declared, " AND ") + " THEN " + typed + " ELSE " + plain + " END";
}

std::string over_new(const Table& table, std::string_view expression) {
  // A column of a subquery has a collation as a table's has: what it is compared with may say otherwise.
  std::map<std::string, std::string> computed;
  auto over_row = over_values(table, expression, [&](const Column& column) {
    const auto name = quote_identifier(column.name);
    if (!column.generated && !(column.not_null && column.default_value)) return "NEW." + name;
    auto& said = computed[name];
    if (said.empty()) {
      // After BEFORE triggers, which see it in no generated column.
      said = (column.generated ? "(" + over_new(table, generated_as(definition(table, column.name))) + ")"
                               : "coalesce(NEW." + name + ", " + *column.default_value + ")") +
             " COLLATE " + quote_identifier(collation_of(table, column.name)) + " AS " + name;
    }
    return "offx_row." + name;
  });
  if (computed.empty()) return over_row;
  std::vector<std::string> columns;
  for (auto& [name, column] : computed) columns.push_back(std::move(column));
  return "(SELECT " + over_row + " FROM (SELECT " + joined(columns, ", ") + ") AS offx_row)";
}

std::string new_is(const Column& column, const std::string& expression) {
  const auto value = "NEW." + quote_identifier(column.name);
  const auto is = [&](const std::string& it) { return it + " COLLATE BINARY IS (" + expression + ")"; };
  switch (affinity_of(column.type)) {
    case Affinity::blob: return is(value);
    case Affinity::text:
      return "(" + is(value) + " OR (typeof(" + value + ") <> 'blob' AND " + is("CAST(" + value + " AS TEXT)") + "))";
    default: break;
  }
  // A CAST is compared as a number, and so is what stands beside it, if it is one altogether.
  const auto number = "CAST(" + value + " AS NUMERIC)";
  return "(" + is(value) + " OR (" + number + " = " + value + " AND " + is(number) + "))";
}

std::string new_follows(const Pair& pair, Side to, const Computed& computed) {
  const auto& column = *pair.table(to).column(computed.column);
  const auto* carried = pair.table(other(to)).column(computed.carried_from);
  if (carried == nullptr || affinity_of(carried->type) != affinity_of(column.type)) {
    return new_is(column, computed.expression);
  }
  return "NEW." + quote_identifier(computed.column) + " COLLATE BINARY IS " + computed.expression;
}

std::string has_terms_of_new(const Table& table, const Uniqueness& unique) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < unique.text.terms.size(); ++i) {
    const auto& term = unique.text.terms[i];
    parts.push_back("(" + term + ") = (" + over_new(table, term) + ") COLLATE " + unique.collations[i]);
  }
  if (!unique.text.where.empty()) parts.push_back("(" + unique.text.where + ")");
  return joined(parts, " AND ");
}

Columns columns_to_write(const Pair& pair, Side to) {
  std::vector<std::string> names;
  std::vector<std::string> expressions;
  for (const auto& c : pair.computed(to)) {
    names.push_back(quote_identifier(c.column));
    expressions.push_back(c.carried_from.empty() ? "(" + c.expression + ")" : c.expression);
  }
  return {joined(names, ", "), joined(expressions, ", ")};
}

bool gives_keys(const Pair& pair, Side side) {
  return pair.tables[side].key_is_rowid() && pair.key[side] == pair.tables[side].key;
}

std::string names_of_rowid(const Pair& pair, Side side) {
  std::string names;
  if (!gives_keys(pair, side)) return names;
  for (const char* name : {"rowid", "oid", "_rowid_"}) {
    if (pair.tables[side].column(name) == nullptr) names += std::string(", ") + name;
  }
  return names;
}

std::string raise_where(const Pair& pair, Side to) {
  return "SELECT RAISE(ABORT, " + quote_text("offx-sync: " + pair.tables[to].name + " refuses this row") + ") WHERE ";
}

std::string key_list(const Pair& pair, Side side) { return joined(quoted_key(pair, side, ""), ", "); }

std::string ancestors(const Pair& pair, const std::string& start) {
  const auto parent = quote_identifier(pair.counterpart(kNew, *pair.parent_in_self[kNew]));
  const auto old_table = quoted(pair, kOld);
  const auto new_table = quoted(pair, kNew);
  const auto old_key = old_table + "." + quote_identifier(pair.key[kOld][0]);
  const auto new_key = new_table + "." + quote_identifier(pair.key[kNew][0]);
  return "(WITH RECURSIVE offx_up (id) AS (" + start + " UNION SELECT " + old_table + "." + parent + " FROM " +
         old_table + ", offx_up WHERE " + old_key + " = offx_up.id AND NOT EXISTS (SELECT 1 FROM " + new_table +
         " WHERE " + new_key + " = offx_up.id)) SELECT id FROM offx_up)";
}

bool copies_ancestors(const Pair& pair) {
  return pair.parent_in_self[kNew] && !pair.counterpart(kNew, *pair.parent_in_self[kNew]).empty();
}

}  // namespace offx::migrate
