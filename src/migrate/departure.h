#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/blueprint.h"
#include "migrate/ledger.h"
#include "migrate/migrator.h"
#include "migrate/users.h"

/// Whether a migration that is begun may go on, and a version of a table may leave: who uses it, who needs it, and what
/// would be lost with it. Everything here only reads.
namespace offx::migrate {

/// The messages of the refusals among `findings`, each on a line of its own; empty if there is none.
[[nodiscard]] std::string refusals_in(const std::vector<Finding>& findings);

/// make_blueprint() of the schema as it is now.
Result<Blueprint> read_blueprint(db::DatabaseClient& client, const Migration& migration,
                                 std::vector<Finding>& findings);

/// Those of `users` that use a table of the migration.
[[nodiscard]] std::vector<TableUser> users_of(const std::vector<TableUser>& users, const Record& record,
                                              bool old_tables);
[[nodiscard]] std::vector<std::string> names_of(const Record& record, Side side);

/// Errc::conflict: a process says that it uses this version; the message names it.
Result<void> check_no_users(db::DatabaseClient& client, const Record& record, Side side);

/// Errc::conflict: `name` is being removed by one of these migrations.
Result<void> check_not_leaving(const std::vector<Record>& records, std::string_view name);

/// Errc::conflict: somebody renamed or dropped a table of this version; the message says which, and what to do.
Result<void> check_there(db::DatabaseClient& client, const Record& record, Side side);
/// The same for both versions, and for the tables of notes that their triggers need.
Result<void> check_there(db::DatabaseClient& client, const Record& record);

/// Errc::corrupt: a trigger that carries what is written to `from`'s tables was dropped or changed by somebody: it has
/// not carried what was written since.
/// `live`: see expected_triggers().
Result<void> check_triggers(db::DatabaseClient& client, const Blueprint& blueprint, Side from, bool live);

/// Whether start() goes on with a migration that it has begun before, or has nothing to do; errors are its errors.
Result<void> may_start(const Record& record, const Migration& migration);

/// Everything that complete() of a migration that is live asks before it compares the rows; errors are its errors.
/// Gives what it needs then.
Result<Blueprint> may_complete(db::DatabaseClient& client, const Record& record, bool force);

/// As may_complete(), for roll_back() of one that is not rolling back yet.
Result<Blueprint> may_roll_back(db::DatabaseClient& client, const Record& record, const RollbackOptions& options);

}  // namespace offx::migrate
