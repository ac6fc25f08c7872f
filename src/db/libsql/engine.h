#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::libsql {

/// A database on a libSQL server (`sqld`, Turso), spoken to by Hrana over HTTP:
///
///   libsql://HOST[:PORT]?…   TLS unless `tls=0`
///   https://HOST…, http://HOST…
///
/// Parameters: `authToken`, or in the environment OFFX_DB_AUTH_TOKEN or OFFX_DB_AUTH_TOKEN_FILE; `namespace`, for an
/// sqld with namespaces that is not reached by a host name of theirs; `replica=HOST[:PORT]`, one server that follows
/// this one; `timeout_ms` for one call.
///
/// **Values** come back as they went in, all five kinds. Refused before anything is sent: NaN, infinity, text that is
/// not UTF-8. Read from tables of others: an infinite REAL is Errc::unsupported, bad UTF-8 Errc::corrupt.
///
/// **Writes** that fail with Errc::unavailable may have been applied; the message says so. Nothing is ever sent twice
/// but reads.
///
/// **Reads** of Mode::read_stale are tried at the replica, all others go to the primary. With a replica every write of
/// this client also counts up a row of the table `replica_position_v1`, in its own transaction, and the replica's
/// answer is used only if that row, read in the same transaction, has come as far: so a session that uses one client
/// sees what it wrote, whatever the server promises. Behind what it has only read it may go back. A replica that was
/// silent for a second is first asked for a trifle, and has half a second for that, later more; one that does not
/// answer is not asked again for 10 s, and then by one call first. So nobody waits long for one that hangs, unless it
/// fell asleep within that second: then half of the time of the call. Where the primary is known to be away (see
/// FallbackReads) the replica has two seconds, and a read that it cannot answer is Errc::unavailable at once.
///
/// **Streams.** A stream is a connection that the server holds to its database, and a new one costs it most of what a
/// small read costs. So reads go on in streams that were kept: at most 16, of which none idles for more than 8 s or is
/// older than 30 s. The client closes them when it ends, within half a second, as sqld has 128 connections for
/// everybody. One that the server has forgotten, as after a restart, costs a read a second request. Writes have streams
/// of their own. If a database is removed and another made under its name, reads may see the old one for 30 s more;
/// writes never go there.
///
/// Nothing is sent before the first call. Errc::invalid_argument for an address that is not understood.
Result<std::unique_ptr<DatabaseClient>> open(std::string_view url);

}  // namespace offx::db::libsql
