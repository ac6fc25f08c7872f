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

/// A request and what is known of its statements. It is ready to send once it is given to a stream.
struct Pipeline {
  std::string json;
  std::size_t open_bytes = 0;  ///< so much of `json` is the same in whatever stream it runs
  bool reads = true;           ///< none of the statements writes
  std::vector<StatementText::Kind> kinds;
  std::size_t named = 0;  ///< so many are the caller's, which errors name by their number; what follows is the engine's
};

/// What becomes of a stream, which is a connection of the server to its database, behind a pipeline.
enum class After : std::uint8_t { close, keep };

/// `statements`, behind which `own` statements of the engine run in the same transaction, if there is one.
/// Errc::invalid_argument for statements and parameters that fit no server (see read_statement()), and for one that
/// writes under Wrap::read; unsupported for a PRAGMA.
[[nodiscard]] Result<Pipeline> write_pipeline(std::span<const Statement> statements, Wrap wrap,
                                              std::span<const Statement> own = {});

/// Makes `pipeline.json` the request that runs in the stream of `baton`, or in a new one if that is empty. May be
/// called again for another stream.
void give_to_stream(Pipeline& pipeline, std::string_view baton, After after);

/// The request that closes a stream.
[[nodiscard]] std::string close_request(std::string_view baton);

/// What a server answered to a pipeline.
struct Answer {
  /// Of all its statements. Errors are those of the statements, with `statement 3` as context in a batch.
  Result<std::vector<QueryResult>> results;
  std::string baton;      ///< of the stream, for its next pipeline alone; empty: it is closed
  std::string base_url;   ///< where that pipeline has to go; empty: where this one went
  bool is_clean = false;  ///< nothing of this pipeline is open in the stream
};

/// Reads the answer to `pipeline`. `json` is changed on the way. Errc::corrupt if it is not Hrana.
[[nodiscard]] Result<Answer> read_answer(std::string& json, const Pipeline& pipeline, Wrap wrap);

}  // namespace offx::db::libsql
