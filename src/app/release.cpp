#include "app/release.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/version.h"
#include "migrate/sql_text.h"
#include "store/catalogue.h"
#include "store/schema_files.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::app {
namespace {

/// 0.10.0 comes after 0.9.1.
std::array<int, 3> numbers_of(std::string_view release) {
  std::array<int, 3> numbers{};
  std::istringstream text{std::string(release)};
  char dot = '.';
  text >> numbers[0] >> dot >> numbers[1] >> dot >> numbers[2];
  return numbers;
}

}  // namespace

Result<migrate::Release> this_release() {
  migrate::Release release;
  release.name = version();
  for (const auto& table : store::kTables) release.tables.emplace_back(table.logical, table.physical);
  OFFX_ASSIGN(const auto database, db::create_database_client(":memory:"));
  OFFX_TRY(store::initialise(*database));
  OFFX_ASSIGN(release.schema, migrate::schema_statements(*database));
  for (const auto& query : store::catalogue()) {
    release.program.statements.push_back(
        {std::string(query.name), store::with_physical_names(query.logical_sql), {query.sample}, query.writes});
  }
  for (const auto& batch : store::batches()) {
    auto& named = release.program.batches.emplace_back();
    named.name = batch.name;
    for (const auto& [query, sample] : batch.parts) {
      named.parts.push_back({std::string(store::catalogue()[static_cast<std::size_t>(query)].name), sample});
    }
  }
  return release;
}

Result<migrate::Release> previous_release(const std::string& folder) {
  std::string found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || numbers_of(name) >= numbers_of(version())) continue;
    if (found.empty() || numbers_of(name) > numbers_of(found)) found = name;
  }
  if (found.empty()) {
    return fail(Errc::not_found, "there is no release before " + std::string(version()) + " in " + folder);
  }
  return migrate::read_release((std::filesystem::path(folder) / (found + ".json")).string());
}

Result<migrate::CheckInput> check_against(const migrate::Release& previous) {
  std::set<std::string> known;
  for (const auto& sql : previous.schema) known.insert(migrate::folded(migrate::created_object(sql).name));
  migrate::CheckInput input;
  input.schema = previous.schema;
  input.old_code = previous.program;
  for (const auto& file : store::migration_files()) {
    OFFX_ASSIGN(auto migration, migrate::parse_migration(file.text, file.name));
    const bool is_new = std::any_of(migration.tables.begin(), migration.tables.end(),
                                    [&](const auto& change) { return !known.contains(migrate::folded(change.to)); });
    if (is_new) input.migrations.push_back(std::move(migration));
  }
  OFFX_ASSIGN(auto release, this_release());
  input.new_code = std::move(release.program);
  input.new_schema = std::move(release.schema);
  return input;
}

}  // namespace offx::app
