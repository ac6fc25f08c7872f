#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migration.h"
#include "migrate/release.h"
#include "migrate/schema.h"

namespace offx::migrate {

/// Rows made up for a schema, and arguments for statements that look for them: the same for the same seed. Rows respect
/// every constraint; there are NULLs, empty and odd texts, and rows that refer to others among them.
class SampleData {
 public:
  /// Up to `rows` rows for every ordinary table. With `migrations` only rows that their new versions accept too:
  /// whether the rows of a real database do is for the plan to say, which looks at them. `statements` give hints:
  /// values their samples ask for occur in rows. Errc::invalid_argument if the schema cannot be made; Errc::conflict if
  /// a migration is refused even without any rows.
  static Result<SampleData> make(std::vector<std::string> schema, std::span<const Migration> migrations,
                                 std::span<const NamedStatement> statements, int rows, std::uint64_t seed);

  /// A new database in memory with the schema and the rows.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> database() const;

  /// Arguments to run a statement with: its samples, then the like with keys and values that occur in rows; the same
  /// at every call.
  [[nodiscard]] std::vector<std::vector<db::Value>> arguments(const NamedStatement& statement) const;
  /// The same for the parts of a batch; what is equal in its samples stays equal.
  [[nodiscard]] std::vector<std::vector<std::vector<db::Value>>> arguments(const NamedBatch& batch) const;

  /// Ordinary tables for which no row could be found that their constraints allow.
  [[nodiscard]] const std::vector<std::string>& empty_tables() const noexcept { return empty_tables_; }

 private:
  struct Row {
    std::string sql;
    std::vector<db::Value> values;
  };
  using Random = std::mt19937_64;

  Result<void> fill(db::DatabaseClient& target, Schema& schema, int rows, Random& random);
  Result<int> fill_table(db::DatabaseClient& target, const Table& table, const std::map<std::string, Table>& tables,
                         int rows, Random& random);
  void note_hints(std::span<const NamedStatement> statements);
  [[nodiscard]] db::Value made_up(const Table& table, const Column& column, int row, Random& random) const;
  [[nodiscard]] db::Value known(const db::Value& like, Random& random) const;
  [[nodiscard]] std::vector<db::Value> guessed_arguments(std::string_view sql, Random& random) const;

  std::vector<std::string> schema_;
  std::vector<Row> rows_;
  std::map<std::string, std::vector<db::Value>> values_of_column_;  ///< by the column's name, folded
  std::map<std::string, std::string> type_of_column_;
  std::vector<std::string> hint_texts_;  ///< of the samples
  std::vector<std::int64_t> integers_;   ///< that occur in rows or samples
  std::vector<std::string> texts_;
  std::vector<std::string> empty_tables_;
  std::uint64_t seed_ = 0;
};

/// A database in memory, made by these statements in one transaction.
Result<std::unique_ptr<db::DatabaseClient>> make_database(std::span<const std::string> schema);

}  // namespace offx::migrate
