#include "app/release.h"

#include "base/version.h"
#include "store/catalogue.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::app {

Result<migrate::Release> this_release() {
  migrate::Release release;
  release.name = version();
  for (const auto& table : store::kTables) release.tables.emplace_back(table.logical, table.physical);
  OFFX_ASSIGN(const auto database, db::create_database_client(":memory:"));
  OFFX_TRY(store::initialise(*database));
  OFFX_ASSIGN(release.schema, migrate::schema_statements(*database));
  for (const auto& query : store::catalogue()) {
    release.statements.push_back(
        {std::string(query.name), store::with_physical_names(query.logical_sql), {query.sample}, query.writes});
  }
  return release;
}

}  // namespace offx::app
