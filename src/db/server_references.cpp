#include "db/server_references.h"

#include <algorithm>
#include <utility>

#include "db/script.h"
#include "db/sql_tokens.h"
#include "db/sqlite/references.h"
#include "db/table_text.h"

namespace offx::db {

namespace {

/// What redirected_tables() gives, after one more of them.
Result<void> add_redirect(DatabaseClient& client, const Redirect& redirect, std::vector<Redirected>& redirected) {
  const auto& from = redirect.from;
  const auto& to = redirect.to;
  OFFX_ASSIGN(const auto tables,
              client.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND (name = ?1 COLLATE NOCASE OR "
                             "name = ?2 COLLATE NOCASE)",
                             {from, to}));
  if (to_integer(tables.row(0)[0]) != 2) {
    return fail(Errc::not_found, "there is no table " + from + ", or no table " + to);
  }
  OFFX_ASSIGN(const auto found,
              client.execute("SELECT t.name, t.sql FROM sqlite_schema AS t WHERE t.type = 'table' AND t.name <> ?1 "
                             "COLLATE NOCASE AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) AS k WHERE "
                             "k.\"table\" = ?1 COLLATE NOCASE) ORDER BY t.name",
                             {from}));
  std::vector<std::size_t> places;
  std::vector<sqlite::Child> children;
  for (std::size_t i = 0; i < found.rows(); ++i) {
    const auto name = to_text(found.row(i)[0]);
    if (sqlite::leaves_out(redirect, name)) continue;
    const auto known = std::find_if(redirected.begin(), redirected.end(),
                                    [&](const Redirected& table) { return table.table == name; });
    places.push_back(static_cast<std::size_t>(known - redirected.begin()));
    if (known == redirected.end()) {
      const auto sql = to_text(found.row(i)[1]);
      redirected.push_back({name, sql, sql});
    }
    children.push_back({name, redirected[places.back()].sql});
  }
  OFFX_ASSIGN(const auto changed, sqlite::with_other_parent(std::move(children), redirect));
  for (std::size_t i = 0; i < changed.size(); ++i) redirected[places[i]].sql = changed[i].sql;
  return {};
}

}  // namespace

Result<std::vector<Redirected>> redirected_tables(DatabaseClient& client, std::span<const Redirect> redirects) {
  std::vector<Redirected> redirected;
  for (const auto& redirect : redirects) OFFX_TRY(add_redirect(client, redirect, redirected));
  return redirected;
}

Result<std::vector<std::string>> alter_columns(const Redirected& redirected) {
  const auto before = read_table_text(redirected.present_sql);
  const auto after = read_table_text(redirected.sql);
  for (std::size_t i = 0; i < std::min(before.constraints.size(), after.constraints.size()); ++i) {
    if (before.constraints[i] == after.constraints[i]) continue;
    return fail(Errc::unsupported, "libSQL can point the foreign key of a column at another table, but not " +
                                       redirected.table + "'s " + std::string(before.constraints[i]));
  }
  std::vector<std::string> statements;
  for (std::size_t i = 0; i < std::min(before.columns.size(), after.columns.size()); ++i) {
    const auto& column = after.columns[i];
    if (before.columns[i] == column) continue;
    statements.push_back("ALTER TABLE " + quote_identifier(redirected.table) + " ALTER COLUMN " +
                         std::string(SqlTokens(column).next()->text) + " TO " + std::string(column));
  }
  return statements;
}

bool has_key_of_table(std::string_view create_sql, std::string_view parent) {
  const auto text = read_table_text(create_sql);
  for (const auto constraint : text.constraints) {
    SqlTokens tokens(constraint);
    while (const auto token = tokens.next()) {
      if (!is_word(*token, "references")) continue;
      const auto name = tokens.next();
      if (name && name_of(*name) == folded(parent)) return true;
    }
  }
  return false;
}

}  // namespace offx::db
