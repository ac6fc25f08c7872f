#include "migrate/copy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <thread>

#include "db/script.h"
#include "db/table_text.h"
#include "migrate/engine_limits.h"
#include "migrate/ledger.h"
#include "migrate/row_pages.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Statement;
using db::to_integer;
using db::to_text;

/// How often a step is tried while the database is away for a moment: an election, a restart.
constexpr int kAttempts = 8;

bool belongs_to_place(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"offx_table_users", "replica_position_v1", kCopyTable};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("libsql_");
}

/// Declared types that rqlite takes for a reason to rewrite values become NUMERIC, whose affinity is theirs.
std::string with_types_for_rqlite(std::string_view create_sql) {
  constexpr std::array<std::string_view, 4> kRewritten = {"boolean", "date", "datetime", "timestamp"};
  std::string result;
  const char* copied_to = create_sql.data();
  const auto table = db::read_table_text(create_sql);
  for (const auto column : table.columns) {
    db::SqlTokens tokens(column);
    (void)tokens.next();  // its name
    const auto type = tokens.next();
    const bool rewritten = type && std::any_of(kRewritten.begin(), kRewritten.end(),
                                               [&](std::string_view word) { return is_word(*type, word); });
    if (!rewritten) continue;
    result.append(copied_to, type->text.data());
    result += "NUMERIC";
    copied_to = type->text.data() + type->text.size();
  }
  return result.append(copied_to, create_sql.data() + create_sql.size());
}

class Copy {
 public:
  Copy(db::DatabaseClient& from, db::DatabaseClient& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options) {}

  Result<CopyReport> run() {
    OFFX_TRY(read_source());
    OFFX_TRY(begin());
    for (auto& table : tables_) {
      if (!table.done) OFFX_TRY(copy_rows(table));
    }
    OFFX_TRY(make_objects());
    OFFX_TRY(set_sequences());
    for (const auto& derived : options_.derived) {
      if (is_in_source(derived.name)) OFFX_TRY(derived.fill(to_));
    }
    OFFX_TRY(compare());
    OFFX_TRY(persistently([&] { return to_.execute("DROP TABLE IF EXISTS " + std::string(kCopyTable)); }));
    return report_;
  }

 private:
  struct CopyTable {
    Table table;
    std::int64_t rows = 0;  ///< in the source, when the copy began
    std::int64_t rows_done = 0;
    std::string low;  ///< the last key that was copied, as SQL literals
    bool done = false;
  };

  Result<void> read_source();
  Result<void> check_clocks();
  Result<void> check_references();
  void put_parents_first();
  Result<void> begin();
  Result<bool> take_up();
  Result<void> make_tables();
  Result<void> copy_rows(CopyTable& table);
  Result<void> write_page(CopyTable& table, const RowPages& pages, RowPage page);
  Result<void> make_objects();
  Result<void> set_sequences();
  Result<void> compare();
  Result<CopiedTable> hash_of(db::DatabaseClient& client, const CopyTable& table, bool tells);

  /// `call` again while the database is away. Only for what may be done twice.
  template <class Call>
  auto persistently(Call call) -> decltype(call()) {
    for (int attempt = 1;; ++attempt) {
      auto done = call();
      if (done || !done.error().retryable() || attempt == kAttempts) return done;
      std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
    }
  }

  Result<void> tell(std::string_view what) const {
    if (options_.progress && !options_.progress({what, rows_done_, rows_total_, false}))
      return fail(Errc::cancelled, "stopped; the same command goes on where it was");
    return {};
  }
  [[nodiscard]] bool is_in_source(std::string_view name) const { return schema_->find("table", name) != nullptr; }
  [[nodiscard]] bool is_derived(std::string_view name) const {
    return std::any_of(options_.derived.begin(), options_.derived.end(),
                       [&](const DerivedTable& derived) { return same_name(derived.name, name); });
  }
  /// The statement as it is made in the target.
  [[nodiscard]] std::string target_sql(const SchemaObject& object) const {
    return repeats_statements(to_) && object.type == "table" ? with_types_for_rqlite(object.sql) : object.sql;
  }

  db::DatabaseClient& from_;
  db::DatabaseClient& to_;
  const CopyOptions& options_;
  std::optional<Schema> schema_;
  std::vector<const SchemaObject*> virtual_tables_;
  std::vector<CopyTable> tables_;
  std::uint64_t rows_done_ = 0;
  std::uint64_t rows_total_ = 0;
  CopyReport report_;
};

Result<void> Copy::read_source() {
  OFFX_TRY(persistently([&] { return refuse_unfinished_copy(from_); }));
  if (const auto there = has_ledger(from_); there && *there) {
    OFFX_ASSIGN(const auto holder, lease_holder(from_));
    if (!holder.empty()) {
      return fail(Errc::unavailable, "a migration is at work there (" + holder + "): copy when it is done");
    }
  }
  auto schema = persistently([&] { return Schema::read(from_); });
  if (!schema) return fail(std::move(schema).error());
  schema_ = std::move(*schema);
  for (const auto& object : schema_->objects()) {
    if (object.type != "table" || belongs_to_place(object.name)) continue;
    OFFX_ASSIGN(auto table, schema_->table(object.name));
    if (table.kind == "shadow") continue;
    if (table.kind == "virtual") {
      if (!is_derived(table.name)) {
        return fail(Errc::unsupported, "the virtual table " + table.name +
                                           " cannot be copied: its rows are kept by its module; drop it, copy, and "
                                           "make it anew");
      }
      virtual_tables_.push_back(&object);
      continue;
    }
    OFFX_ASSIGN(const auto count,
                persistently([&] { return from_.execute("SELECT count(*) FROM " + quote_identifier(table.name)); }));
    tables_.push_back({std::move(table), to_integer(count.row(0)[0]), 0, "", false});
  }
  if (tables_.empty()) return fail(Errc::not_found, "there are no tables to copy");
  OFFX_TRY(check_clocks());
  put_parents_first();
  return check_references();
}

/// Where each node runs statements again, a DEFAULT or a trigger that asks the clock gives each node another value, and
/// one that rolls dice is not kept as it is written.
Result<void> Copy::check_clocks() {
  if (!repeats_statements(to_)) return {};
  for (const auto& table : tables_) {
    for (const auto& column : table.table.columns) {
      const auto part = column.default_value ? non_deterministic_part(*column.default_value) : std::string();
      if (part.empty()) continue;
      const auto what = table.table.name + "." + column.name + " has the DEFAULT " + *column.default_value;
      if (!part.starts_with("current_")) {
        return fail(Errc::unsupported, what + ", which " + to_.description() +
                                           " would turn into one value for all rows: give the column another "
                                           "DEFAULT, or none, and copy then");
      }
      report_.warnings.push_back(what + ": each node there evaluates it for itself, so programs must give the value");
    }
  }
  for (const auto& object : schema_->objects()) {
    if (object.type != "trigger" || belongs_to_place(object.table)) continue;
    if (const auto part = non_deterministic_part(object.sql); !part.empty()) {
      return fail(Errc::unsupported,
                  "the trigger " + object.name + " uses " + part + ", which each node of " + to_.description() +
                      " would evaluate for itself: drop the trigger, or let programs give the value");
    }
  }
  return {};
}

/// So that a reference finds its row, as foreign keys are enforced.
void Copy::put_parents_first() {
  std::vector<CopyTable> ordered;
  while (!tables_.empty()) {
    const auto waits = [&](const CopyTable& entry) {
      return std::any_of(entry.table.foreign_keys.begin(), entry.table.foreign_keys.end(), [&](const ForeignKey& key) {
        return !same_name(key.parent, entry.table.name) &&
               std::any_of(tables_.begin(), tables_.end(),
                           [&](const CopyTable& other) { return same_name(other.table.name, key.parent); });
      });
    };
    auto next = std::find_if_not(tables_.begin(), tables_.end(), waits);
    if (next == tables_.end()) next = tables_.begin();  // a circle: rows in it may refuse
    ordered.push_back(std::move(*next));
    tables_.erase(next);
  }
  tables_ = std::move(ordered);
}

/// Programs that leave foreign keys off write rows that a target which enforces them refuses.
Result<void> Copy::check_references() {
  for (const auto& [table, rows, rows_done, low, done] : tables_) {
    for (const auto& key : table.foreign_keys) {
      const auto parent = std::find_if(tables_.begin(), tables_.end(),
                                       [&](const CopyTable& other) { return same_name(other.table.name, key.parent); });
      std::vector<std::string> wanted;
      std::vector<std::string> equal;
      for (std::size_t i = 0; i < key.columns.size(); ++i) {
        wanted.push_back("c." + quote_identifier(key.columns[i]) + " IS NOT NULL");
        if (parent == tables_.end()) continue;
        const auto& names = key.parent_columns.empty() ? parent->table.key : key.parent_columns;
        if (i < names.size()) {
          equal.push_back("p." + quote_identifier(names[i]) + " = c." + quote_identifier(key.columns[i]));
        }
      }
      auto sql = "SELECT count(*) FROM " + quote_identifier(table.name) + " AS c WHERE " + joined(wanted, " AND ");
      if (!equal.empty()) {
        sql += " AND NOT EXISTS (SELECT 1 FROM " + quote_identifier(key.parent) + " AS p WHERE " +
               joined(equal, " AND ") + ")";
      }
      OFFX_ASSIGN(const auto lost, persistently([&] { return from_.execute(sql); }));
      if (const auto count = to_integer(lost.row(0)[0]); count > 0) {
        return fail(Errc::conflict, std::to_string(count) + " rows of " + table.name + " refer by " +
                                        joined(key.columns, ", ") + " to rows of " + key.parent +
                                        " that are not there, and the copy would refuse them: delete them first");
      }
    }
  }
  return {};
}

Result<void> Copy::begin() {
  for (const auto& table : tables_) rows_total_ += 2 * static_cast<std::uint64_t>(table.rows);
  for (int attempt = 1;; ++attempt) {
    OFFX_ASSIGN(const bool begun, persistently([&] { return take_up(); }));
    if (begun) return {};
    auto made = make_tables();
    if (made) return {};
    // It may have been applied all the same: look again.
    if (!made.error().retryable() || attempt == kAttempts) return made;
    std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
  }
}

/// True if an earlier call began this copy: its progress is read.
Result<bool> Copy::take_up() {
  OFFX_ASSIGN(const auto objects, read_objects(to_));
  const bool begun =
      std::any_of(objects.begin(), objects.end(), [](const SchemaObject& object) { return object.name == kCopyTable; });
  if (!begun) {
    std::vector<std::string> others;
    for (const auto& object : objects) {
      if (object.type == "table" && !belongs_to_place(object.name)) others.push_back(object.name);
    }
    if (others.empty()) return false;
    if (others.size() > 4) others.resize(4);
    return fail(Errc::conflict, "it is not empty (it has " + joined(others, ", ") + ", …): copy into a new database");
  }
  OFFX_ASSIGN(const auto rows, to_.execute("SELECT name, source, low, rows_done, rows_total, done FROM " +
                                           std::string(kCopyTable) + " ORDER BY name"));
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    const auto entry = std::find_if(tables_.begin(), tables_.end(),
                                    [&](const CopyTable& table) { return table.table.name == to_text(row[0]); });
    if (to_text(row[1]) != from_.description() || entry == tables_.end() || rows.rows() != tables_.size()) {
      return fail(Errc::conflict, "a copy of " + to_text(row[1]) +
                                      " into it was begun, and not of this database as it is now: go on with that one, "
                                      "or copy into a new database");
    }
    entry->low = to_text(row[2]);
    entry->rows_done = to_integer(row[3]);
    entry->done = to_integer(row[5]) != 0;
    rows_done_ += static_cast<std::uint64_t>(entry->rows_done);
  }
  report_.resumed = true;
  return true;
}

Result<void> Copy::make_tables() {
  std::vector<std::string> texts = {"CREATE TABLE " + std::string(kCopyTable) +
                                    " (name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, low TEXT NOT NULL, "
                                    "rows_done INTEGER NOT NULL, rows_total INTEGER NOT NULL, done INTEGER NOT NULL)"};
  for (const auto& table : tables_) texts.push_back(target_sql(*schema_->find("table", table.table.name)));
  for (const auto* table : virtual_tables_) texts.push_back(target_sql(*table));
  std::vector<Statement> statements;
  for (const auto& text : texts) statements.push_back({text, {}});
  const auto note = "INSERT INTO " + std::string(kCopyTable) +
                    " (name, source, low, rows_done, rows_total, done) VALUES (?1, ?2, '', 0, ?3, 0)";
  for (const auto& table : tables_) statements.push_back({note, {table.table.name, from_.description(), table.rows}});
  OFFX_TRY(to_.batch(statements, db::Mode::write));
  return {};
}

Result<void> Copy::copy_rows(CopyTable& table) {
  OFFX_ASSIGN(auto pages, RowPages::of(table.table));
  OFFX_ASSIGN(auto low, from_literals(schema_->scratch(), table.low));
  while (!table.done) {
    OFFX_TRY(tell("copying " + table.table.name));
    auto page = persistently([&] { return pages.after(from_, low); });
    if (!page) return fail(std::move(page).error().within(table.table.name));
    low = page->key;
    auto written = write_page(table, pages, std::move(*page));
    if (!written) return fail(std::move(written).error().within(table.table.name));
  }
  return {};
}

/// The rows and how far they bring the table, in one transaction; an empty page says that the table is copied.
Result<void> Copy::write_page(CopyTable& table, const RowPages& pages, RowPage page) {
  const std::size_t width = pages.columns().size();
  constexpr std::size_t kParametersMax = 800;
  const std::size_t rows_each = std::clamp<std::size_t>(kParametersMax / width, 1, 50);
  std::vector<std::string> names;
  for (const auto& column : pages.columns()) names.push_back(quote_identifier(column));
  const auto insert_of = [&](std::size_t rows) {
    std::string text = "INSERT INTO " + quote_identifier(table.table.name) + " (" + joined(names, ", ") + ") VALUES ";
    for (std::size_t i = 0; i < rows; ++i) {
      text += i == 0 ? "(" : ", (";
      for (std::size_t j = 0; j < width; ++j) text += j == 0 ? "?" : ", ?";
      text += ")";
    }
    return text;
  };
  const std::string full = insert_of(rows_each);
  const std::string rest = insert_of(page.rows % rows_each);
  const auto low = page.rows == 0 ? table.low : to_literals(page.key);
  const auto rows_done = table.rows_done + static_cast<std::int64_t>(page.rows);
  std::vector<Statement> statements;
  for (std::size_t first = 0; first < page.rows; first += rows_each) {
    const std::size_t rows = std::min(rows_each, page.rows - first);
    const auto begin = page.cells.begin() + static_cast<std::ptrdiff_t>(first * width);
    const auto end = begin + static_cast<std::ptrdiff_t>(rows * width);
    statements.push_back({rows == rows_each ? full : rest,
                          db::Params::Positional(std::make_move_iterator(begin), std::make_move_iterator(end))});
  }
  // A name that is NULL is refused: only who knows how far the table is can bring it further, and only once.
  statements.push_back(
      {"UPDATE offx_copy SET low = ?2, rows_done = ?3, done = ?4, "
       "name = CASE WHEN rows_done = ?5 AND done = 0 THEN name END WHERE name = ?1",
       {table.table.name, low, rows_done, std::int64_t{page.rows == 0}, table.rows_done}});
  for (int attempt = 1;; ++attempt) {
    auto done = to_.batch(statements, db::Mode::write);
    if (done) break;
    auto error = std::move(done).error();
    if (attempt == 1 && error.message().find("offx_copy.name") != std::string::npos) {
      return fail(Errc::conflict, "another process copies into this database; this one stops");
    }
    // What an attempt did whose answer was lost, the next one would do twice, and is refused.
    const bool ours = attempt > 1 && error.code() == Errc::conflict;
    if (ours || error.retryable()) {
      const auto state = persistently([&] {
        return to_.execute("SELECT low, rows_done, done FROM offx_copy WHERE name = ?1", {table.table.name});
      });
      if (state && state->rows() == 1 && to_text(state->row(0)[0]) == low &&
          to_integer(state->row(0)[1]) == rows_done && (to_integer(state->row(0)[2]) != 0) == (page.rows == 0)) {
        break;
      }
    }
    if (error.code() == Errc::conflict && report_.resumed) {
      return fail(Error(Errc::conflict, "the source was written to since the copy was begun (" + error.message() +
                                            "): stop what writes, and copy into a new database"));
    }
    if (!error.retryable() || attempt == kAttempts) return fail(std::move(error));
    std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
  }
  table.low = low;
  table.rows_done = rows_done;
  table.done = page.rows == 0;
  rows_done_ += page.rows;
  return {};
}

/// Indexes after the rows, as that is faster; triggers after them, as they have run already.
Result<void> Copy::make_objects() {
  for (const std::string_view type : {"index", "view", "trigger"}) {
    for (const auto& object : schema_->objects()) {
      if (object.type != type || object.sql.empty() || belongs_to_place(object.table)) continue;
      OFFX_TRY(tell("making " + object.name));
      auto made = persistently([&]() -> Result<void> {
        OFFX_ASSIGN(const auto there, to_.execute("SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2",
                                                  {object.type, object.name}));
        if (there.rows() == 0) OFFX_TRY(to_.execute(target_sql(object)));
        return {};
      });
      if (!made) return fail(std::move(made).error().within(object.type + " " + object.name));
    }
  }
  return {};
}

/// An id that was given once is not given again, even if its row is gone.
Result<void> Copy::set_sequences() {
  const bool any =
      std::any_of(tables_.begin(), tables_.end(), [](const CopyTable& t) { return t.table.autoincrement; });
  if (!any) return {};
  OFFX_ASSIGN(const auto rows, persistently([&] {
                return from_.execute("SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence ORDER BY name");
              }));
  std::vector<Statement> statements;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto name = to_text(rows.row(i)[0]);
    const auto copied = [&](const CopyTable& table) { return table.table.name == name; };
    if (std::none_of(tables_.begin(), tables_.end(), copied)) continue;
    const db::Params params = {name, to_integer(rows.row(i)[1])};
    // sqlite_sequence has no unique key.
    statements.push_back({"UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1", params});
    statements.push_back(
        {"INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2 WHERE NOT EXISTS "
         "(SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
         params});
  }
  if (statements.empty()) return {};
  OFFX_TRY(persistently([&] { return to_.batch(statements, db::Mode::write); }));
  return {};
}

Result<CopiedTable> Copy::hash_of(db::DatabaseClient& client, const CopyTable& table, bool tells) {
  CopiedTable result{table.table.name, 0, ""};
  OFFX_ASSIGN(auto pages, RowPages::of(table.table));
  RowHash hash;
  std::vector<db::Value> low;
  for (;;) {
    OFFX_ASSIGN(const auto page, persistently([&] { return pages.after(client, low); }));
    if (page.rows == 0) break;
    hash.add(page.cells);
    result.rows += static_cast<std::int64_t>(page.rows);
    low = page.key;
    if (!tells) continue;
    rows_done_ += page.rows;
    OFFX_TRY(tell("comparing " + table.table.name));
  }
  result.hash = hash.text();
  return result;
}

Result<void> Copy::compare() {
  for (const auto& table : tables_) {
    OFFX_ASSIGN(const auto source, hash_of(from_, table, true));
    OFFX_ASSIGN(auto target, hash_of(to_, table, false));
    if (source.rows != target.rows || source.hash != target.hash) {
      return fail(Errc::corrupt, "the copy differs from its source in " + table.table.name + ": " +
                                     std::to_string(source.rows) + " rows there (hash " + source.hash + "), " +
                                     std::to_string(target.rows) + " in the copy (" + target.hash +
                                     "). Was it written to meanwhile? Stop what writes, and copy into a new database");
    }
    report_.tables.push_back(std::move(target));
  }
  return {};
}

}  // namespace

Result<void> refuse_unfinished_copy(db::DatabaseClient& client) {
  OFFX_ASSIGN(const bool is_copying, table_exists(client, kCopyTable));
  if (!is_copying) return {};
  return fail(Error(Errc::conflict,
                    "a copy into this database is not finished: run the same `offx db copy` again to go on with it")
                  .within(client.description()));
}

Result<CopyReport> copy_database(db::DatabaseClient& from, db::DatabaseClient& to, const CopyOptions& options) {
  if (from.description() == to.description() && !from.description().ends_with(":memory:")) {
    return fail(Errc::invalid_argument, from.description() + " cannot be copied into itself");
  }
  auto report = Copy(from, to, options).run();
  if (!report)
    return fail(std::move(report).error().within("copying " + from.description() + " to " + to.description()));
  return report;
}

}  // namespace offx::migrate
