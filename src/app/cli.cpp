#include "app/cli.h"

#include <array>
#include <atomic>
#include <csignal>
#include <functional>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/completion.h"
#include "base/version.h"
#include "db/stop.h"
#include "migrate/sql_text.h"

namespace offx::app {
namespace {

std::atomic<bool> interrupted = false;

/// The first signal asks to stop in order; a second one ends the process at once.
void on_interrupt(int signal_number) {
  if (interrupted.exchange(true)) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
}

constexpr const char* kExamples = R"(
Examples:
  offx import posts.jsonl archive.zip https://example.org/feed.xml
                                        bring posts in; again changes nothing
  offx topic preview --rule 'sqlite (release OR bug) -giveaway'
                                        see what a rule would find, and why
  offx topic add "Databases" --rule 'sqlite OR postgres OR #databases'
                                        files the posts that are there and all to come
  offx summarize --since 7d             a cited summary of each topic
  offx search '"write-ahead log" checkpoint*' --sort relevance
  offx posts --topic Databases --since yesterday
  offx db backup today.db               also while others write
  offx migrate plan topics_v2.toml      change tables while everything runs; offx migrate --help

The database is ./local.db, or what --db, OFFX_DB or DB_PATH say. Exit codes: 0 done, 1 failed, 2 used wrongly.
Every command has --help and --json; docs/cli.md describes them all.)";

constexpr const char* kRuleHelp = R"(
A rule is written in X's search syntax:
  word  "a phrase"  #tag  $tag  @mention  from:name  to:name  url:example.org  lang:en  platform:bluesky
  has:media|images|videos|links  is:reply|repost|quote
  a b (both)   a OR b   -a (not)   (…)      AND binds before OR)";

constexpr const char* kCheckHelp = R"(
The schema is that of the database (--db); no row of it is read, and nothing is written. A script of statements:
  -- name: members.get
  -- args: [1]
  SELECT id, email FROM members_v1 WHERE id = ?1;
Statements of one name in both files must give the same. Without args they are made up. For OffX's own migrations no
files need be named: the release before and this one are compared.
Exit code 1: something does not go together; it prints what, and when.)";

constexpr const char* kJobsHelp = R"(
A server (offx serve) keeps to the times; any number of servers on one database do each time once.
  offx jobs edit summarise --schedule '30 7 * * mon-fri' --time-zone Europe/Berlin
  offx jobs add --topic Databases --schedule '0 18 * * fri' --period week
  offx jobs edit cleanup --set posts_keep_days=365
  offx jobs run backup                  now, whether a server runs or not

A schedule has five fields, MINUTE HOUR DAY MONTH WEEKDAY, or is @hourly, @daily, @weekly, @monthly, or an interval.)";

constexpr const char* kMigrateHelp = R"(
A new version of a table beside the old one, kept alike while both are used. The story of a change:
  offx migrate plan topics_v2.toml      what will be done, how long it takes, what is dangerous; changes nothing
  offx migrate check topics_v2.toml     before it ships: do the releases before and after go on through all of it?
  offx migrate start topics_v2.toml     make the new version, copy the rows, compare: from now on both are live.
                                        Stopped or killed, the same command goes on
  offx migrate status                   how far it is, and who uses which version
      … deploy what uses the new version; the old release goes on beside it …
  offx migrate rollback                 if something is wrong: back, without losing what was written meanwhile
  offx migrate complete                 when nothing uses the old version any more, a release later: remove it

It works on any SQLite database: offx --db other.db migrate …  docs/migrations.md tells what a migration file says.)";

using Action = std::function<Result<void>(const Context&)>;

/// The command line: options write into the command structs, the chosen subcommand sets `action`.
class CommandLine {
 public:
  CommandLine();
  CLI::App app{"OffX: what happened on the topics you care about, with sources.", "offx"};
  std::string db;
  bool json = false;
  Action action;

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* description, Action run) {
    auto* command = parent.add_subcommand(name, description);
    command->fallthrough();
    command->footer("");  // not the program's, which it would inherit
    command->callback([this, run = std::move(run)] { action = run; });
    return command;
  }
  CLI::App* group(const char* name, const char* description) {
    auto* command = app.add_subcommand(name, description);
    command->fallthrough();
    command->footer("");
    command->require_subcommand(1);
    return command;
  }
  void add_input_options(CLI::App& command, std::string& input, std::string& format) {
    command.add_option("--input", input, "look at the posts of this file (- for stdin) and store nothing")
        ->type_name("FILE");
    command.add_option("--format", format, "the file's format, if it is not recognised")->type_name("FORMAT");
  }
  void add_filter_options(CLI::App& command, PostsCommand& posts) {
    command.add_option("--platform", posts.platform, "only of this platform: x, bluesky, mastodon, rss, …");
    command.add_option("--author", posts.author, "only by this author: name or user name");
    command.add_option("--since", posts.since, "only from this time on: 2026-08-22, yesterday, 24h, 7d")
        ->type_name("TIME");
    command.add_option("--until", posts.until, "only before this time")->type_name("TIME");
    command.add_option("--limit", posts.limit, "how many at most")->capture_default_str();
    command.add_option("--after", posts.after, "go on behind an earlier page: its `next`")->type_name("NEXT");
  }
  void add_import();
  void add_topics();
  void add_posts();
  void add_summaries();
  void add_database();
  void add_migrate();
  void add_server();
  void add_jobs();
  void add_completion();
  [[nodiscard]] std::vector<CompletionCommand> completion_commands() const;

  ImportCommand import_;
  TopicFields topic_;
  bool yes_ = false;
  PreviewCommand preview_;
  PostsCommand posts_;
  SummarizeCommand summarize_;
  SummariesCommand summaries_;
  SentimentCommand sentiment_;
  MigrateCommand migrate_;
  JobsCommand jobs_;
  ServeCommand serve_;
  UserCommand user_;
  std::string name_;
  std::string to_;
};

CommandLine::CommandLine() {
  app.set_version_flag("--version", std::string("offx ") + version());
  app.add_option("--db", db,
                 "the database: a path, sqlite:PATH, :memory:, libsql://HOST, rqlite://HOST,HOST or valtown:")
      ->type_name("URL");
  app.add_flag("--json", json, "print JSON, for scripts");
  app.require_subcommand(1);
  app.footer(kExamples);

  add_import();
  add_topics();
  add_posts();
  add_summaries();
  add(app, "status", "what there is: posts, topics, last import, size", &run_status);
  add_server();
  add_jobs();
  add_database();
  add_migrate();
  add_completion();
}

void CommandLine::add_import() {
  auto* import = add(app, "import", "bring posts in from files, addresses or stdin",
                     [this](const Context& context) { return run_import(context, import_); });
  import->add_option("input", import_.inputs, "files, folders, http(s) addresses, or - for stdin")
      ->required()
      ->type_name("PATH|URL|-");
  import
      ->add_option(
          "--format", import_.format,
          "jsonl, csv, x-archive, rss, atom, json-feed, mastodon, bluesky, x-api, offx-database; recognised by itself")
      ->type_name("FORMAT");
  import->add_option("--platform", import_.platform, "the platform of posts that do not name one");
  import->add_flag("--dry-run", import_.dry_run, "print the posts and store nothing");
  import->add_flag("--strict", import_.strict, "stop at the first broken item instead of skipping it");
  import
      ->add_option("--allow-host", import_.allow_hosts,
                   "let addresses lead to this host:port of your own network (also OFFX_ALLOW_HOSTS)")
      ->type_name("HOST:PORT");
  import->footer("Gzip and zstd are read as they are. A post that is there already is updated if its text changed.");
}

void CommandLine::add_posts() {
  auto* posts = add(app, "posts", "show posts, newest first, or one by its id",
                    [this](const Context& context) { return run_posts(context, posts_); });
  posts->add_option("id", posts_.id, "the number of one post");
  posts->add_option("--topic", posts_.topic, "only of this topic: id or title");
  add_filter_options(*posts, posts_);

  auto* search = add(app, "search", "find posts by their text, in the syntax of rules",
                     [this](const Context& context) { return run_search(context, posts_); });
  search->add_option("query", posts_.query, "for example: 'sqlite \"write ahead\" checkpoint* -giveaway'")->required();
  add_filter_options(*search, posts_);
  posts_.sort = "newest";
  search->add_option("--sort", posts_.sort, "newest or relevance")
      ->check(CLI::IsMember({"newest", "relevance"}))
      ->capture_default_str();
  search->footer("Case, width and accents do not matter; `data*` finds words that begin so." + std::string(kRuleHelp));
}

void CommandLine::add_summaries() {
  auto* summarize = add(app, "summarize", "write a cited summary of each topic, or of one",
                        [this](const Context& context) { return run_summarize(context, summarize_); });
  summarize->add_option("--topic", summarize_.topic, "only this topic: id or title");
  summarize->add_option("--since", summarize_.since, "from this time on: 2026-08-22, yesterday, 24h, 7d")
      ->type_name("TIME");
  summarize->add_option("--until", summarize_.until, "up to, not including, this time")->type_name("TIME");
  summarize->add_option("--period", summarize_.period, "day, week or month: of now, or from --since, or up to --until")
      ->check(CLI::IsMember({"day", "week", "month"}));
  summarize->add_option("--max-sentences", summarize_.max_sentences, "how long")->capture_default_str();
  summarize->add_option("--engine", summarize_.engine, "what writes them; there is one: extractive")
      ->check(CLI::IsMember({"extractive"}))
      ->capture_default_str();
  summarize->add_flag("--force", summarize_.force, "store it again even if nothing has changed");
  add_input_options(*summarize, summarize_.input, summarize_.format);
  summarize->footer(
      "Without --since, --until and --period: today, in UTC. Numbers in brackets are the posts a sentence is from.");

  auto* summaries = add(app, "summaries", "list stored summaries, or show one by its id",
                        [this](const Context& context) { return run_summaries(context, summaries_); });
  summaries->add_option("id", summaries_.id, "the number of one summary");
  summaries->add_option("--topic", summaries_.topic, "only of this topic: id or title");
  summaries->add_option("--limit", summaries_.limit, "how many at most")->capture_default_str();

  auto* sentiment = add(app, "sentiment", "the mood of texts or of the posts of a file",
                        [this](const Context& context) { return run_sentiment(context, sentiment_); });
  sentiment->add_option("text", sentiment_.texts, "texts to look at");
  add_input_options(*sentiment, sentiment_.input, sentiment_.format);
}

void CommandLine::add_completion() {
  auto* completion = add(app, "completion", "print the script that completes commands in your shell", {});
  completion->add_option("shell", name_, "bash, zsh or fish")->required();
  completion->callback([this] {
    action = [this](const Context&) -> Result<void> {
      OFFX_ASSIGN(const auto script, completion_script(name_, completion_commands()));
      print(script);
      return {};
    };
  });
}

void CommandLine::add_topics() {
  auto* topic = group("topic", "define topics and the rules that fill them");
  const auto add_fields = [this](CLI::App& command) {
    command.add_option("--rule", topic_.rule, "which posts belong to it");
    command.add_option("--description,-d", topic_.description, "what it is about, for people");
    command.add_option("--color", topic_.color, "its colour, as #rrggbb");
    command.footer(kRuleHelp);
  };
  auto* add_command =
      add(*topic, "add", "make a topic", [this](const Context& context) { return run_topic_add(context, topic_); });
  add_command->add_option("title", topic_.title, "its title")->required();
  add_fields(*add_command);

  add(*topic, "list", "all topics", &run_topic_list);

  const auto add_reference = [this](CLI::App& command) {
    command.add_option("topic", topic_.topic, "its id or title")->required();
  };
  auto* show = add(*topic, "show", "one topic and its posts per day",
                   [this](const Context& context) { return run_topic_show(context, topic_.topic); });
  add_reference(*show);

  auto* edit = add(*topic, "edit", "change a topic, or switch it off; a new rule files the posts again",
                   [this](const Context& context) { return run_topic_edit(context, topic_); });
  add_reference(*edit);
  edit->add_option("--title", topic_.title, "a new title");
  add_fields(*edit);
  edit->add_flag("--no-rule", topic_.no_rule, "take the rule away: the posts it found stay, new ones do not come")
      ->excludes("--rule");
  edit->add_flag("--inactive", topic_.inactive, "switch it off: it keeps its posts and gets no new ones");
  edit->add_flag("--active", topic_.active, "switch it on again; what came meanwhile is filed")->excludes("--inactive");

  auto* remove = add(*topic, "remove", "remove a topic and its summaries; its posts stay",
                     [this](const Context& context) { return run_topic_remove(context, topic_.topic, yes_); });
  add_reference(*remove);
  remove->add_flag("--yes,-y", yes_, "do not ask");

  auto* preview = add(*topic, "preview", "which posts a rule would find, and which of its terms found each",
                      [this](const Context& context) { return run_topic_preview(context, preview_); });
  preview->add_option("--rule", preview_.rule, "the rule to try")->required();
  preview->add_option("--limit", preview_.limit, "how many to show")->capture_default_str();
  add_input_options(*preview, preview_.input, preview_.format);
  preview->footer(kRuleHelp);
}

void CommandLine::add_server() {
  auto* serve = add(app, "serve", "the server: dashboard and API, until it is stopped",
                    [this](const Context& context) { return run_serve(context, serve_); });
  serve->add_option("--listen", serve_.listen, "where: 127.0.0.1:8080 (also OFFX_LISTEN)")->type_name("HOST:PORT");
  serve
      ->add_option("--data", serve_.data_folder,
                   "the folder for uploads and backups; by default beside the database (also OFFX_DATA)")
      ->type_name("FOLDER");
  serve->add_flag("--allow-remote-setup", serve_.allow_remote_setup,
                  "listen for other machines although there is no user yet");
  serve->footer(
      "SIGTERM stops it in order: what is being answered is finished. More settings come from the environment; "
      "docs/server.md lists them.");

  auto* user = group("user", "who may log in");
  const auto add_username = [this](CLI::App& command) {
    command.add_option("username", user_.username, "letters, digits or -_.@+")->required();
    command.footer("The password is asked for; where nobody can be asked, it is the first line of standard input.");
  };
  auto* user_add = add(*user, "add", "make a user; the first one is an administrator",
                       [this](const Context& context) { return run_user_add(context, user_); });
  add_username(*user_add);
  user_add->add_flag("--admin", user_.admin, "who may change settings, make users and backups");
  add_username(*add(*user, "passwd", "set a user's password; their sessions end",
                    [this](const Context& context) { return run_user_passwd(context, user_); }));
  add(*user, "list", "all users", &run_user_list);
  auto* user_remove = add(*user, "remove", "remove a user with their sessions and tokens",
                          [this](const Context& context) { return run_user_remove(context, user_); });
  user_remove->add_option("username", user_.username, "who")->required();
  user_remove->add_flag("--yes,-y", user_.yes, "do not ask");

  auto* healthcheck = add(app, "healthcheck", "whether the server is ready; exit code 1 if not",
                          [this](const Context& context) { return run_healthcheck(context, serve_.listen); });
  healthcheck->add_option("--listen", serve_.listen, "where it listens (also OFFX_LISTEN)")->type_name("HOST:PORT");
}

void CommandLine::add_jobs() {
  auto* jobs = group("jobs", "what is done by itself, and when: summaries, clean-up, backups");
  jobs->footer(kJobsHelp);
  const auto add_job = [&](const char* name, const char* description, auto run) {
    auto* command = add(*jobs, name, description, [this, run](const Context& context) { return run(context, jobs_); });
    command->add_option("job", jobs_.job, "its id, name or title")->required();
    return command;
  };
  const auto add_fields = [this](CLI::App& command) {
    command.add_option("--schedule", jobs_.schedule, "when: '0 6 * * *', @daily, 'every 15m'")->type_name("CRON");
    command.add_option("--time-zone", jobs_.time_zone, "where: Europe/Berlin, UTC")->type_name("ZONE");
    command.add_option("--topic", jobs_.topic, "summarise only this topic: id or title");
    command.add_option("--period", jobs_.period, "summarise the day, week or month that has just ended")
        ->check(CLI::IsMember({"day", "week", "month"}));
    command.add_option("--max-sentences", jobs_.max_sentences, "how long its summaries are");
    command.add_option("--engine", jobs_.engine, "what writes its summaries; there is one: extractive")
        ->check(CLI::IsMember({"extractive"}));
    command.add_option("--set", jobs_.settings, "another option, as keep=3; null takes it away")
        ->type_name("NAME=VALUE");
  };
  add(*jobs, "list", "all jobs, with their next times", &run_jobs_list);
  auto* show =
      add_job("show", "one job: its schedule in words, its next times, what became of its runs", &run_jobs_show);
  show->add_option("--limit", jobs_.limit, "how many runs at most")->capture_default_str();
  auto* add_command = add(*jobs, "add", "summarise a topic, or all, at other times",
                          [this](const Context& context) { return run_jobs_add(context, jobs_); });
  add_command->add_option("--title", jobs_.title, "what to call it");
  add_fields(*add_command);
  auto* edit = add_job("edit", "change when a job runs, or what it does", &run_jobs_edit);
  edit->add_option("--title", jobs_.title, "a new title");
  add_fields(*edit);
  add_job("pause", "leave out its times until it is resumed",
          [](const Context& context, const JobsCommand& command) { return run_jobs_switch(context, command, false); });
  add_job("resume", "keep to its times again; what was left out is not made up for",
          [](const Context& context, const JobsCommand& command) { return run_jobs_switch(context, command, true); });
  auto* run = add_job("run", "run it now, here or in a server that is quicker, and wait for it", &run_jobs_run);
  run->add_flag("--no-wait", jobs_.no_wait, "only ask for it: a server does it");
  run->add_flag("--force", jobs_.force, "clean up although the clock has jumped, summarise what has not changed");
  auto* runs = add(*jobs, "runs", "what was done, is being done and waits, newest first",
                   [this](const Context& context) { return run_jobs_runs(context, jobs_); });
  runs->add_option("job", jobs_.job, "only of this job: id, name or title");
  runs->add_option("--kind", jobs_.kind, "only of this kind: summarise, import, …");
  runs->add_option("--state", jobs_.state, "only in this state")
      ->check(CLI::IsMember({"waiting", "running", "done", "failed", "cancelled"}));
  runs->add_option("--limit", jobs_.limit, "how many at most")->capture_default_str();
  auto* cancel = add(*jobs, "cancel", "stop a run, in whichever process",
                     [this](const Context& context) { return run_jobs_cancel(context, jobs_); });
  cancel->add_option("run", jobs_.job, "its number")->required();
  add_job("remove", "remove a job that you made; its history stays", &run_jobs_remove);
}

void CommandLine::add_database() {
  auto* database = group("db", "look after the database");
  add(*database, "init", "make the tables (done by itself unless OFFX_AUTO_INIT=0)", &run_db_init);
  add(*database, "tables", "all tables with their versions and rows", &run_db_tables);
  auto* columns = add(*database, "columns", "the columns of a table",
                      [this](const Context& context) { return run_db_columns(context, name_); });
  columns->add_option("table", name_, "posts, posts_v1, …")->required();
  auto* backup = add(*database, "backup", "copy the database into a new file and check it; others may write meanwhile",
                     [this](const Context& context) { return run_db_backup(context, name_); });
  backup->add_option("file", name_, "the file to make")->required();
  auto* copy = add(*database, "copy", "copy a whole database into an empty one, between any two engines",
                   [this](const Context& context) { return run_db_copy(context, name_, to_); });
  copy->add_option("from", name_, "the database to copy: a path or an address, as for --db")
      ->required()
      ->type_name("URL");
  copy->add_option("to", to_, "the empty database that becomes its copy")->required()->type_name("URL");
  copy->footer(
      "Every row is compared at the end. Stopped or killed, the same command goes on where it was. Nothing should "
      "write "
      "to the first database meanwhile.");
  auto* restore = add(*database, "restore", "replace the database by a backup, which is checked first",
                      [this](const Context& context) { return run_db_restore(context, name_, yes_); });
  restore->add_option("file", name_, "the backup")->required();
  restore->add_flag("--yes,-y", yes_, "do not ask; what is there now is kept beside it all the same");
}

void CommandLine::add_migrate() {
  auto* migrate = group("migrate", "change tables while everything runs: versions side by side");
  migrate->footer(kMigrateHelp);
  const auto add_one = [&](const char* name, const char* description, auto run) {
    return add(*migrate, name, description, [this, run](const Context& context) { return run(context, migrate_); });
  };
  const auto add_file = [this](CLI::App& command) {
    command.add_option("file", migrate_.file, "the migration, as TOML or JSON")->required()->type_name("FILE");
  };
  const auto add_name = [this](CLI::App& command) {
    command.add_option("name", migrate_.name, "which migration, if several could be meant");
  };
  const auto add_stall = [this](CLI::App& command) {
    command.add_option("--max-stall", migrate_.max_stall, "how long writers may have to wait, about: 10ms, 50ms, 1s")
        ->capture_default_str()
        ->type_name("TIME");
  };

  auto* plan = add_one("plan", "what a migration will do, how long it takes, what is dangerous; changes nothing",
                       &run_migrate_plan);
  add_file(*plan);
  plan->add_flag("--sql", migrate_.sql, "with the SQL of each step");
  add_stall(*plan);
  plan->footer("Exit code 1: refused, for the reasons it prints.");

  auto* check = add_one("check", "whether old and new code go on working through every moment of it, on made-up rows",
                        &run_migrate_check);
  add_file(*check);
  check->add_option("--queries", migrate_.queries, "what old code asks: an SQL script, or the JSON of a release")
      ->type_name("FILE");
  check->add_option("--new-queries", migrate_.new_queries, "what new code asks")->type_name("FILE");
  check->add_flag("--sql", migrate_.sql, "with the SQL of each statement that fails");
  check->footer(kCheckHelp);

  auto* start =
      add_one("start", "make the new version, copy the rows, compare; then both are live", &run_migrate_start);
  add_file(*start);
  add_stall(*start);
  start->footer(
      "Writers go on meanwhile, to either version once both are live. Ctrl-C stops it in order; after that, or after a "
      "crash, the same command goes on where it was.");

  add(*migrate, "status", "migrations under way: how far, how fast, who uses which version", &run_migrate_status);
  add_name(*add_one("pause", "stop copying after the present chunk, in whichever process", &run_migrate_pause));
  add_name(*add_one("resume", "go on copying", &run_migrate_resume));

  auto* complete = add_one("complete", "remove the old version: when nothing uses it any more", &run_migrate_complete);
  add_name(*complete);
  complete->add_flag("--keep-old", migrate_.keep_old, "leave the old tables as OLD_archived");
  complete->add_flag("--force", migrate_.force,
                     "although a process says that it still uses the old version, or the old table was changed");
  complete->add_flag("--yes,-y", migrate_.yes, "do not ask");
  add_stall(*complete);

  auto* rollback =
      add_one("rollback", "remove the new version; what was written through it stays in the old one (also: abort)",
              &run_migrate_rollback);
  rollback->alias("abort");
  add_name(*rollback);
  rollback->add_flag("--force", migrate_.force, "although a process says that it still uses the new version");
  rollback->add_flag("--discard", migrate_.discard,
                     "drop what only the new version knows, instead of keeping it aside");
  rollback->add_flag("--yes,-y", migrate_.yes, "do not ask");
  add_stall(*rollback);

  auto* verify = add_one("verify", "compare both versions, row by row", &run_migrate_verify);
  add_name(*verify);
  verify->footer("Exit code 1: they differ; it prints where.");

  add(*migrate, "history", "every migration this database knows", &run_migrate_history);
  auto* baseline = add_one("baseline", "begin a history with the database as it is", &run_migrate_baseline);
  baseline->add_option("name", migrate_.name, "what the history calls it")->required();
  auto* drift = add_one("drift", "what in the database is otherwise than the history says", &run_migrate_drift);
  drift->add_flag("--sql", migrate_.sql, "with the SQL that is expected and found");
  drift->footer("Exit code 1: something differs.");
}

std::vector<CompletionCommand> CommandLine::completion_commands() const {
  std::vector<CompletionCommand> commands;
  const std::function<void(const CLI::App&, const std::string&)> visit = [&](const CLI::App& command,
                                                                             const std::string& words) {
    CompletionCommand entry{words, {}, {"--help", "--json", "--db"}};
    for (const auto* option : command.get_options()) {
      for (const auto& name : option->get_lnames()) {
        if (std::find(entry.options.begin(), entry.options.end(), "--" + name) == entry.options.end()) {
          entry.options.push_back("--" + name);
        }
      }
    }
    for (const auto* child : command.get_subcommands(nullptr)) {
      entry.subcommands.push_back(child->get_name());
      visit(*child, words.empty() ? child->get_name() : words + " " + child->get_name());
    }
    commands.push_back(std::move(entry));
  };
  visit(app, "");
  return commands;
}

/// What other tools call a command of `offx migrate`, and what it is called here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kOfOtherTools = {{
    {"undo", "rollback"},   {"revert", "rollback"},   {"down", "rollback"},   {"downgrade", "rollback"},
    {"back", "rollback"},   {"cancel", "rollback"},   {"reset", "rollback"},  {"up", "start"},
    {"upgrade", "start"},   {"apply", "start"},       {"run", "start"},       {"migrate", "start"},
    {"finish", "complete"}, {"finalize", "complete"}, {"commit", "complete"}, {"contract", "complete"},
    {"dry-run", "plan"},    {"preview", "plan"},      {"validate", "check"},  {"test", "check"},
    {"list", "history"},    {"log", "history"},       {"stop", "pause"},      {"diff", "drift"},
}};

/// `; did you mean rollback?` for a word that is no command where it stands, or nothing.
std::string meant_command(const CLI::App& app, const std::string& word) {
  const CLI::App* group = &app;
  while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
  for (const auto& [other, ours] : kOfOtherTools) {
    if (group->get_name() == "migrate" && other == word) return "; did you mean " + std::string(ours) + "?";
  }
  std::vector<std::string> known;
  for (const auto* command : group->get_subcommands(nullptr)) known.push_back(command->get_name());
  return migrate::did_you_mean(word, known);
}

void print_failure(const Context& context, const Error& error) {
  if (context.json) {
    print_error(boost::json::serialize(
        boost::json::object{{"error", boost::json::object{{"code", std::string(to_string(error.code()))},
                                                          {"message", error.message()},
                                                          {"context", error.context()}}}}));
  } else {
    print_error("offx: " + printable(error.to_string()));
  }
}

}  // namespace

int run(int argc, char** argv) {
  constexpr int kFailed = 1;
  constexpr int kUsedWrongly = 2;
  try {
    CommandLine line;
    try {
      line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return line.app.exit(error);  // --help and --version
      const auto unknown = line.app.remaining(true);
      const bool no_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !unknown.empty();
      std::string what = error.what();
      if (what == "A subcommand is required") what = "a command is missing";
      if (no_command) {
        what = unknown.front().starts_with('-')
                   ? "there is no option \"" + unknown.front() +
                         "\"; put -- before a text that begins with -, as in search -- -a b"
                   : "there is no command \"" + unknown.front() + "\"" + meant_command(line.app, unknown.front());
      }
      print_error(fmt::format("offx: {}\nTry offx --help, or --help behind a command.", printable(what)));
      return kUsedWrongly;
    }
    struct sigaction action{};
    action.sa_handler = &on_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    db::stop_calls_when(&interrupted);

    const SystemClock clock;
    const Context context{clock, Terminal::detect(), line.db, line.json, interrupted};
    const auto result = line.action(context);
    if (!result) {
      print_failure(context, result.error());
      return result.error().code() == Errc::invalid_argument ? kUsedWrongly : kFailed;
    }
    if (std::fflush(stdout) != 0) {
      print_error("offx: cannot write the output: the disk may be full");
      return kFailed;
    }
    return 0;
  } catch (const std::exception& error) {
    print_error(fmt::format("offx: unexpected: {}", error.what()));
    return kFailed;
  }
}

}  // namespace offx::app
