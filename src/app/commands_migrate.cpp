#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "base/version.h"
#include "migrate/migration.h"
#include "migrate/migrator.h"
#include "migrate/plan.h"
#include "migrate/table.h"
#include "pipeline/database.h"
#include "pipeline/json.h"
#include "store/store.h"

namespace offx::app {
namespace {

namespace json = boost::json;
using migrate::MigrationState;
using migrate::Phase;

// Any database will do: its tables need not be OffX's, so nothing here makes or looks for those.

// --- Options ---

/// `50ms`, `2s`.
Result<std::chrono::milliseconds> parse_stall(const std::string& text) {
  long count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc() && count > 0 && count <= 60'000 && (unit == "ms" || unit == "s")) {
    const std::chrono::milliseconds stall(unit == "s" ? count * 1000 : count);
    if (stall <= std::chrono::minutes(1)) return stall;
  }
  return fail(Errc::invalid_argument,
              "--max-stall \"" + text + "\" is no time that writers could wait; write 50ms or 2s, from 1ms to 60s");
}

/// The progress bar of whatever is being done, one after another.
class WorkBar {
 public:
  explicit WorkBar(const Context& context) : context_(context) {}

  bool show(const migrate::WorkState& state) {
    if (waits_ != !state.waits_for.empty()) {
      waits_ = !waits_;
      bar_.reset();
      if (waits_) print_error("offx: " + printable(state.waits_for));
    }
    if (!bar_ || state.what != what_ || state.paused != paused_) {
      if (state.paused && !context_.terminal.err_is_terminal) {
        print_error("offx: paused; `offx migrate resume` goes on");
      }
      what_ = state.what;
      paused_ = state.paused;
      bar_.reset();  // the old one wipes its line before the new one draws
      bar_.emplace(context_.terminal, printable(paused_ ? "Paused: " + what_ : what_), std::string(state.unit));
      bar_->resume_at(state.done, state.done);
    }
    bar_->update(state.done, state.total, state.done);
    return !context_.interrupted.load();
  }

 private:
  const Context& context_;
  std::string what_;
  bool paused_ = false;
  bool waits_ = false;
  std::optional<ProgressBar> bar_;
};

/// Runs `work`, which gets `options` with a progress bar; `goes_on` is what somebody who stopped it should know.
template <class Options, class Work>
auto with_progress(const Context& context, const MigrateCommand& command, Options options, const std::string& goes_on,
                   const Work& work) -> decltype(work(options)) {
  OFFX_ASSIGN(options.max_stall, parse_stall(command.max_stall));
  WorkBar bar(context);
  options.progress = [&bar](const migrate::WorkState& state) { return bar.show(state); };
  options.planning = options.progress;
  auto result = work(options);
  if (result || result.error().code() != Errc::cancelled) return result;
  return fail(Errc::cancelled, "stopped; nothing is lost. " + goes_on);
}

// --- Which migration ---

bool is_over(const MigrationState& state) {
  return state.phase == Phase::completed || state.phase == Phase::rolled_back;
}
bool is_starting(const MigrationState& state) {
  return state.phase == Phase::expand || state.phase == Phase::backfill || state.phase == Phase::verify;
}

/// The migration that is named, or else the only one that `fits`.
Result<MigrationState> find_target(db::DatabaseClient& client, const MigrateCommand& command, std::string_view verb,
                                   const std::function<bool(const MigrationState&)>& fits) {
  OFFX_ASSIGN(auto states, migrate::list_migrations(client));
  std::vector<MigrationState> found;
  for (auto& state : states) {
    const bool meant = command.name.empty() ? fits(state) : state.migration.name == command.name;
    if (meant) found.push_back(std::move(state));
  }
  if (found.size() == 1) return std::move(found.front());
  if (!command.name.empty()) {
    return fail(Errc::not_found,
                "this database knows no migration \"" + command.name + "\"; see `offx migrate history`");
  }
  std::string names;
  if (found.empty()) {
    for (const auto& state : states) {
      if (is_over(state)) continue;
      names += fmt::format("{}{} is in the phase {}{}", names.empty() ? ": " : "; ", state.migration.name,
                           migrate::to_string(state.phase), state.paused ? ", paused" : "");
    }
    return fail(Errc::not_found, fmt::format("there is no migration to {}{}; see `offx migrate status`", verb, names));
  }
  for (const auto& state : found) names += (names.empty() ? "" : ", ") + state.migration.name;
  return fail(Errc::invalid_argument, fmt::format("there are several to {}; name one of them: {}", verb, names));
}

Result<MigrationState> state_of(db::DatabaseClient& client, const std::string& name) {
  OFFX_ASSIGN(auto states, migrate::list_migrations(client));
  for (auto& state : states) {
    if (state.migration.name == name) return std::move(state);
  }
  return fail(Errc::internal, "the migration " + name + " is not in the database's history");
}

// --- JSON ---

json::object plan_to_json(const migrate::Plan& plan) {
  json::array tables;
  for (const auto& table : plan.tables) {
    tables.push_back(json::object{{"from", table.from},
                                  {"to", table.to},
                                  {"rows", table.rows},
                                  {"bytes", table.bytes},
                                  {"disk_bytes", table.disk_bytes},
                                  {"seconds", std::llround(table.seconds)}});
  }
  json::array steps;
  for (const auto& step : plan.steps) {
    steps.push_back(json::object{{"phase", step.phase},
                                 {"table", pipeline::text_or_null(step.table)},
                                 {"what", step.what},
                                 {"sql", json::array(step.sql.begin(), step.sql.end())}});
  }
  json::array findings;
  for (const auto& finding : plan.findings) {
    findings.push_back(json::object{{"severity", std::string(to_string(finding.severity))},
                                    {"table", pipeline::text_or_null(finding.table)},
                                    {"column", pipeline::text_or_null(finding.column)},
                                    {"line", finding.line == 0 ? json::value() : json::value(finding.line)},
                                    {"message", finding.message}});
  }
  return {{"migration", json::parse(migrate::to_json(plan.migration))},
          {"begun", plan.begun ? json::value(pipeline::phase_name(*plan.begun)) : json::value()},
          {"refused", plan.refused()},
          {"disk_bytes", plan.disk_bytes},
          {"tables", std::move(tables)},
          {"steps", std::move(steps)},
          {"findings", std::move(findings)}};
}

// --- Text ---

std::string size_of(std::int64_t bytes) {
  return with_unit(static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes)));
}

void print_indented(const Context& context, std::string_view text) {
  const std::string clean = printable(text);
  for (std::size_t at = 0; at < clean.size();) {
    const auto end = std::min(clean.find('\n', at), clean.size());
    print("       " + context.terminal.dim(clean.substr(at, end - at)) + "\n");
    at = end + 1;
  }
}

void print_findings(const Context& context, const migrate::Plan& plan, const std::string& file,
                    migrate::Finding::Severity severity, const char* heading) {
  bool first = true;
  for (const auto& finding : plan.findings) {
    if (finding.severity != severity) continue;
    if (std::exchange(first, false)) print("\n" + context.terminal.bold(heading) + "\n");
    const auto line = finding.line == 0 ? std::string() : file + ":" + std::to_string(finding.line) + ": ";
    print(printable("  " + line + migrate::place_of(finding) + finding.message) + "\n");
  }
}

void print_plan(const Context& context, const migrate::Plan& plan, const std::string& file, bool with_sql) {
  const auto& terminal = context.terminal;
  print(terminal.bold(printable(plan.migration.name)));
  if (!plan.migration.description.empty()) print("  " + shorten(plan.migration.description, 100));
  print(plan.begun ? "\n" : "\n\n");
  std::vector<std::vector<std::string>> rows = {
      {"TABLE", "BECOMES", "ROWS", "SIZE, ABOUT", "NEW, ABOUT", "TIME, ABOUT"}};
  for (const auto& entry : plan.tables) {
    rows.push_back({entry.from, entry.to, with_thousands(entry.rows), size_of(entry.bytes), size_of(entry.disk_bytes),
                    duration(entry.seconds)});
  }
  if (rows.size() > 1) {
    print(table(terminal, rows, {false, false, true, true, true, true}));
    print(fmt::format("\nAbout {} of disk are needed meanwhile, the write-ahead log among them.\n",
                      size_of(plan.disk_bytes)));
  }

  if (!plan.steps.empty()) print("\n" + terminal.bold("Steps") + "\n");
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& step = plan.steps[i];
    print(fmt::format("  {:>2}  {:<9} {}\n", i + 1, printable(step.phase), printable(step.what)));
    if (!with_sql) continue;
    if (step.phase == "backfill" || step.phase == "verify") print("       one chunk:\n");
    for (const auto& sql : step.sql) print_indented(context, sql + ";");
  }
  using Severity = migrate::Finding::Severity;
  print_findings(context, plan, file, Severity::refusal, "Refused");
  print_findings(context, plan, file, Severity::warning, "Warnings");
  print_findings(context, plan, file, Severity::note, plan.begun ? "Now" : "Notes");
}

std::string time_of_day(Timestamp time) { return to_sql_time(std::chrono::floor<std::chrono::seconds>(time)); }

std::string tables_of(const MigrationState& state) {
  std::string text;
  for (const auto& table : state.tables) text += (text.empty() ? "" : ", ") + table.from + " → " + table.to;
  return text;
}

/// What somebody can do next, in the phase that a migration is in; `is_kept`: see store::migrations_kept().
std::string next_step(const MigrationState& state, bool is_kept = false) {
  const auto& name = state.migration.name;
  switch (state.phase) {
    case Phase::expand:
    case Phase::backfill:
    case Phase::verify:
      if (state.paused) return fmt::format("`offx migrate resume {}` goes on", name);
      if (!state.migrator.empty()) return fmt::format("`offx migrate pause {}` stops it for a while", name);
      return fmt::format("`offx migrate start FILE` goes on, `offx migrate rollback {}` takes it back", name);
    case Phase::live:
      if (is_kept) {
        return fmt::format(
            "nothing: the old version is kept so that you can go back to the release before (`offx migrate rollback "
            "{}`);\nthe next release removes it",
            name);
      }
      return fmt::format(
          "deploy what uses the new version; when nothing uses the old one any more, `offx migrate complete {0}`\n"
          "back: `offx migrate rollback {0}`",
          name);
    case Phase::completing: return fmt::format("`offx migrate complete {}` goes on", name);
    case Phase::rolling_back: return fmt::format("`offx migrate rollback {}` goes on", name);
    default: return {};
  }
}

void print_users(const std::vector<migrate::TableUser>& users, const char* which) {
  for (const auto& user : users) {
    print(printable(fmt::format("  {} version used by {}, pid {} on {}, until {} at least\n", which, user.program,
                                user.pid, user.host, time_of_day(user.expires_at))));
  }
}

void print_state(const Context& context, const MigrationState& state, bool is_kept) {
  const auto& terminal = context.terminal;
  const bool copies = is_starting(state);  // afterwards there is nothing to count
  print(fmt::format("{}  {} since {}{}\n", terminal.bold(printable(state.migration.name)),
                    terminal.accent(to_string(state.phase)), time_of_day(state.changed_at),
                    state.paused ? ", paused" : ""));
  if (!state.migration.description.empty()) print("  " + shorten(state.migration.description, 100) + "\n");
  std::vector<std::vector<std::string>> rows = {{"  TABLE", "BECOMES", "PHASE"}};
  if (copies) rows[0].insert(rows[0].end(), {"ROWS", "DONE"});
  for (const auto& entry : state.tables) {
    const double share =
        entry.rows_total > 0 ? static_cast<double>(entry.rows_done) / static_cast<double>(entry.rows_total) : 1.0;
    rows.push_back({"  " + entry.from, entry.to, std::string(to_string(entry.phase))});
    if (copies) {
      rows.back().push_back(with_thousands(entry.rows_total));
      rows.back().push_back(fmt::format("{:.0f} %", 100 * std::min(1.0, share)));
    }
  }
  print(table(terminal, rows, {false, false, false, true, true}));
  if (!state.migrator.empty()) {
    print(printable("  at work: " + state.migrator));
    if (state.rows_per_second >= 1 && !state.paused) {
      print(fmt::format(", {} rows/s", with_thousands(static_cast<std::int64_t>(state.rows_per_second))));
    }
    print("\n");
  }
  if (!state.error.empty()) {
    const char* when = state.migrator.empty() ? "  the last attempt ended with: " : "  ";
    print(printable(when + state.error) + "\n");
  }
  print_users(state.old_users, "old");
  print_users(state.new_users, "new");
  if (auto next = next_step(state, is_kept); !next.empty()) {
    if (const auto line = next.find('\n'); line != std::string::npos) next.insert(line + 1, "  ");
    print("  next: " + printable(next) + "\n");
  }
}

/// Prints what a command did: `done`, or with --json the state the migration is in now.
Result<void> report(const Context& context, db::DatabaseClient& client, const std::string& name,
                    const std::function<std::string(const MigrationState&)>& done) {
  OFFX_ASSIGN(const auto state, state_of(client, name));
  if (context.json) {
    OFFX_ASSIGN(const auto kept, store::migrations_kept(client));
    print_json(pipeline::to_json(state, kept));
  } else {
    print(printable(done(state)) + "\n");
  }
  return {};
}

}  // namespace

Result<void> run_migrate_plan(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(const auto max_stall, parse_stall(command.max_stall));
  OFFX_ASSIGN(const auto migration, migrate::read_migration(command.file));
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  std::optional<WorkBar> bar(context);
  const auto progress = [&bar](const migrate::WorkState& state) { return bar->show(state); };
  OFFX_ASSIGN(const auto plan, migrate::make_plan(*client, migration, max_stall, progress));
  bar.reset();
  if (context.json) {
    print_json(plan_to_json(plan));
  } else {
    print_plan(context, plan, command.file, command.sql);
  }
  if (plan.refused())
    return fail(Errc::conflict, "this migration is refused, for the reasons above; nothing was changed");
  if (plan.begun) return {};
  if (!context.json) print(printable("\nNothing was changed. `offx migrate start " + command.file + "` does it.\n"));
  return {};
}

Result<void> run_migrate_start(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(const auto migration, migrate::read_migration(command.file));
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  const std::string goes_on = fmt::format(
      "`offx migrate start {}` goes on where it stopped, `offx migrate rollback {}` takes it back; until then the old "
      "version serves as before",
      command.file, migration.name);
  migrate::WorkOptions work;
  work.program = version();
  OFFX_TRY(with_progress(context, command, work, goes_on, [&](const migrate::WorkOptions& options) {
    return migrate::start(*client, migration, options);
  }));
  return report(context, *client, migration.name, [](const MigrationState& state) {
    std::int64_t rows = 0;
    for (const auto& table : state.tables) rows += table.rows_total;
    return fmt::format("{} is {}: {}, {} alike on both sides\nnext: {}", state.migration.name, to_string(state.phase),
                       tables_of(state), count_of(rows, "row", "rows"), next_step(state));
  });
}

Result<void> run_migrate_status(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(auto states, migrate::list_migrations(*client));
  OFFX_ASSIGN(const auto kept, store::migrations_kept(*client));
  const auto known = states.size();
  std::erase_if(states, is_over);
  if (context.json) {
    json::array array;
    for (const auto& state : states) array.push_back(pipeline::to_json(state, kept));
    print_json(array);
    return {};
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (i > 0) print("\n");
    print_state(context, states[i], std::find(kept.begin(), kept.end(), states[i].migration.name) != kept.end());
  }
  if (states.empty()) {
    OFFX_ASSIGN(const auto migrator, migrate::migrator_at_work(*client));
    if (!migrator.empty()) print(printable(migrator) + " plans a migration, and has begun nothing yet.\n");
    print("No migration is under way.");
    if (known > 0) print(" `offx migrate history` lists those that were.");
    print("\n");
  }
  return {};
}

Result<void> run_migrate_pause(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto target, find_target(*client, command, "pause", [](const MigrationState& state) {
                return is_starting(state) && !state.paused;
              }));
  const auto& name = target.migration.name;
  OFFX_TRY(migrate::pause(*client, name));
  return report(context, *client, name, [&](const MigrationState& /*state*/) {
    return fmt::format("{0} pauses after its present chunk; `offx migrate resume {0}` goes on", name);
  });
}

Result<void> run_migrate_resume(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto target, find_target(*client, command, "resume", [](const MigrationState& state) {
                return !is_over(state) && state.paused;
              }));
  const auto& name = target.migration.name;
  OFFX_TRY(migrate::resume(*client, name));
  return report(context, *client, name, [&](const MigrationState& state) {
    return state.migrator.empty()
               ? fmt::format("{} is not paused any more; nobody is at work on it: {}", name, next_step(state))
               : fmt::format("{} goes on: {}", name, state.migrator);
  });
}

Result<void> run_migrate_complete(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto target, find_target(*client, command, "complete", [](const MigrationState& state) {
                return state.phase == Phase::live || state.phase == Phase::completing;
              }));
  const auto& name = target.migration.name;
  const auto tables = tables_of(target);
  // Going on with what somebody has said yes to is no new question; what is not live is for the migrator to refuse.
  if (target.phase == Phase::live && !command.yes &&
      !confirm(context, "Complete " + name + " (" + tables + ")? There is no way back to the old version.")) {
    return fail(Errc::cancelled, "nothing was changed; say --yes to complete " + name + " without being asked");
  }
  migrate::CompleteOptions options;
  options.keep_old = command.keep_old;
  options.force = command.force;
  const std::string goes_on = "`offx migrate complete " + name + "` goes on; the new version serves alone";
  OFFX_TRY(with_progress(context, command, options, goes_on, [&](const migrate::CompleteOptions& with_bar) {
    return migrate::complete(*client, name, with_bar);
  }));
  return report(context, *client, name, [&](const MigrationState& state) {
    std::string text = name + " is " + std::string(to_string(state.phase)) + ": " + tables;
    bool keeps = false;
    for (const auto& table : state.tables) {
      keeps = keeps || !table.kept_as.empty();
      if (!table.kept_as.empty()) text += "\n" + table.from + " is kept as " + table.kept_as;
    }
    if (keeps != command.keep_old) {
      text += keeps ? "\n(`complete` was begun with --keep-old, and that was decided then)"
                    : "\nthe old version is not kept: `complete` was begun without --keep-old";
    }
    return text;
  });
}

Result<void> run_migrate_rollback(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto target, find_target(*client, command, "roll back", [](const MigrationState& state) {
                return !is_over(state) && state.phase != Phase::completing;
              }));
  const auto& name = target.migration.name;
  const bool begins = is_starting(target) || target.phase == Phase::live;
  if (command.discard && begins && !command.yes &&
      !confirm(context, "Roll back " + name + " and discard what only its new version knows?")) {
    return fail(Errc::cancelled,
                "nothing was changed; say --yes to discard without being asked, or leave out --discard");
  }
  migrate::RollbackOptions options;
  options.discard = command.discard;
  options.force = command.force;
  const std::string goes_on = "`offx migrate rollback " + name + "` goes on; the old version serves alone";
  OFFX_TRY(with_progress(context, command, options, goes_on, [&](const migrate::RollbackOptions& with_bar) {
    return migrate::roll_back(*client, name, with_bar);
  }));
  return report(context, *client, name, [&](const MigrationState& state) {
    std::string text = name + " is " + std::string(to_string(state.phase)) + ": ";
    for (std::size_t i = 0; i < state.tables.size(); ++i) text += (i == 0 ? "" : ", ") + state.tables[i].from;
    text += state.tables.size() == 1 ? " stands alone" : " stand alone";
    bool keeps = false;
    for (const auto& table : state.tables) {
      keeps = keeps || !table.kept_as.empty();
      if (!table.kept_as.empty()) text += "\nwhat only " + table.to + " knew is kept in " + table.kept_as;
    }
    if (keeps && command.discard) {
      text += "\n(`rollback` was begun without --discard, and that was decided then)";
    }
    return text;
  });
}

Result<void> run_migrate_verify(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto target, find_target(*client, command, "verify", [](const MigrationState& state) {
                return is_starting(state) || state.phase == Phase::live;
              }));
  const auto& name = target.migration.name;
  OFFX_ASSIGN(const auto found, with_progress(context, command, migrate::WorkOptions(), "nothing was changed",
                                              [&](const migrate::WorkOptions& options) {
                                                return migrate::verify(*client, name, options);
                                              }));
  if (context.json) {
    json::array differences;
    for (const auto& difference : found.differences) {
      differences.push_back(
          json::object{{"table", difference.table}, {"key", difference.key}, {"what", difference.what}});
    }
    print_json(json::object{{"name", name},
                            {"rows_old", found.rows_old},
                            {"rows_new", found.rows_new},
                            {"chunks", found.chunks},
                            {"differences_total", found.differences_total},
                            {"differences", std::move(differences)}});
  } else {
    print(printable(fmt::format("{}: {} of the old version and {} of the new one compared, {}\n", name,
                                count_of(found.rows_old, "row", "rows"), with_thousands(found.rows_new),
                                count_of(found.differences_total, "difference", "differences"))));
    std::vector<std::vector<std::string>> rows = {{"TABLE", "ROW", "DIFFERENCE"}};
    for (const auto& difference : found.differences)
      rows.push_back({difference.table, difference.key, difference.what});
    if (rows.size() > 1) print(table(context.terminal, rows, {false, false, false}));
  }
  if (found.differences_total == 0) return {};
  return fail(Errc::corrupt, fmt::format("the versions of {} differ in {}", name,
                                         count_of(found.differences_total, "place", "places")));
}

Result<void> run_migrate_history(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto states, migrate::list_migrations(*client));
  OFFX_ASSIGN(const auto kept, store::migrations_kept(*client));
  OFFX_ASSIGN(auto rolled_back, migrate::list_rolled_back(*client));
  if (context.json) {
    json::array array;
    for (const auto& state : states) {
      auto object = pipeline::to_json(state, kept);
      object["migration"] = json::parse(migrate::to_json(state.migration));
      json::array before;
      for (const auto& run : rolled_back[state.migration.name]) {
        before.push_back(json::object{{"started_at", to_iso_time(run.started_at)},
                                      {"ended_at", to_iso_time(run.ended_at)},
                                      {"kept_as", run.kept_as.empty() ? json::value() : json::value(run.kept_as)}});
      }
      object["rolled_back"] = std::move(before);
      array.push_back(std::move(object));
    }
    print_json(array);
    return {};
  }
  if (states.empty()) {
    print("This database has no history yet: `offx migrate start FILE` or `offx migrate baseline NAME` begin one.\n");
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"MIGRATION", "PHASE", "STARTED", "CHANGED", "TABLES"}};
  for (const auto& state : states) {
    for (const auto& run : rolled_back[state.migration.name]) {
      rows.push_back({state.migration.name, "rolled_back", time_of_day(run.started_at), time_of_day(run.ended_at),
                      tables_of(state) + (run.kept_as.empty() ? "" : "; kept as " + run.kept_as)});
    }
    rows.push_back({state.migration.name, std::string(to_string(state.phase)), time_of_day(state.started_at),
                    time_of_day(state.changed_at), tables_of(state)});
  }
  print(table(context.terminal, rows, {false, false, false, false, false}));
  return {};
}

Result<void> run_migrate_baseline(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_TRY(migrate::baseline(*client, command.name));
  return report(context, *client, command.name, [&](const MigrationState& /*state*/) {
    return command.name +
           " is in the history: the database is as it should be. `offx migrate drift` tells what changes";
  });
}

Result<void> run_migrate_drift(const Context& context, const MigrateCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database_as_it_is());
  OFFX_ASSIGN(const auto drifts, migrate::find_drift(*client));
  if (context.json) {
    json::array array;
    for (const auto& drift : drifts) {
      array.push_back(json::object{{"kind", drift.kind},
                                   {"name", drift.name},
                                   {"what", drift.what},
                                   {"expected_sql", pipeline::text_or_null(drift.expected_sql)},
                                   {"found_sql", pipeline::text_or_null(drift.found_sql)}});
    }
    print_json(array);
  } else if (drifts.empty()) {
    print("Nothing differs from what the history says.\n");
  } else {
    for (const auto& drift : drifts) {
      print(printable(fmt::format("{:<7}  {} {}\n", drift.what, drift.kind, drift.name)));
      if (!command.sql) continue;
      if (!drift.expected_sql.empty()) print_indented(context, "expected: " + drift.expected_sql);
      if (!drift.found_sql.empty()) print_indented(context, "found: " + drift.found_sql);
    }
  }
  if (drifts.empty()) return {};
  return fail(Errc::conflict, count_of(static_cast<std::int64_t>(drifts.size()), "object differs", "objects differ") +
                                  " from what the history says");
}

}  // namespace offx::app
