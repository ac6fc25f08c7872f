#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "db/statement_text.h"

// Hrana over HTTP: what is sent to and comes from a libSQL server's /v2/pipeline and /v3/pipeline.
// https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md

namespace offx::db::libsql {

/// What a pipeline does with its statements.
enum class Wrap : std::uint8_t {
  none,   ///< one statement, in a transaction of its own
  write,  ///< BEGIN IMMEDIATE, each if the one before went well, COMMIT, else ROLLBACK
  read,   ///< the same in a read transaction, with ROLLBACK at its end: nothing is ever written
  each,   ///< reads one after the other, without a transaction, which a replica would hand to its primary
};

/// A request, ready to send, and what is known of its statements.
struct Pipeline {
  std::string json;
  std::vector<StatementText::Kind> kinds;
  std::size_t named = 0;  ///< so many are the caller's, which errors name by their number; what follows is the engine's
};

/// `statements`, behind which `own` statements of the engine run in the same transaction, if there is one.
/// Errc::invalid_argument for statements and parameters that fit no server (see read_statement()), and for one that
/// writes under Wrap::read; unsupported for a PRAGMA.
[[nodiscard]] Result<Pipeline> write_pipeline(std::span<const Statement> statements, Wrap wrap,
                                              std::span<const Statement> own = {});

/// Reads the answer to `pipeline`: the results of all its statements. `json` is changed on the way. Errors are those of
/// the statements, with `statement 3` as context in a batch; Errc::corrupt if it is not Hrana.
[[nodiscard]] Result<std::vector<QueryResult>> read_answer(std::string& json, const Pipeline& pipeline, Wrap wrap);

}  // namespace offx::db::libsql
