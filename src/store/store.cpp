#include "store/store.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "base/version.h"
#include "db/script.h"
#include "migrate/copy.h"
#include "migrate/ledger.h"
#include "migrate/migrator.h"
#include "migrate/table.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/schema_files.h"
#include "store/tables.h"

namespace offx::store {
namespace {

/// Every statement of schema/ says IF NOT EXISTS and then the name of what it makes.
std::string_view name_made_by(std::string_view statement) {
  constexpr std::string_view kMarker = "IF NOT EXISTS ";
  const auto marker = statement.find(kMarker);
  if (marker == std::string_view::npos) return {};
  const auto name = statement.substr(marker + kMarker.size());
  return name.substr(0, name.find_first_of(" (\n"));
}

using Names = std::set<std::string, std::less<>>;

Result<Names> names_in(db::DatabaseClient& client) {
  auto rows = client.execute(sql(Query::schema_names));
  if (!rows) return fail(std::move(rows).error().within(client.description()));
  Names names;
  for (std::size_t i = 0; i < rows->rows(); ++i) names.insert(db::to_text(rows->row(i)[0]));
  return names;
}

std::vector<std::string_view> physical_names() {
  std::vector<std::string_view> names;
  for (const auto& table : kTables) names.push_back(table.physical);
  return names;
}

/// True if this table of version 1 has gone, as its next version stands alone.
bool is_replaced(const Names& names, std::string_view table) {
  return !names.contains(table) && std::any_of(std::begin(kTables), std::end(kTables), [&](const Table& current) {
    return table == std::string(current.logical) + "_v1" && table != current.physical &&
           names.contains(current.physical);
  });
}

/// Of version 1: what comes after it is made by migrations, in new databases too, so that all are made in one way.
std::vector<std::string_view> missing_statements(const Names& names) {
  std::vector<std::string_view> missing;
  for (const auto& file : schema_files()) {
    for (const auto statement : db::split_script(file.sql)) {
      const auto name = name_made_by(statement);
      if (!names.contains(name) && !is_replaced(names, name)) missing.push_back(statement);
    }
  }
  return missing;
}

/// The migrations of this release that have not come to the point where both versions live.
Result<std::vector<migrate::Migration>> pending_migrations(std::span<const migrate::Record> records) {
  using migrate::Phase;
  std::vector<migrate::Migration> pending;
  for (const auto& file : migration_files()) {
    const auto record =
        std::find_if(records.begin(), records.end(), [&](const migrate::Record& r) { return r.name == file.name; });
    const bool arrived =
        record != records.end() &&
        (record->phase == Phase::live || record->phase == Phase::completing || record->phase == Phase::completed);
    if (arrived) continue;
    OFFX_ASSIGN(auto migration, migrate::parse_migration(file.text, std::string(file.name) + ".toml"));
    pending.push_back(std::move(migration));
  }
  return pending;
}

/// `0.2.0` as numbers that compare; nothing of what is none.
std::vector<int> version_numbers(std::string_view text) {
  std::vector<int> numbers;
  for (const auto* at = text.data(); at < text.data() + text.size(); ++at) {
    int number = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    at = end;
  }
  return numbers;
}

/// As long as another process is at it, this one waits: it cannot work before.
Result<void> start_when_free(db::DatabaseClient& client, const migrate::Migration& migration,
                             const migrate::WorkProgress& progress) {
  constexpr int kInVainMax = 20;
  for (int in_vain = 0;;) {
    auto started = migrate::start(client, migration, {.progress = progress, .program = version()});
    if (started || !started.error().retryable()) return started;
    const auto holder = migrate::lease_holder(client);
    // Nobody at work: the other one has just ended, or it is the database that is away.
    if (!holder || (holder->empty() && ++in_vain > kInVainMax)) return started;
    if (progress && !progress({"waiting for another process that migrates", 0, 0, true})) {
      return fail(Errc::cancelled, "stopped while another process migrates the database");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// True if (platform, external_id) is unique by some index: ours, or one of the first OffX.
Result<bool> posts_are_unique(db::DatabaseClient& client, const std::string& posts) {
  OFFX_ASSIGN(const auto rows, client.execute(sql(Query::schema_unique_keys_of), {posts}));
  std::map<std::string, std::set<std::string>> columns_of;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    columns_of[db::to_text(rows.row(i)[0])].insert(db::to_text(rows.row(i)[1]));
  }
  const std::set<std::string> key = {"external_id", "platform"};
  return std::any_of(columns_of.begin(), columns_of.end(), [&](const auto& index) { return index.second == key; });
}

}  // namespace

namespace {

Result<void> make_version_1(db::DatabaseClient& client, const Names& names) {
  const auto missing = missing_statements(names);
  if (missing.empty()) return {};
  const std::string posts = with_physical_names("{posts}");
  const bool adopts = names.contains(posts) && !names.contains(with_physical_names("{unfiled_posts}"));
  std::vector<db::Statement> statements;
  if (adopts) {
    OFFX_ASSIGN(const bool unique, posts_are_unique(client, posts));
    if (!unique) statements.push_back({sql(Query::posts_make_unique), {}});
  }
  for (const auto statement : missing) statements.push_back({statement, {}});
  if (adopts) {
    statements.push_back({sql(Query::unfiled_posts_note_all), {}});
    statements.push_back({sql(Query::topic_timeline_fill), {}});
  } else if (!names.contains(with_physical_names("{topic_volume}"))) {
    statements.push_back({sql(Query::topic_totals_fill), {}});
    statements.push_back({sql(Query::topic_volume_fill), {}});
  }
  // Only with their table: one that somebody took away stays away.
  if (!names.contains(with_physical_names("{jobs}"))) {
    for (auto& statement : make_builtin_jobs("UTC", SystemClock().now())) statements.push_back(std::move(statement));
  }
  auto made = client.batch(statements, db::Mode::write);
  if (!made) return fail(std::move(made).error().within("initialising " + client.description()));
  return {};
}

}  // namespace

Result<void> initialise(db::DatabaseClient& client, const migrate::WorkProgress& progress) {
  OFFX_ASSIGN(const auto records, migrate::read_records(client));
  OFFX_TRY(migrate::check_tables(records, physical_names()));
  OFFX_ASSIGN(const auto names, names_in(client));
  if (names.contains(migrate::kCopyTable)) OFFX_TRY(migrate::refuse_unfinished_copy(client));
  OFFX_TRY(make_version_1(client, names));
  OFFX_ASSIGN(auto pending, pending_migrations(records));
  if (pending.empty()) return {};
  // Another process may have come further meanwhile.
  OFFX_ASSIGN(const auto records_now, migrate::read_records(client));
  OFFX_ASSIGN(pending, pending_migrations(records_now));
  for (const auto& migration : pending) OFFX_TRY(start_when_free(client, migration, progress));
  return {};
}

namespace {

enum class BegunBy : std::uint8_t { this_release, an_earlier_one };

/// OffX's own migrations whose old tables are still there, in the order in which they came.
Result<std::vector<std::string>> open_migrations(db::DatabaseClient& client, BegunBy whom) {
  using migrate::Phase;
  OFFX_ASSIGN(const auto records, migrate::read_records(client));
  OFFX_ASSIGN(const auto programs, migrate::read_programs(client));
  std::vector<std::string> names;
  for (const auto& file : migration_files()) {
    const auto record =
        std::find_if(records.begin(), records.end(), [&](const migrate::Record& r) { return r.name == file.name; });
    if (record == records.end() || (record->phase != Phase::live && record->phase != Phase::completing)) continue;
    const auto program = programs.find(record->name);
    const bool is_ours = program != programs.end() && version_numbers(program->second) >= version_numbers(version());
    if (is_ours == (whom == BegunBy::this_release)) names.push_back(record->name);
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> migrations_to_complete(db::DatabaseClient& client) {
  // Of a chain the old end goes first.
  return open_migrations(client, BegunBy::an_earlier_one);
}

Result<std::vector<std::string>> migrations_kept(db::DatabaseClient& client) {
  return open_migrations(client, BegunBy::this_release);
}

Result<CompletedMigrations> complete_migrations(db::DatabaseClient& client, const migrate::WorkProgress& progress) {
  OFFX_ASSIGN(const auto names, migrations_to_complete(client));
  CompletedMigrations result;
  for (const auto& name : names) {
    migrate::CompleteOptions options;
    options.progress = progress;
    auto done = migrate::complete(client, name, options);
    if (done) {
      result.completed.push_back(name);
    } else if (const auto code = done.error().code();
               code == Errc::conflict || code == Errc::corrupt || code == Errc::unsupported) {
      result.refused.emplace_back(name, done.error().message());
    } else {
      return fail(std::move(done).error().within(name));
    }
  }
  return result;
}

namespace {

Result<bool> is_complete(db::DatabaseClient& client, std::span<const migrate::Record> records) {
  OFFX_ASSIGN(const auto names, names_in(client));
  OFFX_ASSIGN(const auto pending, pending_migrations(records));
  return missing_statements(names).empty() && pending.empty();
}

}  // namespace

Result<bool> is_initialised(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto records, migrate::read_records(client));
  return is_complete(client, records);
}

Result<std::unique_ptr<migrate::TableUse>> announce(db::DatabaseClient& client, std::string_view program) {
  return migrate::TableUse::announce(client, program, physical_names());
}

Result<bool> has_posts(db::DatabaseClient& client) {
  OFFX_ASSIGN(const auto names, names_in(client));
  return names.contains(with_physical_names("{posts}"));
}

Result<std::unique_ptr<db::DatabaseClient>> open(std::string_view url, const migrate::WorkProgress& progress) {
  const char* setting = std::getenv("OFFX_AUTO_INIT");
  const bool automatic = setting == nullptr || std::string_view(setting) != "0";
  auto client = db::create_database_client(url, automatic ? db::IfMissing::create : db::IfMissing::fail);
  if (automatic) {
    if (client) OFFX_TRY(initialise(**client, progress));
    return client;
  }
  constexpr std::string_view kWhatToDo = " and OFFX_AUTO_INIT=0: run `offx db init`";
  if (!client) {
    if (client.error().code() != Errc::not_found) return client;
    Error error(Errc::not_found, client.error().message() + std::string(kWhatToDo));
    return fail(std::move(error).within(client.error().context()));
  }
  OFFX_ASSIGN(const auto records, migrate::read_records(**client));
  OFFX_TRY(migrate::check_tables(records, physical_names()));
  OFFX_ASSIGN(const bool initialised, is_complete(**client, records));
  if (!initialised) {
    return fail(Error(Errc::not_found, "is not initialised" + std::string(kWhatToDo)).within((*client)->description()));
  }
  return client;
}

}  // namespace offx::store
