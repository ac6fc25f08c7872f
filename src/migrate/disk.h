#pragma once

#include <cstdint>
#include <optional>

#include "db/client.h"

namespace offx::migrate {

/// What copying leaves free on the disk: whoever writes to the database needs some of it meanwhile.
inline constexpr std::int64_t kKeepFreeBytes = 32'000'000;

/// Bytes free on the disk of a database that is a file of this machine, less what its write-ahead log may take when it
/// is moved into it. Nothing for others. Two system calls.
[[nodiscard]] std::optional<std::int64_t> spare_disk_bytes(const db::DatabaseClient& client);

}  // namespace offx::migrate
