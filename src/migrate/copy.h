#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migrator.h"

/// A whole database from any engine to any other.
namespace offx::migrate {

/// In the target as long as a copy into it is not finished: how far each table is.
inline constexpr std::string_view kCopyTable = "offx_copy";

/// A virtual table whose rows cannot be read back, as those of a contentless full-text index: it is made empty, and
/// `fill` fills it from the copied tables. `fill` may be called again where it was interrupted.
struct DerivedTable {
  std::string name;
  std::function<Result<void>(db::DatabaseClient& target)> fill;
};

struct CopyOptions {
  std::vector<DerivedTable> derived;
  WorkProgress progress;  ///< in rows, of copying and then of comparing
};

struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
  std::string hash;  ///< over kind and bytes of every value in the order of the key, the same on every engine
};
struct CopyReport {
  bool resumed = false;  ///< an earlier call had begun
  std::vector<CopiedTable> tables;
  std::vector<std::string> warnings;  ///< what the target takes over and does not mean the same there
};

/// Errc::conflict if `client` holds a copy that is not finished: not what a program should work with, nor a backup.
Result<void> refuse_unfinished_copy(db::DatabaseClient& client);

/// Makes the tables, rows, sequences, indexes, views and triggers of `from` in `to`, and compares every row at the end.
/// `to` must be empty, or hold what an earlier, interrupted call with the same source left: then it goes on there; what
/// it recorded about a page of rows is in that page's own transaction, so none is lost or doubled. Programs should not
/// write to `from` meanwhile: it is read page by page, and a change that the copy missed ends it at the comparison.
///
/// Left out: what belongs to a place and not to the data (who uses the tables, the position of replicas). Towards
/// rqlite, columns declared BOOLEAN, DATE, DATETIME or TIMESTAMP, whose values it rewrites, are declared NUMERIC, which
/// stores the same; a DEFAULT that asks the clock is a warning, other dice are refused, as its nodes evaluate them each
/// for itself.
///
/// Errc::conflict: `to` holds something else, another process copies into it, or rows of `from` refer to rows that are
/// not there, or `from` is an unfinished copy. Errc::unsupported: a virtual table that is not in `derived`, a value or
/// a DEFAULT that the target cannot hold. Errc::corrupt: the copy differs from the source; the message says in which
/// table. Memory: some pages of rows. Time: every row is read twice from the source, written once and read once.
Result<CopyReport> copy_database(db::DatabaseClient& from, db::DatabaseClient& to, const CopyOptions& options);

}  // namespace offx::migrate
