#include "migrate/check_databases.h"

#include <algorithm>
#include <set>

#include "db/script.h"
#include "migrate/schema.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::Value;

bool new_schema_has_old_tables(const CheckInput& input) {
  std::set<std::string> made;
  for (const auto& sql : input.new_schema) made.insert(folded(created_object(sql).name));
  for (const auto& migration : input.migrations) {
    for (const auto& change : migration.tables) {
      if (made.contains(folded(change.from))) return true;
    }
  }
  return false;
}

/// Of `new_schema`, what is neither in the database before nor made by a migration: new code makes it when it starts.
Result<std::vector<std::string>> made_by_new_code(const CheckInput& input) {
  std::vector<std::string> extra;
  if (input.new_schema.empty()) return extra;
  OFFX_ASSIGN(const auto before, make_database(input.schema));
  OFFX_ASSIGN(const auto after, make_database(input.new_schema));
  OFFX_ASSIGN(const auto known, read_objects(*before));
  OFFX_ASSIGN(const auto objects, read_objects(*after));
  for (const auto& sql : input.new_schema) {
    const auto object =
        std::find_if(objects.begin(), objects.end(), [&](const SchemaObject& o) { return o.sql == sql; });
    if (object == objects.end()) continue;
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const SchemaObject& o) {
      return o.type == object->type && same_name(o.name, object->name);
    });
    bool speaks_of_new = is_ours(object->name);
    for (const auto& migration : input.migrations) {
      for (const auto& change : migration.tables) {
        speaks_of_new = speaks_of_new || same_name(object->table, change.to) || mentions(sql, change.to);
      }
    }
    if (!is_known && !speaks_of_new) extra.push_back(sql);
  }
  return extra;
}

/// False if a constraint refuses one.
Result<bool> copy_rows(db::DatabaseClient& from, db::DatabaseClient& to, const std::string& table) {
  OFFX_ASSIGN(const bool there, table_exists(from, table));
  if (!there) return true;
  OFFX_ASSIGN(const auto columns, get_table_columns(to, table));
  OFFX_ASSIGN(const auto columns_from, get_table_columns(from, table));
  std::vector<std::string> names;
  std::vector<std::string> places;
  for (const auto& column : columns) {
    const bool carried = std::any_of(columns_from.begin(), columns_from.end(),
                                     [&](const Column& c) { return same_name(c.name, column.name); });
    if (column.generated || !carried) continue;
    names.push_back(db::quote_identifier(column.name));
    places.emplace_back("?");
  }
  const auto list = joined(names, ", ");
  const auto quoted = db::quote_identifier(table);
  OFFX_ASSIGN(const auto rows, from.execute("SELECT " + list + " FROM " + quoted));
  const auto sql = "INSERT INTO " + quoted + " (" + list + ") VALUES (" + joined(places, ", ") + ")";
  std::vector<db::Statement> inserts;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    inserts.push_back({sql, std::vector<Value>(rows.row(i).begin(), rows.row(i).end())});
  }
  const auto done = to.batch(inserts, db::Mode::write);
  if (!done && done.error().code() != Errc::conflict) return fail(done.error());
  return done.has_value();
}

}  // namespace

Result<CheckDatabases> CheckDatabases::make(const CheckInput& input) {
  auto schema = input.schema;
  OFFX_ASSIGN(const auto extra, made_by_new_code(input));
  schema.insert(schema.end(), extra.begin(), extra.end());
  auto hints = input.old_code.statements;
  hints.insert(hints.end(), input.new_code.statements.begin(), input.new_code.statements.end());
  OFFX_ASSIGN(auto data, SampleData::make(std::move(schema), input.migrations, hints, input.rows, input.seed));
  CheckDatabases databases(input, std::move(data));
  databases.new_stands_alone_ = !input.new_schema.empty() && !new_schema_has_old_tables(input);
  databases.chunk_rows_ = std::max(1, input.rows / 2);
  OFFX_ASSIGN(const auto scratch, databases.old_alone());
  OFFX_ASSIGN(databases.moments_, moments_of(*scratch, input.migrations, databases.chunk_rows_));
  return databases;
}

Result<void> CheckDatabases::advance(db::DatabaseClient& database, const Moment& moment) const {
  return advance_to(database, input_.migrations, chunk_rows_, moment);
}

Result<CheckDatabases::Database> CheckDatabases::at(const Moment& moment) const {
  OFFX_ASSIGN(auto database, old_alone());
  OFFX_TRY(advance(*database, moment));
  return database;
}

Result<CheckDatabases::Database> CheckDatabases::new_alone(std::vector<std::string>& unfit) const {
  OFFX_ASSIGN(auto migrated, completed());
  if (!new_stands_alone_) return migrated;
  std::vector<std::string> tables_sql;
  std::vector<std::string> rest;
  for (const auto& sql : input_.new_schema) {
    const auto kind = created_object(sql).kind;
    (kind == "trigger" || kind == "view" ? rest : tables_sql).push_back(sql);
  }
  OFFX_ASSIGN(auto database, make_database(tables_sql));
  OFFX_ASSIGN(auto left, ordinary_tables(*database));
  // Parents first: a table whose rows refer to others that are not there yet comes again.
  for (std::size_t tried = 0; tried < left.size();) {
    OFFX_ASSIGN(const bool copied, copy_rows(*migrated, *database, left.front()));
    if (!copied) left.push_back(left.front());
    left.erase(left.begin());
    tried = copied ? 0 : tried + 1;
  }
  unfit = std::move(left);
  for (const auto& sql : rest) OFFX_TRY(database->execute(sql));
  return database;
}

Result<std::vector<std::string>> ordinary_tables(db::DatabaseClient& client) {
  OFFX_ASSIGN(auto schema, Schema::read(client));
  OFFX_ASSIGN(const auto names, schema.table_names());
  std::vector<std::string> tables;
  for (const auto& name : names) {
    if (!is_ours(name)) tables.push_back(name);
  }
  return tables;
}

}  // namespace offx::migrate
