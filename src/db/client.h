#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "db/value.h"

namespace offx::db {

/// Values for a statement's parameters: by position (`?`, `?1`) or by name (`:name`, `@name`, `$name`). Every parameter
/// of the statement must be given, and no other.
class Params {
 public:
  using Positional = std::vector<Value>;
  using Named = std::vector<std::pair<std::string, Value>>;  ///< names with or without their sign

  Params() = default;
  Params(std::initializer_list<Value> values) : values_(Positional(values)) {}
  Params(Positional values) : values_(std::move(values)) {}
  [[nodiscard]] static Params named(Named values) {
    Params params;
    params.values_ = std::move(values);
    return params;
  }

  [[nodiscard]] const std::variant<Positional, Named>& values() const noexcept { return values_; }

 private:
  std::variant<Positional, Named> values_;
};

/// One SQL statement and its parameters. `sql` is not copied: it must live until the call returns.
struct Statement {
  std::string_view sql;
  Params params;
};

/// Rows of a finished statement, fully owned: valid after the client is gone.
class QueryResult {
 public:
  QueryResult() = default;
  QueryResult(std::shared_ptr<const std::vector<std::string>> columns, std::vector<Value> cells,
              std::int64_t rows_affected, std::optional<std::int64_t> last_insert_rowid)
      : columns_(std::move(columns)),
        cells_(std::move(cells)),
        rows_affected_(rows_affected),
        last_insert_rowid_(last_insert_rowid) {}

  [[nodiscard]] std::span<const std::string> columns() const noexcept {
    return columns_ ? std::span<const std::string>(*columns_) : std::span<const std::string>();
  }
  [[nodiscard]] std::size_t rows() const noexcept { return columns_ ? cells_.size() / columns_->size() : 0; }
  /// The cells of one row; `index` < rows().
  [[nodiscard]] std::span<const Value> row(std::size_t index) const;
  [[nodiscard]] std::int64_t rows_affected() const noexcept { return rows_affected_; }  ///< 0 for reads and DDL
  /// The id of the row an INSERT made; nothing for other statements, for an INSERT that made none, and for an upsert
  /// with DO UPDATE: use RETURNING there.
  [[nodiscard]] std::optional<std::int64_t> last_insert_rowid() const noexcept { return last_insert_rowid_; }

 private:
  std::shared_ptr<const std::vector<std::string>> columns_;  // null, or at least one
  std::vector<Value> cells_;
  std::int64_t rows_affected_ = 0;
  std::optional<std::int64_t> last_insert_rowid_;
};

enum class Mode : std::uint8_t {
  read,   ///< all statements see one snapshot; a statement that writes is refused
  write,  ///< all are applied or none; durable when the call returns
  /// As `write`, for work that nobody waits for: writes that wait go first, and it is committed alone, so that they
  /// wait for it no longer than it takes itself. Where writes never pause it still gets its turn. Engines on servers
  /// treat it as `write`.
  background,
  /// As `read`, but others' latest writes may be missing, as a replica may answer. Never older than what this client
  /// wrote.
  read_stale,
  /// As `read`, and sees every write that was acknowledged to anybody before the call, even while a cluster changes its
  /// leader. May cost as much as a write.
  read_latest,
};

[[nodiscard]] constexpr bool writes(Mode mode) noexcept { return mode == Mode::write || mode == Mode::background; }

/// Called during long work with what is done and the total, in the same unit; `false` stops the work (Errc::cancelled).
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// A table that foreign keys of others refer to, and the one that they are to refer to.
struct Redirect {
  std::string from;
  std::string to;
  std::vector<std::string> but = {};  ///< tables whose references stay as they are
};

/// A database behind any engine. Thread-safe: one serves a whole process. Never throws.
/// A lost or busy database is Errc::unavailable; the next call tries again. Every call to a server ends at a deadline.
/// An error does not mean that a write was not applied: of a server that was lost in the middle nobody knows, and the
/// message says so. Write so that the same statements may run again.
class DatabaseClient {
 public:
  virtual ~DatabaseClient() = default;

  /// Runs one statement, alone in its transaction; one that reads, as Mode::read says. Parameters are bound, never
  /// spliced into the text. Refused: transaction control (use batch), ATTACH, several statements in one text, an empty
  /// text.
  virtual Result<QueryResult> execute(std::string_view sql, const Params& params = {}) = 0;

  /// All statements or none, in order, in one round trip; the results in the same order.
  virtual Result<std::vector<QueryResult>> batch(std::span<const Statement> statements, Mode mode) = 0;

  /// How long the last batch in Mode::background kept other writers waiting at most: from when it got its turn until it
  /// was durable. Zero if there was none, or if this engine does not know: the time that the call took is the next
  /// best.
  [[nodiscard]] virtual std::chrono::nanoseconds last_background_time() const noexcept { return {}; }

  /// Makes every foreign key of other tables, but those that the redirect leaves out, that refers to its table `from`
  /// refer to its table `to`, whatever the number of their rows. `before` runs first and `after` last, in the same
  /// transaction: all is done or nothing. In a file foreign keys are not enforced meanwhile, so a DROP TABLE in
  /// `before` or `after` touches no row of other tables; servers enforce them. That `to` holds the rows that are
  /// referred to is for the caller to know.
  ///
  /// References of `from` to itself stay; those that `to` has to `from` become references to itself. Views and triggers
  /// that name `from` stay as they are. Errc::not_found: there is no such table; Errc::conflict: `to` lacks the columns
  /// referred to, or a unique key over them (servers do not look); Errc::unsupported: this engine cannot, and the
  /// tables that refer to `from` need a new version of their own. libSQL can for keys in the definition of a column,
  /// not for those that stand behind all columns.
  virtual Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                           std::span<const Statement> after);

  /// Copies the whole database, as it is at one moment, into the new file `path`; writers go on meanwhile. The copy is
  /// checked before it gets its name. Progress is in pages.
  virtual Result<void> backup(const std::string& path, const Progress& progress) = 0;

  /// The engine and where its data is, without secrets: `sqlite:local.db`.
  [[nodiscard]] virtual std::string description() const = 0;
};

/// What `url` names, or else OFFX_DB, or else DB_PATH, or else `./local.db`.
[[nodiscard]] std::string database_url(std::string_view url = {});

/// True if `url` names a database behind a server, false if a file or `:memory:`. An empty `url` means database_url().
[[nodiscard]] bool is_server(std::string_view url = {});

/// The path of the database file that `url` names (`sqlite:PATH` or a bare path), or `:memory:`. An empty `url` means
/// database_url(). Errc::unsupported if it is a server's address.
[[nodiscard]] Result<std::string> database_path(std::string_view url = {});

/// What opening does where there is no database file yet.
enum class IfMissing : std::uint8_t { create, fail };

/// Opens the database at `url`; an empty one means database_url().
///
///   sqlite:PATH, a bare path, :memory: (gone with the client)
///   libsql://HOST, https://HOST, http://HOST      see db/libsql/engine.h
///   rqlite://USER:PASSWORD@HOST,HOST,HOST         see db/rqlite/engine.h
///   valtown:                                      see db/valtown/engine.h
///
/// With IfMissing::fail a file that does not exist is Errc::not_found, and none is made. Servers are not asked yet. The
/// context of an error names the database, without secrets.
Result<std::unique_ptr<DatabaseClient>> create_database_client(std::string_view url = {},
                                                               IfMissing if_missing = IfMissing::create);

}  // namespace offx::db
