#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/sqlite/connection.h"

namespace offx::db::sqlite {

/// What DatabaseClient::redirect_references() promises, within a transaction of the caller's, who rolls it back after
/// an error. Cost: as reading the schema.
Result<void> redirect_references(Connection& connection, std::string_view from, std::string_view to);

/// A table that refers to the one in question, and its CREATE TABLE.
struct Child {
  std::string name;
  std::string sql;
};

/// Each of them with `to` in the place of `from` in its foreign keys, and nowhere else.
Result<std::vector<Child>> with_other_parent(std::vector<Child> children, std::string_view from, std::string_view to);

}  // namespace offx::db::sqlite
