#pragma once

#include <string>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

/// Copies the database file `from`, as it is at one moment, into the new file `to`, checks the copy and gives it its
/// name only then. Connections to `from` read and write on meanwhile. Progress is in pages. Errc::conflict if `to`
/// exists.
Result<void> copy_database(const std::string& from, const std::string& to, const Progress& progress);

}  // namespace offx::db::sqlite
