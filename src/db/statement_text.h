#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"

namespace offx::db {

/// What the text of an SQL statement says before any database has seen it. Engines behind a server need it: they have
/// no compiled statement to ask.
struct StatementText {
  enum class Kind : std::uint8_t {
    read,    ///< SELECT, VALUES, EXPLAIN
    insert,  ///< INSERT, REPLACE, but for upsert
    upsert,  ///< INSERT … ON CONFLICT … DO UPDATE
    change,  ///< UPDATE, DELETE
    pragma,
    other,  ///< DDL and the like
  };
  /// One place of a parameter, which may have several.
  struct Parameter {
    std::size_t offset = 0;  ///< in `sql`
    std::size_t length = 0;
    std::size_t index = 0;  ///< from 1, as SQLite numbers them
  };

  std::string_view
      sql;  ///< from the first to the last token, without `;` and comments around; views into the text given
  Kind kind = Kind::other;
  bool returning = false;             ///< it changes rows and returns some
  bool selects_all = false;           ///< it may hold a `*` that stands for columns
  std::vector<Parameter> parameters;  ///< in the order of the text
  std::size_t parameter_count = 0;    ///< values it needs
};

/// Reads `sql`. Errc::invalid_argument for what DatabaseClient refuses: an empty text, several statements, transaction
/// control, ATTACH. Cost: one pass over the text.
[[nodiscard]] Result<StatementText> read_statement(std::string_view sql);

/// The values of `params` in the order of the parameters, pointing into `params`. Errc::invalid_argument if they do not
/// fit the statement, and for a value that no server can take: NaN, infinity, a text that is not UTF-8.
[[nodiscard]] Result<std::vector<const Value*>> ordered_values(const StatementText& text, const Params& params);

/// The text with every parameter by its number: `?1` for `:name`.
[[nodiscard]] std::string with_numbers(const StatementText& text);

/// A text with some of its values written into it, as no parameter of an engine can carry them; the others are its
/// parameters `?1`, `?2`, … in this order.
struct SplicedText {
  std::string sql;
  std::vector<const Value*> values;
};
enum class Literals : std::uint8_t { blobs, blobs_and_numbers };
/// NULL and TEXT are never written into it.
[[nodiscard]] SplicedText with_literals(const StatementText& text, const std::vector<const Value*>& values,
                                        Literals literals);

}  // namespace offx::db
