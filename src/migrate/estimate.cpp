#include "migrate/estimate.h"

#include <algorithm>
#include <cmath>

#include "db/script.h"
#include "migrate/disk.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::to_integer;
using db::to_text;

// --- What rows take in a b-tree (https://www.sqlite.org/fileformat2.html) ---

constexpr double kPage = 4096;          // of nearly every database; for others sizes are a little off
constexpr double kTablePayload = 4061;  // beyond it a row of a table goes on in overflow pages, …
constexpr double kIndexPayload = 1002;  // … and an entry of an index beyond this, …
constexpr double kLeastPayload = 489;   // … which keep at least this in the b-tree
constexpr double kCell = 6;             // a cell's pointer, sizes and key
constexpr double kFullInOrder = 0.97;   // how full pages are if entries come in order, …
constexpr double kFullAtRandom = 0.69;  // … and if they do not

/// Of a payload's bytes those in the b-tree itself, and its overflow pages.
struct Cell {
  double local = 0;
  double overflow_pages = 0;
};
Cell cell_of(double payload, double most) {
  if (payload <= most) return {payload + kCell, 0};
  constexpr double kOverflow = kPage - 4;
  const double rest = std::fmod(payload - kLeastPayload, kOverflow);
  const double pages = std::floor((payload - kLeastPayload) / kOverflow);
  if (kLeastPayload + rest <= most) return {kLeastPayload + rest + kCell + 4, pages};
  return {kLeastPayload + kCell + 4, pages + 1};
}

/// A b-tree as it will be.
struct Tree {
  double pages = 0;           ///< overflow pages among them
  double overflow_pages = 0;  ///< written once, wherever the entry's place is
  bool in_order = true;       ///< entries come at its end, one after the other
};

Tree tree_of(const std::vector<double>& payloads, double most, bool in_order, double rows) {
  Tree tree;
  tree.in_order = in_order;
  if (payloads.empty()) return tree;
  double local = 0;
  double overflow = 0;
  for (const auto payload : payloads) {
    const auto cell = cell_of(payload, most);
    local += cell.local;
    overflow += cell.overflow_pages;
  }
  const auto samples = static_cast<double>(payloads.size());
  local /= samples;
  // Large cells leave room at the end of a page.
  const double full = in_order ? std::min(kFullInOrder, std::floor(kPage / local) * local / kPage) : kFullAtRandom;
  tree.overflow_pages = rows * overflow / samples;
  tree.pages = rows * local / (kPage * std::max(full, 0.5)) + tree.overflow_pages;
  return tree;
}

// --- A sample of rows ---

/// Bytes of a value in a record, its type among them.
std::string bytes_sql(const std::string& value) {
  return "CASE typeof(" + value + ") WHEN 'null' THEN 1 WHEN 'integer' THEN CASE WHEN " + value +
         " BETWEEN -32768 AND 32767 THEN 3 WHEN " + value +
         " BETWEEN -2147483648 AND 2147483647 THEN 5 ELSE 9 END WHEN 'real' THEN 9 ELSE length(CAST(" + value +
         " AS BLOB)) + 2 END";
}

/// SQL for the value that each column of a table has in a row of the old one.
using Values = std::vector<std::pair<std::string, std::string>>;

const std::string* value_of(const Values& values, std::string_view column) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& value) { return same_name(value.first, column); });
  return found == values.end() ? nullptr : &found->second;
}

/// Rows from all over a table: some behind each of 32 places between its least and its greatest rowid; of a table
/// without one the first and the last ones.
Result<std::string> sample_sql(db::DatabaseClient& client, const Table& table) {
  const auto name = quote_identifier(table.name);
  const auto part = [&](const std::string& where, const std::string& order, int rows) {
    return "SELECT * FROM (SELECT * FROM " + name + where + " ORDER BY " + order + " LIMIT " + std::to_string(rows) +
           ")";
  };
  if (table.without_rowid || (table.column("rowid") != nullptr && !table.key_is_rowid())) {
    std::vector<std::string> forwards;
    std::vector<std::string> backwards;
    for (const auto& column : table.key) {
      forwards.push_back(quote_identifier(column));
      backwards.push_back(quote_identifier(column) + " DESC");
    }
    if (forwards.empty()) return "SELECT * FROM " + name + " LIMIT 1000";
    return part("", joined(forwards, ", "), 500) + " UNION ALL " + part("", joined(backwards, ", "), 500);
  }
  const std::string rowid = table.key_is_rowid() ? quote_identifier(table.key.front()) : "rowid";
  OFFX_ASSIGN(const auto ends,
              client.execute("SELECT coalesce(min(" + rowid + "), 0), coalesce(max(" + rowid + "), 0) FROM " + name));
  const auto least = static_cast<double>(to_integer(ends.row(0)[0]));
  const auto greatest = static_cast<double>(to_integer(ends.row(0)[1]));
  constexpr int kPlaces = 32;
  std::vector<std::string> parts;
  std::int64_t last = 0;
  for (int i = 0; i < kPlaces; ++i) {
    const auto place = static_cast<std::int64_t>(least + (greatest - least) * i / kPlaces);
    if (i > 0 && place == last) continue;
    last = place;
    parts.push_back(part(" WHERE " + rowid + " >= " + std::to_string(place), rowid, 1000 / kPlaces));
  }
  return joined(parts, " UNION ALL ");
}

/// A table with its indexes, by what a sample of the old table's rows says of them.
Result<std::vector<Tree>> trees_of(db::DatabaseClient& client, const Table& old_table, const Table& table,
                                   const Values& values, double rows) {
  std::vector<std::string> row_bytes = {"2"};
  for (const auto& [column, value] : values) row_bytes.push_back(bytes_sql(value));
  std::vector<std::string> selected = {combined(row_bytes, " + ")};
  std::vector<std::string> key_bytes = {"6"};
  if (table.without_rowid) {
    for (const auto& column : table.key) {
      if (const auto* value = value_of(values, column)) key_bytes.push_back(bytes_sql(*value));
    }
  }
  std::vector<const Index*> indexes;
  for (const auto& index : table.indexes) {
    if (!(table.without_rowid && index.primary)) indexes.push_back(&index);
  }
  for (const auto* index : indexes) {
    auto bytes = key_bytes;
    const std::string* first = nullptr;
    for (const auto& column : index->columns) {
      const auto* value = value_of(values, column);
      bytes.push_back(value == nullptr ? "12" : bytes_sql(*value));  // of an expression nothing is known
      if (&column == &index->columns.front()) first = value;
    }
    selected.push_back(combined(bytes, " + "));
    selected.push_back(first == nullptr ? "NULL"
                                        : "CASE typeof(" + *first + ") WHEN 'text' THEN substr(" + *first +
                                              ", 1, 32) WHEN 'blob' THEN NULL ELSE " + *first + " END");
  }
  OFFX_ASSIGN(const auto sample, sample_sql(client, old_table));
  OFFX_ASSIGN(const auto found, client.execute("SELECT " + joined(selected, ", ") + " FROM (" + sample + ") AS " +
                                               quote_identifier(old_table.name)));
  const auto column = [&](std::size_t at) {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < found.rows(); ++i) numbers.push_back(db::to_real(found.row(i)[at]));
    return numbers;
  };
  /// True if the index's entries come as the rows do.
  const auto in_order = [&](std::size_t at) {
    std::size_t rising = 0;
    std::size_t changing = 0;
    for (std::size_t i = 1; i < found.rows(); ++i) {
      const auto& before = found.row(i - 1)[at];
      const auto& value = found.row(i)[at];
      if (value == before) continue;
      ++changing;
      if (before < value) ++rising;
    }
    return changing > found.rows() / 2 && rising * 10 >= changing * 9;
  };
  std::vector<Tree> trees = {tree_of(column(0), table.without_rowid ? kIndexPayload : kTablePayload, true, rows)};
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    trees.push_back(tree_of(column(1 + 2 * i), kIndexPayload, in_order(2 + 2 * i), rows));
  }
  return trees;
}

// --- How long chunks take ---

// Fitted to docs/benchmarks.md, in seconds: for a chunk beside its sync, for each of its rows and of their entries in
// indexes; for a page of all that is written to the log and to the file, which no disk takes as fast as a single chunk;
// and for comparing a row and each of its bytes.
constexpr double kPerChunk = 0.5e-3;
constexpr double kPerRow = 0.8e-6;
constexpr double kPerEntry = 0.6e-6;
constexpr double kLongRunPage = 10e-6;
constexpr double kCompareRow = 1e-6;
constexpr double kCompareByte = 2e-9;
constexpr double kAimOfStall = 0.8;
constexpr double kPauseMost = 25e-3;

double pages_of_chunk(const std::vector<Tree>& trees, double rows, double chunk) {
  double pages = 0;
  for (const auto& tree : trees) {
    const double own = (tree.in_order ? tree.pages : tree.overflow_pages) / rows * chunk;
    // Of the pages that are there on the way, on average half of all, each is changed by some row or by none.
    const double half = std::max(1.0, (tree.pages - tree.overflow_pages) / 2);
    pages += tree.in_order ? own : own + half * -std::expm1(-chunk / half);
  }
  return pages;
}

double copy_seconds(const std::vector<Tree>& trees, const DiskSpeed& disk, double rows, double max_stall) {
  const double aim = kAimOfStall * max_stall;
  const auto seconds_of = [&](double chunk) {
    return kPerChunk + std::min(disk.sync_seconds, aim / 4) + pages_of_chunk(trees, rows, chunk) * disk.page_seconds +
           chunk * (kPerRow + kPerEntry * static_cast<double>(trees.size() - 1));
  };
  double chunk = 1;
  for (double most = rows; most - chunk > 1;) {
    const double middle = (chunk + most) / 2;
    (seconds_of(middle) <= aim ? chunk : most) = middle;
  }
  const double chunks = rows / chunk;
  double pages = chunks * pages_of_chunk(trees, rows, chunk);
  for (const auto& tree : trees) pages += tree.pages;
  const double took = seconds_of(chunk);
  return std::max(chunks * (took + std::min(took, kPauseMost)), pages * kLongRunPage);
}

double bytes_of(const std::vector<Tree>& trees) {
  double pages = 0;
  for (const auto& tree : trees) pages += std::max(1.0, tree.pages);
  return pages * kPage;
}

}  // namespace

Result<TableEstimate> estimate(db::DatabaseClient& client, const PairPlan& plan, const Table& new_table,
                               std::chrono::milliseconds max_stall) {
  const auto& pair = plan.pair;
  const auto& old_table = pair.table(kOld);
  TableEstimate estimate;
  estimate.from = pair.change.from;
  estimate.to = pair.change.to;
  OFFX_ASSIGN(const auto count, client.execute("SELECT count(*) FROM " + quote_identifier(estimate.from)));
  estimate.rows = to_integer(count.row(0)[0]);
  const auto rows = static_cast<double>(std::max<std::int64_t>(estimate.rows, 1));
  Values old_values;
  for (const auto& column : old_table.columns) {
    if (!column.generated) old_values.emplace_back(column.name, quote_identifier(column.name));
  }
  Values new_values;
  for (const auto& c : pair.computed(kNew)) {
    new_values.emplace_back(c.column, c.carried_from.empty() ? "(" + c.expression + ")" : c.expression);
  }
  for (const auto* column : pair.own_columns(kNew)) {
    new_values.emplace_back(column->name, "(" + column->default_value.value_or("NULL") + ")");
  }
  OFFX_ASSIGN(const auto now, trees_of(client, old_table, old_table, old_values, rows));
  // An expression may fail on a row, which the check of the rows tells of; then the new version is taken for as large.
  const auto then = trees_of(client, old_table, new_table, new_values, rows).value_or(now);
  estimate.bytes = static_cast<std::int64_t>(bytes_of(now));
  estimate.disk_bytes = static_cast<std::int64_t>(bytes_of(then));
  if (estimate.rows > 0) {
    constexpr std::int64_t kFewRows = 10'000;
    const auto disk = estimate.rows < kFewRows ? DiskSpeed() : measure_disk(client);
    estimate.seconds = copy_seconds(then, disk, rows, std::chrono::duration<double>(max_stall).count()) +
                       rows * kCompareRow + (bytes_of(now) + bytes_of(then)) * kCompareByte;
  }
  return estimate;
}

std::int64_t log_bytes(const db::DatabaseClient& client, std::int64_t growth, std::chrono::milliseconds max_stall) {
  if (!client.description().starts_with("sqlite:")) return 0;
  // What docs/architecture.md says of it; chunks of more than 16 MiB need a stall of a tenth of a second and more.
  constexpr std::int64_t kSmallChunks = 48 << 20;
  constexpr std::int64_t kLargeChunks = 94 << 20;
  constexpr double kChunkBytesPerSecond = 120e6;
  const auto chunk = static_cast<std::int64_t>(std::chrono::duration<double>(max_stall).count() * kChunkBytesPerSecond);
  return std::min(growth, chunk > 16 << 20 ? kLargeChunks + chunk : kSmallChunks + chunk);
}

std::int64_t reusable_bytes(db::DatabaseClient& client) {
  if (!client.description().starts_with("sqlite:")) return 0;
  const auto pages = client.execute("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size");
  return pages && pages->rows() == 1 ? to_integer(pages->row(0)[0]) : 0;
}

}  // namespace offx::migrate
