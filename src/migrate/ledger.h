#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migrator.h"

/// What a database remembers of its migrations: the tables offx_migrations, offx_migration_tables,
/// offx_migration_programs, offx_migration_archives, offx_migration_rollbacks, offx_migration_lease and
/// offx_schema_objects.
namespace offx::migrate {

/// Makes the ledger's tables where they are missing.
Result<void> make_ledger(db::DatabaseClient& client);
Result<bool> has_ledger(db::DatabaseClient& client);

struct TableRecord {
  std::int64_t position = 0;
  std::string from;
  std::string to;
  Phase phase = Phase::expand;
  std::string low;  ///< the last key that was copied, as SQL literals; empty before the first
  std::int64_t rows_done = 0;
  std::int64_t rows_total = 0;
  double rows_per_second = 0;
  std::string kept_as;  ///< what the table that left is called now; empty if it was not kept, or none has left

  [[nodiscard]] const std::string& name(Side side) const noexcept { return side == kOld ? from : to; }
};

struct Record {
  std::string name;
  std::int64_t position = 0;
  std::string definition;  ///< to_json()
  Phase phase = Phase::expand;
  bool paused = false;
  std::string error;
  Timestamp started_at;
  Timestamp changed_at;
  std::vector<TableRecord> tables;
};

Result<std::vector<Record>> read_records(db::DatabaseClient& client);
/// The programs that began migrations, by the name of the migration, where that was noted: `0.2.0`.
Result<std::map<std::string, std::string>> read_programs(db::DatabaseClient& client);
/// Errc::not_found if the database knows none of this name; the message lists those it knows.
Result<Record> read_record(db::DatabaseClient& client, std::string_view name);

/// Somebody said pause() or resume(); ask_paused() is the question whether, and says_paused() reads the answer.
Result<void> set_paused(db::DatabaseClient& client, const std::string& migration, bool paused);
[[nodiscard]] db::Statement ask_paused(const std::string& migration);
[[nodiscard]] bool says_paused(const db::QueryResult& answer);

// Statements that record a step, for the transaction of the step itself.

/// A migration begins, with its tables. One of this name that was rolled back is from then on of list_rolled_back().
[[nodiscard]] std::vector<db::Statement> record_beginning(const Migration& migration, std::string_view program,
                                                          std::span<const TableRecord> tables);
/// A history begins with this name.
[[nodiscard]] db::Statement record_baseline(std::string_view name);
[[nodiscard]] db::Statement record_phase(const std::string& migration, Phase phase);
[[nodiscard]] db::Statement record_table_phase(const std::string& migration, const TableRecord& table, Phase phase);
/// What `status` shows beside the phase: why a migration ended or waits; empty if nothing.
[[nodiscard]] db::Statement record_error(const std::string& migration, const std::string& text);
/// How far copying has come: `table` as it is from then on.
[[nodiscard]] db::Statement record_progress(const std::string& migration, const TableRecord& table);
/// `table` is kept: its kept_as.
[[nodiscard]] db::Statement record_archive(const std::string& migration, const TableRecord& table);

[[nodiscard]] std::optional<Phase> to_phase(std::string_view text) noexcept;
[[nodiscard]] std::string now_text();
/// Values as SQL literals with commas between, and back.
[[nodiscard]] std::string to_literals(std::span<const db::Value> values);
Result<std::vector<db::Value>> from_literals(db::DatabaseClient& client, const std::string& literals);

/// The right to migrate a database, held by one process at a time. It ends by itself after its time to live unless it
/// is renewed, and every write of the holder is refused once somebody else has it.
class Lease {
 public:
  /// Errc::unavailable, with who holds it and for how long, if somebody does. A holder on this machine whose process is
  /// gone holds nothing.
  static Result<Lease> acquire(db::DatabaseClient& client, std::chrono::milliseconds ttl);

  Lease(Lease&& moved) noexcept;
  Lease& operator=(Lease&&) = delete;
  Lease(const Lease&) = delete;
  ~Lease();  ///< gives it back

  /// The statements in one transaction that only the holder can commit, and that renews the lease. Errc::conflict if
  /// somebody else holds it by now.
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode);
  /// client.redirect_references() in such a transaction.
  Result<void> redirect_references(std::span<const db::Redirect> redirects, std::span<const db::Statement> before,
                                   std::span<const db::Statement> after);
  Result<void> renew();
  /// Renews it if a third of its time is over. For long reading, which needs the lease only when it writes again.
  Result<void> keep();
  [[nodiscard]] std::chrono::milliseconds ttl() const noexcept { return ttl_; }

 private:
  Lease(db::DatabaseClient& client, std::int64_t fence, std::chrono::milliseconds ttl)
      : client_(&client), fence_(fence), ttl_(ttl), renewed_at_(std::chrono::steady_clock::now()) {}

  /// `statements`, and before them the one that renews the lease, or fails.
  [[nodiscard]] std::vector<db::Statement> fenced(std::span<const db::Statement> statements) const;

  db::DatabaseClient* client_;
  std::int64_t fence_;
  std::chrono::milliseconds ttl_;
  std::chrono::steady_clock::time_point renewed_at_;
};

/// Renews a lease, which nobody else may use as long as this lives, by a thread of its own. Its end waits for a renewal
/// that is on its way.
class LeaseKeeper {
 public:
  explicit LeaseKeeper(Lease& lease);

 private:
  std::jthread thread_;
};

/// Who holds the lease now, for people; empty if nobody.
Result<std::string> lease_holder(db::DatabaseClient& client);

/// Statements that make the ledger remember the schema as it is now; find_drift() compares with that. What it remembers
/// of what keeps versions alike stays: whether some of that is lost is for its own migration to find. So does
/// what it remembers of the old tables of migrations under way, and of their indexes: what somebody changed there since
/// the migration began must be found when they leave, though another one begins or ends in between.
[[nodiscard]] std::vector<db::Statement> remember_schema();
/// Statements for where a migration begins, or goes on: these tables are remembered as they are now, and whatever is
/// new. What somebody changed or dropped elsewhere stays as it was remembered, for find_drift() to tell.
[[nodiscard]] std::vector<db::Statement> remember_beginning(const std::vector<std::string>& tables);
/// The statement before those with which a migration ends, and the ones after them: what was as remembered is so again,
/// and so is whatever is new, or called by one of `names`. For the rest as remember_beginning().
[[nodiscard]] std::string mark_as_remembered();
[[nodiscard]] std::vector<std::string> remember_end(const std::vector<std::string>& names);
/// Statements for what keeps versions alike, by its names: what it remembers of that is forgotten, and then remembered
/// as it is now.
[[nodiscard]] std::string forget_own(const std::vector<std::string>& names);
[[nodiscard]] std::string remember_own(const std::vector<std::string>& names);

}  // namespace offx::migrate
