#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/sql_text.h"
#include "migrate/table.h"

namespace offx::migrate {

/// A row of sqlite_schema.
struct SchemaObject {
  std::string type;  ///< table, index, trigger, view
  std::string name;
  std::string table;  ///< what it belongs to
  std::string sql;    ///< empty for what SQLite makes itself
};

/// A PRIMARY KEY, UNIQUE constraint or index of a table; `columns` has an empty name for an expression.
struct Index {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> collations;
  bool unique = false;
  bool partial = false;
  bool primary = false;
  bool by_constraint = false;  ///< part of the CREATE TABLE
  IndexText text;              ///< read_index() of its own statement, or its columns, quoted, if it has none
};

struct ForeignKey {
  std::string parent;
  std::vector<std::string> columns;
  std::vector<std::string> parent_columns;  ///< empty: the parent's primary key
  std::string on_update;
  std::string on_delete;
  bool deferred = false;  ///< DEFERRABLE INITIALLY DEFERRED: looked at when the transaction ends
};

struct Table {
  std::string name;
  std::string sql;
  std::string kind;  ///< table, virtual, shadow, view
  std::vector<Column> columns;
  std::vector<std::string> key;  ///< the PRIMARY KEY's columns in order
  std::vector<Index> indexes;    ///< the key too, unless it is the rowid
  std::vector<ForeignKey> foreign_keys;
  bool without_rowid = false;
  bool strict = false;
  bool autoincrement = false;

  [[nodiscard]] const Column* column(std::string_view name) const;
  /// True if the key is one column of declared type INTEGER: the rowid itself.
  [[nodiscard]] bool key_is_rowid() const;
};

/// What the CREATE TABLE of `table` says of a column; empty if it has none of this name.
[[nodiscard]] std::string_view definition(const Table& table, std::string_view column);
/// How a column compares texts: `binary` unless its CREATE TABLE says otherwise.
[[nodiscard]] std::string collation_of(const Table& table, std::string_view column);

/// A database's schema on a database of its own in memory, with no rows: read on any engine with one statement, asked
/// and changed without touching the original.
class Schema {
 public:
  /// `names`: tables that are read as if they had another one, (its name, the other).
  static Result<Schema> read(db::DatabaseClient& client,
                             std::span<const std::pair<std::string, std::string>> names = {});

  [[nodiscard]] db::DatabaseClient& scratch() { return *scratch_; }
  /// As read; objects that are made in the scratch database later are not among them.
  [[nodiscard]] const std::vector<SchemaObject>& objects() const noexcept { return objects_; }
  [[nodiscard]] const SchemaObject* find(std::string_view type, std::string_view name) const;
  /// Objects that could not be made again here, with the reason: a virtual table of an unknown module, for instance.
  [[nodiscard]] const std::vector<std::string>& unreadable() const noexcept { return unreadable_; }

  /// Of the scratch database as it is now. Errc::not_found.
  [[nodiscard]] Result<Table> table(std::string_view name);
  [[nodiscard]] Result<std::vector<std::string>> table_names();

 private:
  std::unique_ptr<db::DatabaseClient> scratch_;
  std::vector<SchemaObject> objects_;
  std::vector<std::string> unreadable_;
};

/// How SQLite stores values in a column of this declared type; those of an ANY as they are.
enum class Affinity : std::uint8_t { integer, text, blob, real, numeric };
[[nodiscard]] Affinity affinity_of(std::string_view type);
/// True for types under which the same values are equal: '1' and '01' are two texts and one number.
[[nodiscard]] bool tell_apart_alike(std::string_view type, std::string_view other);

/// True if OffX made what has this name, for itself: `offx_…`.
[[nodiscard]] bool is_ours(std::string_view name);

/// Every row of sqlite_schema but those of SQLite itself, in the order they were made.
Result<std::vector<SchemaObject>> read_objects(db::DatabaseClient& client);

}  // namespace offx::migrate
