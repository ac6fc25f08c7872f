#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "db/statement_text.h"

// What is sent to and comes from rqlite's /db/query and /db/request. https://rqlite.io/docs/api/

namespace offx::db::rqlite {

/// A request's body, and what is known of its statements.
struct Request {
  struct Sent {
    StatementText::Kind kind = StatementText::Kind::other;
    bool returning = false;
    bool refreshes = false;   ///< a statement of ours stands before it
    bool asks_rowid = false;  ///< a SELECT last_insert_rowid() of ours follows it
  };
  std::string json;
  std::vector<Sent> statements;
  bool reads = true;  ///< all statements do
};

/// Those of callers are refused; the engine knows what its own do.
enum class Pragmas : bool { refused, allowed };
/// Errc::invalid_argument for statements and parameters that fit no server (see read_statement()); unsupported for a
/// PRAGMA that is refused.
[[nodiscard]] Result<Request> write_request(std::span<const Statement> statements, Pragmas pragmas = Pragmas::refused);

/// Reads the answer to `request`. `json` is changed on the way. Errors are those of the statements, with `statement 3`
/// as context in a batch; Errc::unavailable if the cluster could not do it, where a write may have been applied;
/// Errc::corrupt if it is not rqlite's.
[[nodiscard]] Result<std::vector<QueryResult>> read_answer(std::string& json, const Request& request);

}  // namespace offx::db::rqlite
