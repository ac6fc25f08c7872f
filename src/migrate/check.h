#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migration.h"
#include "migrate/release.h"

/// Does old code go on working while a migration is under way, and new code from the moment it may be deployed? Asked
/// before anything ships: `offx migrate check`.
///
/// Scratch databases in memory, filled with made-up rows, are taken through every moment of the migration that another
/// program can see: before, expanded, each table copied to 0, 50 and 100 %, both versions live, each step of
/// completing; and rolled back from each of them. Wherever the old version stands, every old statement is run beside a
/// database that has the old version alone, and wherever the new one does, every new statement beside one that has the
/// new version alone; both get the same writes. It must
///
/// - compile, and return the same columns, rows, ids and numbers of changes;
/// - find what the other side wrote: what is written through one version is read through the other, and stays after a
///   rollback;
/// - be as fast: no table is read through that was searched, nothing is sorted that came in order.
///
/// Statements of one name on both sides mean the same: run with the same arguments (if they take as many), the new one
/// must give what the old one gives, and change what it changes. One that means something else needs another name.
/// Statements of a batch are compiled one by one, and run together only. Statements about the schema itself
/// (sqlite_schema, pragma_…) must return the same columns.
namespace offx::migrate {

struct CheckInput {
  std::vector<std::string> schema;    ///< the database before: CREATE statements
  std::vector<Migration> migrations;  ///< from old to new, in order; at least one
  Program old_code;                   ///< at least one statement
  Program new_code;                   ///< may be empty: then only old code is looked at
  /// A database of the new version that was never migrated, if there is such a thing: what it has, a migrated one must
  /// have. Tables in it that no migration makes are there from the beginning, as new code makes them when it starts; if
  /// an old version is still in it, nothing but these are taken from it.
  std::vector<std::string> new_schema;
  int rows = 40;                                          ///< in each table
  std::uint64_t seed = 1;                                 ///< the same rows and arguments for the same seed
  std::function<bool(std::string_view moment)> progress;  ///< `false` stops it: Errc::cancelled
};

struct CheckFailure {
  std::vector<std::string> moments;  ///< "both live", "rolled back from expanded"
  std::string statement;             ///< its name; empty if it concerns the database itself
  std::string side;                  ///< old, new
  std::string what;                  ///< what differs
  std::string sql;                   ///< the statement
};

struct CheckReport {
  std::vector<std::string> moments;
  std::int64_t runs = 0;  ///< statements that were run and compared
  std::vector<CheckFailure> failures;
  std::vector<std::string> notes;  ///< what could not be looked at, and why

  [[nodiscard]] bool passed() const { return failures.empty(); }
};

/// Takes seconds: it grows with the number of statements times that of tables in the migrations.
/// Errc::invalid_argument: the schema cannot be made, or there is nothing to check; Errc::conflict: a plan is refused,
/// the message says why.
Result<CheckReport> check_compatibility(const CheckInput& input);

}  // namespace offx::migrate
