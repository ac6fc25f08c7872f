#include "pipeline/database.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "pipeline/json.h"

namespace offx::pipeline {

namespace json = boost::json;

namespace {

json::array users_to_json(const std::vector<migrate::TableUser>& users) {
  json::array array;
  for (const auto& user : users) {
    array.push_back(json::object{{"program", user.program},
                                 {"host", user.host},
                                 {"pid", user.pid},
                                 {"tables", json::array(user.tables.begin(), user.tables.end())},
                                 {"renewed_at", to_iso_time(user.renewed_at)},
                                 {"expires_at", to_iso_time(user.expires_at)}});
  }
  return array;
}

}  // namespace

std::string phase_name(migrate::Phase phase) {
  std::string name(to_string(phase));
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

std::optional<std::int64_t> version_of(std::string_view table) {
  const auto underscore = table.rfind('_');
  if (underscore == std::string_view::npos) return std::nullopt;
  auto digits = table.substr(underscore + 1);
  if (digits.starts_with('v')) digits.remove_prefix(1);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc{} || end != digits.data() + digits.size() || version < 0) return std::nullopt;
  return version;
}

json::object to_json(const migrate::MigrationState& state, std::span<const std::string> kept) {
  json::array tables;
  for (const auto& table : state.tables) {
    tables.push_back(json::object{{"from", table.from},
                                  {"to", table.to},
                                  {"phase", phase_name(table.phase)},
                                  {"rows_done", table.rows_done},
                                  {"rows_total", table.rows_total},
                                  {"kept_as", text_or_null(table.kept_as)}});
  }
  return {{"name", state.migration.name},
          {"description", text_or_null(state.migration.description)},
          {"phase", phase_name(state.phase)},
          {"paused", state.paused},
          {"kept", std::find(kept.begin(), kept.end(), state.migration.name) != kept.end()},
          {"error", text_or_null(state.error)},
          {"started_at", to_iso_time(state.started_at)},
          {"changed_at", to_iso_time(state.changed_at)},
          {"rows_per_second", std::llround(state.rows_per_second)},
          {"migrator", text_or_null(state.migrator)},
          {"tables", std::move(tables)},
          {"old_users", users_to_json(state.old_users)},
          {"new_users", users_to_json(state.new_users)}};
}

}  // namespace offx::pipeline
