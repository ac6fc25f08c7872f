#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/context.h"
#include "app/serve_config.h"
#include "base/error.h"
#include "sources/reader.h"
#include "store/post.h"
#include "summary/extractive.h"

/// The commands, apart from how their options are written. Each prints its result to stdout, as text or JSON; an error
/// is returned, for the caller to print.
namespace offx::app {

struct ImportCommand {
  std::vector<std::string> inputs;
  std::string format;
  std::string platform;
  bool dry_run = false;
  bool strict = false;
  std::vector<std::string> allow_hosts;
};
Result<void> run_import(const Context& context, const ImportCommand& command);

struct TopicFields {
  std::string topic;  ///< id or title of an existing one
  std::optional<std::string> title;
  std::optional<std::string> rule;
  std::optional<std::string> description;
  std::optional<std::string> color;
  bool no_rule = false;  ///< edit: take the rule away
  bool active = false;   ///< edit: switch it on again
  bool inactive = false;
};
Result<void> run_topic_add(const Context& context, const TopicFields& fields);
Result<void> run_topic_edit(const Context& context, const TopicFields& fields);
Result<void> run_topic_list(const Context& context);
Result<void> run_topic_show(const Context& context, const std::string& name);
Result<void> run_topic_remove(const Context& context, const std::string& name, bool yes);

struct PreviewCommand {
  std::string rule;
  std::string input;  ///< a file to look at instead of the stored posts
  std::string format;
  std::size_t limit = 20;
};
Result<void> run_topic_preview(const Context& context, const PreviewCommand& command);

struct PostsCommand {
  std::string topic;
  std::string platform;
  std::string author;
  std::string since;
  std::string until;
  std::string query;  ///< for search
  std::string sort;   ///< newest or relevance
  std::string after;  ///< the `next` of an earlier page
  std::size_t limit = 20;
  std::optional<std::int64_t> id;
};
Result<void> run_posts(const Context& context, const PostsCommand& command);
Result<void> run_search(const Context& context, const PostsCommand& command);

struct SummarizeCommand {
  std::string topic;
  std::string since;
  std::string until;
  std::string period;
  std::string input;
  std::string format;
  std::size_t max_sentences = 5;
  std::string engine{summary::kEngines[0]};
  bool force = false;
};
Result<void> run_summarize(const Context& context, const SummarizeCommand& command);

struct SummariesCommand {
  std::string topic;
  std::optional<std::int64_t> id;
  std::size_t limit = 20;
};
Result<void> run_summaries(const Context& context, const SummariesCommand& command);

struct SentimentCommand {
  std::vector<std::string> texts;
  std::string input;
  std::string format;
};
Result<void> run_sentiment(const Context& context, const SentimentCommand& command);

Result<void> run_status(const Context& context);
Result<void> run_db_init(const Context& context);
Result<void> run_db_tables(const Context& context);
Result<void> run_db_columns(const Context& context, const std::string& table_name);
Result<void> run_db_backup(const Context& context, const std::string& file);
Result<void> run_db_copy(const Context& context, const std::string& from, const std::string& to);
Result<void> run_db_restore(const Context& context, const std::string& file, bool yes);

struct UserCommand {
  std::string username;
  bool admin = false;
  bool yes = false;
};
Result<void> run_user_add(const Context& context, const UserCommand& command);
Result<void> run_user_passwd(const Context& context, const UserCommand& command);
Result<void> run_user_list(const Context& context);
Result<void> run_user_remove(const Context& context, const UserCommand& command);

/// Serves until SIGTERM or SIGINT.
Result<void> run_serve(const Context& context, const ServeCommand& command);
/// Asks the server at `listen` whether it is ready; Errc::unavailable if not.
Result<void> run_healthcheck(const Context& context, const std::string& listen);

/// What any command of `offx jobs` may be told.
struct JobsCommand {
  std::string job;  ///< id, built-in name or title; cancel: a run's id
  std::optional<std::string> title;
  std::optional<std::string> schedule;
  std::optional<std::string> time_zone;
  std::string topic;   ///< add, edit: id or title
  std::string period;  ///< add, edit: day, week or month
  std::optional<std::int64_t> max_sentences;
  std::string engine;                 ///< add, edit: of summaries
  std::vector<std::string> settings;  ///< add, edit: options as NAME=VALUE
  std::string kind;                   ///< runs: only of this kind
  std::string state;                  ///< runs: only in this state
  std::size_t limit = 20;
  bool no_wait = false;  ///< run: only ask for it
  bool force = false;    ///< run: even if it would hold back
};
Result<void> run_jobs_list(const Context& context);
Result<void> run_jobs_show(const Context& context, const JobsCommand& command);
Result<void> run_jobs_add(const Context& context, const JobsCommand& command);
Result<void> run_jobs_edit(const Context& context, const JobsCommand& command);
Result<void> run_jobs_switch(const Context& context, const JobsCommand& command, bool enabled);
Result<void> run_jobs_remove(const Context& context, const JobsCommand& command);
Result<void> run_jobs_run(const Context& context, const JobsCommand& command);
Result<void> run_jobs_runs(const Context& context, const JobsCommand& command);
Result<void> run_jobs_cancel(const Context& context, const JobsCommand& command);

/// What any command of `offx migrate` may be told.
struct MigrateCommand {
  std::string file;                ///< plan, check, start: a migration file
  std::string queries;             ///< check: what old code asks, an SQL script or a release's JSON
  std::string new_queries;         ///< check: what new code asks
  std::string name;                ///< the others: a migration; if empty, the only one that fits
  std::string max_stall = "50ms";  ///< how long writers may have to wait, about
  bool sql = false;                ///< plan, check, drift: print the SQL
  bool keep_old = false;           ///< complete: leave the old tables as archives
  bool force = false;              ///< although a live process uses what goes (complete: or it was changed)
  bool discard = false;            ///< rollback: drop what only the new version knows
  bool yes = false;                ///< do not ask
};
Result<void> run_migrate_plan(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_check(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_start(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_status(const Context& context);
Result<void> run_migrate_pause(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_resume(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_complete(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_rollback(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_verify(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_history(const Context& context);
Result<void> run_migrate_baseline(const Context& context, const MigrateCommand& command);
Result<void> run_migrate_drift(const Context& context, const MigrateCommand& command);

/// Gives each post of a file (any format, `-` for stdin) to `visit`; broken items are told on stderr.
Result<void> read_input(const Context& context, const std::string& input, const std::string& format,
                        const std::function<void(store::Post&&)>& visit);

/// The format of that name; Errc::invalid_argument lists them. nullopt for an empty name: to be detected.
Result<std::optional<sources::Format>> format_of(const std::string& name);

/// Asks on the terminal; `no` where there is nobody to ask.
bool confirm(const Context& context, const std::string& question);

}  // namespace offx::app
