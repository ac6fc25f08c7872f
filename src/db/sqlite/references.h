#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "db/sqlite/connection.h"

namespace offx::db::sqlite {

/// What DatabaseClient::redirect_references() promises of one redirect, within a transaction of the caller's, who rolls
/// it back after an error. Cost: as reading the schema.
Result<void> redirect_references(Connection& connection, const Redirect& redirect);

/// A table that refers to the one in question, and its CREATE TABLE.
struct Child {
  std::string name;
  std::string sql;
};

/// Whether the references of `table` stay.
bool leaves_out(const Redirect& redirect, std::string_view table);

/// Each of them with `to` in the place of `from` in its foreign keys, and nowhere else. `from` is none of them.
Result<std::vector<Child>> with_other_parent(std::vector<Child> children, const Redirect& redirect);

}  // namespace offx::db::sqlite
