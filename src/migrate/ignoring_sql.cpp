#include "migrate/ignoring_sql.h"

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

constexpr const char* kIgnoring = "ignore";

/// In a trigger on the new table: that NEW's key has the bytes of the one of a row of `side` that is at_key() of it.
std::vector<std::string> is_spelled_as_new(const Pair& pair, Side side) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; pair.key_folds_case && i < pair.key[kNew].size(); ++i) {
    parts.push_back("NEW." + quote_identifier(pair.key[kNew][i]) + " COLLATE BINARY IS " + quoted(pair, side) + "." +
                    quote_identifier(pair.key[side][i]));
  }
  return parts;
}

/// In a BEFORE trigger on the new table: false if what is about to be written there is on the old table already, and
/// not yet on the new one.
std::string is_no_echo(const Pair& pair, std::string_view event) {
  const auto exists = [&](Side side, const std::string& row, std::vector<std::string> conditions) {
    conditions.insert(conditions.begin(), at_key(pair, side, kNew, row));
    return "EXISTS (SELECT 1 FROM " + quoted(pair, side) + " WHERE " + combined(conditions, " AND ") + ")";
  };
  if (runs_for(event, "delete")) return exists(kOld, "OLD", {});
  auto on_old = is_spelled_as_new(pair, kOld);
  auto on_new = is_spelled_as_new(pair, kNew);
  for (const auto& group : pair.groups) {
    if (!group.is_carried_to(kNew)) continue;
    for (const auto& c : group.computed[kNew]) {
      const auto column = quote_identifier(c.column);
      on_old.push_back(new_follows(pair, kNew, c));
      on_new.push_back("NEW." + column + " COLLATE BINARY IS " + quoted(pair, kNew) + "." + column);
    }
  }
  std::vector<std::string> stays;
  for (const auto& column : pair.table(kNew).columns) {
    const auto name = quote_identifier(column.name);
    if (!column.generated) stays.push_back("NEW." + name + " COLLATE BINARY IS OLD." + name);
  }
  return "(NOT " + exists(kOld, "NEW", on_old) + " OR " +
         (runs_for(event, "update") ? combined(stays, " AND ") : exists(kNew, "NEW", on_new)) + ")";
}

}  // namespace

std::vector<NamedSql> ignoring_triggers(const Pair& pair) {
  std::vector<NamedSql> triggers;
  for (const auto& trigger : pair.ignoring) {
    const auto name = trigger_name(pair, kNew, kIgnoring + std::to_string(triggers.size() + 1));
    triggers.push_back({name, "CREATE TRIGGER " + quote_identifier(name) + " " + trigger.event + "\nWHEN " +
                                  (trigger.when.empty() ? "" : "(" + trigger.when + ") AND ") +
                                  is_no_echo(pair, trigger.event) + trigger.body});
  }
  return triggers;
}

std::vector<std::string> ignoring_trigger_names(const Pair& pair) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= Pair::kIgnoringMax; ++i) {
    names.push_back(trigger_name(pair, kNew, kIgnoring + std::to_string(i)));
  }
  return names;
}

bool is_ignoring(std::string_view trigger) {
  return trigger.starts_with(kSyncPrefix) && trigger.find("_down_" + std::string(kIgnoring)) != std::string_view::npos;
}

}  // namespace offx::migrate
