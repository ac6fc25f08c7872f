#include "db/sqlite/references.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "db/script.h"
#include "db/sql_tokens.h"

// SQLite has no statement that changes a foreign key. It documents that one may be changed in the text of the schema
// (https://sqlite.org/lang_altertable.html#otheralter), as nothing else in the file depends on it. The new text is not
// made by us: a database in memory gets the referring tables and a stand-in for `from`, and SQLite's own ALTER TABLE …
// RENAME puts the new name wherever a foreign key has the old one. Renaming `from` itself would change views, triggers
// and its references to itself as well.

namespace offx::db::sqlite {
namespace {

Result<void> need_table(Connection& connection, std::string_view name) {
  OFFX_ASSIGN(const auto found, connection.run("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ? "
                                               "COLLATE NOCASE",
                                               {std::string(name)}));
  if (found.rows() == 0) return fail(Errc::not_found, "there is no table " + std::string(name));
  return {};
}

Result<std::vector<Child>> find_children(Connection& connection, const Redirect& redirect) {
  OFFX_ASSIGN(
      const auto rows,
      connection.run("SELECT name, sql FROM main.sqlite_schema AS t WHERE type = 'table' "
                     "AND name <> ?1 COLLATE NOCASE AND EXISTS (SELECT 1 FROM "
                     "pragma_foreign_key_list(t.name, 'main') WHERE \"table\" = ?1 COLLATE NOCASE) ORDER BY name",
                     {redirect.from}));
  std::vector<Child> children;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    auto name = to_text(rows.row(i)[0]);
    if (!leaves_out(redirect, name)) children.push_back({std::move(name), to_text(rows.row(i)[1])});
  }
  return children;
}

/// Puts the texts into the schema of this database and makes every connection read it anew.
Result<void> store(Connection& connection, const std::vector<Child>& children) {
  struct Unlock {
    sqlite3* handle;
    explicit Unlock(sqlite3* of) : handle(of) { sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr); }
    ~Unlock() {
      sqlite3_db_config(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, nullptr);
      sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    }
  } const unlock(connection.handle());
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, nullptr);
  for (const auto& child : children) {
    OFFX_TRY(connection.run("UPDATE main.sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
                            {child.sql, child.name}));
  }
  OFFX_ASSIGN(const auto version, connection.run("PRAGMA main.schema_version"));
  // The number is a signed 32-bit one to SQLite's parser, and it only matters that it is another.
  const auto next = (to_integer(version.row(0)[0]) + 1) & 0x7fffffff;
  OFFX_TRY(connection.control(("PRAGMA main.schema_version=" + std::to_string(next)).c_str()));
  return connection.control("PRAGMA writable_schema=RESET");
}

/// What the schema holds but the texts that are to change, and every foreign key with `from` read as `to`: must be the
/// same before and after.
Result<std::vector<std::string>> describe(Connection& connection, const std::vector<Child>& children,
                                          std::string_view from, std::string_view to) {
  std::vector<std::string> description;
  const auto add = [&description](std::span<const Value> cells) {
    std::string line;
    for (const auto& cell : cells) line += to_text(cell) + '\0';
    description.push_back(std::move(line));
  };
  OFFX_ASSIGN(const auto objects,
              connection.run("SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_schema ORDER BY rowid"));
  for (std::size_t i = 0; i < objects.rows(); ++i) {
    const auto object = objects.row(i);
    const bool changes = to_text(object[0]) == "table" &&
                         std::any_of(children.begin(), children.end(),
                                     [&](const Child& child) { return child.name == to_text(object[1]); });
    add(changes ? object.first(4) : object);
  }
  for (const auto& child : children) {
    OFFX_ASSIGN(const auto keys,
                connection.run("SELECT ?1, id, seq, iif(lower(\"table\") IN (lower(?2), lower(?3)), ?3, \"table\"), "
                               "\"from\", \"to\", on_update, on_delete, match "
                               "FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
                               {child.name, std::string(from), std::string(to)}));
    for (std::size_t i = 0; i < keys.rows(); ++i) add(keys.row(i));
  }
  return description;
}

/// Whether each parent of `child` has the key that `child` refers to. Compiling this PRAGMA looks for it; it is not
/// run.
Result<void> check_parents(Connection& connection, const Child& child) {
  const std::string sql = "PRAGMA main.foreign_key_check(" + quote_identifier(child.name) + ")";
  sqlite3_stmt* statement = nullptr;  // not of the connection's cache: it must be compiled each time
  const int code = sqlite3_prepare_v2(connection.handle(), sql.c_str(), -1, &statement, nullptr);
  sqlite3_finalize(statement);
  if (code != SQLITE_OK) return fail(to_error(connection.handle(), code));
  return {};
}

}  // namespace

bool leaves_out(const Redirect& redirect, std::string_view table) {
  return std::any_of(redirect.but.begin(), redirect.but.end(),
                     [&](const std::string& name) { return folded(name) == folded(table); });
}

Result<std::vector<Child>> with_other_parent(std::vector<Child> children, const Redirect& redirect) {
  const auto& from = redirect.from;
  const auto& to = redirect.to;
  // A name no text contains: it is found again after the renaming, and `to` may be among the children.
  std::string stand_in = "offx new parent";
  while (std::any_of(children.begin(), children.end(),
                     [&](const Child& child) { return child.sql.find(stand_in) != std::string::npos; })) {
    stand_in += " x";
  }
  OFFX_ASSIGN(const auto scratch, Connection::open(":memory:", Connection::Access::read_write));
  // Tables of other programs may hold texts in double quotes; loading a schema allows them as well.
  sqlite3_db_config(scratch->handle(), SQLITE_DBCONFIG_DQS_DDL, 1, nullptr);
  OFFX_TRY(scratch->control(("CREATE TABLE " + quote_identifier(from) + " (x)").c_str()));
  for (const auto& child : children) {
    if (auto made = scratch->control(child.sql.c_str()); !made) return fail(std::move(made).error().within(child.name));
  }
  OFFX_TRY(
      scratch->control(("ALTER TABLE " + quote_identifier(from) + " RENAME TO " + quote_identifier(stand_in)).c_str()));

  const std::string placeholder = quote_identifier(stand_in);
  const std::string parent = quote_identifier(to);
  for (auto& child : children) {
    OFFX_ASSIGN(const auto row,
                scratch->run("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", {child.name}));
    child.sql = to_text(row.row(0)[0]);
    for (std::size_t at = 0; (at = child.sql.find(placeholder, at)) != std::string::npos; at += parent.size()) {
      child.sql.replace(at, placeholder.size(), parent);
    }
  }
  return children;
}

Result<void> redirect_references(Connection& connection, const Redirect& redirect) {
  const auto& from = redirect.from;
  const auto& to = redirect.to;
  OFFX_TRY(need_table(connection, from));
  OFFX_TRY(need_table(connection, to));
  OFFX_ASSIGN(const auto children, find_children(connection, redirect));
  if (children.empty()) return {};
  std::vector<Child> usable;  // without those that no row could be written to before either
  for (const auto& child : children) {
    if (check_parents(connection, child)) usable.push_back(child);
  }
  OFFX_ASSIGN(const auto changed, with_other_parent(children, redirect));
  OFFX_ASSIGN(const auto before, describe(connection, children, from, to));
  OFFX_TRY(store(connection, changed));

  OFFX_ASSIGN(const auto after, describe(connection, children, from, to));
  OFFX_ASSIGN(const auto left, find_children(connection, redirect));
  if (before != after || !left.empty()) {
    return fail(Errc::internal, "redirecting foreign keys from " + from + " to " + to +
                                    " would have changed more than them; nothing was changed");
  }
  for (const auto& child : usable) {
    if (const auto fits = check_parents(connection, child); !fits) {
      return fail(Errc::conflict, fits.error().message() + ": " + to +
                                      " needs a primary key or a unique index over the columns that " + child.name +
                                      " refers to");
    }
  }
  return {};
}

}  // namespace offx::db::sqlite
