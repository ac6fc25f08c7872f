#include <algorithm>
#include <filesystem>
#include <system_error>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/release.h"
#include "migrate/check.h"
#include "migrate/migration.h"
#include "pipeline/json.h"

namespace offx::app {
namespace {

namespace json = boost::json;

/// OffX's own: the release before this one, as `releases/` beside the file's folder has it, and this program.
Result<migrate::CheckInput> own_input(const MigrateCommand& command, migrate::Migration migration) {
  const auto folder = std::filesystem::path(command.file).parent_path() / ".." / "releases";
  auto previous = previous_release(folder.lexically_normal().string());
  if (!previous) {
    std::error_code error;
    return fail(Errc::invalid_argument,
                "which statements must go on working? Name a file of them with --queries; `offx migrate check --help` "
                "says how" +
                    (std::filesystem::exists(folder, error) ? " (" + previous.error().message() + ")" : ""));
  }
  OFFX_ASSIGN(auto input, check_against(*previous));
  auto& all = input.migrations;
  const auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == migration.name; });
  if (same == all.end()) {
    all = {std::move(migration)};
  } else {
    *same = std::move(migration);  // the file may have been edited since the program was built
  }
  return input;
}

/// Anybody's: files of statements, and the schema of the database, unless a release's file says it.
Result<migrate::CheckInput> input_of(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto migration, migrate::read_migration(command.file));
  if (command.queries.empty()) return own_input(command, std::move(migration));
  migrate::CheckInput input;
  input.migrations = {std::move(migration)};
  OFFX_ASSIGN(auto old_release, migrate::read_release_or_script(command.queries));
  input.old_code = std::move(old_release.program);
  input.schema = std::move(old_release.schema);
  if (!command.new_queries.empty()) {
    OFFX_ASSIGN(auto new_release, migrate::read_release_or_script(command.new_queries));
    input.new_code = std::move(new_release.program);
    input.new_schema = std::move(new_release.schema);
  }
  if (input.schema.empty()) {
    OFFX_ASSIGN(const auto client, context.open_database_as_it_is());
    OFFX_ASSIGN(input.schema, migrate::schema_statements(*client));
  }
  return input;
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

json::object to_json(const migrate::CheckReport& report) {
  json::array failures;
  for (const auto& failure : report.failures) {
    failures.push_back(json::object{{"statement", pipeline::text_or_null(failure.statement)},
                                    {"side", failure.side},
                                    {"moments", to_array(failure.moments)},
                                    {"what", failure.what},
                                    {"sql", pipeline::text_or_null(failure.sql)}});
  }
  return {{"passed", report.passed()},
          {"runs", report.runs},
          {"moments", to_array(report.moments)},
          {"failures", std::move(failures)},
          {"notes", to_array(report.notes)}};
}

void print_report(const Context& context, const migrate::CheckReport& report, bool with_sql) {
  const auto& terminal = context.terminal;
  for (const auto& failure : report.failures) {
    const auto name = failure.statement.empty() ? "the database" : failure.statement;
    print(terminal.bold(printable(name)) + printable(fmt::format("  ({} code)  {}", failure.side, failure.what)) +
          "\n");
    print("  " + terminal.dim(printable(fmt::format("{}", fmt::join(failure.moments, ", ")))) + "\n");
    if (with_sql && !failure.sql.empty()) print("  " + printable(failure.sql) + "\n");
  }
  for (const auto& note : report.notes) print(printable("note: " + note) + "\n");
  if (!report.failures.empty() || !report.notes.empty()) print("\n");
  print(fmt::format(
      "{} at {}, {}\n", count_of(report.runs, "statement run and compared", "statements run and compared"),
      count_of(static_cast<std::int64_t>(report.moments.size()), "moment", "moments"),
      report.passed() ? "all as they must be"
                      : count_of(static_cast<std::int64_t>(report.failures.size()), "failure", "failures")));
}

}  // namespace

Result<void> run_migrate_check(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto input, input_of(context, command));
  input.progress = [&context](std::string_view moment) {
    if (context.terminal.err_is_terminal) print_error(printable("  " + std::string(moment)));
    return !context.interrupted.load();
  };
  OFFX_ASSIGN(const auto report, migrate::check_compatibility(input));
  if (context.json) {
    print_json(to_json(report));
  } else {
    print_report(context, report, command.sql);
  }
  if (report.passed()) return {};
  return fail(Errc::conflict, "old and new code do not go together with this migration, for the reasons above");
}

}  // namespace offx::app
