#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/client.h"

namespace offx::migrate {

/// A column as the database has it.
struct Column {
  std::string name;
  std::string type;  ///< as declared; may be empty
  bool not_null = false;
  std::optional<std::string> default_value;  ///< the SQL text of its DEFAULT
  int primary_key = 0;                       ///< 1, 2, … within the primary key; 0 if not part of it
  bool generated = false;                    ///< computed: it can be read, not written
};

/// True if a table (not a view) of this name exists. Names are compared as SQLite does, without regard to case.
Result<bool> table_exists(db::DatabaseClient& client, std::string_view name);

/// A table as `offx db tables` lists it.
struct TableSize {
  std::string name;
  std::int64_t rows = 0;
};

/// Every table, virtual ones too, by name; those that SQLite or a virtual table keeps for itself are left out. Counts
/// by reading each table through.
Result<std::vector<TableSize>> list_tables(db::DatabaseClient& client);

/// The columns of a table or view in their order, generated ones too. Errc::not_found if there is none of this name.
Result<std::vector<Column>> get_table_columns(db::DatabaseClient& client, std::string_view name);

/// *old column → new column*, for the columns whose name changes.
using ColumnMappings = std::vector<std::pair<std::string, std::string>>;

/// What migrate_table() did.
struct MigrationReport {
  std::int64_t rows = 0;
  std::vector<std::pair<std::string, std::string>> copied;  ///< old → new, same names included
  std::vector<std::string> defaulted;                       ///< new columns that got their default
  std::vector<std::string> left_behind;                     ///< old columns the new table does not have
};

/// Makes the table `new_name` with `create_sql` (further statements, its indexes for instance, may follow) and copies
/// the rows of `old_name` into it, all in one transaction; writers wait meanwhile. Columns present in both under one
/// name copy as they are, those in `mappings` under their new name, other new columns get their default. The sequence
/// of an AUTOINCREMENT key goes on. The old table stays as it is.
///
/// Before it commits, row counts and a checksum of every copied column are compared; on a difference nothing is kept
/// and the error (Errc::corrupt) names the columns that differ. Other errors: not_found (no such old table), conflict
/// (the new one exists, or a row breaks one of its constraints), invalid_argument (the mapping does not fit).
Result<MigrationReport> migrate_table(db::DatabaseClient& client, std::string_view old_name, std::string_view new_name,
                                      std::string_view create_sql, const ColumnMappings& mappings = {});

}  // namespace offx::migrate
