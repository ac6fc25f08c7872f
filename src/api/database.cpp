// The database itself: its tables and their versions, migrations, backups.
#include "pipeline/database.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "api/shown.h"
#include "db/maintenance.h"
#include "migrate/migrator.h"
#include "migrate/table.h"
#include "pipeline/json.h"
#include "store/store.h"
#include "store/tables.h"

namespace offx::api {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kNameBytesMax = 200;

Result<net::HttpResponse> show_database(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto sizes, migrate::list_tables(services.client));
  OFFX_ASSIGN(const auto migrations, migrate::list_migrations(services.client));
  OFFX_ASSIGN(const auto kept, store::migrations_kept(services.client));
  const auto drifts = migrate::find_drift(services.client);
  // A database without a history has nothing to differ from.
  if (!drifts && drifts.error().code() != Errc::not_found) return fail(Error(drifts.error()));
  json::array tables;
  for (const auto& size : sizes) {
    const auto live = std::find_if(std::begin(store::kTables), std::end(store::kTables),
                                   [&](const auto& table) { return table.physical == size.name; });
    const auto version = pipeline::version_of(size.name);
    // An older version goes by the name of the present one.
    const auto stem = version ? size.name.substr(0, size.name.rfind('_')) : size.name;
    const auto known = std::find_if(std::begin(store::kTables), std::end(store::kTables),
                                    [&](const auto& table) { return table.logical == stem; });
    tables.push_back(
        json::object{{"name", size.name},
                     {"logical", known == std::end(store::kTables) ? json::value() : json::value(known->logical)},
                     {"version", version ? json::value(*version) : json::value()},
                     {"live", live != std::end(store::kTables)},
                     {"rows", size.rows}});
  }
  json::array states;
  for (const auto& state : migrations) {
    const bool is_over = state.phase == migrate::Phase::completed || state.phase == migrate::Phase::rolled_back;
    if (!is_over) states.push_back(pipeline::to_json(state, kept));
  }
  OFFX_ASSIGN(const auto bytes, db::size_bytes(services.client));
  const auto description = services.client.description();
  return json_response(json::object{{"engine", description.substr(0, description.find(':'))},
                                    {"description", description},
                                    {"bytes", bytes ? json::value(*bytes) : json::value()},
                                    {"tables", std::move(tables)},
                                    {"migrations", std::move(states)},
                                    {"drift", drifts ? json::value(drifts->size()) : json::value()}});
}

// --- Migrations ---

Result<net::HttpResponse> state_of(const Request& request, const Services& services) {
  const auto name = request.path_text("name");
  OFFX_ASSIGN(const auto states, migrate::list_migrations(services.client));
  OFFX_ASSIGN(const auto kept, store::migrations_kept(services.client));
  for (const auto& state : states) {
    if (state.migration.name == name) return json_response(pipeline::to_json(state, kept));
  }
  return fail(Errc::not_found, "there is no migration \"" + name + "\"");
}

/// Does it in the request: OffX's own tables that change are small. What a lost connection interrupts goes on with the
/// same request. `action` gets the name and the body, which has no other members than these.
template <class Action>
Result<net::HttpResponse> migrate_with(const Request& request, const Services& services,
                                       std::span<const std::string_view> members, const Action& action) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto body, request.json(members));
  OFFX_TRY(state_of(request, services));
  OFFX_TRY(action(request.path_text("name"), body));
  return state_of(request, services);
}

Result<bool> is_set(const json::object& body, std::string_view name) {
  OFFX_ASSIGN(const auto flag, flag_member(body, name));
  return flag.value_or(false);
}

Result<net::HttpResponse> complete_migration(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 2> kMembers = {"force", "keep_old"};
  return migrate_with(request, services, kMembers,
                      [&](const std::string& name, const json::object& body) -> Result<void> {
                        migrate::CompleteOptions options;
                        OFFX_ASSIGN(options.force, is_set(body, "force"));
                        OFFX_ASSIGN(options.keep_old, is_set(body, "keep_old"));
                        return migrate::complete(services.client, name, options);
                      });
}

Result<net::HttpResponse> roll_back_migration(const Request& request, const Services& services) {
  static constexpr std::array<std::string_view, 2> kMembers = {"force", "discard"};
  return migrate_with(request, services, kMembers,
                      [&](const std::string& name, const json::object& body) -> Result<void> {
                        migrate::RollbackOptions options;
                        OFFX_ASSIGN(options.force, is_set(body, "force"));
                        OFFX_ASSIGN(options.discard, is_set(body, "discard"));
                        return migrate::roll_back(services.client, name, options);
                      });
}

Result<net::HttpResponse> pause_migration(const Request& request, const Services& services) {
  return migrate_with(request, services, {}, [&](const std::string& name, const json::object& /*body*/) {
    return migrate::pause(services.client, name);
  });
}

Result<net::HttpResponse> resume_migration(const Request& request, const Services& services) {
  return migrate_with(request, services, {}, [&](const std::string& name, const json::object& /*body*/) {
    return migrate::resume(services.client, name);
  });
}

// --- Backups ---

fs::path backup_folder(const Services& services) { return services.data_folder / "backups"; }

/// The file of that name; Errc::not_found if there is none. No name leads out of the folder.
Result<fs::path> backup_file(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  const auto name = request.path_text("name");
  const bool plain = !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '-' || c == '_';
                     });
  std::error_code error;
  auto path = backup_folder(services) / name;
  if (!plain || fs::symlink_status(path, error).type() != fs::file_type::regular) {
    return fail(Errc::not_found, "there is no such backup");
  }
  return path;
}

Result<net::HttpResponse> list_backups(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  struct Backup {
    std::string name;
    std::uint64_t bytes;
    Timestamp created_at;
  };
  std::vector<Backup> backups;
  std::error_code error;
  for (fs::directory_iterator entry(backup_folder(services), error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;  // it may be removed while we look
    if (entry->symlink_status(gone).type() != fs::file_type::regular) continue;
    const auto name = entry->path().filename().string();
    const auto bytes = entry->file_size(gone);
    const auto written = entry->last_write_time(gone);
    if (gone || name.front() == '.') continue;
    const auto time = std::chrono::file_clock::to_sys(written);
    backups.push_back({name, bytes, std::chrono::floor<std::chrono::seconds>(time)});
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Errc::io, "the folder of backups cannot be read: " + error.message());
  }
  std::sort(backups.begin(), backups.end(), [](const auto& a, const auto& b) { return a.name > b.name; });
  json::array array;
  for (const auto& backup : backups) {
    array.push_back(json::object{{"name", pipeline::valid_text(backup.name)},
                                 {"bytes", backup.bytes},
                                 {"created_at", to_iso_time(backup.created_at)}});
  }
  return json_response(json::object{{"backups", std::move(array)}});
}

Result<net::HttpResponse> make_backup(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_TRY(request.json({}));
  OFFX_ASSIGN(const auto run, ask_for_run(request, services, "backup", "Back up the database", {}));
  return json_response(json::object{{"run", pipeline::to_json(run)}}, 202);
}

Result<net::HttpResponse> get_backup(const Request& request, const Services& services) {
  OFFX_ASSIGN(const auto path, backup_file(request, services));
  net::HttpResponse response;
  response.headers = {{"Content-Type", "application/octet-stream"},
                      {"Content-Disposition", "attachment; filename=\"" + path.filename().string() + "\""},
                      {"Cache-Control", "no-store"}};
  response.file = path;
  return response;
}

Result<net::HttpResponse> remove_backup(const Request& request, const Services& services) {
  OFFX_ASSIGN(const auto path, backup_file(request, services));
  std::error_code error;
  fs::remove(path, error);
  if (error) return fail(Errc::io, "the backup cannot be removed: " + error.message());
  return no_content();
}

}  // namespace

std::span<const Route> database_routes() {
  static constexpr std::array kRoutes = {
      Route{
          .method = "GET", .path = "/api/v1/database", .access = Access::read, .handler = show_database, .kept = true},
      Route{"GET", "/api/v1/database/backups", Access::read, list_backups},
      Route{"POST", "/api/v1/database/backups", Access::admin, make_backup},
      Route{"GET", "/api/v1/database/backups/{name}", Access::admin, get_backup},
      Route{"DELETE", "/api/v1/database/backups/{name}", Access::admin, remove_backup},
      Route{"POST", "/api/v1/database/migrations/{name}/complete", Access::admin, complete_migration},
      Route{"POST", "/api/v1/database/migrations/{name}/rollback", Access::admin, roll_back_migration},
      Route{"POST", "/api/v1/database/migrations/{name}/pause", Access::admin, pause_migration},
      Route{"POST", "/api/v1/database/migrations/{name}/resume", Access::admin, resume_migration},
  };
  return kRoutes;
}

}  // namespace offx::api
