#include "migrate/replay.h"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/time.h"
#include "db/script.h"
#include "db/statement_text.h"
#include "migrate/ledger.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Value;
using Row = std::vector<Value>;

constexpr std::size_t kShownBytes = 60;

/// A time of this minute in SQLite's form, as CURRENT_TIMESTAMP writes it: two databases get it a moment apart.
bool is_present(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->size() < 19 || text->size() > 30) return false;
  const auto time = parse_time(*text);
  return time && std::chrono::abs(SystemClock().now() - *time) < std::chrono::minutes(1);
}

bool same(const Value& a, const Value& b) { return a == b || (is_present(a) && is_present(b)); }

std::string shown(const Value& value) {
  const Value one[] = {value};
  auto text = to_literals(one);
  if (text.size() > kShownBytes) {
    auto end = kShownBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "…";
  }
  return text;
}

std::vector<Row> rows_of(const db::QueryResult& result) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < result.rows(); ++i) rows.emplace_back(result.row(i).begin(), result.row(i).end());
  return rows;
}

std::string list_of(std::span<const std::string> names) { return joined({names.begin(), names.end()}, ", "); }

bool says_order(const NamedStatement& statement) {
  const auto tokens = tokens_of(statement.sql);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (same_name(tokens[i].text, "order") && same_name(tokens[i + 1].text, "by")) return true;
  }
  return false;
}

/// True if its values are not the same twice, so that only their number can be compared.
bool is_random(const NamedStatement& statement) {
  return mentions(statement.sql, "random") || mentions(statement.sql, "randomblob");
}

/// True if it asks about the schema, which is another in the middle of a migration.
bool is_about_schema(const NamedStatement& statement) {
  const auto names = names_in(statement.sql);
  return names.contains("sqlite_schema") || names.contains("sqlite_master") ||
         std::any_of(names.begin(), names.end(), [](const auto& name) { return name.starts_with("pragma_"); });
}

std::optional<std::string> difference_of_errors(const Outcome& expected, const Outcome& found) {
  if (found.error && expected.error) {
    if (found.error->code() == expected.error->code()) return std::nullopt;
    return "fails with another error: " + found.error->message() + "; expected: " + expected.error->message();
  }
  if (found.error) return "fails: " + found.error->message();
  if (expected.error) return "does not fail; expected: " + expected.error->message();
  return std::nullopt;
}

/// `names` are the columns of both.
std::optional<std::string> difference_of_rows(std::vector<Row> expected, std::vector<Row> found, bool ordered,
                                              std::span<const std::string> names) {
  if (!ordered) {
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
  }
  for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i) {
    for (std::size_t j = 0; j < expected[i].size(); ++j) {
      if (same(expected[i][j], found[i][j])) continue;
      return "row " + std::to_string(i + 1) + ", " + names[j] + ": " + shown(found[i][j]) + ", expected " +
             shown(expected[i][j]);
    }
  }
  if (expected.size() != found.size()) {
    return std::to_string(found.size()) + " rows, expected " + std::to_string(expected.size());
  }
  return std::nullopt;
}

std::optional<std::string> difference_of_counts(const Outcome& expected, const Outcome& found) {
  if (expected.result.rows_affected() == found.result.rows_affected()) return std::nullopt;
  return "changes " + std::to_string(found.result.rows_affected()) + " rows, expected " +
         std::to_string(expected.result.rows_affected());
}

// --- Query plans ---

/// How one table is read.
struct Access {
  std::string name;  ///< the table or its alias, folded
  int rank = 0;      ///< 0 read through, 1 in the order of an index, 2 searched
  std::ptrdiff_t narrowed_by = 0;
  std::string line;
};

/// How many comparisons narrow a search: of `SEARCH t USING INDEX i (a=? AND (b,c)>(?,?))` two. An indexed expression
/// is shown as `<expr>`.
std::ptrdiff_t comparisons_of(const std::string& line) {
  std::ptrdiff_t count = 0;
  for (auto at = line.find(" ("); at < line.size(); ++at) {
    if (line.compare(at, 6, "<expr>") == 0) at += 6;
    if (at < line.size() && (line[at] == '=' || line[at] == '<' || line[at] == '>')) ++count;
  }
  return count;
}

std::vector<Access> accesses_of(const std::vector<std::string>& plan) {
  std::vector<Access> accesses;
  for (const auto& line : plan) {
    const bool search = line.starts_with("SEARCH ");
    if (!search && !line.starts_with("SCAN ")) continue;
    const auto begin = line.find(' ') + 1;
    const auto end = std::min(line.find(' ', begin), line.size());
    Access access{folded(line.substr(begin, end - begin)), 0, 0, line};
    const bool automatic = line.find(" AUTOMATIC ") != std::string::npos;
    if (search && !automatic) {
      access.rank = 2;
      access.narrowed_by = comparisons_of(line);
      // The rowid needs nothing beside it.
      if (line.find("INTEGER PRIMARY KEY (rowid=?)") != std::string::npos) access.narrowed_by = 100;
    } else if (!search && line.find(" INDEX ") != std::string::npos) {
      access.rank = 1;
    }
    accesses.push_back(std::move(access));
  }
  return accesses;
}

std::ptrdiff_t sorts_of(const std::vector<std::string>& plan) {
  return std::count_if(plan.begin(), plan.end(),
                       [](const std::string& line) { return line.starts_with("USE TEMP B-TREE"); });
}

}  // namespace

Outcome run(db::DatabaseClient& client, const NamedStatement& statement, const std::vector<Value>& arguments) {
  auto done = client.execute(statement.sql, arguments);
  if (!done) return {{}, std::move(done).error()};
  return {std::move(*done), std::nullopt};
}

std::optional<std::string> difference(const NamedStatement& statement, const Outcome& expected, const Outcome& found) {
  if (auto errors = difference_of_errors(expected, found); errors || expected.error) return errors;
  const auto columns = expected.result.columns();
  const auto found_columns = found.result.columns();
  if (!std::equal(columns.begin(), columns.end(), found_columns.begin(), found_columns.end())) {
    return "returns the columns " + list_of(found_columns) + "; expected: " + list_of(columns);
  }
  if (is_random(statement) || is_about_schema(statement)) return std::nullopt;
  if (auto rows = difference_of_rows(rows_of(expected.result), rows_of(found.result), says_order(statement), columns)) {
    return rows;
  }
  if (auto counts = difference_of_counts(expected, found)) return counts;
  const auto id = expected.result.last_insert_rowid();
  const auto found_id = found.result.last_insert_rowid();
  if (id && found_id && id != found_id) {
    return "gives the id " + std::to_string(*found_id) + ", expected " + std::to_string(*id);
  }
  return std::nullopt;
}

std::optional<std::string> difference_in_meaning(const NamedStatement& old_statement,
                                                 const NamedStatement& new_statement, const Outcome& expected,
                                                 const Outcome& found) {
  if (auto errors = difference_of_errors(expected, found); errors || expected.error) return errors;
  if (is_random(old_statement) || is_random(new_statement) || is_about_schema(new_statement)) return std::nullopt;
  if (auto counts = difference_of_counts(expected, found)) return counts;
  const auto columns = expected.result.columns();
  const auto found_columns = found.result.columns();
  const auto text = db::read_statement(new_statement.sql);
  const bool changed = !std::equal(columns.begin(), columns.end(), found_columns.begin(), found_columns.end());
  if (changed && text && text->selects_all) {
    return "says * and returns the columns " + list_of(found_columns) + ", not " + list_of(columns) +
           ": name those that are meant";
  }
  // The same answer in another order of columns is the same answer.
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto at = std::find_if(found_columns.begin(), found_columns.end(),
                                 [&](const std::string& name) { return same_name(name, columns[i]); });
    if (at == found_columns.end() && columns.size() != found_columns.size()) {
      return "returns no column " + columns[i] + " any more, but " + list_of(found_columns);
    }
    const auto place = at == found_columns.end() ? i : static_cast<std::size_t>(at - found_columns.begin());
    pairs.emplace_back(i, place);
    names.push_back(found_columns[place]);
  }
  std::vector<Row> expected_rows;
  std::vector<Row> found_rows;
  const auto pick = [&](const db::QueryResult& result, bool first, std::vector<Row>& rows) {
    for (std::size_t i = 0; i < result.rows(); ++i) {
      Row row;
      for (const auto& [a, b] : pairs) row.push_back(result.row(i)[first ? a : b]);
      rows.push_back(std::move(row));
    }
  };
  pick(expected.result, true, expected_rows);
  pick(found.result, false, found_rows);
  const bool ordered = says_order(old_statement) && says_order(new_statement);
  return difference_of_rows(std::move(expected_rows), std::move(found_rows), ordered, names);
}

Outcome contents(db::DatabaseClient& client, const std::string& table, const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const auto& column : columns) quoted.push_back(quote_identifier(column));
  return run(
      client,
      {"", "SELECT " + (quoted.empty() ? "*" : joined(quoted, ", ")) + " FROM " + quote_identifier(table), {}, false},
      {});
}

std::optional<std::string> difference_of_contents(const Outcome& expected, const Outcome& found) {
  if (auto errors = difference_of_errors(expected, found); errors || expected.error) return errors;
  const auto columns = expected.result.columns();
  const auto found_columns = found.result.columns();
  if (!std::equal(columns.begin(), columns.end(), found_columns.begin(), found_columns.end())) {
    return "has the columns " + list_of(found_columns) + "; expected: " + list_of(columns);
  }
  return difference_of_rows(rows_of(expected.result), rows_of(found.result), false, columns);
}

Result<std::vector<std::string>> query_plan(db::DatabaseClient& client, const NamedStatement& statement) {
  const auto text = db::read_statement(statement.sql);
  if (!text) return fail(text.error());
  const auto sql = "EXPLAIN QUERY PLAN " + std::string(text->sql);
  OFFX_ASSIGN(const auto rows, client.execute(sql, std::vector<Value>(text->parameter_count)));
  std::vector<std::string> plan;
  for (std::size_t i = 0; i < rows.rows(); ++i) plan.push_back(db::to_text(rows.row(i)[3]));
  return plan;
}

std::optional<std::string> worse_plan(const std::vector<std::string>& expected, const std::vector<std::string>& found,
                                      const std::map<std::string, std::string>& names) {
  const auto accesses = accesses_of(expected);
  const auto found_accesses = accesses_of(found);
  for (const auto& access : accesses) {
    const auto renamed = names.find(access.name);
    const auto& name = renamed == names.end() ? access.name : renamed->second;
    // A table that occurs twice is compared by its best way and, as that may hide one, by its number of ways of a kind.
    const auto count = [](const std::vector<Access>& all, const std::string& wanted, const auto& matches) {
      return std::count_if(all.begin(), all.end(), [&](const Access& a) { return a.name == wanted && matches(a); });
    };
    const auto any = [](const Access&) { return true; };
    const auto as_good = [&](const Access& a) {
      return a.rank > access.rank || (a.rank == access.rank && a.narrowed_by >= access.narrowed_by);
    };
    if (count(found_accesses, name, any) < count(accesses, access.name, any)) continue;  // asked in another way
    if (count(found_accesses, name, as_good) >= count(accesses, access.name, as_good)) continue;
    const auto worse = std::find_if(found_accesses.begin(), found_accesses.end(),
                                    [&](const Access& a) { return a.name == name && !as_good(a); });
    return "reads more than before: `" + (worse == found_accesses.end() ? std::string("nothing") : worse->line) +
           "`, where it was `" + access.line + "`";
  }
  if (accesses.size() == found_accesses.size() && sorts_of(found) > sorts_of(expected)) {
    return "sorts rows that came in order from an index: `" + joined(found, "`, `") + "`, where it was `" +
           joined(expected, "`, `") + "`";
  }
  return std::nullopt;
}

std::string described(const std::vector<Value>& arguments) {
  std::string text = "(";
  for (std::size_t i = 0; i < arguments.size(); ++i) text += (i > 0 ? ", " : "") + shown(arguments[i]);
  return text + ")";
}

}  // namespace offx::migrate
