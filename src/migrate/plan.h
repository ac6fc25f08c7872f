#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migration.h"
#include "migrate/migrator.h"

namespace offx::migrate {

/// Something the author should know before anything is touched.
struct Finding {
  enum class Severity : std::uint8_t {
    note,     ///< good to know
    warning,  ///< works, and can hurt: the message says when
    refusal,  ///< start() will not do it
  };
  Severity severity = Severity::note;
  std::string table;    ///< may be empty
  std::string column;   ///< or index, trigger, view; may be empty
  std::string message;  ///< what, why, and what to do
  int line = 0;         ///< of the migration's file; 0 if none of it is meant, or it was not read from one
};
[[nodiscard]] std::string_view to_string(Finding::Severity severity) noexcept;
/// `TABLE.COLUMN: `, as far as it concerns one.
[[nodiscard]] std::string place_of(const Finding& finding);

/// One step of a migration and the SQL it runs.
struct Step {
  std::string phase;             ///< expand, backfill, verify, dual, complete
  std::string table;             ///< the old table's name; empty if it concerns all
  std::string what;              ///< for people
  std::vector<std::string> sql;  ///< of a backfill, the statement of one chunk
};

/// How much there is to do for one table. Times and sizes are estimates.
struct TableEstimate {
  std::string from;
  std::string to;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;       ///< of the table and its indexes now
  std::int64_t disk_bytes = 0;  ///< of the new version and its indexes
  double seconds = 0;           ///< until both live; disks differ: a half to the double of it
};

struct Plan {
  Migration migration;
  /// Of a migration that is begun, or at its end: there are no steps then, and the findings say what start(),
  /// complete() and roll_back() would do now. A refusal among them is one of start().
  std::optional<Phase> begun;
  std::vector<TableEstimate> tables;
  std::int64_t disk_bytes = 0;  ///< needed meanwhile beyond what is used now, the write-ahead log too, about
  std::vector<Step> steps;
  std::vector<Finding> findings;

  [[nodiscard]] bool refused() const;
};

/// What start() and complete() would do to this database, and every danger found. Changes nothing: the whole migration
/// is rehearsed on a copy of the schema in memory. Reads the tables through where a danger depends on their rows, and
/// samples them for the estimates, which are those of a start() with this `max_stall`.
/// Errors are those of the database, and Errc::cancelled if `progress` says so; what is wrong with the migration is a
/// Finding.
Result<Plan> make_plan(db::DatabaseClient& client, const Migration& migration,
                       std::chrono::milliseconds max_stall = std::chrono::milliseconds(50),
                       const WorkProgress& progress = {});

}  // namespace offx::migrate
