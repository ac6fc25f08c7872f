#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::valtown {

/// The hosted SQLite of an account at Val Town, where the first OffX kept its data: to read and move it.
///
///   valtown:                   https://api.val.town, the token in OFFX_DB_AUTH_TOKEN or OFFX_DB_AUTH_TOKEN_FILE
///   valtown://HOST[:PORT]?…    another server that speaks its API; `authToken`, `timeout_ms`, `tls=0`
///
/// **Values** go in as they are, but infinity and NaN, which are refused. Out of JSON come TEXT, NULL, REAL and INTEGER
/// up to 2^53; a REAL of integral value is one only in a column declared so, otherwise an INTEGER; an infinite one is
/// NULL. Larger integers and blobs: select CAST(… AS TEXT) and hex().
///
/// A batch is atomic; an error does not say which of its statements it was. A write that fails with Errc::unavailable
/// may have been applied. Too many requests (429) are Errc::unavailable.
///
/// Nothing is sent before the first call. Errc::invalid_argument for an address that is not understood, or without
/// token.
Result<std::unique_ptr<DatabaseClient>> open(std::string_view url);

}  // namespace offx::db::valtown
