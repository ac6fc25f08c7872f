#include "migrate/table.h"

#include <algorithm>
#include <cctype>

#include "db/script.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;
using db::Statement;
using db::to_integer;
using db::to_text;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

const Column* find(std::span<const Column> columns, std::string_view name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return same_name(c.name, name); });
  return found == columns.end() ? nullptr : &*found;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const auto& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

struct NewTable {
  std::vector<Column> columns;
  bool has_sequence = false;  ///< its key is AUTOINCREMENT
};

/// The table that `script` will make, found on a database of its own so that a mistake in it touches nothing.
Result<NewTable> table_made_by(std::span<const std::string_view> script, std::string_view name) {
  OFFX_ASSIGN(auto scratch, db::create_database_client(":memory:"));
  // Only the table itself: indexes and triggers behind it may name tables that the scratch database does not have.
  OFFX_TRY(scratch->execute(script.front()));
  auto columns = get_table_columns(*scratch, name);
  if (!columns)
    return fail(Errc::invalid_argument, "the first statement does not create the table " + std::string(name));
  OFFX_ASSIGN(const bool has_sequence, table_exists(*scratch, "sqlite_sequence"));
  return NewTable{std::move(*columns), has_sequence};
}

/// Which columns go where; every way in which the mapping does not fit is an error.
Result<MigrationReport> plan_copy(std::span<const Column> old_columns, std::span<const Column> new_columns,
                                  const ColumnMappings& mappings) {
  for (const auto& [from, to] : mappings) {
    if (find(old_columns, from) == nullptr) return fail(Errc::invalid_argument, "the old table has no column " + from);
    const auto* target = find(new_columns, to);
    if (target == nullptr) return fail(Errc::invalid_argument, "the new table has no column " + to);
    if (target->generated) return fail(Errc::invalid_argument, "the new column " + to + " is generated, not stored");
    const auto repeats = std::count_if(mappings.begin(), mappings.end(), [&](const auto& mapping) {
      return same_name(mapping.second, to) || same_name(mapping.first, from);
    });
    if (repeats > 1) return fail(Errc::invalid_argument, "the mapping names " + from + " or " + to + " more than once");
  }
  MigrationReport plan;
  for (const auto& column : new_columns) {
    if (column.generated) continue;
    const auto mapped = std::find_if(mappings.begin(), mappings.end(),
                                     [&](const auto& mapping) { return same_name(mapping.second, column.name); });
    if (mapped != mappings.end()) {
      plan.copied.emplace_back(find(old_columns, mapped->first)->name, column.name);
      continue;
    }
    const auto* old_column = find(old_columns, column.name);
    const bool renamed = old_column != nullptr &&
                         std::any_of(mappings.begin(), mappings.end(),
                                     [&](const auto& mapping) { return same_name(mapping.first, old_column->name); });
    if (old_column != nullptr && !renamed) {
      plan.copied.emplace_back(old_column->name, column.name);
    } else if (column.not_null && !column.default_value && column.primary_key == 0) {
      return fail(Errc::invalid_argument, "the new column " + column.name +
                                              " is NOT NULL and has neither a DEFAULT nor an old column mapped to it");
    } else {
      plan.defaulted.push_back(column.name);
    }
  }
  for (const auto& column : old_columns) {
    const bool copied = std::any_of(plan.copied.begin(), plan.copied.end(),
                                    [&](const auto& pair) { return pair.first == column.name; });
    if (!copied && !column.generated) plan.left_behind.push_back(column.name);
  }
  if (plan.copied.empty()) return fail(Errc::invalid_argument, "no column of the old table goes into the new one");
  return plan;
}

constexpr std::string_view kCheckTable = "\"offx_migrate_check\"";
constexpr std::string_view kDiffers = "the copy differs in ";

/// A table with one CHECK constraint for every fact that must agree, named so that its violation says which does not.
std::string create_check_table(const MigrationReport& plan) {
  std::string columns = "rows_old, rows_new";
  std::string checks =
      ", CONSTRAINT " + quote_identifier(std::string(kDiffers) + "the number of rows") + " CHECK (rows_old = rows_new)";
  for (std::size_t i = 0; i < plan.copied.size(); ++i) {
    const std::string n = std::to_string(i);
    columns += ", old_" + n + ", new_" + n;
    const auto& [from, to] = plan.copied[i];
    checks += ", CONSTRAINT " +
              quote_identifier(std::string(kDiffers) + "column " + from + (from == to ? "" : " → " + to)) +
              " CHECK (old_" + n + " = new_" + n + ")";
  }
  return "CREATE TABLE " + std::string(kCheckTable) + " (" + columns + checks + ")";
}

std::string fill_check_table(const MigrationReport& plan, const std::string& old_table, const std::string& new_table) {
  std::string targets = "rows_old";
  std::string of_old = "count(*) AS rows_old";
  std::string of_new = "count(*) AS rows_new";
  for (std::size_t i = 0; i < plan.copied.size(); ++i) {
    const std::string n = std::to_string(i);
    targets += ", old_" + n;
    of_old += ", offx_checksum(" + quote_identifier(plan.copied[i].first) + ")";
    of_new += ", offx_checksum(" + quote_identifier(plan.copied[i].second) + ")";
  }
  std::string new_targets = targets;
  for (std::size_t at = 0; (at = new_targets.find("old_", at)) != std::string::npos;)
    new_targets.replace(at, 4, "new_");
  new_targets.replace(0, 8, "rows_new");
  return "INSERT INTO " + std::string(kCheckTable) + " (" + targets + ", " + new_targets + ") SELECT * FROM (SELECT " +
         of_old + " FROM " + old_table + "), (SELECT " + of_new + " FROM " + new_table + ")";
}

}  // namespace

Result<bool> table_exists(db::DatabaseClient& client, std::string_view name) {
  OFFX_ASSIGN(const auto found,
              client.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE",
                             {std::string(name)}));
  return found.rows() > 0;
}

Result<std::vector<TableSize>> list_tables(db::DatabaseClient& client) {
  std::vector<std::string> names_before;
  for (;;) {
    OFFX_ASSIGN(const auto rows, client.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN "
                                                "('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' "
                                                "ESCAPE '\\' ORDER BY name"));
    std::vector<std::string> names;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      names.push_back(db::to_text(rows.row(i)[0]));
      texts.push_back("SELECT count(*) FROM " + quote_identifier(names.back()));
    }
    std::vector<db::Statement> statements;
    for (const auto& text : texts) statements.push_back({text, {}});
    if (names.empty()) return std::vector<TableSize>();
    auto counts = client.batch(statements, db::Mode::read);
    if (!counts) {
      // A migration may have taken one of them away since their names were read: then they are others now.
      if (names == names_before) return fail(std::move(counts).error());
      names_before = std::move(names);
      continue;
    }
    std::vector<TableSize> tables;
    for (std::size_t i = 0; i < names.size(); ++i) {
      tables.push_back({std::move(names[i]), db::to_integer((*counts)[i].row(0)[0])});
    }
    return tables;
  }
}

Result<std::vector<Column>> get_table_columns(db::DatabaseClient& client, std::string_view name) {
  OFFX_ASSIGN(const auto rows,
              client.execute("SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?) "
                             "WHERE hidden <> 1 ORDER BY cid",
                             {std::string(name)}));
  if (rows.rows() == 0) return fail(Errc::not_found, "there is no table " + std::string(name));
  std::vector<Column> columns;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    Column column;
    column.name = to_text(row[0]);
    column.type = to_text(row[1]);
    column.not_null = to_integer(row[2]) != 0;
    if (!db::is_null(row[3])) column.default_value = to_text(row[3]);
    column.primary_key = static_cast<int>(to_integer(row[4]));
    column.generated = to_integer(row[5]) >= 2;
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<MigrationReport> migrate_table(db::DatabaseClient& client, std::string_view old_name, std::string_view new_name,
                                      std::string_view create_sql, const ColumnMappings& mappings) {
  const std::string where = std::string(old_name) + " to " + std::string(new_name);
  OFFX_ASSIGN(const bool old_exists, table_exists(client, old_name));
  if (!old_exists) return fail(Error(Errc::not_found, "there is no table " + std::string(old_name)).within(where));
  OFFX_ASSIGN(const bool new_exists, table_exists(client, new_name));
  if (new_exists) {
    return fail(Error(Errc::conflict, "the table " + std::string(new_name) +
                                          " exists already; a version is never used twice: take the next number")
                    .within(where));
  }
  const auto script = db::split_script(create_sql);
  if (script.empty()) return fail(Error(Errc::invalid_argument, "there is no CREATE TABLE statement").within(where));
  OFFX_ASSIGN(const auto old_columns, get_table_columns(client, old_name));
  const auto made = table_made_by(script, new_name);
  if (!made) return fail(Error(made.error()).within(where));
  auto plan = plan_copy(old_columns, made->columns, mappings);
  if (!plan) return fail(std::move(plan).error().within(where));

  const std::string old_table = quote_identifier(old_name);
  const std::string new_table = quote_identifier(new_name);
  std::vector<std::string> from;
  std::vector<std::string> to;
  for (const auto& [old_column, new_column] : plan->copied) {
    from.push_back(quote_identifier(old_column));
    to.push_back(quote_identifier(new_column));
  }
  const std::string copy =
      "INSERT INTO " + new_table + " (" + join(to, ", ") + ") SELECT " + join(from, ", ") + " FROM " + old_table;
  const std::string create_check = create_check_table(*plan);
  const std::string fill_check = fill_check_table(*plan, old_table, new_table);
  const std::string drop_check = "DROP TABLE " + std::string(kCheckTable);

  std::vector<Statement> statements;
  for (const auto statement : script) statements.push_back({statement, {}});
  const std::size_t copy_index = statements.size();
  statements.push_back({copy, {}});
  statements.push_back({create_check, {}});
  statements.push_back({fill_check, {}});
  statements.push_back({drop_check, {}});
  if (made->has_sequence) {
    // An id that was given once is not given again, even if its row is gone.
    const db::Params names = {std::string(old_name), std::string(new_name)};
    statements.push_back(
        {"UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT o.seq FROM sqlite_sequence AS o "
         "WHERE o.name = ?1 COLLATE NOCASE), 0)) WHERE name = ?2 COLLATE NOCASE",
         names});
    statements.push_back(
        {"INSERT INTO sqlite_sequence (name, seq) SELECT ?2, o.seq FROM sqlite_sequence AS o "
         "WHERE o.name = ?1 COLLATE NOCASE AND NOT EXISTS "
         "(SELECT 1 FROM sqlite_sequence AS n WHERE n.name = ?2 COLLATE NOCASE)",
         names});
  }
  auto results = client.batch(statements, db::Mode::write);
  if (!results) {
    Error error = std::move(results).error();
    if (error.message().find(kDiffers) != std::string::npos) error = Error(Errc::corrupt, error.message());
    return fail(std::move(error).within(where));
  }
  plan->rows = (*results)[copy_index].rows_affected();
  return plan;
}

}  // namespace offx::migrate
