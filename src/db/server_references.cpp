#include "db/server_references.h"

#include <algorithm>

#include "db/script.h"
#include "db/sql_tokens.h"
#include "db/sqlite/references.h"
#include "db/table_text.h"

namespace offx::db {

Result<std::vector<Redirected>> redirected_tables(DatabaseClient& client, std::string_view from, std::string_view to) {
  OFFX_ASSIGN(const auto tables,
              client.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND (name = ?1 COLLATE NOCASE OR "
                             "name = ?2 COLLATE NOCASE)",
                             {std::string(from), std::string(to)}));
  if (to_integer(tables.row(0)[0]) != 2) {
    return fail(Errc::not_found, "there is no table " + std::string(from) + ", or no table " + std::string(to));
  }
  OFFX_ASSIGN(const auto found,
              client.execute("SELECT t.name, t.sql FROM sqlite_schema AS t WHERE t.type = 'table' AND t.name <> ?1 "
                             "COLLATE NOCASE AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) AS k WHERE "
                             "k.\"table\" = ?1 COLLATE NOCASE) ORDER BY t.name",
                             {std::string(from)}));
  std::vector<sqlite::Child> children;
  for (std::size_t i = 0; i < found.rows(); ++i)
    children.push_back({to_text(found.row(i)[0]), to_text(found.row(i)[1])});
  OFFX_ASSIGN(const auto changed, sqlite::with_other_parent(children, from, to));
  std::vector<Redirected> redirected;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    redirected.push_back({changed[i].name, children[i].sql, changed[i].sql});
  }
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
