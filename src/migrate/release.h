#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/client.h"

namespace offx::migrate {

/// A statement that a program runs, with physical table names.
struct NamedStatement {
  std::string name;  ///< for reports; a statement of the same name in the next release asks or does the same
  std::string sql;
  std::vector<std::vector<db::Value>> samples;  ///< arguments it can be run with; none: they are made up
  bool writes = false;
};

/// Statements that a program runs in one transaction and never alone, as one without the others would break what holds
/// between the tables they write.
struct NamedBatch {
  struct Part {
    std::string statement;          ///< its name
    std::vector<db::Value> sample;  ///< equal values in the samples of a batch mean the same thing
  };
  std::string name;
  std::vector<Part> parts;
};

/// All that a program asks of its database.
struct Program {
  std::vector<NamedStatement> statements;
  std::vector<NamedBatch> batches;  ///< may be empty

  [[nodiscard]] const NamedStatement* find(std::string_view name) const;
};

/// What one release of a program does with its database: the file `schema/releases/NAME.json`.
struct Release {
  std::string name;                                         ///< "0.1.0"
  std::vector<std::pair<std::string, std::string>> tables;  ///< logical → physical name
  std::vector<std::string> schema;                          ///< of a database it made: CREATE statements, in order
  Program program;
};

/// The file's text: JSON, one line for each table and statement, so that releases can be compared by eye.
[[nodiscard]] std::string to_json(const Release& release);

/// Reads it back. Errc::invalid_argument names `file` and what is wrong.
Result<Release> parse_release(std::string_view text, std::string_view file);
/// The same of a file. Errc::not_found, Errc::io.
Result<Release> read_release(const std::string& path);

/// The statements of an SQL script. Comments before a statement may name it and give it arguments:
///
///     -- name: topics.get
///     -- args: [1]
///     SELECT title FROM topics_v1 WHERE id = ?1;
///
/// `args` is JSON: a list with a value for every parameter, several of them if there are several such lines; a BLOB is
/// {"blob": "00ff"}. A statement without a name is called by its line: `line 7`. Statements with the same
/// `-- batch: NAME` are only run together; they need `args`. Errc::invalid_argument names `file` and line.
Result<Program> parse_program(std::string_view script, std::string_view file);

/// What a file says, whichever it is: a release's JSON, or a script, which has no name, tables and schema.
/// Errc::not_found, Errc::io.
Result<Release> read_release_or_script(const std::string& path);

/// What makes the schema of a database again, in order: the CREATE statements but those of SQLite, of the tables that
/// virtual tables keep for themselves, and of migrations.
Result<std::vector<std::string>> schema_statements(db::DatabaseClient& client);

}  // namespace offx::migrate
