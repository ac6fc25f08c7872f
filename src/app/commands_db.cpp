#include <cstdio>
#include <filesystem>
#include <iostream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/version.h"
#include "db/maintenance.h"
#include "db/script.h"
#include "db/sqlite/engine.h"
#include "migrate/copy.h"
#include "migrate/table.h"
#include "pipeline/database.h"
#include "pipeline/filer.h"
#include "pipeline/json.h"
#include "store/posts.h"
#include "store/store.h"
#include "store/summaries.h"
#include "store/tables.h"

namespace offx::app {
namespace {

namespace json = boost::json;

std::uint64_t file_size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

bool confirm(const Context& context, const std::string& question) {
  if (!context.terminal.err_is_terminal || isatty(STDIN_FILENO) != 1) return false;
  fmt::print(stderr, "{} [y/N] ", printable(question));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<void> run_db_init(const Context& context) {
  OFFX_ASSIGN(auto client, db::create_database_client(context.db_url));
  OFFX_ASSIGN(const bool was_initialised, store::is_initialised(*client));
  OFFX_TRY(store::initialise(*client));
  if (context.json) {
    print_json(json::object{{"database", client->description()}, {"created", !was_initialised}});
  } else {
    print(printable(client->description()) + (was_initialised ? " was initialised already\n" : " is ready\n"));
  }
  return {};
}

Result<void> run_db_tables(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto found, migrate::list_tables(*client));
  std::vector<std::vector<std::string>> rows = {{"TABLE", "VERSION", "ROWS"}};
  json::array tables;
  for (const auto& [name, total] : found) {
    const auto version = pipeline::version_of(name);
    rows.push_back({name, version ? std::to_string(*version) : "", with_thousands(total)});
    tables.push_back(
        json::object{{"name", name}, {"version", version ? json::value(*version) : json::value()}, {"rows", total}});
  }
  if (context.json) {
    print_json(tables);
  } else {
    print(table(context.terminal, rows, {false, true, true}));
  }
  return {};
}

Result<void> run_db_columns(const Context& context, const std::string& table_name) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  // A logical name (posts) means its live version.
  std::string physical = table_name;
  for (const auto& entry : store::kTables) {
    if (entry.logical == table_name) physical = entry.physical;
  }
  auto columns = migrate::get_table_columns(*client, physical);
  if (!columns) {
    return fail(Error(columns.error().code(), columns.error().message() + "; see `offx db tables`"));
  }
  std::vector<std::vector<std::string>> rows = {{"COLUMN", "TYPE", "NOT NULL", "DEFAULT", "KEY"}};
  json::array array;
  for (const auto& column : *columns) {
    rows.push_back({column.name, column.generated ? column.type + " (generated)" : column.type,
                    column.not_null ? "yes" : "", column.default_value.value_or(""),
                    column.primary_key > 0 ? std::to_string(column.primary_key) : ""});
    array.push_back(json::object{{"name", column.name},
                                 {"type", column.type},
                                 {"not_null", column.not_null},
                                 {"default", column.default_value ? json::value(*column.default_value) : json::value()},
                                 {"primary_key", column.primary_key},
                                 {"generated", column.generated}});
  }
  if (context.json) {
    print_json(array);
  } else {
    print(table(context.terminal, rows, {false, false, false, false, true}));
  }
  return {};
}

Result<void> run_db_backup(const Context& context, const std::string& file) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const bool ours, store::has_posts(*client));
  if (!ours) return fail(Error(Errc::not_found, "this is not a database of OffX").within(client->description()));
  OFFX_TRY(migrate::refuse_unfinished_copy(*client));
  ProgressBar bar(context.terminal, "Copying", "pages");
  OFFX_TRY(client->backup(file, [&](std::uint64_t done, std::uint64_t total) {
    bar.update(done, total, done);
    return !context.interrupted.load();
  }));
  bar.clear();
  if (context.json) {
    print_json(json::object{{"file", file}, {"bytes", file_size(file)}});
  } else {
    print(fmt::format("{}: {}, checked\n", printable(file), with_unit(file_size(file))));
  }
  return {};
}

Result<void> run_db_restore(const Context& context, const std::string& file, bool yes) {
  if (db::is_server(context.db_url)) {
    return fail(Errc::unsupported, "a backup is restored into a file; a server restores its own backups");
  }
  OFFX_ASSIGN(const auto path, db::database_path(context.db_url));
  if (path == ":memory:") return fail(Errc::invalid_argument, "a backup is restored into a file, not into :memory:");
  std::string stamp = to_sql_time(std::chrono::floor<std::chrono::seconds>(context.clock.now()));
  for (char& c : stamp) {
    if (c == ' ' || c == ':') c = '-';
  }
  std::error_code error;
  const bool replaces = std::filesystem::exists(path, error);
  if (error) return fail(Error(Errc::io, error.message()).within(path));
  const std::string keep = path + ".before-restore-" + stamp;
  if (replaces && !yes && !confirm(context, "Replace everything in " + path + " by " + file + "?")) {
    return fail(Errc::cancelled,
                "nothing was changed; say --yes to replace " + path + " (what is there now is kept beside it)");
  }
  ProgressBar bar(context.terminal, "Copying", "pages");
  const auto show = [&](std::uint64_t done, std::uint64_t total) {
    bar.update(done, total, done);
    return !context.interrupted.load();
  };
  OFFX_TRY(db::sqlite::restore(path, file, keep, show, [&](const db::sqlite::TableNames& tables) -> Result<void> {
    // An empty file, too, is a database to SQLite.
    const auto posts = store::with_physical_names("{posts}");
    if (!tables.contains(posts)) return fail(Errc::unsupported, file + " is no backup: it has no table " + posts);
    if (!tables.contains(migrate::kCopyTable)) return {};
    return fail(Errc::conflict, file +
                                    " is a copy that is not finished, so rows are missing: run the same `offx db copy` "
                                    "again to finish it, then restore it");
  }));
  bar.clear();
  if (context.json) {
    print_json(
        json::object{{"database", path}, {"from", file}, {"kept", replaces ? json::value(keep) : json::value()}});
  } else {
    print(fmt::format("{} holds what {} held\n", printable(path), printable(file)));
    if (replaces) print(fmt::format("what was there before is in {}\n", printable(keep)));
  }
  return {};
}

Result<void> run_db_copy(const Context& context, const std::string& from, const std::string& to) {
  OFFX_ASSIGN(auto source, db::create_database_client(from, db::IfMissing::fail));
  OFFX_ASSIGN(auto target, db::create_database_client(to));
  ProgressBar bar(context.terminal, "Copying", "rows");
  migrate::CopyOptions options;
  const auto search = store::with_physical_names("{post_search}");
  options.derived = {{search, [&](db::DatabaseClient& copy) {
                        return pipeline::index_stored_posts(
                            copy, [&](std::uint64_t, std::uint64_t) { return !context.interrupted.load(); });
                      }}};
  bool resumes = true;
  options.progress = [&](const migrate::WorkState& state) {
    if (std::exchange(resumes, false)) bar.resume_at(state.done, state.done);
    bar.update(state.done, state.total, state.done);
    return !context.interrupted.load();
  };
  OFFX_ASSIGN(const auto report, migrate::copy_database(*source, *target, options));
  bar.clear();

  std::int64_t total = 0;
  json::array tables;
  json::array warnings;
  for (const auto& warning : report.warnings) {
    warnings.emplace_back(warning);
    if (!context.json) print_error("offx: warning: " + printable(warning));
  }
  std::vector<std::vector<std::string>> rows = {{"TABLE", "ROWS", "HASH"}};
  for (const auto& copied : report.tables) {
    total += copied.rows;
    tables.push_back(json::object{{"name", copied.name}, {"rows", copied.rows}, {"hash", copied.hash}});
    rows.push_back({copied.name, with_thousands(copied.rows), copied.hash});
  }
  if (context.json) {
    print_json(json::object{{"from", source->description()},
                            {"to", target->description()},
                            {"resumed", report.resumed},
                            {"rows", total},
                            {"warnings", std::move(warnings)},
                            {"tables", std::move(tables)}});
    return {};
  }
  print(table(context.terminal, rows, {false, true, false}));
  print(fmt::format("{} holds what {} holds: {} compared, equal\n", printable(target->description()),
                    printable(source->description()), count_of(total, "row", "rows")));
  return {};
}

Result<void> run_status(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  store::PostRepository posts(*client);
  store::TopicRepository topics(*client);
  OFFX_ASSIGN(const auto totals, posts.totals());
  OFFX_ASSIGN(const auto platforms, posts.count_by_platform());
  OFFX_ASSIGN(const auto all_topics, topics.list());
  OFFX_ASSIGN(const auto counts, topics.counts());
  OFFX_ASSIGN(const auto last_import, store::latest_import(*client));
  OFFX_ASSIGN(const auto bytes, db::size_bytes(*client));

  if (context.json) {
    json::object object{{"version", version()},
                        {"database", client->description()},
                        {"bytes", bytes ? json::value(*bytes) : json::value()},
                        {"posts", totals.posts},
                        {"first_post_at", totals.first ? json::value(to_iso_time(*totals.first)) : json::value()},
                        {"last_post_at", totals.last ? json::value(to_iso_time(*totals.last)) : json::value()}};
    json::object by_platform;
    for (const auto& [platform, count] : platforms) by_platform[platform] = count;
    object["platforms"] = std::move(by_platform);
    object["last_import"] = nullptr;
    if (last_import) {
      object["last_import"] = json::object{{"source", last_import->source},
                                           {"format", last_import->format},
                                           {"finished_at", to_iso_time(last_import->finished_at)},
                                           {"added", last_import->added},
                                           {"updated", last_import->updated},
                                           {"unchanged", last_import->unchanged},
                                           {"broken", last_import->broken}};
    }
    json::array array;
    for (std::size_t i = 0; i < all_topics.size() && i < counts.size(); ++i) {
      auto topic = pipeline::to_json(all_topics[i]);
      topic["posts"] = counts[i].posts;
      const auto& last_summary = counts[i].last_summary_at;
      topic["last_summary_at"] = last_summary ? json::value(to_iso_time(*last_summary)) : json::value();
      array.push_back(std::move(topic));
    }
    object["topics"] = std::move(array);
    print_json(object);
    return {};
  }

  print(fmt::format("{}  {}{}\n", context.terminal.bold("Database"), printable(client->description()),
                    bytes ? ", " + with_unit(*bytes) : ""));
  print(fmt::format("{}     {}", context.terminal.bold("Posts"), with_thousands(totals.posts)));
  if (totals.first && totals.last)
    print(fmt::format(", {} to {}", to_sql_time(*totals.first), to_sql_time(*totals.last)));
  print("\n");
  for (const auto& [platform, count] : platforms)
    print(fmt::format("          {:>9}  {}\n", with_thousands(count), printable(platform)));
  if (last_import) {
    print(fmt::format("{}    {} on {}: {} new, {} updated, {} unchanged\n", context.terminal.bold("Import"),
                      printable(last_import->source), to_sql_time(last_import->finished_at),
                      with_thousands(last_import->added), with_thousands(last_import->updated),
                      with_thousands(last_import->unchanged)));
  } else if (totals.posts == 0) {
    print("No posts yet: `offx import FILE` brings some in.\n");
  }
  if (all_topics.empty()) {
    print("No topics yet: `offx topic add TITLE --rule RULE` makes one.\n");
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"TOPIC", "TITLE", "POSTS", "LAST SUMMARY"}};
  for (std::size_t i = 0; i < all_topics.size() && i < counts.size(); ++i) {
    const auto& last_summary = counts[i].last_summary_at;
    rows.push_back({std::to_string(all_topics[i].id), shorten(all_topics[i].title, 40), with_thousands(counts[i].posts),
                    last_summary ? to_sql_time(*last_summary) : "never"});
  }
  print("\n" + table(context.terminal, rows, {true, false, true, false}));
  return {};
}

}  // namespace offx::app
