#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migration.h"
#include "migrate/migrator.h"

/// Takes a scratch database to a moment of a migration, by the migrator itself, which is stopped there.
namespace offx::migrate {

/// What a program that looks at the database can tell apart while start() and complete() run.
struct Moment {
  std::string name;          ///< "expanded", "posts_v1 copied to 50 %", "both live"
  std::size_t position = 0;  ///< its number among those of its kind, from 0
  bool completing = false;   ///< the new version alone stands
};

/// The moments of these migrations on a database like `client`, which is used up: those until both versions of all are
/// live, that one too, then those until all are completed. `chunk_rows` are copied at once.
Result<std::vector<Moment>> moments_of(db::DatabaseClient& client, std::span<const Migration> migrations,
                                       std::int64_t chunk_rows);

/// Takes `client` from the beginning to `moment`.
Result<void> advance_to(db::DatabaseClient& client, std::span<const Migration> migrations, std::int64_t chunk_rows,
                        const Moment& moment);

/// Every migration that was begun goes back, the last first.
Result<void> roll_back_all(db::DatabaseClient& client);

}  // namespace offx::migrate
