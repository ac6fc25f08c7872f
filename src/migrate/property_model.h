#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "db/client.h"
#include "db/script.h"
#include "migrate/migration.h"
#include "migrate/pair.h"

/// What a migration promises, done in the plainest way: every row with what each version sees of it, and the mapping
/// computed in C++. Shared by the property test and nothing else.
namespace offx::migrate::model {

using db::Value;
using Row = std::vector<Value>;

enum class Affinity : std::uint8_t { none, integer, real, text };

inline bool is_number(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

/// The number a text spells from its first to its last letter; otherwise the text.
inline Value as_number(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty()) return value;
  char* end = nullptr;
  const std::int64_t integer = std::strtoll(text->c_str(), &end, 10);
  if (*end == '\0') return integer;
  const double real = std::strtod(text->c_str(), &end);
  return *end == '\0' ? Value(real) : value;
}

/// What a column of this affinity keeps of a value.
inline Value stored(Value value, Affinity affinity) {
  if (affinity == Affinity::text && is_number(value)) {
    auto text = db::to_text(value);
    if (std::holds_alternative<double>(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }
  if (affinity == Affinity::none || affinity == Affinity::text) return value;
  value = as_number(value);
  if (const auto* integer = std::get_if<std::int64_t>(&value); integer != nullptr && affinity == Affinity::real) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value);
      real != nullptr && affinity == Affinity::integer && std::trunc(*real) == *real) {
    return static_cast<std::int64_t>(*real);
  }
  return value;
}

/// SQL's IS, with the conversions that the operands' affinities bring.
inline bool is_same(Value a, Affinity of_a, Value b, Affinity of_b) {
  const auto numeric = [](Affinity affinity) { return affinity == Affinity::integer || affinity == Affinity::real; };
  if (numeric(of_a) || numeric(of_b)) {
    if (!numeric(of_a)) a = as_number(a);
    if (!numeric(of_b)) b = as_number(b);
  } else if (of_a == Affinity::text || of_b == Affinity::text) {
    if (of_a == Affinity::none) a = stored(a, Affinity::text);
    if (of_b == Affinity::none) b = stored(b, Affinity::text);
  }
  return is_number(a) && is_number(b) ? db::to_real(a) == db::to_real(b) : a == b;
}

struct ModelColumn {
  std::string name;
  std::string type;
  Affinity affinity = Affinity::none;
  bool not_null = false;
  std::string more;         ///< UNIQUE, CHECK, …
  Value default_value;      ///< NULL: there is none
  std::vector<Value> pool;  ///< what is written to it
};

/// Columns of both versions that have one fact between them.
struct Facet {
  std::array<std::vector<std::size_t>, 2> columns;
  /// compute[side] gives the values of columns[side] from those of the other side's; none if nothing computes them.
  std::array<std::function<Row(const Row&)>, 2> compute;
  std::array<std::vector<Affinity>, 2> affinity;  ///< of the expressions that compute them
  bool constant = false;                          ///< computed from nothing
};

struct ModelTable {
  std::array<std::string, 2> name;
  std::array<std::vector<ModelColumn>, 2> columns;  ///< the key's first, generated ones not among them
  std::size_t key_width = 1;
  bool integer_key = false;
  bool autoincrement = false;
  bool without_rowid = false;
  bool nocase_key = false;
  bool outside = false;  ///< not migrated: one table that both versions see
  std::array<bool, 2> strict{};
  std::array<bool, 2> may_replace = {true, true};  ///< the plan does not warn of it
  std::array<std::string, 2> generated;            ///< the definition of a generated column, or nothing
  std::array<std::vector<std::string>, 2> constraints;
  std::array<std::vector<std::string>, 2> indexes;  ///< the new side's: those that are carried
  std::vector<std::string> new_indexes;             ///< made by the migration's `create`
  std::vector<Facet> facets;
  std::vector<std::vector<std::size_t>> groups;  ///< facets that are kept alike together
  TableChange change;

  std::map<Row, std::array<Row, 2>> rows;  ///< by key
  std::int64_t sequence = 0;               ///< the highest AUTOINCREMENT id that a row ever had

  [[nodiscard]] Row key_of(const Row& row) const {
    return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(key_width)};
  }

  /// The row that one with this key would replace.
  [[nodiscard]] std::map<Row, std::array<Row, 2>>::iterator find(const Row& key) {
    const auto same = rows.find(key);
    if (same != rows.end() || !nocase_key) return same;
    const auto lower = [](const Row& row) {
      auto text = std::get<std::string>(row[0]);
      for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      return text;
    };
    return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return lower(row.first) == lower(key); });
  }

  [[nodiscard]] std::string create(Side side) const {
    std::string sql = "CREATE TABLE " + db::quote_identifier(name[side]) + " (";
    std::string key;
    for (std::size_t i = 0; i < columns[side].size(); ++i) {
      const auto& column = columns[side][i];
      sql += (i > 0 ? ", " : "") + db::quote_identifier(column.name) + " " + column.type;
      if (i < key_width) key += (i > 0 ? ", " : "") + db::quote_identifier(column.name);
      if (i == 0 && autoincrement) sql += " PRIMARY KEY AUTOINCREMENT";
      if (column.not_null) sql += " NOT NULL";
      if (!db::is_null(column.default_value)) sql += " DEFAULT " + literal(column.default_value);
      sql += column.more;
    }
    if (!generated[side].empty()) sql += ", " + generated[side];
    if (!autoincrement) sql += ", PRIMARY KEY (" + key + ")";
    for (const auto& constraint : constraints[side]) sql += ", " + constraint;
    sql += ")";
    if (strict[side]) sql += " STRICT";
    if (without_rowid) sql += strict[side] ? ", WITHOUT ROWID" : " WITHOUT ROWID";
    return sql;
  }

  static std::string literal(const Value& value) {
    if (db::is_null(value)) return "NULL";
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return db::to_text(value);
    std::string quoted = "'";
    for (const char c : *text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    return quoted + "'";
  }

  [[nodiscard]] Row computed(const Facet& facet, Side side, const Row& other_row) const {
    Row source;
    for (const auto column : facet.columns[other(side)]) source.push_back(other_row[column]);
    return facet.compute[side](source);
  }

  [[nodiscard]] bool follows(const std::vector<std::size_t>& group, Side side, const std::array<Row, 2>& row) const {
    return std::all_of(group.begin(), group.end(), [&](std::size_t number) {
      const auto& facet = facets[number];
      if (!facet.compute[side]) return true;
      const auto wanted = computed(facet, side, row[other(side)]);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto column = facet.columns[side][i];
        if (!is_same(row[side][column], columns[side][column].affinity, wanted[i], facet.affinity[side][i]))
          return false;
      }
      return true;
    });
  }

  [[nodiscard]] bool alike(const std::vector<std::size_t>& group, Side to, const std::array<Row, 2>& row) const {
    if (follows(group, to, row)) return true;
    const bool both_ways = std::any_of(group.begin(), group.end(),
                                       [&](std::size_t number) { return bool(facets[number].compute[other(to)]); });
    return both_ways && follows(group, other(to), row);
  }

  void assign(const std::vector<std::size_t>& group, Side to, std::array<Row, 2>& row) const {
    for (const auto number : group) {
      const auto& facet = facets[number];
      if (!facet.compute[to]) continue;
      const auto values = computed(facet, to, row[other(to)]);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto column = facet.columns[to][i];
        row[to][column] = stored(values[i], columns[to][column].affinity);
      }
    }
  }

  /// The pair of a row that `from` has just got.
  [[nodiscard]] std::array<Row, 2> inserted(Side from, const Row& written) const {
    std::array<Row, 2> row;
    row[from] = written;
    const Side to = other(from);
    for (const auto& column : columns[to]) row[to].push_back(stored(column.default_value, column.affinity));
    for (std::size_t i = 0; i < key_width; ++i) row[to][i] = written[i];
    for (const auto& group : groups) assign(group, to, row);
    return row;
  }

  /// The pair `before` after `from`'s row became `written`; `replaced`: it was made anew.
  [[nodiscard]] std::array<Row, 2> changed(Side from, std::array<Row, 2> before, const Row& written,
                                           bool replaced) const {
    const Side to = other(from);
    auto row = before;
    row[from] = written;
    for (std::size_t i = 0; i < key_width; ++i) row[to][i] = written[i];
    for (const auto& group : groups) {
      bool concerned = replaced;
      bool carried = false;
      for (const auto number : group) {
        const auto& facet = facets[number];
        if (!facet.compute[to]) continue;
        carried = carried || !facet.constant;
        for (const auto column : facet.columns[from]) {
          concerned = concerned || before[from][column] != written[column];
        }
      }
      if (concerned && carried && !alike(group, to, row)) assign(group, to, row);
    }
    return row;
  }
};

}  // namespace offx::migrate::model
