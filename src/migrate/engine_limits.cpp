#include "migrate/engine_limits.h"

namespace offx::migrate {

Redirects can_redirect_references(const db::DatabaseClient& client) {
  const auto engine = client.description();
  if (engine.starts_with("sqlite:") || engine.starts_with("rqlite:")) return Redirects::all;
  return engine.starts_with("libsql:") ? Redirects::of_columns : Redirects::none;
}

bool repeats_statements(const db::DatabaseClient& client) { return client.description().starts_with("rqlite:"); }

}  // namespace offx::migrate
