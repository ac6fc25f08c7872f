#include "db/script.h"

#include <string>

#include <sqlite3.h>

namespace offx::db {

std::vector<std::string_view> split_script(std::string_view script) {
  std::vector<std::string_view> statements;
  const auto add = [&](std::string_view statement) {
    const auto first = statement.find_first_not_of(" \t\r\n;");
    if (first == std::string_view::npos) return;
    statement.remove_prefix(first);
    statement = statement.substr(0, statement.find_last_not_of(" \t\r\n;") + 1);
    statements.push_back(statement);
  };
  std::size_t begin = 0;
  for (std::size_t semicolon = script.find(';'); semicolon != std::string_view::npos;
       semicolon = script.find(';', semicolon + 1)) {
    const auto statement = script.substr(begin, semicolon + 1 - begin);
    // SQLite itself says whether this `;` ends a statement or stands in a string, a comment or a trigger.
    if (sqlite3_complete(std::string(statement).c_str()) == 0) continue;
    add(statement);
    begin = semicolon + 1;
  }
  add(script.substr(begin));
  return statements;
}

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  quoted += '"';
  return quoted;
}

}  // namespace offx::db
