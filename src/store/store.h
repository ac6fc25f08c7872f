#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/migrator.h"
#include "migrate/users.h"

namespace offx::store {

/// Makes what is missing of OffX's tables, indexes and triggers, and carries the tables to the versions of this release
/// (`schema/migrations/`) while programs of the release before go on; does nothing, and takes no lock, if all is there.
/// Safe when several processes do it at once. A database of the first OffX is taken as it is: its posts are noted as
/// unfiled, its rows stay. Errc::conflict if a later release has taken away tables that this one needs, or if the posts
/// of a first database are not unique by (platform, external_id). `progress` is told of migrations.
Result<void> initialise(db::DatabaseClient& client, const migrate::WorkProgress& progress = {});

/// OffX's own migrations that an earlier release began, and whose old tables are still there.
Result<std::vector<std::string>> migrations_to_complete(db::DatabaseClient& client);

/// OffX's own migrations that this release began: the old tables are kept so that one can go back to the release
/// before, and the next release removes them.
Result<std::vector<std::string>> migrations_kept(db::DatabaseClient& client);

/// What complete_migrations() did.
struct CompletedMigrations {
  std::vector<std::string> completed;
  std::vector<std::pair<std::string, std::string>> refused;  ///< names, and why not
};

/// Removes the old tables of migrations_to_complete(): what an earlier release kept for the one before it is needed no
/// more. Those that somebody says to use stay, and are refused; so are those whose versions
/// differ. May be repeated, by several processes at once.
Result<CompletedMigrations> complete_migrations(db::DatabaseClient& client, const migrate::WorkProgress& progress = {});

/// True if initialise() has nothing to do.
Result<bool> is_initialised(db::DatabaseClient& client);

/// True if the database has OffX's table of posts, made by this OffX or the first.
Result<bool> has_posts(db::DatabaseClient& client);

/// Opens the database at `url` (see db::create_database_client) and initialises it, unless OFFX_AUTO_INIT=0 says not
/// to: then a database that is not initialised is Errc::not_found.
Result<std::unique_ptr<db::DatabaseClient>> open(std::string_view url = {}, const migrate::WorkProgress& progress = {});

/// Says in the database that this process uses the tables of this release, for as long as the result lives: nobody
/// takes them away meanwhile. `program` is for people. `client` must live longer.
Result<std::unique_ptr<migrate::TableUse>> announce(db::DatabaseClient& client, std::string_view program);

}  // namespace offx::store
