#include "db/client.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/assert.h"
#include "db/http/url.h"
#include "db/libsql/engine.h"
#include "db/rqlite/engine.h"
#include "db/sqlite/engine.h"
#include "db/valtown/engine.h"

namespace offx::db {

std::span<const Value> QueryResult::row(std::size_t index) const {
  OFFX_ASSERT(index < rows());
  return std::span(cells_).subspan(index * columns_->size(), columns_->size());
}

Result<void> DatabaseClient::redirect_references(std::span<const Redirect> redirects,
                                                 std::span<const Statement> /*before*/,
                                                 std::span<const Statement> /*after*/) {
  std::string names;
  for (const auto& redirect : redirects) names += (names.empty() ? "" : ", ") + redirect.from;
  return fail(Errc::unsupported,
              "this engine cannot make foreign keys refer to another table: give the tables that "
              "refer to " +
                  names + " a new version in the same migration");
}

namespace {

constexpr std::string_view kSchemes[] = {"sqlite", "libsql", "https", "http", "rqlite", "rqlites", "valtown"};

/// What stands before `://`, or `valtown`; empty for the path of a file.
std::string_view scheme_of(std::string_view url) {
  if (url == "valtown:") return url.substr(0, url.size() - 1);
  const auto colon = url.find("://");
  if (colon == std::string_view::npos || url.starts_with("sqlite:")) return {};
  return url.substr(0, colon);
}

/// `LIBSQL://…` is `libsql://…`: letters of schemes have no case, those of paths have.
std::string with_plain_scheme(std::string url) {
  const auto colon = std::min(url.find(':'), url.size());
  std::string scheme = url.substr(0, colon);
  for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (std::find(std::begin(kSchemes), std::end(kSchemes), scheme) != std::end(kSchemes)) url.replace(0, colon, scheme);
  return url;
}

}  // namespace

std::string database_url(std::string_view url) {
  if (!url.empty()) return with_plain_scheme(std::string(url));
  for (const char* name : {"OFFX_DB", "DB_PATH"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return with_plain_scheme(value);
  }
  return "./local.db";
}

bool is_server(std::string_view url) { return !scheme_of(database_url(url)).empty(); }

Result<std::string> database_path(std::string_view url) {
  std::string target = database_url(url);
  if (target.starts_with("sqlite:")) {
    target.erase(0, sizeof("sqlite:") - 1);
    if (target.starts_with("//")) target.erase(0, 2);
    if (target.empty()) return fail(Errc::invalid_argument, "sqlite: needs a path behind it, as in sqlite:./local.db");
  } else if (is_server(target)) {
    return fail(Errc::unsupported, http::without_secrets(target) + " is no file: use sqlite:PATH, a path or :memory:");
  }
  return target;
}

Result<std::unique_ptr<DatabaseClient>> create_database_client(std::string_view url, IfMissing if_missing) {
  const std::string target = database_url(url);
  const auto scheme = scheme_of(target);
  if (scheme.empty()) {
    OFFX_ASSIGN(const auto path, database_path(target));
    return sqlite::open(path, if_missing);
  }
  auto opened = [&]() -> Result<std::unique_ptr<DatabaseClient>> {
    if (scheme == "libsql" || scheme == "https" || scheme == "http") return libsql::open(target);
    if (scheme == "rqlite" || scheme == "rqlites") return rqlite::open(target);
    if (scheme == "valtown") return valtown::open(target);
    return fail(Errc::unsupported,
                "no database engine for " + std::string(scheme) +
                    ":// addresses; there are sqlite:PATH, libsql://, http(s)://, rqlite:// and valtown:");
  }();
  if (!opened) return fail(std::move(opened).error().within(http::without_secrets(target)));
  return opened;
}

}  // namespace offx::db
