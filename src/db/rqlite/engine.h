#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::rqlite {

/// A database on an rqlite cluster:
///
///   rqlite://USER:PASSWORD@HOST:PORT,HOST:PORT,HOST:PORT?…      `tls=1`, or the scheme rqlites, for HTTPS
///
/// Name every node: any of them may be down, and a redirect to a leader that is not named is not followed; the node
/// asked then forwards. USER:PASSWORD may come from OFFX_DB_AUTH_TOKEN or OFFX_DB_AUTH_TOKEN_FILE instead. `timeout_ms`
/// is for one call, and a call waits as long while the cluster elects a leader. Every node must run with `-fk`: a node
/// without is refused.
///
/// **Values.** Any value can be bound, but NaN, infinity and text that is not UTF-8. A value comes back as it went in
/// from a column declared INTEGER, REAL, TEXT or BLOB that holds only such values; declare none BOOLEAN, DATE, DATETIME
/// or TIMESTAMP, which rqlite rewrites. It sends neither types nor bytes with expressions: a REAL of integral value
/// from one comes as INTEGER (to_real() reads both), a blob as text: select hex(). A text in a BLOB column may be taken
/// for a blob. Errc::unsupported for an infinite result.
///
/// **Statements** run again on every node and at every restart of one: time, random and the like must be bound, never
/// computed by SQL. RETURNING works as far as rqlite's own parser understands the statement; where it does not, the
/// statement is applied and the answer Errc::unsupported.
///
/// **Reads** see every write that was acknowledged before, unless the leader was asleep or cut off and does not know
/// yet that it is none (level weak); Mode::read_latest is linearizable without exception (level strong). A node that
/// has just begun to lead, or was started again, would show less until it has applied its log: a trifle goes through
/// the log before the first read, and again when another node answers, or a connection to this one was lost or kept for
/// long. It waits for the writes before it. What hides from that is a leader that was none for a time between two calls
/// and kept its connections. Mode::read_stale takes what any node has (level none) until this client writes, then it is
/// as Mode::read. The level `linearizable` is never used: versions before 8.32 take it for weak.
///
/// **Nodes that hang.** One of several that was silent for 5 s is first asked for a trifle, and has half a second for
/// that, later more; so neither a read nor a write waits long for it, unless it fell asleep within those 5 s.
///
/// **Retries.** A read is repeated at the next node until the deadline. A write is so only if it certainly reached
/// none: no connection, or the answer that there is no leader. Any other failure is Errc::unavailable, and the message
/// says that the write may have been applied.
///
/// Nothing is sent before the first call. Errc::invalid_argument for an address that is not understood.
Result<std::unique_ptr<DatabaseClient>> open(std::string_view url);

}  // namespace offx::db::rqlite
