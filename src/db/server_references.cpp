#include "db/server_references.h"

#include <algorithm>
#include <array>
#include <utility>

#include "db/script.h"
#include "db/sql_tokens.h"
#include "db/sqlite/references.h"

namespace offx::db {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// A CREATE TABLE taken apart at the commas between its outermost parentheses.
std::vector<std::string_view> items_of(std::string_view create_sql) {
  std::vector<std::string_view> items;
  SqlTokens tokens(create_sql);
  std::string_view item;
  int depth = 0;
  while (const auto token = tokens.next()) {
    if (token->text == "(" && ++depth == 1) continue;
    if (token->text == ")" && --depth == 0) break;
    if (depth == 1 && token->text == ",") {
      items.push_back(std::exchange(item, {}));
    } else if (depth > 0) {
      const char* begin = item.empty() ? token->text.data() : item.data();
      item = std::string_view(begin, static_cast<std::size_t>(token->text.data() + token->text.size() - begin));
    }
  }
  if (!item.empty()) items.push_back(item);
  return items;
}

bool is_word(const SqlToken& token, std::string_view word) {
  return token.kind == SqlToken::Kind::name && same_name(token.text, word);
}

/// Of the table. Which ones does not matter: between constraints SQLite needs no comma, so a foreign key may stand in
/// an item that begins with another.
bool is_constraint(std::string_view item) {
  static constexpr std::array<std::string_view, 5> kWords = {"constraint", "primary", "unique", "check", "foreign"};
  const auto first = SqlTokens(item).next();
  return first && std::any_of(kWords.begin(), kWords.end(), [&](auto word) { return is_word(*first, word); });
}

}  // namespace

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
  const auto before = items_of(redirected.present_sql);
  const auto after = items_of(redirected.sql);
  std::vector<std::string> statements;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i] == after[i]) continue;
    if (is_constraint(after[i])) {
      return fail(Errc::unsupported, "libSQL can point the foreign key of a column at another table, but not " +
                                         redirected.table + "'s " + std::string(before[i]));
    }
    statements.push_back("ALTER TABLE " + quote_identifier(redirected.table) + " ALTER COLUMN " +
                         std::string(SqlTokens(after[i]).next()->text) + " TO " + std::string(after[i]));
  }
  return statements;
}

bool has_key_of_table(std::string_view create_sql, std::string_view parent) {
  const auto items = items_of(create_sql);
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) {
    if (!is_constraint(item)) return false;
    SqlTokens tokens(item);
    while (const auto token = tokens.next()) {
      if (!is_word(*token, "references")) continue;
      const auto name = tokens.next();
      if (!name) return false;
      auto text = name->text;
      if (name->kind == SqlToken::Kind::quoted_name || name->kind == SqlToken::Kind::string) {
        text = text.substr(1, text.size() - 2);
      }
      if (same_name(text, parent)) return true;
    }
    return false;
  });
}

}  // namespace offx::db
