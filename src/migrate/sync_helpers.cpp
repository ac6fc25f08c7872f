#include "migrate/sync_helpers.h"

#include "db/script.h"
#include "migrate/sql_text.h"

namespace offx::migrate {

using db::quote_identifier;

std::string note_of_replaced(std::string_view to) { return std::string(kSyncPrefix) + std::string(to) + "_replaced"; }

std::string note_of_displaced(std::string_view to) { return std::string(kSyncPrefix) + std::string(to) + "_displaced"; }

std::string note_of_enforcement(std::string_view to) {
  return std::string(kSyncPrefix) + std::string(to) + "_enforced";
}

std::vector<std::string> note_columns(const Pair& pair) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < pair.key[kNew].size(); ++i) columns.push_back("key" + std::to_string(i + 1));
  return columns;
}

bool is_sync_helper(std::string_view name, std::string_view to) {
  return contains_name({note_of_replaced(to), note_of_displaced(to), note_of_enforcement(to)}, name);
}

std::vector<NamedSql> sync_helpers(const Pair& pair) {
  std::vector<NamedSql> helpers;
  if (pair.carries_replace) {
    const auto name = note_of_replaced(pair.tables[kNew].name);
    const auto columns = joined(note_columns(pair), ", ");
    helpers.push_back({name, "CREATE TABLE " + quote_identifier(name) + " (" + columns + ", PRIMARY KEY (" + columns +
                                 ")) WITHOUT ROWID"});
  }
  if (pair.notes_displaced[kOld] || pair.notes_displaced[kNew]) {
    const auto name = note_of_displaced(pair.tables[kNew].name);
    helpers.push_back({name, "CREATE TABLE " + quote_identifier(name) + " (side INTEGER NOT NULL, " +
                                 joined(note_columns(pair), ", ") + ", by_write TEXT NOT NULL)"});
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
  return {"DROP TABLE IF EXISTS " + quote_identifier(note_of_replaced(to)),
          "DROP TABLE IF EXISTS " + quote_identifier(note_of_displaced(to)),
          "DROP TABLE IF EXISTS " + quote_identifier(note_of_enforcement(to))};
}

}  // namespace offx::migrate
