#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::store {

/// Makes what is missing of OffX's tables, indexes and triggers, all in one transaction; does nothing, and takes no
/// lock, if all are there. Safe when several processes do it at once. A database of the first OffX is taken as it is:
/// its posts are noted as unfiled, its rows stay. Errc::conflict if its posts are not unique by (platform,
/// external_id).
Result<void> initialise(db::DatabaseClient& client);

/// True if initialise() has nothing to do.
Result<bool> is_initialised(db::DatabaseClient& client);

/// True if the database has OffX's table of posts, made by this OffX or the first.
Result<bool> has_posts(db::DatabaseClient& client);

/// Opens the database at `url` (see db::create_database_client) and initialises it, unless OFFX_AUTO_INIT=0 says not
/// to: then a database that is not initialised is Errc::not_found.
/// `check`, if there is one, looks at the database before anything is made in it: its error ends the opening.
using Check = std::function<Result<void>(db::DatabaseClient&)>;
Result<std::unique_ptr<db::DatabaseClient>> open(std::string_view url = {}, const Check& check = {});

}  // namespace offx::store
