#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "db/client.h"

namespace offx::db::sqlite {

/// Whose a database is. One of a stranger may hold more than data: its triggers, views and computed columns would run
/// in our process, for ever or until all memory is used.
enum class Origin : std::uint8_t { own, foreign };

/// Copies the database file `from`, as it is at one moment, into the new file `to`, checks the copy and gives it its
/// name only then. Connections to `from` read and write on meanwhile. Progress is in pages. Errc::conflict if `to`
/// exists. The copy of a foreign one has no triggers and no views; one with computed columns is Errc::unsupported, and
/// so is one whose check needs a value of more than 64 MiB.
Result<void> copy_database(const std::string& from, const std::string& to, const Progress& progress,
                           Origin origin = Origin::own);

}  // namespace offx::db::sqlite
