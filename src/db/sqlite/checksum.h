#pragma once

#include <sqlite3.h>

#include "base/error.h"

namespace offx::db::sqlite {

/// Gives `handle` the aggregate `offx_checksum(value)`: a 64-bit sum over the values of a column that does not depend
/// on their order. Values that SQLite's type affinity converts without loss into each other (5, 5.0 and '5', but not
/// '05') count as equal, so that it compares a column with its copy under another declared type. Only for our own
/// statements: it is refused in triggers and views, which other programs would fail on.
Result<void> register_checksum(sqlite3* handle);

}  // namespace offx::db::sqlite
