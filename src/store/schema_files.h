#pragma once

#include <span>
#include <string_view>

namespace offx::store {

/// One file of schema/: the statements of one table version, separated by blank lines.
struct SchemaFile {
  std::string_view name;  ///< `topics_v1`
  std::string_view sql;
};

/// All of them, in the order they are applied. Generated at build time.
std::span<const SchemaFile> schema_files();

}  // namespace offx::store
