#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "migrate/engine_limits.h"
#include "migrate/pair.h"
#include "migrate/sync_sql.h"

namespace offx::migrate {

/// Everything that will be done to one pair of tables.
struct PairPlan {
  Pair pair;
  std::vector<std::string> create;        ///< the new table and what lives with it from the start, one statement each
  std::vector<NamedSql> carried_indexes;  ///< of the old table, made for the new one too
  std::vector<NamedSql> helpers;          ///< see sync_helpers()
  std::vector<NamedSql> up;               ///< triggers old → new
  std::vector<NamedSql> down;             ///< triggers new → old
  std::vector<NamedSql> sync;             ///< the author's triggers that live while both versions do
  std::vector<std::string> children;      ///< tables outside of the migration that refer to the old table
  /// … and of them those that this engine cannot point at the new one.
  std::vector<std::string> stuck_children;
  bool deletions_act = false;  ///< what ON DELETE of such a table says is not said of the new table
};

/// A migration resolved against a database's schema: what every phase is made from.
struct Blueprint {
  std::vector<PairPlan> pairs;                ///< parents before those that refer to them
  std::vector<std::string> drop_on_complete;  ///< statements that remove views and triggers which speak of old tables
  std::vector<std::string> make_on_complete;  ///< … and make those that take over

  /// The pair whose old, or new, table has this name; nullptr if none has.
  [[nodiscard]] const PairPlan* pair_from(std::string_view table) const;
  [[nodiscard]] const PairPlan* pair_to(std::string_view table) const;
};

/// The names that triggers of ours on the pair's tables may have.
[[nodiscard]] std::vector<std::string> trigger_names(const PairPlan& plan);
/// Statements that drop all triggers that keep the pair alike, if they are there.
[[nodiscard]] std::vector<std::string> drop_triggers(const PairPlan& plan);

/// `side`'s triggers as they have to be in the database: as they were when both versions went live, if it remembers
/// (triggers of the user's that came later would let others be made), or as they would be made now.
Result<std::vector<NamedSql>> expected_triggers(db::DatabaseClient& client, const PairPlan& plan, Side side, bool live);

/// What sync_helpers() made for the new table `to` when its migration began, as the database remembers it.
Result<std::vector<NamedSql>> expected_helpers(db::DatabaseClient& client, std::string_view to);

/// Where somebody dropped the new table of a migration that is begun: drops in the scratch database what `create` made
/// beside it, so that make_blueprint() can make it all again there.
void drop_orphans(Schema& schema, const Migration& migration);

/// Resolves `migration` against `schema`, in whose scratch database the new tables are made if the original lacks them.
/// Complaints go to `findings`; with a refusal among them the blueprint may be incomplete.
Result<Blueprint> make_blueprint(Schema& schema, const Migration& migration, Redirects can_redirect,
                                 std::vector<Finding>& findings);

/// The CREATE TRIGGER statements of a script that may hold nothing else.
std::vector<NamedSql> triggers_in(std::string_view script, const TableChange& change, std::vector<Finding>& findings);

}  // namespace offx::migrate
