#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/schema.h"

namespace offx::migrate {

/// Rows of a table with the columns that can be written, exactly as they are stored.
struct RowPage {
  std::vector<db::Value> cells;  ///< row by row
  std::size_t rows = 0;
  std::vector<db::Value> key;  ///< of the last row; empty if there is none
  std::size_t bytes = 0;       ///< of text and blobs, about
};

/// A table of any engine, page by page in the order of its key. Values are asked for with their kind beside them, and
/// in forms that every engine sends unharmed: some servers send neither types nor bytes nor large integers as they are.
class RowPages {
 public:
  /// Errc::unsupported if the table has no key that can be named.
  static Result<RowPages> of(const Table& table);

  /// The columns, the rowid first where it is not one of them.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return columns_; }
  /// The page after the row with the key `low` (empty: from the start); about 1 MiB, at least one row if there is any.
  Result<RowPage> after(db::DatabaseClient& client, const std::vector<db::Value>& low);

 private:
  std::vector<std::string> columns_;
  std::vector<std::size_t> key_;  ///< places in `columns_`
  std::string first_sql_;
  std::string next_sql_;
  std::int64_t rows_max_ = 200;  ///< of the next page
};

/// 64 bits over kinds, lengths and bytes of values: equal for equal rows in equal order.
class RowHash {
 public:
  void add(const std::vector<db::Value>& cells);
  [[nodiscard]] std::string text() const;  ///< 16 hexadecimal digits

 private:
  void add(const void* bytes, std::size_t size) noexcept;
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

}  // namespace offx::migrate
