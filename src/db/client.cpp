#include "db/client.h"

#include <cstdlib>

#include "base/assert.h"
#include "db/sqlite/engine.h"

namespace offx::db {

std::span<const Value> QueryResult::row(std::size_t index) const {
  OFFX_ASSERT(index < rows());
  return std::span(cells_).subspan(index * columns_->size(), columns_->size());
}

Result<void> DatabaseClient::redirect_references(std::string_view from, std::string_view to,
                                                 std::span<const Statement> /*before*/,
                                                 std::span<const Statement> /*after*/) {
  return fail(Errc::unsupported, "this engine cannot make foreign keys refer to " + std::string(to) + " instead of " +
                                     std::string(from) + ": give the tables that refer to " + std::string(from) +
                                     " a new version in the same migration");
}

std::string database_url(std::string_view url) {
  if (!url.empty()) return std::string(url);
  for (const char* name : {"OFFX_DB", "DB_PATH"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "./local.db";
}

Result<std::string> database_path(std::string_view url) {
  std::string target = database_url(url);
  if (target.starts_with("sqlite:")) {
    target.erase(0, sizeof("sqlite:") - 1);
    if (target.starts_with("//")) target.erase(0, 2);
    if (target.empty()) return fail(Errc::invalid_argument, "sqlite: needs a path behind it, as in sqlite:./local.db");
  } else if (const auto colon = target.find("://"); colon != std::string::npos) {
    return fail(Errc::unsupported, "no database engine for " + target.substr(0, colon) +
                                       ":// addresses; use sqlite:PATH, a path or :memory:");
  }
  return target;
}

Result<std::unique_ptr<DatabaseClient>> create_database_client(std::string_view url, IfMissing if_missing) {
  OFFX_ASSIGN(const auto path, database_path(url));
  return sqlite::open(path, if_missing);
}

}  // namespace offx::db
