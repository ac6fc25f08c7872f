#include "migrate/migrator.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "db/script.h"
#include "db/sqlite/log_watch.h"
#include "migrate/blueprint.h"
#include "migrate/departure.h"
#include "migrate/disk.h"
#include "migrate/ledger.h"
#include "migrate/plan.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"
#include "migrate/throttle.h"
#include "migrate/users.h"
#include "migrate/work.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Statement;
using db::to_integer;
using db::Value;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPauseStep{100};
constexpr milliseconds kLogIsHeldAfter{2'000};

/// Statements whose text is made at run time: it lives here until they have run.
class Script {
 public:
  void add(std::string sql, db::Params params = {}) {
    texts_.push_back(std::make_unique<std::string>(std::move(sql)));
    statements_.push_back({*texts_.back(), std::move(params)});
  }
  void add(const std::vector<NamedSql>& all) {
    for (const auto& one : all) add(one.sql);
  }
  void add(const std::vector<std::string>& all) {
    for (const auto& one : all) add(one);
  }
  void add(const std::vector<Statement>& all) {
    for (const auto& one : all) statements_.push_back(one);
  }
  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<Statement> statements_;
};

/// What a table is called while it is being removed.
std::string leaving_name(const std::string& table) { return "offx_leaving_" + table; }

/// `name`, or what follows it where that is taken.
std::string free_name(const std::vector<SchemaObject>& objects, const std::string& name) {
  auto free = name;
  const auto is_taken = [&] {
    return std::any_of(objects.begin(), objects.end(),
                       [&](const SchemaObject& object) { return same_name(object.name, free); });
  };
  for (int n = 2; is_taken(); ++n) free = name + "_" + std::to_string(n);
  return free;
}

std::string pair_name(const TableRecord& table) { return table.from + " → " + table.to; }

/// One migration in this process: its record, its lease, and what is to be done.
class Work {
 public:
  Work(db::DatabaseClient& client, Lease lease, const WorkOptions& options)
      : client_(client), lease_(std::move(lease)), options_(options) {}

  Result<void> start(const Migration& migration);
  Result<void> complete(Record record, const CompleteOptions& options);
  Result<void> roll_back(Record record, const RollbackOptions& options);

 private:
  Result<void> expand(const Migration& migration, bool again);
  Result<void> carry_on(const Record& record);
  Result<void> begin_table(const Record& record, TableRecord& table, const PairPlan& plan);
  Result<void> backfill(const Record& record, TableRecord& table, const PairPlan& plan);
  Result<void> compare(const Record& record, const Blueprint& blueprint, bool live);
  Result<void> go_live(const Record& record, const Blueprint& blueprint);
  Result<std::vector<const Pair*>> referred_to(const Blueprint& blueprint, Side side);
  Result<void> leave(const Record& record, const Blueprint& blueprint, const Script& script, Side side, bool force);
  Result<void> rename(Script& script, const std::vector<std::string>& tables, const std::vector<std::string>& names);
  Result<void> move_aside(Script& script, Record& record, Side side, const std::vector<bool>& kept);
  Result<void> move_aside_late(Record& record, Side side, bool keep);
  Result<void> remove_tables(const Record& record, const Migration& migration, Side side);
  Result<void> remove_table(const Record& record, const TableRecord& table, const PairPlan* plan, Side side,
                            Phase done);
  Result<void> drop_indexes(const Pair& pair, Side side, std::int64_t rows);
  Result<void> detach_rows(const Pair& pair, Side side);
  Result<void> finish(const Record& record, Phase phase);
  Result<void> wait_while_paused(const Record& record, const WorkState& state);
  Result<void> wait_for_log(const Record& record, const WorkState& state);
  Result<void> note(const Record& record, const std::string& text);
  Result<void> tell(const WorkState& state);
  /// How long the background batch that ended now, and was asked for at `began`, kept others waiting.
  [[nodiscard]] std::chrono::nanoseconds kept_waiting(steady_clock::time_point began) const {
    const auto known = client_.last_background_time();
    return known.count() > 0 ? known : steady_clock::now() - began;
  }
  Error explained(Error error, const TableRecord& table, std::int64_t rows_left) const;

  static void set_phase(Script& script, const std::string& name, Phase phase);
  static void set_table_phase(Script& script, const std::string& name, std::int64_t position, Phase phase);

  db::DatabaseClient& client_;
  Lease lease_;
  const WorkOptions& options_;
  std::unique_ptr<db::sqlite::LogWatch> log_;
  std::int64_t log_allowed_bytes_ = options_.log_max_bytes;
};

void Work::set_phase(Script& script, const std::string& name, Phase phase) {
  script.add("UPDATE offx_migrations SET phase = ?2, changed_at = ?3, error = '' WHERE name = ?1",
             {name, std::string(to_string(phase)), now_text()});
}

void Work::set_table_phase(Script& script, const std::string& name, std::int64_t position, Phase phase) {
  script.add("UPDATE offx_migration_tables SET phase = ?3, rows_per_second = 0 WHERE migration = ?1 AND position = ?2",
             {name, position, std::string(to_string(phase))});
}

Result<void> Work::tell(const WorkState& state) {
  if (options_.progress && !options_.progress(state)) {
    return fail(Errc::cancelled, "stopped; what is done stays, and the same command goes on from there");
  }
  return {};
}

Result<void> Work::wait_while_paused(const Record& record, const WorkState& state) {
  for (;;) {
    OFFX_ASSIGN(const auto rows, client_.execute("SELECT paused FROM offx_migrations WHERE name = ?1", {record.name}));
    if (rows.rows() == 0 || to_integer(rows.row(0)[0]) == 0) return {};
    auto paused = state;
    paused.paused = true;
    OFFX_TRY(tell(paused));
    OFFX_TRY(lease_.renew());
    std::this_thread::sleep_for(kPauseStep);
  }
}

/// What `status` shows beside the phase.
Result<void> Work::note(const Record& record, const std::string& text) {
  Script script;
  script.add("UPDATE offx_migrations SET error = ?2 WHERE name = ?1", {record.name, text});
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

/// A reader that keeps an old snapshot keeps the log from being started anew. Who only copies can wait for it.
Result<void> Work::wait_for_log(const Record& record, const WorkState& state) {
  if (!log_) {
    OFFX_ASSIGN(log_, db::sqlite::LogWatch::open(client_));
    if (!log_) return {};  // no file
  }
  OFFX_ASSIGN(auto log, log_->look());
  if (log.bytes <= log_allowed_bytes_) return {};
  const auto began = steady_clock::now();
  auto waiting = state;
  for (;;) {
    // A commit: with the first one after the reader is done the log starts anew.
    OFFX_TRY(lease_.renew());
    OFFX_ASSIGN(log, log_->look());
    if (log.bytes <= log_allowed_bytes_) break;
    const auto waited = steady_clock::now() - began;
    const auto long_log = "the log is " + std::to_string(log.bytes / 1'000'000) + " MB";
    if (waited >= options_.log_patience) {
      log_allowed_bytes_ = log.bytes + options_.log_max_bytes;
      return note(record, long_log + ", as a reader keeps an old snapshot: went on all the same, and waits again at " +
                              std::to_string(log_allowed_bytes_ / 1'000'000) + " MB");
    }
    // Before that it may only be the disk that is slow.
    if (waited >= std::min(kLogIsHeldAfter, options_.log_patience / 2)) {
      const auto text = "waits for a reader that keeps an old snapshot: " + long_log;
      if (waiting.waits_for.empty()) OFFX_TRY(note(record, text));
      waiting.waits_for =
          text + ", for " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(waited).count()) + " s now";
    }
    OFFX_TRY(tell(waiting));
    std::this_thread::sleep_for(kPauseStep);
  }
  if (!waiting.waits_for.empty() || log_allowed_bytes_ > options_.log_max_bytes) OFFX_TRY(note(record, ""));
  log_allowed_bytes_ = options_.log_max_bytes;
  return {};
}

Result<void> Work::start(const Migration& migration) {
  OFFX_ASSIGN(const auto records, read_records(client_));
  const auto known =
      std::find_if(records.begin(), records.end(), [&](const Record& record) { return record.name == migration.name; });
  if (known == records.end() || known->phase == Phase::rolled_back) {
    for (const auto& change : migration.tables) OFFX_TRY(check_not_leaving(records, change.from));
    OFFX_TRY(expand(migration, known != records.end()));
  } else {
    OFFX_TRY(may_start(*known, migration));
    if (known->phase == Phase::live) return {};
  }
  OFFX_ASSIGN(const auto record, read_record(client_, migration.name));
  auto done = carry_on(record);
  if (!done && done.error().code() != Errc::cancelled) {
    // What is wrong stays to be seen in `status`; if it cannot be written, as somebody else is at work by now, the
    // caller hears of it all the same.
    (void)note(record, done.error().to_string());
  }
  return done;
}

Result<void> Work::expand(const Migration& migration, bool again) {
  OFFX_ASSIGN(const auto plan, make_plan(client_, migration, options_.max_stall));
  if (plan.refused())
    return fail(Errc::conflict, "the plan of " + migration.name + " is refused:" + refusals_in(plan.findings));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client_, migration, findings));
  Script script;
  if (again) {
    script.add("DELETE FROM offx_migrations WHERE name = ?1", {migration.name});
    script.add("DELETE FROM offx_migration_tables WHERE migration = ?1", {migration.name});
    script.add("DELETE FROM offx_migration_archives WHERE migration = ?1", {migration.name});
  }
  script.add(
      "INSERT INTO offx_migrations (name, position, definition, phase, paused, error, started_at, changed_at) "
      "VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM offx_migrations), ?2, ?3, 0, '', ?4, ?4)",
      {migration.name, to_json(migration), std::string(to_string(Phase::backfill)), now_text()});
  script.add(
      "INSERT INTO offx_migration_programs (migration, program) VALUES (?1, ?2) "
      "ON CONFLICT (migration) DO UPDATE SET program = excluded.program",
      {migration.name, options_.program});
  std::int64_t position = 0;
  for (const auto& pair : blueprint.pairs) {
    script.add(pair.create);
    script.add(pair.carried_indexes);
    script.add(pair.helpers);
    script.add(
        "INSERT INTO offx_migration_tables (migration, position, from_table, to_table, phase, low, rows_done, "
        "rows_total, rows_per_second) VALUES (?1, ?2, ?3, ?4, ?5, '', 0, ?6, 0)",
        {migration.name, ++position, pair.pair.change.from, pair.pair.change.to, std::string(to_string(Phase::expand)),
         plan.tables[static_cast<std::size_t>(position - 1)].rows});
  }
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

/// Every table from wherever it is to the end of its backfill, then all of them live.
Result<void> Work::carry_on(const Record& record) {
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client_, migration, findings));
  auto tables = record.tables;
  for (auto& table : tables) {
    const auto plan = std::find_if(blueprint.pairs.begin(), blueprint.pairs.end(),
                                   [&](const PairPlan& pair) { return pair.pair.change.from == table.from; });
    if (plan == blueprint.pairs.end()) {
      return fail(Errc::conflict, pair_name(table) + " does not fit the database any more:" + refusals_in(findings));
    }
    if (table.phase == Phase::expand) {
      OFFX_TRY(begin_table(record, table, *plan));
    }
    if (table.phase == Phase::backfill) OFFX_TRY(backfill(record, table, *plan));
  }
  OFFX_TRY(check_triggers(client_, blueprint, kOld, false));
  Script script;
  set_phase(script, record.name, Phase::verify);
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  OFFX_TRY(compare(record, blueprint, false));
  return go_live(record, blueprint);
}

Result<void> Work::begin_table(const Record& record, TableRecord& table, const PairPlan& plan) {
  OFFX_ASSIGN(const auto rows, client_.execute("SELECT count(*) FROM " + quote_identifier(table.from)));
  table.rows_total = to_integer(rows.row(0)[0]);
  table.phase = Phase::backfill;
  Script script;
  script.add(plan.up);
  script.add(plan.sync);
  script.add("UPDATE offx_migration_tables SET phase = ?3, rows_total = ?4 WHERE migration = ?1 AND position = ?2",
             {record.name, table.position, std::string(to_string(table.phase)), table.rows_total});
  auto done = lease_.batch(script.statements(), db::Mode::write);
  if (!done) return fail(std::move(done).error().within("expand/" + table.to));
  return {};
}

/// Copies in chunks; the end of the last one is recorded in its own transaction, so that it goes on from there after
/// any crash. Rows that are written meanwhile are carried by the triggers; those are not copied again.
Result<void> Work::backfill(const Record& record, TableRecord& table, const PairPlan& plan) {
  OFFX_ASSIGN(auto low, from_literals(client_, table.low));
  const auto what = "backfill " + pair_name(table);
  const auto state = [&] {
    return WorkState{what, static_cast<std::uint64_t>(table.rows_done),
                     static_cast<std::uint64_t>(std::max(table.rows_total, table.rows_done)), false};
  };
  Throttle throttle(options_.max_stall);
  const auto began = steady_clock::now();
  const auto done_before = table.rows_done;
  OFFX_TRY(wait_while_paused(record, state()));
  auto pause_until = began;
  for (bool last = false; !last;) {
    if (const auto spare = spare_disk_bytes(client_); spare && *spare < kKeepFreeBytes) {
      Error error(Errc::io, "the disk is nearly full, and what is left is for those who write to the database");
      return fail(explained(std::move(error), table, table.rows_total - table.rows_done).within(what));
    }
    auto rows = std::min(throttle.next_rows(), options_.max_chunk_rows);
    OFFX_ASSIGN(auto high, boundary(client_, plan.pair, kOld, low, rows));
    std::this_thread::sleep_until(pause_until);
    const auto chunk_began = steady_clock::now();
    const double seconds = std::chrono::duration<double>(chunk_began - began).count();
    const double rate = seconds > 0 ? static_cast<double>(table.rows_done - done_before) / seconds : 0;
    Script script;
    script.add(copy_sql(plan.pair, {!low.empty(), !high.empty()}), range_params(low, high));
    const auto copied = high.empty() ? std::max<std::int64_t>(table.rows_total - table.rows_done, 0) : rows;
    const auto phase = high.empty() ? Phase::verify : Phase::backfill;
    script.add(
        "UPDATE offx_migration_tables SET low = ?3, rows_done = ?4, rows_per_second = ?5, phase = ?6 "
        "WHERE migration = ?1 AND position = ?2",
        {record.name, table.position, high.empty() ? table.low : to_literals(high), table.rows_done + copied, rate,
         std::string(to_string(phase))});
    script.add("SELECT paused FROM offx_migrations WHERE name = ?1", {record.name});
    auto results = lease_.batch(script.statements(), db::Mode::background);
    if (!results) {
      if (results.error().code() == Errc::conflict && rows > 1 &&
          results.error().message().find("migrator") == std::string::npos) {
        throttle.narrow();  // down to the row that is refused
        continue;
      }
      if (results.error().retryable()) {
        OFFX_TRY(tell(state()));
        std::this_thread::sleep_for(kPauseStep);
        continue;
      }
      auto error = std::move(results).error();
      if (error.code() == Errc::conflict && !high.empty()) {
        error = Error(Errc::conflict, error.message() + ", in the row with the key " + to_literals(high));
      }
      return fail(explained(std::move(error), table, table.rows_total - table.rows_done).within(what));
    }
    last = high.empty();
    table.rows_done += copied;
    table.low = high.empty() ? table.low : to_literals(high);
    low = std::move(high);
    throttle.record(rows, kept_waiting(chunk_began));
    pause_until = steady_clock::now() + throttle.pause();
    OFFX_TRY(tell(state()));
    OFFX_TRY(wait_for_log(record, state()));
    if (to_integer((*results)[2].row(0)[0]) != 0) OFFX_TRY(wait_while_paused(record, state()));
  }
  table.phase = Phase::verify;
  return {};
}

/// What is missing, where the disk is full.
Error Work::explained(Error error, const TableRecord& table, std::int64_t rows_left) const {
  if (error.code() != Errc::io || error.message().find("full") == std::string::npos) return error;
  std::string text = error.message() + ": " + table.from + " goes on as before. About " + std::to_string(rows_left) +
                     " rows are still to be copied";
  const auto sizes = client_.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  if (sizes && sizes->rows() == 1) {
    // Both versions are about of one size, and most of the file is theirs.
    const auto bytes = static_cast<double>(to_integer(sizes->row(0)[0]));
    const auto per_row = bytes / static_cast<double>(std::max<std::int64_t>(table.rows_total + table.rows_done, 1));
    auto missing = per_row * static_cast<double>(rows_left) + static_cast<double>(kKeepFreeBytes);
    if (const auto spare = spare_disk_bytes(client_)) missing -= static_cast<double>(*spare);
    text += "; about " + std::to_string(static_cast<std::int64_t>(std::max(0.0, missing) / 1e6) + 1) +
            " MB more are needed for them";
  }
  return {Errc::io, text + ". Free some and run the same command again"};
}

Result<void> Work::compare(const Record& record, const Blueprint& blueprint, bool live) {
  VerifyReport report;
  for (const auto& plan : blueprint.pairs) {
    const auto& change = plan.pair.change;
    const auto what = "verify " + change.from + " → " + change.to;
    std::int64_t total = 0;
    for (const auto& table : record.tables) total = table.from == change.from ? table.rows_total : total;
    std::int64_t done = 0;
    OFFX_TRY(compare_pair(client_, plan.pair, live, report, [&](std::int64_t rows) -> Result<void> {
      done += rows;
      OFFX_TRY(lease_.keep());
      return tell({what, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(std::max(total, done)), false});
    }));
  }
  if (report.differences_total == 0) return {};
  std::string text = std::to_string(report.differences_total) + " rows differ between the versions:";
  for (const auto& difference : report.differences)
    text += "\n  " + difference.table + " " + difference.key + ": " + difference.what;
  return fail(Errc::corrupt,
              text + "\nThe old version goes on being the truth; roll back, or correct the rows and run this again");
}

Result<void> Work::go_live(const Record& record, const Blueprint& blueprint) {
  Script script;
  for (const auto& plan : blueprint.pairs) {
    script.add(plan.down);
    script.add(equalise_sequences(plan.pair));
  }
  for (const auto& table : record.tables) set_table_phase(script, record.name, table.position, Phase::live);
  set_phase(script, record.name, Phase::live);
  script.add(remember_schema());
  for (const auto& plan : blueprint.pairs) {
    script.add(forget_triggers(trigger_names(plan)));
    script.add(remember_triggers(trigger_names(plan)));
  }
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

/// Those of whose tables on this side some outside of the migration refer to one.
Result<std::vector<const Pair*>> Work::referred_to(const Blueprint& blueprint, Side side) {
  std::vector<const Pair*> pairs;
  OFFX_ASSIGN(auto schema, Schema::read(client_));
  for (const auto& plan : blueprint.pairs) {
    for (const auto& child : plan.children) {
      OFFX_ASSIGN(const auto table, schema.table(child));
      const bool refers = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) {
        return same_name(key.parent, plan.pair.tables[side].name);
      });
      if (!refers) continue;
      pairs.push_back(&plan.pair);
      break;
    }
  }
  return pairs;
}

Result<void> Work::complete(Record record, const CompleteOptions& options) {
  OFFX_ASSIGN(auto migration, parse_migration(record.definition, record.name));
  if (record.phase == Phase::live) {
    OFFX_ASSIGN(const auto blueprint, may_complete(client_, record, options.force));
    OFFX_TRY(compare(record, blueprint, true));
    Script script;
    script.add(blueprint.drop_on_complete);
    for (const auto& plan : blueprint.pairs) {
      script.add(drop_triggers(plan));
      script.add(forget_triggers(trigger_names(plan)));
      for (const auto& helper : plan.helpers) script.add(drop_of_helper(helper));
      script.add(equalise_sequences(plan.pair));
    }
    OFFX_TRY(move_aside(script, record, kOld, std::vector<bool>(record.tables.size(), options.keep_old)));
    script.add(blueprint.make_on_complete);
    for (const auto& table : record.tables) set_table_phase(script, record.name, table.position, Phase::completing);
    set_phase(script, record.name, Phase::completing);
    OFFX_TRY(leave(record, blueprint, script, kOld, options.force));
  }
  OFFX_TRY(move_aside_late(record, kOld, options.keep_old));
  OFFX_TRY(remove_tables(record, migration, kOld));
  return finish(record, Phase::completed);
}

/// Whether each of the new tables is kept by a rollback: those that know something the old ones do not, and those that
/// they refer to, whose rows would take theirs along.
std::vector<bool> kept_by_rollback(const Record& record, const Blueprint& blueprint) {
  std::vector<const PairPlan*> plans;
  std::vector<bool> kept;
  for (const auto& table : record.tables) {
    const auto plan = std::find_if(blueprint.pairs.begin(), blueprint.pairs.end(),
                                   [&](const PairPlan& pair) { return pair.pair.change.from == table.from; });
    plans.push_back(plan == blueprint.pairs.end() ? nullptr : &*plan);
    const bool knows_more = plans.back() == nullptr || !plan->pair.own_columns(kNew).empty() ||
                            std::any_of(plan->pair.groups.begin(), plan->pair.groups.end(),
                                        [](const Group& group) { return group.one_way; });
    kept.push_back(table.phase == Phase::live && knows_more);
  }
  // Parents come before those that refer to them.
  for (std::size_t child = record.tables.size(); child-- > 0;) {
    if (!kept[child] || plans[child] == nullptr) continue;
    for (const auto& key : plans[child]->pair.table(kNew).foreign_keys) {
      for (std::size_t i = 0; i < child; ++i) kept[i] = kept[i] || same_name(key.parent, record.tables[i].to);
    }
  }
  return kept;
}

Result<void> Work::roll_back(Record record, const RollbackOptions& options) {
  OFFX_ASSIGN(auto migration, parse_migration(record.definition, record.name));
  if (record.phase != Phase::rolling_back) {
    OFFX_ASSIGN(const auto blueprint, may_roll_back(client_, record, options));
    Script script;
    for (const auto& plan : blueprint.pairs) {
      script.add(drop_triggers(plan));
      script.add(forget_triggers(trigger_names(plan)));
      for (const auto& helper : plan.helpers) script.add(drop_of_helper(helper));
      // The author's own, which would take the emptying of the new table for the application's deletes, and views.
      for (auto statement = plan.create.rbegin(); statement != plan.create.rend(); ++statement) {
        const auto object = created_object(*statement);
        if (object.kind != "trigger" && object.kind != "view") continue;
        script.add("DROP " + object.kind + " IF EXISTS " + quote_identifier(object.name));
      }
      if (record.phase == Phase::live) script.add(equalise_sequences(plan.pair));
    }
    const auto kept = options.discard ? std::vector<bool>(record.tables.size()) : kept_by_rollback(record, blueprint);
    OFFX_TRY(move_aside(script, record, kNew, kept));
    set_phase(script, record.name, Phase::rolling_back);
    OFFX_TRY(leave(record, blueprint, script, kNew, options.force || record.phase != Phase::live));
  }
  OFFX_TRY(move_aside_late(record, kNew, !options.discard));
  OFFX_TRY(remove_tables(record, migration, kNew));
  return finish(record, Phase::rolled_back);
}

/// The transaction after which one version stands alone, and what referred to the other one refers to it; of several
/// tables that others refer to, the last, as engines redirect from one table at a time. Whoever began to use the other
/// version since that was looked at, and comparing all rows takes its time, stops it.
Result<void> Work::leave(const Record& record, const Blueprint& blueprint, const Script& script, Side side,
                         bool force) {
  Script unused;
  if (!force) unused.add(refuse_users_of(names_of(record, side)));
  Script remember;
  remember.add(remember_schema());
  Script last;
  OFFX_ASSIGN(const auto parents, referred_to(blueprint, side));
  if (parents.empty()) last.add(unused.statements());
  last.add(script.statements());
  last.add(remember.statements());
  Result<void> done;
  for (const auto* pair : parents) {
    done = lease_.redirect_references(pair->tables[side].name, pair->tables[other(side)].name, unused.statements(),
                                      (pair == parents.back() ? last : remember).statements());
    if (!done) break;
  }
  if (parents.empty()) {
    if (auto results = lease_.batch(last.statements(), db::Mode::write); !results) {
      done = fail(std::move(results).error());
    }
  }
  if (!done && done.error().message().find("offx_table_users.program") != std::string::npos) {
    OFFX_TRY(check_no_users(client_, record, side));
  }
  return done;
}

/// Adds what takes the tables away from under their names. From the transaction in which one version stands alone, the
/// other one is found by nobody: a program that still writes to it gets an error, where its write would be told done
/// and then go with the table. Those that are kept have the name of an archive from then on, so that whoever goes on
/// later cannot decide otherwise.
Result<void> Work::move_aside(Script& script, Record& record, Side side, const std::vector<bool>& kept) {
  OFFX_ASSIGN(const auto objects, read_objects(client_));
  std::vector<std::string> tables;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < record.tables.size(); ++i) {
    auto& table = record.tables[i];
    const auto& name = side == kOld ? table.from : table.to;
    tables.push_back(name);
    if (!kept[i]) {
      names.push_back(leaving_name(name));
      continue;
    }
    table.kept_as = free_name(objects, name + (side == kOld ? "_archived" : "_rolled_back"));
    names.push_back(table.kept_as);
    script.add(
        "INSERT INTO offx_migration_archives (migration, position, name) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (migration, position) DO UPDATE SET name = excluded.name",
        {record.name, table.position, table.kept_as});
    for (const auto& object : objects) {
      // They would keep their names from a next attempt.
      if (side == kNew && object.type == "index" && !object.sql.empty() && same_name(object.table, name)) {
        script.add("DROP INDEX IF EXISTS " + quote_identifier(object.name));
      }
    }
  }
  return rename(script, tables, names);
}

/// Release 0.1.0 left a table that goes where it was, and decided at its end whether to keep it.
Result<void> Work::move_aside_late(Record& record, Side side, bool keep) {
  const auto done = side == kOld ? Phase::completed : Phase::rolled_back;
  OFFX_ASSIGN(const auto objects, read_objects(client_));
  auto left = record;
  std::erase_if(left.tables, [&](const TableRecord& table) {
    const auto& name = side == kOld ? table.from : table.to;
    const auto exists = [&](const std::string& wanted) {
      return std::any_of(objects.begin(), objects.end(), [&](const SchemaObject& object) {
        return object.type == "table" && same_name(object.name, wanted);
      });
    };
    return table.phase == done || !table.kept_as.empty() || exists(leaving_name(name)) || !exists(name);
  });
  if (left.tables.empty()) return {};
  Script script;
  OFFX_TRY(move_aside(script, left, side, std::vector<bool>(left.tables.size(), keep)));
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

/// Adds what gives the tables these names, and leaves the text of all views and triggers as it is.
Result<void> Work::rename(Script& script, const std::vector<std::string>& tables,
                          const std::vector<std::string>& names) {
  std::vector<std::string> renames;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    renames.push_back("ALTER TABLE " + quote_identifier(tables[i]) + " RENAME TO " + quote_identifier(names[i]));
  }
  OFFX_ASSIGN(auto schema, Schema::read(client_));
  auto& scratch = schema.scratch();
  for (const auto& statement : script.statements()) {
    // What could not be made there cannot be dropped there.
    if (statement.sql.starts_with("DROP ")) (void)scratch.execute(statement.sql);
  }
  OFFX_ASSIGN(const auto objects, read_objects(scratch));
  // While a view or trigger cannot be compiled, SQLite renames no table; and one may be whole for its own program,
  // whose functions nobody else knows. Then all of them step aside for a moment; and those that speak of the tables in
  // any case, or SQLite would change their text.
  const bool renamed = std::all_of(renames.begin(), renames.end(),
                                   [&](const std::string& sql) { return scratch.execute(sql).has_value(); });
  const auto leaves = [&](std::string_view name) {
    return std::any_of(tables.begin(), tables.end(), [&](const std::string& table) { return same_name(table, name); });
  };
  std::vector<std::string> back;
  for (const auto& object : objects) {
    if (object.type != "view" && object.type != "trigger") continue;
    const bool goes = object.type == "trigger" && leaves(object.table);
    const bool speaks_of_them = std::any_of(tables.begin(), tables.end(),
                                            [&](const std::string& table) { return mentions(object.sql, table); });
    if (!goes && !speaks_of_them && renamed) continue;
    script.add("DROP " + object.type + " IF EXISTS " + quote_identifier(object.name));
    if (!goes) back.push_back(object.sql);
  }
  script.add(renames);
  script.add(back);
  return {};
}

/// What is left of the version that leaves, children before their parents.
Result<void> Work::remove_tables(const Record& record, const Migration& migration, Side side) {
  const auto done = side == kOld ? Phase::completed : Phase::rolled_back;
  for (auto table = record.tables.rbegin(); table != record.tables.rend(); ++table) {
    if (table->phase == done) continue;
    const auto& name = side == kOld ? table->from : table->to;
    const std::vector<std::pair<std::string, std::string>> as_before = {{leaving_name(name), name}};
    OFFX_ASSIGN(auto schema, Schema::read(client_, as_before));
    Migration rest = migration;
    std::erase_if(rest.tables, [&](const TableChange& change) { return change.from != table->from; });
    std::vector<Finding> findings;
    OFFX_ASSIGN(auto blueprint, make_blueprint(schema, rest, can_redirect_references(client_), findings));
    auto* plan = blueprint.pairs.empty() ? nullptr : &blueprint.pairs.front();
    if (plan != nullptr) {
      for (auto& key : plan->pair.tables[side].foreign_keys) {
        if (same_name(key.parent, name)) key.parent = leaving_name(name);
      }
      plan->pair.tables[side].name = leaving_name(name);
    }
    OFFX_TRY(remove_table(record, *table, plan, side, done));
  }
  return {};
}

/// Rows that refer to others of their table would keep those from being removed before them: they refer to themselves
/// instead. The table stands alone by now.
Result<void> Work::detach_rows(const Pair& pair, Side side) {
  const auto& table = pair.tables[side];
  const auto& column = pair.parent_in_self[side];
  const auto holds = [&](const ForeignKey& key) {
    return same_name(key.parent, table.name) && key.on_delete != "CASCADE" && key.on_delete != "SET NULL";
  };
  if (!column || std::none_of(table.foreign_keys.begin(), table.foreign_keys.end(), holds)) return {};
  Throttle throttle(options_.max_stall);
  std::vector<Value> low;
  for (bool last = false; !last;) {
    const auto rows = std::min(throttle.next_rows(), options_.max_chunk_rows);
    OFFX_ASSIGN(auto high, boundary(client_, pair, side, low, rows));
    last = high.empty();
    Script chunk;
    chunk.add(detach_sql(pair, side, {!low.empty(), !last}), range_params(low, high));
    const auto began = steady_clock::now();
    OFFX_TRY(lease_.batch(chunk.statements(), db::Mode::background));
    throttle.record(rows, kept_waiting(began));
    OFFX_TRY(tell({"remove " + table.name, 0, 0, false}));
    std::this_thread::sleep_for(throttle.pause());
    low = std::move(high);
  }
  return {};
}

/// Drops a table, unless it is kept, and what was made beside it. A large table is emptied in chunks first: one DROP of
/// a million rows makes writers wait for more than a second.
Result<void> Work::remove_table(const Record& record, const TableRecord& table, const PairPlan* plan, Side side,
                                Phase done) {
  const auto& given_name = side == kOld ? table.from : table.to;
  const auto name = leaving_name(given_name);
  OFFX_ASSIGN(const bool is_there, table_exists(client_, name));
  Script script;
  if (side == kNew && plan != nullptr) {
    // What `create` made beside the table, the last first.
    for (auto statement = plan->create.rbegin(); statement != plan->create.rend(); ++statement) {
      const auto object = created_object(*statement);
      if (object.kind.empty() || (object.kind == "table" && same_name(object.name, given_name))) continue;
      script.add("DROP " + object.kind + " IF EXISTS " + quote_identifier(object.name));
    }
  }
  if (is_there) {
    if (plan != nullptr) {
      OFFX_TRY(drop_indexes(plan->pair, side, table.rows_total));
      OFFX_TRY(detach_rows(plan->pair, side));
      Throttle throttle(options_.max_stall);
      const auto what = "remove " + given_name;
      std::int64_t removed = 0;
      for (;;) {
        const auto rows = std::min(throttle.next_rows(), options_.max_chunk_rows);
        OFFX_ASSIGN(const auto high, boundary(client_, plan->pair, side, {}, rows));
        if (high.empty()) break;
        Script chunk;
        chunk.add(empty_sql(plan->pair, side, {false, true}), range_params({}, high));
        const auto began = steady_clock::now();
        OFFX_TRY(lease_.batch(chunk.statements(), db::Mode::background));
        throttle.record(rows, kept_waiting(began));
        removed += rows;
        const WorkState state{what, static_cast<std::uint64_t>(removed),
                              static_cast<std::uint64_t>(std::max(table.rows_total, removed)), false};
        OFFX_TRY(tell(state));
        OFFX_TRY(wait_for_log(record, state));
        std::this_thread::sleep_for(throttle.pause());
      }
    }
    script.add("DROP TABLE " + quote_identifier(name));
  }
  set_table_phase(script, record.name, table.position, done);
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

/// Drops the indexes of a table that is to go, one at a time: without them its rows go ten times as fast. Those so
/// large that dropping one makes writers wait for much longer than they should stay, and with them what tells rows
/// apart.
Result<void> Work::drop_indexes(const Pair& pair, Side side, std::int64_t rows) {
  constexpr std::chrono::nanoseconds kPerRow{30};  // measured: it reads each page of the index
  if (rows * kPerRow > 2 * options_.max_stall) return {};
  const auto& table = pair.tables[side];
  // Who refers to a row is looked for at each one that goes.
  if (pair.parent_in_self[side]) return {};
  for (const auto& index : table.indexes) {
    if (index.primary || index.by_constraint || (index.unique && pair.key[side] != table.key)) continue;
    Script script;
    script.add("DROP INDEX IF EXISTS " + quote_identifier(index.name));
    OFFX_TRY(lease_.batch(script.statements(), db::Mode::background));
  }
  return {};
}

Result<void> Work::finish(const Record& record, Phase phase) {
  Script script;
  set_phase(script, record.name, phase);
  script.add(remember_schema());
  OFFX_TRY(lease_.batch(script.statements(), db::Mode::write));
  return {};
}

Result<void> check_options(const WorkOptions& options) {
  if (options.max_stall < milliseconds(1))
    return fail(Errc::invalid_argument, "the longest stall must be at least 1 ms");
  if (options.max_chunk_rows < 1) return fail(Errc::invalid_argument, "a chunk must have at least one row");
  return {};
}

}  // namespace

db::Params range_params(const std::vector<Value>& low, const std::vector<Value>& high) {
  auto values = low;
  values.insert(values.end(), high.begin(), high.end());
  return values;
}

Result<std::vector<Value>> boundary(db::DatabaseClient& client, const Pair& pair, Side side,
                                    const std::vector<Value>& low, std::int64_t rows) {
  const auto sql = boundary_sql(pair, side, {!low.empty(), false});
  auto values = low;
  values.emplace_back(rows - 1);
  OFFX_ASSIGN(const auto result, client.execute(sql, values));
  if (result.rows() == 0) return std::vector<Value>();
  const auto row = result.row(0);
  return std::vector<Value>(row.begin(), row.end());
}

Result<void> start(db::DatabaseClient& client, const Migration& migration, const WorkOptions& options) {
  OFFX_TRY(check_options(options));
  OFFX_TRY(make_ledger(client));
  OFFX_ASSIGN(auto lease, Lease::acquire(client, options.lease_ttl));
  return Work(client, std::move(lease), options).start(migration);
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
                                    ": only one whose versions are both live can be completed");
  }
  return Work(client, std::move(lease), options).complete(record, options);
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
  return Work(client, std::move(lease), options).roll_back(record, options);
}

Result<void> pause(db::DatabaseClient& client, std::string_view name) {
  OFFX_TRY(read_record(client, name));
  OFFX_TRY(client.execute("UPDATE offx_migrations SET paused = 1 WHERE name = ?1", {std::string(name)}));
  return {};
}

Result<void> resume(db::DatabaseClient& client, std::string_view name) {
  OFFX_TRY(read_record(client, name));
  OFFX_TRY(client.execute("UPDATE offx_migrations SET paused = 0 WHERE name = ?1", {std::string(name)}));
  return {};
}

Result<VerifyReport> verify(db::DatabaseClient& client, std::string_view name, const WorkOptions& options) {
  OFFX_ASSIGN(const auto record, read_record(client, name));
  if (record.phase != Phase::verify && record.phase != Phase::live) {
    return fail(Errc::conflict, "the migration " + record.name + " is in the phase " +
                                    std::string(to_string(record.phase)) + ": there is nothing to compare");
  }
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  OFFX_ASSIGN(auto schema, Schema::read(client));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, make_blueprint(schema, migration, can_redirect_references(client), findings));
  VerifyReport report;
  for (const auto& plan : blueprint.pairs) {
    const auto what = "verify " + plan.pair.change.from + " → " + plan.pair.change.to;
    std::int64_t done = 0;
    OFFX_TRY(
        compare_pair(client, plan.pair, record.phase == Phase::live, report, [&](std::int64_t rows) -> Result<void> {
          done += rows;
          if (options.progress && !options.progress({what, static_cast<std::uint64_t>(done), 0, false})) {
            return fail(Errc::cancelled, "stopped");
          }
          return {};
        }));
  }
  return report;
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
