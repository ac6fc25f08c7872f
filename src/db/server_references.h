#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"

/// What the engines on servers share of DatabaseClient::redirect_references().
namespace offx::db {

/// A table whose foreign keys refer to another one: its CREATE TABLE as it is, and as it should be.
struct Redirected {
  std::string table;
  std::string present_sql;
  std::string sql;
};

/// Every table that refers to the `from` of a redirect, as it would be after all of them. Errc::not_found: a table that
/// one names does not exist.
Result<std::vector<Redirected>> redirected_tables(DatabaseClient& client, std::span<const Redirect> redirects);

/// The ALTER TABLE … ALTER COLUMN statements, which libSQL has and SQLite has not, that make one of the other; no row
/// is touched by them. Errc::unsupported if one of the keys is no part of a column's definition: see
/// has_key_of_table().
Result<std::vector<std::string>> alter_columns(const Redirected& redirected);

/// True if the CREATE TABLE has a foreign key to `parent` behind its columns, as `FOREIGN KEY (…) REFERENCES parent`.
[[nodiscard]] bool has_key_of_table(std::string_view create_sql, std::string_view parent);

}  // namespace offx::db
