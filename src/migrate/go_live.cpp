#include "migrate/go_live.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "db/script.h"
#include "migrate/data_check.h"
#include "migrate/departure.h"
#include "migrate/disk.h"
#include "migrate/plan.h"
#include "migrate/range_sql.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::to_integer;
using db::to_text;
using std::chrono::steady_clock;

std::string pair_name(const TableRecord& table) { return table.from + " → " + table.to; }

Result<void> expand(Worker& worker, const Migration& migration) {
  auto& client = worker.client();
  OFFX_ASSIGN(const auto plan, worker.keeping_lease([&] {
    return make_plan(client, migration, worker.options().max_stall, worker.options().planning);
  }));
  if (plan.refused())
    return fail(Errc::conflict, "the plan of " + migration.name + " is refused:" + refusals_in(plan.findings));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client, migration, findings));
  std::vector<TableRecord> tables;
  for (const auto& pair : blueprint.pairs) {
    TableRecord table;
    table.position = static_cast<std::int64_t>(tables.size()) + 1;
    table.from = pair.pair.change.from;
    table.to = pair.pair.change.to;
    table.rows_total = plan.tables[tables.size()].rows;
    tables.push_back(std::move(table));
  }
  Script script;
  for (const auto& pair : blueprint.pairs) {
    script.add(pair.create);
    script.add(pair.carried_indexes);
    script.add(pair.helpers);
  }
  // Before these tables are known to change: from then on what is remembered of them stays.
  std::vector<std::string> old_tables;
  for (const auto& table : tables) old_tables.push_back(table.from);
  script.add(remember_beginning(old_tables));
  script.add(record_beginning(migration, worker.options().program, tables));
  std::vector<std::string> helpers;
  for (const auto& pair : blueprint.pairs) {
    for (const auto& helper : pair.helpers) helpers.push_back(helper.name);
  }
  script.add(forget_own(helpers));
  script.add(remember_own(helpers));
  OFFX_TRY(worker.commit(script));
  return {};
}

/// From now on what is written to the old table is carried to the new one, but for new rows with a greater key than
/// the one that is returned, if one is: those are left to the copy until carry_all().
Result<std::optional<std::int64_t>> begin_table(Worker& worker, const Record& record, TableRecord& table,
                                                const PairPlan& plan) {
  const bool may_wait = plan.sync.empty() && may_wait_for_copy(plan.pair);
  OFFX_ASSIGN(const auto rows,
              worker.client().execute("SELECT count(*), " +
                                      (may_wait ? "max(" + quote_identifier(plan.pair.key[kOld][0]) + ")" : "NULL") +
                                      " FROM " + quote_identifier(table.from)));
  std::optional<std::int64_t> copied_up_to;
  if (!db::is_null(rows.row(0)[1])) copied_up_to = to_integer(rows.row(0)[1]);
  table.rows_total = to_integer(rows.row(0)[0]);
  table.phase = Phase::backfill;
  Script script;
  script.add(copied_up_to ? sync_triggers(plan.pair, kOld, copied_up_to) : plan.up);
  script.add(plan.sync);
  script.add(record_progress(record.name, table));
  auto done = worker.commit(script);
  if (!done) return fail(std::move(done).error().within("expand/" + table.to));
  return copied_up_to;
}

/// From now on every row is carried at once. A trigger that somebody dropped stays away: check_triggers() tells of it.
Result<void> carry_all(Worker& worker, const PairPlan& plan) {
  if (!may_wait_for_copy(plan.pair)) return {};
  const auto waiting = sync_triggers(plan.pair, kOld, 0);
  Script script;
  for (std::size_t i = 0; i < plan.up.size(); ++i) {
    const auto& [name, sql] = plan.up[i];
    if (waiting[i].sql == sql) continue;
    OFFX_ASSIGN(const auto there,
                worker.client().execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1", {name}));
    if (there.rows() == 0 || to_text(there.row(0)[0]) == sql) continue;
    script.add("DROP TRIGGER " + quote_identifier(name));
    script.add(sql);
  }
  if (script.statements().empty()) return {};
  OFFX_TRY(worker.commit(script));
  return {};
}

/// What is missing, where the disk is full.
Error explained(db::DatabaseClient& client, Error error, const TableRecord& table) {
  if (error.code() != Errc::io || error.message().find("full") == std::string::npos) return error;
  const auto rows_left = table.rows_total - table.rows_done;
  std::string text = error.message() + ": " + table.from + " goes on as before. About " + std::to_string(rows_left) +
                     " rows are still to be copied";
  const auto sizes = client.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  if (sizes && sizes->rows() == 1) {
    // Both versions are about of one size, and most of the file is theirs.
    const auto bytes = static_cast<double>(to_integer(sizes->row(0)[0]));
    const auto per_row = bytes / static_cast<double>(std::max<std::int64_t>(table.rows_total + table.rows_done, 1));
    auto missing = per_row * static_cast<double>(rows_left) + static_cast<double>(kKeepFreeBytes);
    if (const auto spare = spare_disk_bytes(client)) missing -= static_cast<double>(*spare);
    text += "; about " + std::to_string(static_cast<std::int64_t>(std::max(0.0, missing) / 1e6) + 1) +
            " MB more are needed for them";
  }
  return {Errc::io, text + ". Free some and run the same command again"};
}

/// Copies in chunks; the end of the last one is recorded in its own transaction, so that it goes on from there after
/// any crash. Rows that are written meanwhile are carried by the triggers; those are not copied again. `awaited_above`
/// is what begin_table() returned: from where on new rows are left to the copy.
Result<void> backfill(Worker& worker, const Record& record, TableRecord& table, const PairPlan& plan,
                      std::optional<std::int64_t> awaited_above) {
  auto& client = worker.client();
  OFFX_ASSIGN(auto low, from_literals(client, table.low));
  const auto what = "backfill " + pair_name(table);
  const auto state = [&] {
    return WorkState{what, static_cast<std::uint64_t>(table.rows_done),
                     static_cast<std::uint64_t>(std::max(table.rows_total, table.rows_done)), false};
  };
  Throttle throttle(worker.options().max_stall);
  const auto began = steady_clock::now();
  const auto done_before = table.rows_done;
  OFFX_TRY(worker.wait_while_paused(record.name, state()));
  auto pause_until = began;
  if (!awaited_above) OFFX_TRY(carry_all(worker, plan));  // an interrupted call may have left them to the copy
  while (table.phase == Phase::backfill) {
    if (const auto spare = spare_disk_bytes(client); spare && *spare < kKeepFreeBytes) {
      Error error(Errc::io, "the disk is nearly full, and what is left is for those who write to the database");
      return fail(explained(client, std::move(error), table).within(what));
    }
    const auto rows = worker.next_rows(throttle);
    OFFX_ASSIGN(auto high, boundary(client, plan.pair, kOld, low, rows));
    const bool last = high.empty();
    if (awaited_above && (last || to_integer(high[0]) > *awaited_above)) {
      OFFX_TRY(carry_all(worker, plan));
      awaited_above.reset();
    }
    std::this_thread::sleep_until(pause_until);
    const auto chunk_began = steady_clock::now();
    const double seconds = std::chrono::duration<double>(chunk_began - began).count();
    auto copied = table;
    copied.rows_per_second = seconds > 0 ? static_cast<double>(table.rows_done - done_before) / seconds : 0;
    copied.rows_done += last ? std::max<std::int64_t>(table.rows_total - table.rows_done, 0) : rows;
    if (last) copied.phase = Phase::verify;
    if (!last) copied.low = to_literals(high);
    Script script;
    script.add(copy_sql(plan.pair, {!low.empty(), !last}), range_params(low, high));
    script.add(record_progress(record.name, copied));
    script.add(ask_paused(record.name));
    auto results = worker.commit(script, db::Mode::background);
    if (!results) {
      if (results.error().code() == Errc::conflict && rows > 1 &&
          results.error().message().find("migrator") == std::string::npos) {
        throttle.narrow();  // down to the row that is refused
        continue;
      }
      if (results.error().retryable()) {
        OFFX_TRY(worker.tell(state()));
        std::this_thread::sleep_for(kPauseStep);
        continue;
      }
      auto error = std::move(results).error();
      if (error.code() == Errc::conflict && !last) {
        error = Error(Errc::conflict, error.message() + ", in the row with the key " + copied.low);
      }
      return fail(explained(client, std::move(error), table).within(what));
    }
    table = std::move(copied);
    low = std::move(high);
    throttle.record(rows, worker.kept_waiting(chunk_began));
    pause_until = steady_clock::now() + throttle.pause();
    OFFX_TRY(worker.tell(state()));
    OFFX_TRY(worker.wait_for_log(record.name, state()));
    if (says_paused(results->back())) OFFX_TRY(worker.wait_while_paused(record.name, state()));
  }
  return {};
}

Result<void> go_live(Worker& worker, const Record& record, const Blueprint& blueprint) {
  Script script;
  for (const auto& plan : blueprint.pairs) {
    script.add(plan.down);
    script.add(equalise_sequences(plan.pair));
  }
  for (const auto& table : record.tables) script.add(record_table_phase(record.name, table, Phase::live));
  script.add(record_phase(record.name, Phase::live));
  script.add(remember_beginning({}));
  for (const auto& plan : blueprint.pairs) {
    script.add(forget_own(trigger_names(plan)));
    script.add(remember_own(trigger_names(plan)));
  }
  OFFX_TRY(worker.commit(script));
  return {};
}

/// What the new tables refuse may have been written since `plan` looked, or, where only two rows together break it (a
/// UNIQUE), while the first one was not copied yet. If the rows cannot be read now, `error` tells of the copy alone.
Error with_refused_rows(db::DatabaseClient& client, const Blueprint& blueprint, Error error) {
  std::vector<Finding> findings;
  if (const auto checked = check_rows(client, blueprint, findings); !checked) return error;
  const auto refused = refusals_in(findings);
  if (refused.empty()) return error;
  return Error(Errc::conflict, error.message() + ". The same command goes on when that is put right:" + refused)
      .within(error.context());
}

/// Every table from wherever it is to the end of its backfill, then all of them live.
Result<void> carry_on(Worker& worker, const Record& record) {
  OFFX_TRY(check_there(worker.client(), record));
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(worker.client(), migration, findings));
  for (auto table : record.tables) {
    const auto* plan = blueprint.pair_from(table.from);
    if (plan == nullptr) {
      return fail(Errc::conflict, pair_name(table) + " does not fit the database any more:" + refusals_in(findings));
    }
    std::optional<std::int64_t> awaited_above;
    if (table.phase == Phase::expand) {
      OFFX_ASSIGN(awaited_above, begin_table(worker, record, table, *plan));
    }
    if (table.phase != Phase::backfill) continue;
    auto copied = backfill(worker, record, table, *plan, awaited_above);
    if (!copied && copied.error().code() == Errc::conflict) {
      return fail(with_refused_rows(worker.client(), blueprint, std::move(copied).error()));
    }
    OFFX_TRY(std::move(copied));
  }
  OFFX_TRY(check_triggers(worker.client(), blueprint, kOld, false));
  Script script;
  script.add(record_phase(record.name, Phase::verify));
  OFFX_TRY(worker.commit(script));
  OFFX_TRY(check_alike(worker, record, blueprint, false));
  return go_live(worker, record, blueprint);
}

}  // namespace

Result<void> start(Worker& worker, const Migration& migration) {
  auto& client = worker.client();
  OFFX_ASSIGN(const auto records, read_records(client));
  const auto known =
      std::find_if(records.begin(), records.end(), [&](const Record& record) { return record.name == migration.name; });
  if (known == records.end() || known->phase == Phase::rolled_back) {
    for (const auto& change : migration.tables) OFFX_TRY(check_not_leaving(records, change.from));
    OFFX_TRY(expand(worker, migration));
  } else {
    OFFX_TRY(may_start(*known, migration));
    if (known->phase == Phase::live) return {};
  }
  OFFX_ASSIGN(const auto record, read_record(client, migration.name));
  auto done = carry_on(worker, record);
  if (!done && done.error().message().find("no such table") != std::string::npos) {
    if (auto there = check_there(client, record); !there) done = std::move(there);
  }
  if (!done && done.error().code() != Errc::cancelled) {
    // What is wrong stays to be seen in `status`; if it cannot be written, as somebody else is at work by now, the
    // caller hears of it all the same.
    (void)worker.note(migration.name, done.error().to_string());
  }
  return done;
}

}  // namespace offx::migrate
