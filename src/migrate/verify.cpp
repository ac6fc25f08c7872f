#include <algorithm>

#include "migrate/departure.h"
#include "migrate/ledger.h"
#include "migrate/migrator.h"
#include "migrate/range_sql.h"
#include "migrate/work.h"

namespace offx::migrate {
namespace {

using db::Statement;
using db::to_integer;
using db::to_text;
using db::Value;

/// Small enough that each snapshot is soon given up: while there is one SQLite's log cannot be started anew.
constexpr std::int64_t kChunkRows = 5'000;
constexpr std::size_t kShownMax = 20;

/// Walks through one side of a pair in key order and compares each chunk in one snapshot.
class Comparison {
 public:
  Comparison(db::DatabaseClient& client, const Pair& pair, bool live, VerifyReport& report)
      : client_(client), pair_(pair), live_(live), report_(report) {}

  Result<void> compare(Side side, const std::function<Result<void>(std::int64_t)>& on_chunk) {
    std::vector<Value> low;
    for (bool last = false; !last;) {
      OFFX_ASSIGN(auto high, boundary(client_, pair_, side, low, kChunkRows));
      last = high.empty();
      OFFX_ASSIGN(const auto rows, compare_chunk(side, low, high));
      OFFX_TRY(on_chunk(rows));
      low = std::move(high);
    }
    return {};
  }

 private:
  Result<std::int64_t> compare_chunk(Side side, const std::vector<Value>& low, const std::vector<Value>& high) {
    const Range range{!low.empty(), !high.empty()};
    const auto sql = compare_sql(pair_, side, range, live_);
    OFFX_ASSIGN(const auto result, client_.execute(sql, range_params(low, high)));
    const auto row = result.row(0);
    ++report_.chunks;
    (side == kOld ? report_.rows_old : report_.rows_new) += to_integer(row[0]);
    const auto missing = to_integer(row[1]);
    const auto different = to_integer(row[2]);
    report_.differences_total += missing + different;
    if (missing != 0) OFFX_TRY(note_missing(side, range, low, high));
    if (different != 0) OFFX_TRY(note(different_sql(pair_, range, live_), range_params(low, high), ""));
    if (row.size() > 3) {
      // Keys are unique: as many rows of the old table as are not missing have a twin, each its own.
      report_.rows_new += to_integer(row[3]);
      const auto left_over = std::max<std::int64_t>(0, to_integer(row[3]) - (to_integer(row[0]) - missing));
      report_.differences_total += left_over;
      if (left_over != 0) OFFX_TRY(note_missing(kNew, range, low, high));
    }
    return to_integer(row[0]);
  }

  Result<void> note_missing(Side side, Range range, const std::vector<Value>& low, const std::vector<Value>& high) {
    return note(missing_sql(pair_, side, range), range_params(low, high),
                "is missing in " + pair_.tables[other(side)].name);
  }

  Result<void> note(const std::string& sql, const db::Params& params, const std::string& what) {
    if (sql.empty() || report_.differences.size() >= kShownMax) return {};
    OFFX_ASSIGN(const auto rows, client_.execute(sql, params));
    for (std::size_t i = 0; i < rows.rows() && report_.differences.size() < kShownMax; ++i) {
      const auto row = rows.row(i);
      auto text = what.empty() ? to_text(row[1]) : what;
      if (text.ends_with("; ")) text.resize(text.size() - 2);
      report_.differences.push_back({pair_.change.from, to_text(row[0]), std::move(text)});
    }
    return {};
  }

  db::DatabaseClient& client_;
  const Pair& pair_;
  bool live_;
  VerifyReport& report_;
};

/// Both in one snapshot: where every row has its twin, no two may have the same one.
Result<void> compare_counts(db::DatabaseClient& client, const Pair& pair, VerifyReport& report) {
  OFFX_ASSIGN(const auto counts, client.execute(count_sql(pair)));
  const auto rows = counts.row(0);
  if (to_integer(rows[0]) == to_integer(rows[1])) return {};
  ++report.differences_total;
  report.differences.push_back(
      {pair.change.from, "(all rows)",
       to_text(rows[0]) + " in " + pair.tables[kOld].name + ", " + to_text(rows[1]) + " in " + pair.tables[kNew].name});
  return {};
}

/// Compares all pairs of a migration; `on_chunk` is told how far it is.
Result<VerifyReport> compare_all(db::DatabaseClient& client, const Record& record, const Blueprint& blueprint,
                                 bool live, const std::function<Result<void>(const WorkState&)>& on_chunk) {
  VerifyReport report;
  for (const auto& plan : blueprint.pairs) {
    const auto& change = plan.pair.change;
    const auto what = "verify " + change.from + " → " + change.to;
    std::int64_t total = 0;
    for (const auto& table : record.tables) total = table.from == change.from ? table.rows_total : total;
    std::int64_t done = 0;
    OFFX_TRY(compare_pair(client, plan.pair, live, report, [&](std::int64_t rows) {
      done += rows;
      return on_chunk(
          {what, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(std::max(total, done)), false});
    }));
  }
  return report;
}

}  // namespace

Result<void> compare_pair(db::DatabaseClient& client, const Pair& pair, bool live, VerifyReport& report,
                          const std::function<Result<void>(std::int64_t)>& on_chunk) {
  const auto differences = report.differences_total;
  Comparison comparison(client, pair, live, report);
  OFFX_TRY(comparison.compare(kOld, on_chunk));
  // Where ranges agree the new table's rows were counted on the way.
  if (!pair.keys_are_rowids()) OFFX_TRY(comparison.compare(kNew, [](std::int64_t) { return Result<void>(); }));
  return report.differences_total == differences ? compare_counts(client, pair, report) : Result<void>();
}

Result<void> check_alike(Worker& worker, const Record& record, const Blueprint& blueprint, bool live) {
  OFFX_ASSIGN(const auto report,
              compare_all(worker.client(), record, blueprint, live, [&](const WorkState& state) -> Result<void> {
                OFFX_TRY(worker.lease().keep());
                return worker.tell(state);
              }));
  if (report.differences_total == 0) return {};
  std::string text = std::to_string(report.differences_total) +
                     (report.differences_total == 1 ? " row differs" : " rows differ") + " between the versions:";
  for (const auto& difference : report.differences)
    text += "\n  " + difference.table + " " + difference.key + ": " + difference.what;
  return fail(Errc::corrupt,
              text + "\nThe old version goes on being the truth; roll back, or correct the rows and run this again");
}

Result<VerifyReport> verify(db::DatabaseClient& client, std::string_view name, const WorkOptions& options) {
  OFFX_ASSIGN(const auto record, read_record(client, name));
  if (record.phase != Phase::verify && record.phase != Phase::live) {
    return fail(Errc::conflict,
                "the migration " + record.name + " is in the phase " + std::string(to_string(record.phase)) +
                    (record.phase < Phase::verify ? ": `start` compares all rows when it has copied them"
                                                  : ": there is nothing to compare any more"));
  }
  OFFX_TRY(check_there(client, record));
  OFFX_ASSIGN(const auto migration, parse_migration(record.definition, record.name));
  std::vector<Finding> findings;
  OFFX_ASSIGN(const auto blueprint, read_blueprint(client, migration, findings));
  return compare_all(client, record, blueprint, record.phase == Phase::live,
                     [&](const WorkState& state) -> Result<void> {
                       if (options.progress && !options.progress(state)) return fail(Errc::cancelled, "stopped");
                       return {};
                     });
}

}  // namespace offx::migrate
