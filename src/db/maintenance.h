#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"

namespace offx::db {

enum class CheckDepth : std::uint8_t {
  quick,  ///< the pages and their order, foreign keys
  full,   ///< also that every index holds what its table holds; several times as long
};

/// A line for each finding, at most a hundred of a kind; both empty if the database is sound.
struct Findings {
  std::vector<std::string> damage;      ///< the file does not hold what was written: only a backup helps
  std::vector<std::string> references;  ///< rows that refer to nothing: some program writes with foreign keys off
};

/// Reads the database through. Readers and writers go on meanwhile, but the log of an embedded database grows as long
/// as it takes: about a second for 1 GB from memory. Engines on servers are asked the same; where one refuses, only
/// foreign keys are looked at. Errc::cancelled soon after `goes_on` (often asked, must not wait) says no; a server is
/// asked to the end of a question.
Result<Findings> check_integrity(
    DatabaseClient& client, CheckDepth depth, const std::function<bool()>& goes_on = [] { return true; });

/// Lets the engine count what its query planner wants to know, where that has changed much. Bounded: it looks at some
/// thousand rows of each index. Does nothing where a server refuses it.
Result<void> refresh_statistics(DatabaseClient& client);

/// How many bytes the database takes: a file with its log; behind a server its pages, as the server counts them,
/// without logs and copies. Nothing where a server does not say. No table is read for it.
Result<std::optional<std::uint64_t>> size_bytes(DatabaseClient& client);

}  // namespace offx::db
