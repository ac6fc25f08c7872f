#include "migrate/migrator.h"

#include <utility>

#include "migrate/departure.h"
#include "migrate/go_live.h"
#include "migrate/leave.h"
#include "migrate/ledger.h"
#include "migrate/work.h"

namespace offx::migrate {
namespace {

Result<void> check_options(const WorkOptions& options) {
  if (options.max_stall < std::chrono::milliseconds(1))
    return fail(Errc::invalid_argument, "the longest stall must be at least 1 ms");
  if (options.max_chunk_rows < 1) return fail(Errc::invalid_argument, "a chunk must have at least one row");
  return {};
}

}  // namespace

Result<void> start(db::DatabaseClient& client, const Migration& migration, const WorkOptions& options) {
  OFFX_TRY(check_options(options));
  OFFX_TRY(make_ledger(client));
  OFFX_ASSIGN(auto lease, Lease::acquire(client, options.lease_ttl));
  Worker worker(client, std::move(lease), options);
  return start(worker, migration);
}

Result<void> complete(db::DatabaseClient& client, std::string_view name, const CompleteOptions& options) {
  OFFX_TRY(check_options(options));
  OFFX_TRY(read_record(client, name));
  OFFX_TRY(make_ledger(client));
  OFFX_ASSIGN(auto lease, Lease::acquire(client, options.lease_ttl));
  OFFX_ASSIGN(const auto record, read_record(client, name));
  if (record.phase != Phase::live && record.phase != Phase::completing) {
    return fail(Errc::conflict, "the migration " + record.name + " is in the phase " +
                                    std::string(to_string(record.phase)) +
                                    ": only one whose versions are both live can be completed" +
                                    (record.phase < Phase::live ? "; let `offx migrate start FILE` finish first" : ""));
  }
  Worker worker(client, std::move(lease), options);
  return complete(worker, record, options);
}

Result<void> roll_back(db::DatabaseClient& client, std::string_view name, const RollbackOptions& options) {
  OFFX_TRY(check_options(options));
  OFFX_TRY(read_record(client, name));
  OFFX_TRY(make_ledger(client));
  OFFX_ASSIGN(auto lease, Lease::acquire(client, options.lease_ttl));
  OFFX_ASSIGN(const auto record, read_record(client, name));
  if (record.phase == Phase::completed || record.phase == Phase::completing) {
    return fail(Errc::conflict, "the migration " + record.name + " is " + std::string(to_string(record.phase)) +
                                    ": the way back is a migration from the new version to a next one");
  }
  if (record.phase == Phase::rolled_back) return {};
  Worker worker(client, std::move(lease), options);
  return roll_back(worker, record, options);
}

Result<void> pause(db::DatabaseClient& client, std::string_view name) {
  OFFX_ASSIGN(const auto record, read_record(client, name));
  return set_paused(client, record.name, true);
}

Result<void> resume(db::DatabaseClient& client, std::string_view name) {
  OFFX_ASSIGN(const auto record, read_record(client, name));
  return set_paused(client, record.name, false);
}

Result<std::string> migrator_at_work(db::DatabaseClient& client) {
  OFFX_ASSIGN(const bool begun, has_ledger(client));
  return begun ? lease_holder(client) : std::string();
}

Result<std::vector<MigrationState>> list_migrations(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto records, read_records(client));
  std::vector<MigrationState> states;
  if (records.empty()) return states;
  OFFX_ASSIGN(const auto users, list_table_users(client));
  OFFX_ASSIGN(const auto holder, lease_holder(client));
  for (const auto& record : records) {
    MigrationState state;
    state.migration.name = record.name;
    if (!record.definition.empty()) {  // a baseline has none
      OFFX_ASSIGN(state.migration, parse_migration(record.definition, record.name));
    }
    state.phase = record.phase;
    state.paused = record.paused;
    state.error = record.error;
    state.started_at = record.started_at;
    state.changed_at = record.changed_at;
    const bool ended = record.phase == Phase::completed || record.phase == Phase::rolled_back;
    if (!ended) {
      state.migrator = holder;
      state.old_users = users_of(users, record, true);
      state.new_users = users_of(users, record, false);
    }
    for (const auto& table : record.tables) {
      state.tables.push_back({table.from, table.to, table.phase, table.rows_done, table.rows_total, table.kept_as});
      if (table.phase == Phase::backfill && !holder.empty()) state.rows_per_second = table.rows_per_second;
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace offx::migrate
