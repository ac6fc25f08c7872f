#include "migrate/removal.h"

#include <algorithm>
#include <chrono>
#include <ranges>
#include <thread>

#include "db/script.h"
#include "migrate/range_sql.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Value;
using std::chrono::steady_clock;

/// One transaction of a removal, and the pause behind it.
Result<void> run_chunk(Worker& worker, const Record& record, const Script& chunk, std::int64_t rows, Throttle& throttle,
                       const WorkState& state) {
  const auto began = steady_clock::now();
  OFFX_TRY(worker.commit(chunk, db::Mode::background));
  throttle.record(rows, worker.kept_waiting(began));
  OFFX_TRY(worker.tell(state));
  OFFX_TRY(worker.wait_for_log(record.name, state));
  std::this_thread::sleep_for(throttle.pause());
  return {};
}

/// Drops the indexes of a table that is to go, one at a time: without them its rows go ten times as fast. Those so
/// large that dropping one makes writers wait for much longer than they should stay, and with them what tells rows
/// apart.
Result<void> drop_indexes(Worker& worker, const Pair& pair, Side side, std::int64_t rows) {
  constexpr std::chrono::nanoseconds kPerRow{30};  // measured: it reads each page of the index
  if (rows * kPerRow > 2 * worker.options().max_stall) return {};
  const auto& table = pair.tables[side];
  // Who refers to a row is looked for at each one that goes.
  if (pair.parent_in_self[side]) return {};
  for (const auto& index : table.indexes) {
    if (index.primary || index.by_constraint || (index.unique && pair.key[side] != table.key)) continue;
    Script script;
    script.add("DROP INDEX IF EXISTS " + quote_identifier(index.name));
    OFFX_TRY(worker.commit(script, db::Mode::background));
  }
  return {};
}

/// True if SQLite finds the rows that refer to a given one by an index.
bool finds_children(const Table& table, const std::string& column) {
  return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) {
    return !index.partial && !index.columns.empty() && same_name(index.columns[0], column);
  });
}

/// Rows that refer to others of their table would keep those from being removed before them, or go with them, any
/// number in one step; and they are looked for at each row that goes, by a scan of all where no index leads there. They
/// refer to nothing instead, or where that is not allowed to themselves, and then an index is made for that which has
/// none of them. The table stands alone by now.
Result<void> detach_rows(Worker& worker, const Record& record, const Pair& pair, Side side) {
  const auto& table = pair.tables[side];
  const auto& column = pair.parent_in_self[side];
  if (!column) return {};
  const bool is_searched = finds_children(table, *column);
  if (is_searched && pair.on_delete_in_self(side) == "SET NULL") return {};
  const auto what = "remove " + table.name;
  Throttle throttle(worker.options().max_stall);
  std::vector<Value> low;
  for (bool last = false; !last;) {
    const auto rows = worker.next_rows(throttle);
    OFFX_ASSIGN(auto high, boundary(worker.client(), pair, side, low, rows));
    last = high.empty();
    Script chunk;
    for (const auto& sql : detach_sql(pair, side, {!low.empty(), !last})) chunk.add(sql, range_params(low, high));
    OFFX_TRY(run_chunk(worker, record, chunk, rows, throttle, {what, 0, 0, false}));
    low = std::move(high);
  }
  if (is_searched) return {};
  Script script;
  // With no rows in it, it is one look at each: an eighth of the time that writers would wait for one over all of them.
  const auto referring = quote_identifier(*column);
  script.add("CREATE INDEX IF NOT EXISTS " + quote_identifier(table.name + "_parents") + " ON " +
             quote_identifier(table.name) + " (" + referring + ") WHERE " + referring + " IS NOT NULL");
  OFFX_TRY(worker.commit(script, db::Mode::background));
  return {};
}

/// All rows but those of the last chunk, which go with the table.
Result<void> empty_table(Worker& worker, const Record& record, const TableRecord& table, const Pair& pair, Side side) {
  const auto what = "remove " + table.name(side);
  Throttle throttle(worker.options().max_stall);
  for (std::int64_t removed = 0;;) {
    const auto rows = worker.next_rows(throttle);
    OFFX_ASSIGN(const auto high, boundary(worker.client(), pair, side, {}, rows));
    if (high.empty()) return {};
    Script chunk;
    chunk.add(empty_sql(pair, side, {false, true}), range_params({}, high));
    removed += rows;
    OFFX_TRY(run_chunk(worker, record, chunk, rows, throttle,
                       {what, static_cast<std::uint64_t>(removed),
                        static_cast<std::uint64_t>(std::max(table.rows_total, removed)), false}));
  }
}

/// Drops a table, unless it is kept, and what was made beside it. A large table is emptied in chunks first: one DROP of
/// a million rows makes writers wait for more than a second.
Result<void> remove_table(Worker& worker, const Record& record, const TableRecord& table, const PairPlan* plan,
                          Side side, Phase done) {
  const auto& given_name = table.name(side);
  const auto name = leaving_name(given_name);
  OFFX_ASSIGN(const bool is_there, table_exists(worker.client(), name));
  Script script;
  if (side == kNew && plan != nullptr) {
    // What `create` made beside the table, the last first.
    for (const auto& statement : std::views::reverse(plan->create)) {
      const auto object = created_object(statement);
      if (object.kind.empty() || (object.kind == "table" && same_name(object.name, given_name))) continue;
      script.add("DROP " + object.kind + " IF EXISTS " + quote_identifier(object.name));
    }
  }
  if (is_there) {
    if (plan != nullptr) {
      OFFX_TRY(drop_indexes(worker, plan->pair, side, table.rows_total));
      OFFX_TRY(detach_rows(worker, record, plan->pair, side));
      OFFX_TRY(empty_table(worker, record, table, plan->pair, side));
    }
    script.add("DROP TABLE " + quote_identifier(name));
  }
  script.add(record_table_phase(record.name, table, done));
  OFFX_TRY(worker.commit(script));
  return {};
}

}  // namespace

std::string leaving_name(const std::string& table) { return "offx_leaving_" + table; }

Result<void> remove_tables(Worker& worker, const Record& record, Side side) {
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  const auto done = side == kOld ? Phase::completed : Phase::rolled_back;
  for (auto table = record.tables.rbegin(); table != record.tables.rend(); ++table) {
    if (table->phase == done) continue;
    const auto& name = table->name(side);
    const std::vector<std::pair<std::string, std::string>> as_before = {{leaving_name(name), name}};
    OFFX_ASSIGN(auto schema, Schema::read(worker.client(), as_before));
    Migration rest = migration;
    std::erase_if(rest.tables, [&](const TableChange& change) { return change.from != table->from; });
    if (side == kNew && table->kept_as.empty()) drop_orphans(schema, rest);
    std::vector<Finding> findings;
    OFFX_ASSIGN(auto blueprint, make_blueprint(schema, rest, can_redirect_references(worker.client()), findings));
    auto* plan = blueprint.pairs.empty() ? nullptr : &blueprint.pairs.front();
    if (plan != nullptr) {
      for (auto& key : plan->pair.tables[side].foreign_keys) {
        if (same_name(key.parent, name)) key.parent = leaving_name(name);
      }
      plan->pair.tables[side].name = leaving_name(name);
    }
    OFFX_TRY(remove_table(worker, record, *table, plan, side, done));
  }
  return {};
}

}  // namespace offx::migrate
