#pragma once

#include <string_view>

#include "base/error.h"
#include "db/sqlite/connection.h"

namespace offx::db::sqlite {

/// What DatabaseClient::redirect_references() promises, within a transaction of the caller's, who rolls it back after
/// an error. Cost: as reading the schema.
Result<void> redirect_references(Connection& connection, std::string_view from, std::string_view to);

}  // namespace offx::db::sqlite
