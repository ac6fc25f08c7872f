#pragma once

#include <string>

#include "db/client.h"

namespace offx::db::sqlite {

/// Path of the file that `client` works on; empty if it has none: a server, or a database in memory.
[[nodiscard]] std::string file_of(const DatabaseClient& client);

}  // namespace offx::db::sqlite
