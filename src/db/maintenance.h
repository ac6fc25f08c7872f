#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"

namespace offx::db {

enum class CheckDepth : std::uint8_t {
  quick,  ///< the pages and their order, foreign keys
  full,   ///< also that every index holds what its table holds; several times as long
};

/// What is damaged, a line each and at most some hundred; empty if nothing was found. Readers and writers go on
/// meanwhile, but the log of an embedded database grows as long as it takes: about a second for 1 GB from memory.
/// Engines on servers are asked the same; where one refuses, only foreign keys are looked at.
Result<std::vector<std::string>> check_integrity(DatabaseClient& client, CheckDepth depth);

/// Lets the engine count what its query planner wants to know, where that has changed much. Bounded: it looks at some
/// thousand rows of each index. Does nothing where a server refuses it.
Result<void> refresh_statistics(DatabaseClient& client);

}  // namespace offx::db
