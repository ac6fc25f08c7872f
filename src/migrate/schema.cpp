#include "migrate/schema.h"

#include <algorithm>
#include <map>

#include "db/script.h"
#include "db/table_text.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::to_integer;
using db::to_text;

Result<std::vector<Index>> indexes_of(db::DatabaseClient& scratch, std::string_view table) {
  OFFX_ASSIGN(const auto rows, scratch.execute("SELECT l.name, l.\"unique\", l.origin, l.partial, x.name, x.coll, "
                                               "(SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = l.name) "
                                               "FROM pragma_index_list(?1) AS l, pragma_index_xinfo(l.name) AS x "
                                               "WHERE x.key = 1 ORDER BY l.seq, x.seqno",
                                               {std::string(table)}));
  std::vector<Index> indexes;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    if (indexes.empty() || indexes.back().name != to_text(row[0])) {
      const auto origin = to_text(row[2]);
      const auto sql = to_text(row[6]);
      indexes.push_back({to_text(row[0]),
                         {},
                         {},
                         to_integer(row[1]) != 0,
                         to_integer(row[3]) != 0,
                         origin == "pk",
                         origin != "c",
                         sql.empty() ? IndexText() : read_index(sql)});
    }
    indexes.back().columns.push_back(to_text(row[4]));
    indexes.back().collations.push_back(to_text(row[5]));
    if (db::is_null(row[6])) indexes.back().text.terms.push_back(db::quote_identifier(to_text(row[4])));
  }
  return indexes;
}

Result<std::vector<ForeignKey>> foreign_keys_of(db::DatabaseClient& scratch, std::string_view table) {
  OFFX_ASSIGN(const auto rows, scratch.execute("SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM "
                                               "pragma_foreign_key_list(?1) ORDER BY id, seq",
                                               {std::string(table)}));
  std::vector<ForeignKey> keys;
  std::int64_t last = -1;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    if (to_integer(row[0]) != last) keys.push_back({to_text(row[1]), {}, {}, to_text(row[4]), to_text(row[5]), false});
    last = to_integer(row[0]);
    keys.back().columns.push_back(to_text(row[2]));
    if (!std::holds_alternative<std::monostate>(row[3])) keys.back().parent_columns.push_back(to_text(row[3]));
  }
  return keys;
}

/// What no pragma tells of the table's foreign keys, which are the last first as SQLite has them.
void read_deferred(std::string_view create_table, std::vector<ForeignKey>& keys) {
  const auto tokens = tokens_of(create_table);
  auto key = keys.rbegin();
  for (std::size_t i = 0; i < tokens.size() && key != keys.rend(); ++i) {
    if (!is_word(tokens[i], "references")) continue;
    int depth = 0;
    bool is_not = false;
    for (++i; i < tokens.size() && depth >= 0 && (depth > 0 || tokens[i].text != ","); ++i) {
      if (tokens[i].text == "(") ++depth;
      if (tokens[i].text == ")") --depth;
      if (is_word(tokens[i], "references")) break;
      is_not = is_not || (is_word(tokens[i], "deferrable") && is_word(tokens[i - 1], "not"));
      key->deferred = key->deferred || (!is_not && is_word(tokens[i], "deferred"));
    }
    ++key;
    --i;
  }
}

}  // namespace

const Column* Table::column(std::string_view wanted) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return same_name(c.name, wanted); });
  return found == columns.end() ? nullptr : &*found;
}

bool Table::key_is_rowid() const {
  if (without_rowid || key.size() != 1 || !same_name(column(key[0])->type, "INTEGER")) return false;
  // `INTEGER PRIMARY KEY DESC` is no alias of the rowid: such a key has an index of its own.
  return std::none_of(indexes.begin(), indexes.end(), [](const Index& index) { return index.primary; });
}

Affinity affinity_of(std::string_view type) {
  const auto name = folded(type);
  const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("int")) return Affinity::integer;
  if (has("char") || has("clob") || has("text")) return Affinity::text;
  if (name.empty() || name == "any" || has("blob")) return Affinity::blob;
  return has("real") || has("floa") || has("doub") ? Affinity::real : Affinity::numeric;
}

bool tell_apart_alike(std::string_view type, std::string_view other) {
  const auto of = [](std::string_view its) {
    const auto affinity = affinity_of(its);
    return affinity == Affinity::numeric ? Affinity::integer : affinity;
  };
  return of(type) == of(other);
}

std::string_view definition(const Table& table, std::string_view column) {
  for (const auto text : db::read_table_text(table.sql).columns) {
    if (const auto tokens = tokens_of(text); !tokens.empty() && same_name(name_of(tokens[0]), column)) return text;
  }
  return {};
}

std::string collation_of(const Table& table, std::string_view column) {
  std::string collation = "binary";
  int depth = 0;
  const auto tokens = tokens_of(definition(table, column));
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].text == "(") ++depth;
    if (tokens[i].text == ")") --depth;
    if (depth == 0 && is_word(tokens[i], "collate")) collation = name_of(tokens[i + 1]);
  }
  return collation;
}

bool is_ours(std::string_view name) { return folded(name).starts_with("offx_"); }

Result<std::vector<SchemaObject>> read_objects(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto rows, client.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema "
                                              "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"));
  std::vector<SchemaObject> objects;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    objects.push_back({to_text(row[0]), to_text(row[1]), to_text(row[2]), to_text(row[3])});
  }
  return objects;
}

Result<Schema> Schema::read(db::DatabaseClient& client, std::span<const std::pair<std::string, std::string>> names) {
  Schema schema;
  OFFX_ASSIGN(schema.objects_, read_objects(client));
  for (auto& object : schema.objects_) {
    for (const auto& [from, to] : names) {
      object.sql = with_name_replaced(object.sql, from, to);
      if (same_name(object.name, from)) object.name = to;
      if (same_name(object.table, from)) object.table = to;
    }
  }
  OFFX_ASSIGN(schema.scratch_, db::create_database_client(":memory:"));
  const auto rank = [](const SchemaObject& object) {
    if (object.type == "table") return created_object(object.sql).name.empty() ? 9 : 1;
    return object.type == "index" ? 2 : object.type == "view" ? 3 : 4;
  };
  const auto is_virtual = [](const SchemaObject& object) {
    const auto tokens = tokens_of(std::string_view(object.sql).substr(0, 200));
    return tokens.size() > 1 && same_name(tokens[1].text, "virtual");
  };
  // Virtual tables first: they make their shadow tables, whose own statements then find them there.
  std::vector<const SchemaObject*> order;
  for (const auto& object : schema.objects_) order.push_back(&object);
  std::stable_sort(order.begin(), order.end(), [&](const SchemaObject* a, const SchemaObject* b) {
    return std::pair(rank(*a), !is_virtual(*a)) < std::pair(rank(*b), !is_virtual(*b));
  });
  for (const auto* object : order) {
    if (object->sql.empty()) continue;
    if (auto made = schema.scratch_->execute(object->sql); !made) {
      OFFX_ASSIGN(const auto there,
                  schema.scratch_->execute("SELECT count(*) FROM sqlite_schema WHERE name = ?1", {object->name}));
      if (to_integer(there.row(0)[0]) != 0) continue;
      schema.unreadable_.push_back(object->type + " " + object->name + ": " + made.error().message());
    }
  }
  return schema;
}

const SchemaObject* Schema::find(std::string_view type, std::string_view name) const {
  const auto found = std::find_if(objects_.begin(), objects_.end(), [&](const SchemaObject& object) {
    return object.type == type && same_name(object.name, name);
  });
  return found == objects_.end() ? nullptr : &*found;
}

Result<Table> Schema::table(std::string_view name) {
  OFFX_ASSIGN(const auto list,
              scratch_->execute("SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list AS l "
                                "LEFT JOIN sqlite_schema AS s ON s.name = l.name "
                                "WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE",
                                {std::string(name)}));
  if (list.rows() == 0) return fail(Errc::not_found, "there is no table " + std::string(name));
  const auto row = list.row(0);
  Table table;
  table.name = to_text(row[0]);
  table.kind = to_text(row[1]);
  table.without_rowid = to_integer(row[2]) != 0;
  table.strict = to_integer(row[3]) != 0;
  table.sql = to_text(row[4]);
  table.autoincrement = mentions(table.sql, "autoincrement");
  OFFX_ASSIGN(table.columns, get_table_columns(*scratch_, table.name));
  std::map<int, std::string> key;
  for (const auto& column : table.columns) {
    if (column.primary_key > 0) key[column.primary_key] = column.name;
  }
  for (const auto& [at, column] : key) table.key.push_back(column);
  OFFX_ASSIGN(table.indexes, indexes_of(*scratch_, table.name));
  OFFX_ASSIGN(table.foreign_keys, foreign_keys_of(*scratch_, table.name));
  read_deferred(table.sql, table.foreign_keys);
  return table;
}

Result<std::vector<std::string>> Schema::table_names() {
  OFFX_ASSIGN(const auto rows, scratch_->execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
                                                 "type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY "
                                                 "name"));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.rows(); ++i) names.push_back(to_text(rows.row(i)[0]));
  return names;
}

}  // namespace offx::migrate
