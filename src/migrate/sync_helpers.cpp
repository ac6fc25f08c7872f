#include "migrate/sync_helpers.h"

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {
namespace {

using db::quote_identifier;

/// What the helper indexes are called, on whichever of the two tables: one table may be in two migrations.
std::string index_prefix(std::string_view to) { return std::string(kSyncPrefix) + std::string(to) + "_find"; }

}  // namespace

std::string note_of_replaced(std::string_view to) { return std::string(kSyncPrefix) + std::string(to) + "_replaced"; }

std::string note_of_displaced(std::string_view to) { return std::string(kSyncPrefix) + std::string(to) + "_displaced"; }

std::string note_of_enforcement(std::string_view to) {
  return std::string(kSyncPrefix) + std::string(to) + "_enforced";
}

std::vector<std::string> note_columns(const Pair& pair, const std::string& prefix) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < pair.key[kNew].size(); ++i) columns.push_back(prefix + std::to_string(i + 1));
  return columns;
}

bool is_sync_helper(std::string_view name, std::string_view to) {
  const auto index = index_prefix(to);
  return (same_name(name.substr(0, index.size()), index) &&
          name.find_first_not_of("0123456789", index.size()) == std::string_view::npos) ||
         contains_name({note_of_replaced(to), note_of_displaced(to), note_of_enforcement(to)}, name);
}

std::vector<NamedSql> sync_helpers(const Pair& pair) {
  std::vector<NamedSql> helpers;
  for (const Side from : {kOld, kNew}) {
    const auto& target = pair.tables[other(from)];
    for (const auto& unique : pair.uniqueness[from]) {
      if (!unique.is_carried()) continue;
      const auto& wanted = unique.columns[other(from)];
      bool found = false;
      for (const auto& index : target.indexes) {
        // One of ours is listed again, as long as it is there: what made it must be able to drop it.
        found = found || (!index.partial && !index.columns.empty() && same_name(index.columns[0], wanted[0]) &&
                          !index.name.starts_with(kSyncPrefix));
      }
      if (found) continue;
      std::vector<std::string> columns;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        columns.push_back(quote_identifier(wanted[i]) + " COLLATE " + unique.collations[i]);
      }
      const auto name = index_prefix(pair.tables[kNew].name) + std::to_string(helpers.size() + 1);
      helpers.push_back({name, "CREATE INDEX " + quote_identifier(name) + " ON " + quote_identifier(target.name) +
                                   " (" + joined(columns, ", ") + ")"});
    }
  }
  if (pair.carries_replace) {
    const auto name = note_of_replaced(pair.tables[kNew].name);
    const auto columns = joined(note_columns(pair), ", ");
    helpers.push_back({name, "CREATE TABLE " + quote_identifier(name) + " (" + columns + ", PRIMARY KEY (" + columns +
                                 ")) WITHOUT ROWID"});
  }
  if (pair.notes_displaced) {
    const auto name = note_of_displaced(pair.tables[kNew].name);
    helpers.push_back({name, "CREATE TABLE " + quote_identifier(name) + " (side INTEGER NOT NULL, " +
                                 joined(note_columns(pair), ", ") + ", " + joined(note_columns(pair, "by"), ", ") +
                                 ")"});
  }
  if (pair.acts_on_delete_in_self(kOld) || pair.acts_on_delete_in_self(kNew)) {
    const auto name = note_of_enforcement(pair.tables[kNew].name);
    helpers.push_back({name, "CREATE TABLE " + quote_identifier(name) +
                                 " (id INTEGER PRIMARY KEY, goes_with REFERENCES " + quote_identifier(name) +
                                 " (id) ON DELETE CASCADE)"});
  }
  return helpers;
}

std::vector<std::string> drop_helpers(const Pair& pair) {
  const auto& to = pair.tables[kNew].name;
  std::vector<std::string> drops = {"DROP TABLE IF EXISTS " + quote_identifier(note_of_replaced(to)),
                                    "DROP TABLE IF EXISTS " + quote_identifier(note_of_displaced(to)),
                                    "DROP TABLE IF EXISTS " + quote_identifier(note_of_enforcement(to))};
  // Those that are there: an index that somebody made meanwhile can be why one would not be made now.
  for (const auto& table : pair.tables) {
    for (const auto& index : table.indexes) {
      if (index.name.starts_with(index_prefix(to)))
        drops.push_back("DROP INDEX IF EXISTS " + quote_identifier(index.name));
    }
  }
  return drops;
}

}  // namespace offx::migrate
