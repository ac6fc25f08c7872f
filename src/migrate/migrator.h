#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "migrate/migration.h"
#include "migrate/users.h"

/// Schema evolution while everything runs: a table and its next version side by side, kept alike by triggers. The
/// phases, and why it holds, are in DESIGN.md. Every function is safe to repeat after a crash at any point: what it
/// records about a step is in the step's own transaction.
namespace offx::migrate {

/// How far a migration is.
enum class Phase : std::uint8_t {
  expand,        ///< making the new tables and the triggers old → new, table by table, and …
  backfill,      ///< … copying their rows, in chunks
  verify,        ///< comparing both versions, row by row
  live,          ///< both versions live: what is written to one is read from the other
  completing,    ///< the new version stands alone; the old one is being removed
  completed,     ///< only the new version is there
  rolling_back,  ///< the old version stands alone; the new one is being removed
  rolled_back,   ///< only the old version is there
};
[[nodiscard]] std::string_view to_string(Phase phase) noexcept;

/// Told now and then during long work; `false` stops it (Errc::cancelled), to be gone on with by the same call.
struct WorkState {
  std::string_view what;   ///< "backfill topics_v1 → topics_v2"
  std::uint64_t done = 0;  ///< rows, or what `unit` says
  std::uint64_t total = 0;
  bool paused = false;      ///< somebody said pause()
  std::string waits_for{};  ///< what keeps it from going on just now, for people; empty if nothing
  std::string_view unit = "rows";
};
using WorkProgress = std::function<bool(const WorkState&)>;

struct WorkOptions {
  std::chrono::milliseconds max_stall{50};  ///< how long a writer should have to wait at most, about; at least 1 ms
  WorkProgress progress;
  WorkProgress planning;                        ///< told while start() makes its plan, before anything is begun
  std::chrono::milliseconds lease_ttl{10'000};  ///< a migrator that is silent for this long may be replaced
  /// Of a database in a file: while its write-ahead log is longer than this, as a reader keeps an old snapshot, nothing
  /// is copied or removed, for log_patience at most; then it goes on until the log has grown by as much again.
  std::int64_t log_max_bytes = 100'000'000;
  std::chrono::milliseconds log_patience{60'000};
  /// A chunk has no more rows than this, however fast it is: for who wants to look at the moments between chunks.
  std::int64_t max_chunk_rows = std::numeric_limits<std::int64_t>::max();
  /// start: what begins it, noted so that a later version of it can tell its own migrations from those of before.
  std::string program;
};

/// Carries a migration from wherever it is to Phase::live: expand, backfill, verify. Errc::conflict: the plan refuses
/// it (the message lists why), another migrator holds the lease (the message says who), the name was used for another
/// definition, or it is completed. Errc::unavailable: another migrator holds the lease (the message says who).
/// Errc::corrupt: verification found rows that differ; the message names the first ones, and the old version goes on
/// alone being the truth. Errc::io: the disk is full; free some and call again.
Result<void> start(db::DatabaseClient& client, const Migration& migration, const WorkOptions& options);

struct CompleteOptions : WorkOptions {
  bool keep_old = false;  ///< leave the old table as an archive, named `OLD_archived`
  /// Although a live process says that it uses the old version, or somebody has changed the old table since both live:
  /// a column or index that the new one does not have goes with it.
  bool force = false;
};
/// Removes the old version of a migration that is live (or goes on removing it). From one moment to the next nobody
/// finds it any more, however long removing it takes. Errc::conflict if it is not live, or if a process says it uses
/// the old version, or somebody changed the old table, or another migration under way needs the old table (of a chain
/// v1 ↔ v2 ↔ v3 the first is completed first): the message names it. Errc::corrupt: the versions differ; nothing was
/// removed. Whether the old tables are kept is decided at that moment, once: a call that goes on keeps to it, whatever
/// its options say (TableState::kept_as).
Result<void> complete(db::DatabaseClient& client, std::string_view name, const CompleteOptions& options);

struct RollbackOptions : WorkOptions {
  bool discard = false;  ///< also drop what only the new version knows, instead of keeping it as `NEW_rolled_back`
  bool force = false;    ///< although a live process says that it uses the new version
};
/// Removes the new version, at any moment before complete(); what was written through it stays in the old one.
/// Errc::corrupt: somebody dropped a trigger that carries it there; `discard` goes on all the same. Errc::conflict: a
/// process says it uses the new version, it is completed or completing, or another migration under way needs the new
/// table (of a chain the last goes back first). What is kept is decided once, as by complete().
Result<void> roll_back(db::DatabaseClient& client, std::string_view name, const RollbackOptions& options);

/// The backfill stops after its present chunk, in whichever process it runs, and goes on after resume().
Result<void> pause(db::DatabaseClient& client, std::string_view name);
Result<void> resume(db::DatabaseClient& client, std::string_view name);

/// Where one table of a migration is.
struct TableState {
  std::string from;
  std::string to;
  Phase phase = Phase::expand;
  std::int64_t rows_done = 0;
  std::int64_t rows_total = 0;
  std::string kept_as;  ///< the archive that complete() or roll_back() made of what left; empty if none
};

struct MigrationState {
  Migration migration;
  Phase phase = Phase::expand;
  bool paused = false;
  std::string error;  ///< why the last attempt ended, or what the one at work waits for or warns of; else empty
  Timestamp started_at;
  Timestamp changed_at;        ///< of the phase
  double rows_per_second = 0;  ///< of the backfill that runs now; 0 if none
  std::string migrator;        ///< who holds the lease: "host pid 12"; empty if nobody
  std::vector<TableState> tables;
  std::vector<TableUser> old_users;  ///< live processes that say they use an old table
  std::vector<TableUser> new_users;
};

/// Every migration this database knows, oldest first: `status` shows those under way, `history` all.
Result<std::vector<MigrationState>> list_migrations(db::DatabaseClient& client);
/// Who migrates, or plans to, at this moment, for people; empty if nobody does.
Result<std::string> migrator_at_work(db::DatabaseClient& client);

/// An earlier run of a migration, which was rolled back before it was begun again.
struct RolledBack {
  Timestamp started_at;
  Timestamp ended_at;
  std::string kept_as;  ///< the archives it left, with commas between; empty if none
};
/// By the name of the migration, oldest first.
Result<std::map<std::string, std::vector<RolledBack>>> list_rolled_back(db::DatabaseClient& client);

/// Rows in which the versions differ, found by comparing every row in chunks, each in one snapshot.
struct Difference {
  std::string table;  ///< the old table's name
  std::string key;    ///< `id = 7`
  std::string what;   ///< "missing in topics_v2", "title: 'a' in topics_v1, 'b' in topics_v2"
};
struct VerifyReport {
  std::int64_t rows_old = 0;
  std::int64_t rows_new = 0;
  std::int64_t chunks = 0;
  std::vector<Difference> differences;  ///< at most 20
  std::int64_t differences_total = 0;
};
/// Compares the versions of a migration whose rows are all copied. Errc::conflict if they are not, or not any more.
Result<VerifyReport> verify(db::DatabaseClient& client, std::string_view name, const WorkOptions& options);

/// Records that the database is as it should be, without doing anything: the history of one that existed before begins
/// with `name`. Errc::conflict if the history has that name already.
Result<void> baseline(db::DatabaseClient& client, std::string_view name);

/// What in the database is otherwise than history says: a table, index, trigger or view that changed, is missing or is
/// new since the last step of a migration (or the baseline), or what a migration under way keeps for itself and
/// somebody dropped. Errc::not_found if there is no history.
struct Drift {
  std::string kind;  ///< table, index, trigger, view
  std::string name;
  std::string what;  ///< "missing", "changed", "new"
  std::string expected_sql;
  std::string found_sql;
};
Result<std::vector<Drift>> find_drift(db::DatabaseClient& client);

}  // namespace offx::migrate
