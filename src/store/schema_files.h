#pragma once

#include <span>
#include <string_view>

namespace offx::store {

/// One file of schema/: the statements of one table version, separated by blank lines.
struct SchemaFile {
  std::string_view name;  ///< `topics_v1`
  std::string_view sql;
};

/// All of version 1, in the order they are applied. Generated at build time.
std::span<const SchemaFile> schema_files();

/// One file of schema/migrations/.
struct MigrationFile {
  std::string_view name;  ///< `topics_v2`: that of the migration
  std::string_view text;
};

/// All of them, in the order they are applied.
std::span<const MigrationFile> migration_files();

}  // namespace offx::store
