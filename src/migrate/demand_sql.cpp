#include "migrate/demand_sql.h"

#include <algorithm>

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

constexpr const char* kOnInsert = "want_in";
constexpr const char* kOnUpdate = "want_up";

/// What only `to`'s table demands of a row.
struct Demand {
  std::string broken;  ///< SQL over NEW
  std::string message;
  std::vector<std::string> reads;
};

/// As SQLite says it, but for an expression, where that has the index's name.
std::string refusal_of(const Uniqueness& unique, const std::string& table, Side to) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < unique.columns[to].size(); ++i) {
    const auto& column = unique.columns[to][i];
    parts.push_back(table + "." + (column.empty() ? "(" + unique.text.terms[i] + ")" : column));
  }
  return "UNIQUE constraint failed: " + joined(parts, ", ");
}

std::vector<Demand> demands_of(const Pair& pair, Side to, bool by_update) {
  const auto& table = pair.table(to);
  const auto& source = pair.table(other(to));
  std::vector<Demand> demands;
  for (const auto& c : pair.computed(to)) {
    const auto* carried = source.column(c.carried_from);
    const bool is_given =
        carried != nullptr && (carried->not_null || (carried->primary_key > 0 && source.key_is_rowid()));
    if (!table.column(c.column)->not_null || is_given) continue;
    demands.push_back({"NEW." + quote_identifier(c.column) + " IS NULL",
                       "NOT NULL constraint failed: " + table.name + "." + c.column,
                       {c.column}});
  }
  for (const auto& check : pair.own_checks[to]) {
    // Qualified by its table's name it cannot be said of NEW: SQLite's own error has to do.
    const auto tokens = tokens_of(check.text);
    if (std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.text == "."; })) continue;
    // Where REPLACE puts a default that a CHECK refuses, the whole statement fails anyway.
    const auto over_row =
        over_values(table, check.text, [](const Column& c) { return "NEW." + quote_identifier(c.name); });
    demands.push_back({"NOT (" + over_row + ")", "CHECK constraint failed: " + check.text, check.reads});
  }
  for (const auto& unique : pair.uniqueness[to]) {
    if (unique.on_both) continue;
    auto broken = "EXISTS (SELECT 1 FROM " + quoted(pair, to) + " WHERE " + has_terms_of_new(table, unique);
    if (!unique.text.where.empty()) broken += " AND (" + over_new(table, unique.text.where) + ")";
    broken += " AND NOT (" + at_key(pair, to, to, "NEW") + ")";
    if (by_update) broken += " AND NOT (" + at_key(pair, to, to, "OLD") + ")";
    broken += ")";
    // An upsert is going to be an UPDATE, of which this is not the row.
    if (!by_update && !(to == kOld && pair.carries_replace)) {
      broken += " AND NOT EXISTS (SELECT 1 FROM " + quoted(pair, to) + " WHERE " + at_key(pair, to, to, "NEW") + ")";
    }
    demands.push_back({"(" + broken + ")", refusal_of(unique, table.name, to), unique.reads});
  }
  return demands;
}

/// True if NEW is about to get what follows from the other row, and has not got it yet.
std::string is_echo(const Pair& pair, Side to, const std::vector<std::string>& columns) {
  std::vector<std::string> follows = {at_key(pair, other(to), to, "NEW")};
  std::vector<std::string> stays = {at_key(pair, to, to, "NEW")};
  for (const auto& c : pair.computed(to)) {
    if (!contains_name(columns, c.column)) continue;
    const auto column = quote_identifier(c.column);
    follows.push_back(new_follows(pair, to, c));
    stays.push_back("NEW." + column + " COLLATE BINARY IS " + quoted(pair, to) + "." + column);
  }
  const auto exists = [&](Side side, std::vector<std::string> conditions) {
    return "EXISTS (SELECT 1 FROM " + quoted(pair, side) + " WHERE " + combined(std::move(conditions), " AND ") + ")";
  };
  return exists(other(to), std::move(follows)) + " AND NOT " + exists(to, std::move(stays));
}

}  // namespace

std::vector<NamedSql> demand_triggers(const Pair& pair, Side to) {
  std::vector<NamedSql> triggers;
  for (const bool by_update : {false, true}) {
    auto demands = demands_of(pair, to, by_update);
    // One of no column (a UNIQUE on a constant, so that there is one row) no UPDATE breaks.
    if (by_update) std::erase_if(demands, [](const Demand& demand) { return demand.reads.empty(); });
    if (demands.empty()) continue;
    std::vector<std::string> broken;
    std::vector<std::string> named;
    std::vector<std::string> read;
    std::string body;
    for (const auto& demand : demands) {
      broken.push_back(demand.broken);
      for (const auto& column : demand.reads) {
        const auto name = quote_identifier(column);
        read.push_back("NEW." + name);
        if (!pair.table(to).column(column)->generated) named.push_back(name);
      }
      body += "SELECT RAISE(ABORT, " + quote_text(demand.message) + ") WHERE " + demand.broken + " AND " +
              is_echo(pair, to, demand.reads) + ";\n";
    }
    // In a BEFORE UPDATE trigger NEW has what is set or named, and generated columns are computed from that.
    if (by_update && !read.empty()) body = "SELECT " + joined(read, ", ") + ";\n" + body;
    const auto name = trigger_name(pair, other(to), by_update ? kOnUpdate : kOnInsert);
    triggers.push_back({name, "CREATE TRIGGER " + quote_identifier(name) + " BEFORE " +
                                  (by_update ? "UPDATE OF " + joined(named, ", ") : "INSERT") + " ON " +
                                  quoted(pair, to) + "\nWHEN " + combined(broken, " OR ") + "\nBEGIN\n" + body +
                                  "END"});
  }
  return triggers;
}

std::vector<std::string> demand_trigger_names(const Pair& pair, Side to) {
  return {trigger_name(pair, other(to), kOnInsert), trigger_name(pair, other(to), kOnUpdate)};
}

}  // namespace offx::migrate
