#include "migrate/ledger.h"

#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <system_error>

#include "base/process.h"
#include "base/time.h"
#include "migrate/sql_text.h"
#include "migrate/table.h"

namespace offx::migrate {
namespace {

using db::Statement;
using db::to_integer;
using db::to_text;

struct PhaseName {
  Phase phase;
  std::string_view name;
};
constexpr std::array<PhaseName, 8> kPhases = {{{Phase::expand, "expand"},
                                               {Phase::backfill, "backfill"},
                                               {Phase::verify, "verify"},
                                               {Phase::live, "live"},
                                               {Phase::completing, "completing"},
                                               {Phase::completed, "completed"},
                                               {Phase::rolling_back, "rolling back"},
                                               {Phase::rolled_back, "rolled back"}}};

Timestamp now() { return SystemClock().now(); }

std::string are_named(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) texts.push_back(quote_text(name));
  return "name COLLATE NOCASE IN (" + joined(texts, ", ") + ")";
}

/// Of a row of sqlite_schema: it belongs to an old table of a migration under way.
constexpr std::string_view kIsChanging =
    "tbl_name COLLATE NOCASE IN (SELECT o.name FROM offx_schema_objects AS o "
    "JOIN offx_migration_tables AS t ON t.from_table = o.name COLLATE NOCASE "
    "JOIN offx_migrations AS m ON m.name = t.migration "
    "WHERE o.type = 'table' AND m.phase IN ('expand', 'backfill', 'verify', 'live'))";

/// Of what is remembered: it does not.
std::string but_changing() {
  return "NOT (type IN ('table', 'index') AND name IN (SELECT name FROM sqlite_schema WHERE type IN ('table', 'index') "
         "AND " +
         std::string(kIsChanging) + "))";
}

/// What is not remembered yet is, as it is now, but those.
const std::string& remember_new() {
  static const std::string kSql =
      "INSERT OR IGNORE INTO offx_schema_objects (type, name, sql) SELECT type, name, sql FROM sqlite_schema "
      "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'offx\\_%' ESCAPE '\\' "
      "AND tbl_name NOT LIKE 'offx\\_%' ESCAPE '\\' AND NOT (type IN ('table', 'index') AND " +
      std::string(kIsChanging) + ")";
  return kSql;
}

/// `error`, or what it means if it is that of a lease that somebody else has.
Error lost_or(Error error) {
  if (error.message().find("offx_migration_lease.holder") == std::string::npos) return error;
  return {Errc::conflict, "another migrator has taken over, or somebody removed the lease; this one stops"};
}

/// At the end of the history.
Statement insert_migration(std::string_view name, std::string definition, Phase phase) {
  return {
      "INSERT INTO offx_migrations (name, position, definition, phase, paused, error, started_at, changed_at) "
      "VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM offx_migrations), ?2, ?3, 0, '', ?4, ?4)",
      {std::string(name), std::move(definition), std::string(to_string(phase)), now_text()}};
}

Timestamp time_of(const db::Value& value) { return parse_time(to_text(value)).value_or(Timestamp()); }

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  for (const auto& entry : kPhases) {
    if (entry.phase == phase) return entry.name;
  }
  return "unknown";
}

std::optional<Phase> to_phase(std::string_view text) noexcept {
  for (const auto& entry : kPhases) {
    if (entry.name == text) return entry.phase;
  }
  return std::nullopt;
}

std::string now_text() { return to_sql_time(now()); }

Result<bool> has_ledger(db::DatabaseClient& client) { return table_exists(client, "offx_migrations"); }

Result<void> make_ledger(db::DatabaseClient& client) {
  // The table that was added last: with it all are there.
  OFFX_ASSIGN(const bool there, table_exists(client, "offx_migration_rollbacks"));
  if (there) return {};
  const std::array<Statement, 8> statements = {{
      {"CREATE TABLE IF NOT EXISTS offx_migrations (name TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL, "
       "definition TEXT NOT NULL, phase TEXT NOT NULL, paused INTEGER NOT NULL, error TEXT NOT NULL, "
       "started_at TEXT NOT NULL, changed_at TEXT NOT NULL)",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_migration_tables (migration TEXT NOT NULL, position INTEGER NOT NULL, "
       "from_table TEXT NOT NULL, to_table TEXT NOT NULL, phase TEXT NOT NULL, low TEXT NOT NULL, "
       "rows_done INTEGER NOT NULL, rows_total INTEGER NOT NULL, rows_per_second REAL NOT NULL, "
       "PRIMARY KEY (migration, position))",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_migration_lease (id INTEGER PRIMARY KEY, holder TEXT NOT NULL, "
       "fence INTEGER NOT NULL, expires_at TEXT NOT NULL)",
       {}},
      {"INSERT INTO offx_migration_lease (id, holder, fence, expires_at) VALUES (1, '', 0, '') "
       "ON CONFLICT (id) DO NOTHING",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_migration_programs (migration TEXT NOT NULL PRIMARY KEY, "
       "program TEXT NOT NULL)",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_migration_archives (migration TEXT NOT NULL, position INTEGER NOT NULL, "
       "name TEXT NOT NULL, PRIMARY KEY (migration, position))",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_migration_rollbacks (id INTEGER PRIMARY KEY, migration TEXT NOT NULL, "
       "started_at TEXT NOT NULL, ended_at TEXT NOT NULL, archives TEXT NOT NULL)",
       {}},
      {"CREATE TABLE IF NOT EXISTS offx_schema_objects (type TEXT NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL, "
       "PRIMARY KEY (type, name))",
       {}},
  }};
  OFFX_TRY(client.batch(statements, db::Mode::write));
  return {};
}

Result<std::vector<Record>> read_records(db::DatabaseClient& client) {
  std::vector<Record> records;
  OFFX_ASSIGN(const auto tables,
              client.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('offx_migrations', "
                             "'offx_migration_archives') ORDER BY name DESC"));
  if (tables.rows() == 0 || to_text(tables.row(0)[0]) != "offx_migrations") return records;
  std::vector<Statement> statements = {
      {"SELECT name, position, definition, phase, paused, error, started_at, changed_at FROM offx_migrations "
       "ORDER BY position",
       {}},
      {"SELECT migration, position, from_table, to_table, phase, low, rows_done, rows_total, rows_per_second "
       "FROM offx_migration_tables ORDER BY migration, position",
       {}}};
  // Earlier releases kept no such list.
  if (tables.rows() == 2) statements.push_back({"SELECT migration, position, name FROM offx_migration_archives", {}});
  OFFX_ASSIGN(const auto results, client.batch(statements, db::Mode::read));
  for (std::size_t i = 0; i < results[0].rows(); ++i) {
    const auto row = results[0].row(i);
    const auto phase = to_phase(to_text(row[3]));
    if (!phase) {
      return fail(Errc::unsupported, "the migration " + to_text(row[0]) + " is in the phase '" + to_text(row[3]) +
                                         "', which this version does not know: use the version that began it");
    }
    records.push_back({to_text(row[0]),
                       to_integer(row[1]),
                       to_text(row[2]),
                       *phase,
                       to_integer(row[4]) != 0,
                       to_text(row[5]),
                       time_of(row[6]),
                       time_of(row[7]),
                       {}});
  }
  for (std::size_t i = 0; i < results[1].rows(); ++i) {
    const auto row = results[1].row(i);
    for (auto& record : records) {
      if (record.name != to_text(row[0])) continue;
      record.tables.push_back({to_integer(row[1]),
                               to_text(row[2]),
                               to_text(row[3]),
                               to_phase(to_text(row[4])).value_or(Phase::expand),
                               to_text(row[5]),
                               to_integer(row[6]),
                               to_integer(row[7]),
                               db::to_real(row[8]),
                               {}});
    }
  }
  for (std::size_t i = 0; results.size() > 2 && i < results[2].rows(); ++i) {
    const auto row = results[2].row(i);
    for (auto& record : records) {
      for (auto& table : record.tables) {
        if (record.name == to_text(row[0]) && table.position == to_integer(row[1])) table.kept_as = to_text(row[2]);
      }
    }
  }
  return records;
}

Result<std::map<std::string, std::string>> read_programs(db::DatabaseClient& client) {
  std::map<std::string, std::string> programs;
  OFFX_ASSIGN(const bool there, table_exists(client, "offx_migration_programs"));
  if (!there) return programs;
  OFFX_ASSIGN(const auto rows,
              client.execute("SELECT migration, program FROM offx_migration_programs ORDER BY migration"));
  for (std::size_t i = 0; i < rows.rows(); ++i) programs[to_text(rows.row(i)[0])] = to_text(rows.row(i)[1]);
  return programs;
}

Result<std::map<std::string, std::vector<RolledBack>>> list_rolled_back(db::DatabaseClient& client) {
  std::map<std::string, std::vector<RolledBack>> rolled_back;
  OFFX_ASSIGN(const bool there, table_exists(client, "offx_migration_rollbacks"));
  if (!there) return rolled_back;
  OFFX_ASSIGN(const auto rows, client.execute("SELECT migration, started_at, ended_at, archives FROM "
                                              "offx_migration_rollbacks ORDER BY id"));
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    rolled_back[to_text(row[0])].push_back({time_of(row[1]), time_of(row[2]), to_text(row[3])});
  }
  return rolled_back;
}

Result<Record> read_record(db::DatabaseClient& client, std::string_view name) {
  OFFX_ASSIGN(auto records, read_records(client));
  std::vector<std::string> known;
  for (auto& record : records) {
    if (record.name == name) return std::move(record);
    known.push_back(record.name);
  }
  return fail(Errc::not_found, "this database knows no migration " + std::string(name) +
                                   (known.empty() ? ": it has none" : "; it knows " + joined(known, ", ")));
}

Result<void> set_paused(db::DatabaseClient& client, const std::string& migration, bool paused) {
  OFFX_TRY(client.execute("UPDATE offx_migrations SET paused = ?2 WHERE name = ?1",
                          {migration, std::int64_t{paused ? 1 : 0}}));
  return {};
}

Statement ask_paused(const std::string& migration) {
  return {"SELECT paused FROM offx_migrations WHERE name = ?1", {migration}};
}

bool says_paused(const db::QueryResult& answer) { return answer.rows() != 0 && to_integer(answer.row(0)[0]) != 0; }

std::vector<Statement> record_beginning(const Migration& migration, std::string_view program,
                                        std::span<const TableRecord> tables) {
  std::vector<Statement> statements = {
      {"INSERT INTO offx_migration_rollbacks (migration, started_at, ended_at, "
       "archives) SELECT name, started_at, changed_at, (SELECT ifnull(group_concat(a.name, ', '), '') FROM "
       "offx_migration_archives AS a WHERE a.migration = m.name) FROM offx_migrations AS m WHERE m.name = ?1",
       {migration.name}},
      {"DELETE FROM offx_migrations WHERE name = ?1 AND phase = ?2",
       {migration.name, std::string(to_string(Phase::rolled_back))}},
      {"DELETE FROM offx_migration_tables WHERE migration = ?1", {migration.name}},
      {"DELETE FROM offx_migration_archives WHERE migration = ?1", {migration.name}},
      insert_migration(migration.name, to_json(migration), Phase::backfill),
      {"INSERT INTO offx_migration_programs (migration, program) VALUES (?1, ?2) "
       "ON CONFLICT (migration) DO UPDATE SET program = excluded.program",
       {migration.name, std::string(program)}}};
  for (const auto& table : tables) {
    statements.push_back(
        {"INSERT INTO offx_migration_tables (migration, position, from_table, to_table, phase, low, rows_done, "
         "rows_total, rows_per_second) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
         {migration.name, table.position, table.from, table.to, std::string(to_string(table.phase)), table.low,
          table.rows_done, table.rows_total, table.rows_per_second}});
  }
  return statements;
}

Statement record_baseline(std::string_view name) { return insert_migration(name, "", Phase::completed); }

Statement record_phase(const std::string& migration, Phase phase) {
  return {"UPDATE offx_migrations SET phase = ?2, changed_at = ?3, error = '' WHERE name = ?1",
          {migration, std::string(to_string(phase)), now_text()}};
}

Statement record_table_phase(const std::string& migration, const TableRecord& table, Phase phase) {
  return {"UPDATE offx_migration_tables SET phase = ?3, rows_per_second = 0 WHERE migration = ?1 AND position = ?2",
          {migration, table.position, std::string(to_string(phase))}};
}

Statement record_error(const std::string& migration, const std::string& text) {
  return {"UPDATE offx_migrations SET error = ?2 WHERE name = ?1", {migration, text}};
}

Statement record_progress(const std::string& migration, const TableRecord& table) {
  return {
      "UPDATE offx_migration_tables SET phase = ?3, low = ?4, rows_done = ?5, rows_total = ?6, "
      "rows_per_second = ?7 WHERE migration = ?1 AND position = ?2",
      {migration, table.position, std::string(to_string(table.phase)), table.low, table.rows_done, table.rows_total,
       table.rows_per_second}};
}

Statement record_archive(const std::string& migration, const TableRecord& table) {
  return {
      "INSERT INTO offx_migration_archives (migration, position, name) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (migration, position) DO UPDATE SET name = excluded.name",
      {migration, table.position, table.kept_as}};
}

std::string to_literals(std::span<const db::Value> values) {
  std::vector<std::string> parts;
  const auto hex = [](const auto& bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "x'";
    for (const auto byte : bytes) {
      text += kDigits[static_cast<unsigned char>(byte) >> 4U];
      text += kDigits[static_cast<unsigned char>(byte) & 15U];
    }
    return text + "'";
  };
  for (const auto& value : values) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      // The smallest has no literal of its own.
      parts.push_back(*integer == INT64_MIN ? "(-9223372036854775807 - 1)" : std::to_string(*integer));
    } else if (const auto* real = std::get_if<double>(&value)) {
      std::array<char, 40> text{};
      const auto end = std::to_chars(text.data(), text.data() + text.size(), *real, std::chars_format::scientific);
      parts.emplace_back(text.data(), end.ptr);
    } else if (const auto* string = std::get_if<std::string>(&value)) {
      parts.push_back(string->find('\0') == std::string::npos ? quote_text(*string)
                                                              : "CAST(" + hex(*string) + " AS TEXT)");
    } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
      parts.push_back(hex(*blob));
    } else {
      parts.emplace_back("NULL");
    }
  }
  return joined(parts, ", ");
}

Result<std::vector<db::Value>> from_literals(db::DatabaseClient& client, const std::string& literals) {
  if (literals.empty()) return std::vector<db::Value>();
  OFFX_ASSIGN(const auto rows, client.execute("SELECT " + literals));
  const auto row = rows.row(0);
  return std::vector<db::Value>(row.begin(), row.end());
}

Result<Lease> Lease::acquire(db::DatabaseClient& client, std::chrono::milliseconds ttl) {
  constexpr std::string_view kRead = "SELECT holder, fence, expires_at FROM offx_migration_lease WHERE id = 1";
  OFFX_ASSIGN(auto rows, client.execute(kRead));
  if (rows.rows() == 0) {
    // Somebody removed it. Whoever held it is at an end with its next write, if no fence is ever used again: those of
    // before counted from 0, or from an earlier time.
    OFFX_TRY(client.execute(
        "INSERT INTO offx_migration_lease (id, holder, fence, expires_at) VALUES (1, '', ?1, '') ON CONFLICT (id) DO "
        "NOTHING",
        {std::int64_t{now().time_since_epoch().count()}}));
    OFFX_ASSIGN(rows, client.execute(kRead));
    if (rows.rows() == 0) return fail(Errc::unavailable, "the lease of migrators is gone; try again");
  }
  const auto holder = to_text(rows.row(0)[0]);
  const auto fence = to_integer(rows.row(0)[1]);
  const auto expires = time_of(rows.row(0)[2]);
  const auto time = now();
  if (!holder.empty() && expires > time && !is_gone(holder)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(expires - time).count();
    return fail(Errc::unavailable, "another migrator is at work: " + process_of(holder) +
                                       "; if it has died, its lease ends in " + std::to_string(seconds) + " s");
  }
  const auto self = new_holder_name();
  auto taken = client.execute(
      "UPDATE offx_migration_lease SET holder = ?1, fence = ?2 + 1, expires_at = ?3 "
      "WHERE id = 1 AND fence = ?2",
      {self, fence, to_sql_time(time + ttl)});
  if (!taken) {
    // It may have been applied all the same: nobody should have to wait for it to end.
    (void)client.execute("UPDATE offx_migration_lease SET holder = '' WHERE id = 1 AND holder = ?1", {self});
    return fail(std::move(taken).error());
  }
  if (taken->rows_affected() != 1) {
    OFFX_ASSIGN(const auto winner, lease_holder(client));
    return fail(Errc::unavailable, winner.empty() ? "another migrator was at work at the same moment; try again"
                                                  : "another migrator began at the same moment: " + winner);
  }
  return Lease(client, fence + 1, ttl);
}

Lease::Lease(Lease&& moved) noexcept
    : client_(std::exchange(moved.client_, nullptr)),
      fence_(moved.fence_),
      ttl_(moved.ttl_),
      renewed_at_(moved.renewed_at_) {}

Lease::~Lease() {
  if (client_ == nullptr) return;
  // If this fails twice the lease ends by its time.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (client_->execute("UPDATE offx_migration_lease SET holder = '' WHERE id = 1 AND fence = ?1", {fence_})) return;
  }
}

std::vector<Statement> Lease::fenced(std::span<const Statement> statements) const {
  // The CHECK of this batch: without the holder's own row the one that would be inserted has no holder, which is
  // refused, and everything with it.
  std::vector<Statement> all = {
      {"INSERT INTO offx_migration_lease (id, holder, fence, expires_at) VALUES (1, (SELECT holder FROM "
       "offx_migration_lease WHERE id = 1 AND fence = ?2), ?2, ?1) "
       "ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at",
       {to_sql_time(now() + ttl_), fence_}}};
  all.insert(all.end(), statements.begin(), statements.end());
  return all;
}

Result<std::vector<db::QueryResult>> Lease::batch(std::span<const Statement> statements, db::Mode mode) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto results = client_->batch(fenced(statements), mode);
  if (!results) return fail(lost_or(std::move(results).error()));
  renewed_at_ = asked_at;
  results->erase(results->begin());
  return results;
}

Result<void> Lease::redirect_references(std::span<const db::Redirect> redirects, std::span<const Statement> before,
                                        std::span<const Statement> after) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto done = client_->redirect_references(redirects, fenced(before), after);
  if (!done) return fail(lost_or(std::move(done).error()));
  renewed_at_ = asked_at;
  return {};
}

Result<void> Lease::renew() {
  OFFX_TRY(batch({}, db::Mode::write));
  return {};
}

Result<void> Lease::keep() {
  if (std::chrono::steady_clock::now() - renewed_at_ < ttl_ / 3) return {};
  return renew();
}

LeaseKeeper::LeaseKeeper(Lease& lease) {
  try {
    thread_ = std::jthread([&lease](const std::stop_token& stop) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any stopped;
      while (!stopped.wait_for(lock, stop, lease.ttl() / 3, [&] { return stop.stop_requested(); })) {
        // One that fails may be followed by one that does not, unless somebody else has it, of which its holder hears
        // when it renews it itself.
        const auto renewed = lease.renew();
        if (!renewed && renewed.error().code() == Errc::conflict) return;
      }
    });
  } catch (const std::system_error&) {
    // No thread to be had: the lease lasts for its time to live, and whether it did its holder hears.
  }
}

Result<std::string> lease_holder(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto rows,
              client.execute("SELECT holder FROM offx_migration_lease WHERE id = 1 AND holder <> '' AND "
                             "expires_at > ?1",
                             {now_text()}));
  if (rows.rows() == 0) return std::string();
  const auto holder = to_text(rows.row(0)[0]);
  return is_gone(holder) ? std::string() : process_of(holder);
}

std::vector<Statement> remember_schema() {
  static const std::string kForget =
      "DELETE FROM offx_schema_objects WHERE name NOT LIKE 'offx\\_%' ESCAPE '\\' AND " + but_changing();
  return {{kForget, {}}, {remember_new(), {}}};
}

std::vector<Statement> remember_beginning(const std::vector<std::string>& tables) {
  static const std::string kForget =
      "DELETE FROM offx_schema_objects WHERE name NOT LIKE 'offx\\_%' ESCAPE '\\' AND (type, name) IN (SELECT type, "
      "name FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND NOT (type IN ('table', 'index') AND " +
      std::string(kIsChanging) + "))";
  std::vector<Statement> statements;
  for (const auto& table : tables) statements.push_back({kForget, {table}});
  statements.push_back({remember_new(), {}});
  return statements;
}

std::string mark_as_remembered() {
  return "UPDATE offx_schema_objects SET sql = '' WHERE (type, name, sql) IN (SELECT type, name, sql FROM "
         "sqlite_schema)";
}

std::vector<std::string> remember_end(const std::vector<std::string>& names) {
  return {
      "UPDATE offx_schema_objects SET sql = s.sql FROM sqlite_schema AS s WHERE offx_schema_objects.sql = '' AND "
      "s.type = offx_schema_objects.type AND s.name = offx_schema_objects.name",
      "DELETE FROM offx_schema_objects WHERE sql = ''",
      "DELETE FROM offx_schema_objects WHERE " + are_named(names) + " AND " + but_changing(), remember_new()};
}

std::string forget_own(const std::vector<std::string>& names) {
  return "DELETE FROM offx_schema_objects WHERE " + are_named(names);
}

std::string remember_own(const std::vector<std::string>& names) {
  return "INSERT INTO offx_schema_objects (type, name, sql) SELECT type, name, sql FROM sqlite_schema WHERE " +
         are_named(names);
}

}  // namespace offx::migrate
