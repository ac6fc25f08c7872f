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

/// How fast a disk takes what is written to it.
struct DiskSpeed {
  double sync_seconds = 0;     ///< of a small commit
  double page_seconds = 8e-6;  ///< of each 4 KiB of a larger one
};

/// The disk of a database that is a file of this machine, as it is now: 4 MiB are written beside it, to a file without
/// a name. Where that is not possible the one that docs/benchmarks.md was measured on.
[[nodiscard]] DiskSpeed measure_disk(const db::DatabaseClient& client);

}  // namespace offx::migrate
