#include <algorithm>
#include <charconv>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/serve_config.h"
#include "base/log.h"
#include "base/process.h"
#include "jobs/kinds.h"
#include "pipeline/jobs.h"
#include "pipeline/json.h"
#include "store/jobs.h"

namespace offx::app {
namespace {

namespace json = boost::json;

constexpr std::string_view kAskedBy = "command line";

/// The job that `name` means: its id, the name of a built-in one, or its title without regard to case.
Result<store::Job> find_job(db::DatabaseClient& client, const std::string& name) {
  OFFX_ASSIGN(const auto jobs, store::JobRepository(client).list());
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  const bool is_id = error == std::errc{} && end == name.data() + name.size();
  const auto same = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
      return lower(x) == lower(y);
    });
  };
  const store::Job* found = nullptr;
  for (const auto& job : jobs) {
    if (is_id ? job.id != id : !same(job.name, name) && !same(job.title, name)) continue;
    if (found != nullptr) {
      return fail(
          Errc::conflict,
          fmt::format("several jobs are called \"{}\": give the id, as `offx jobs list` says it", printable(name)));
    }
    found = &job;
  }
  if (found == nullptr) {
    return fail(Errc::not_found, fmt::format("there is no job \"{}\"; `offx jobs list` lists them", printable(name)));
  }
  return *found;
}

Result<std::int64_t> run_id(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size() && id > 0) return id;
  return fail(Errc::invalid_argument,
              fmt::format("\"{}\" is no run: give its number, as `offx jobs runs` says it", printable(text)));
}

std::string time_text(const std::optional<Timestamp>& time) {
  return time ? to_sql_time(std::chrono::floor<std::chrono::seconds>(*time)) : "";
}

/// In the job's zone, with its offset told by the name in the table beside it.
std::string local_text(const std::optional<Timestamp>& time, const std::string& zone_name) {
  const auto zone = TimeZone::find(zone_name);
  if (!time || !zone) return time_text(time);
  return time_text(Timestamp(zone->to_local(*time).time_since_epoch()));
}

std::string duration_text(const store::Run& run, Timestamp now) {
  if (!run.started_at) return "";
  const auto end = run.finished_at ? *run.finished_at : now;
  const auto ms = std::max<std::int64_t>(0, (end - *run.started_at).count());
  return ms < 10'000 ? fmt::format("{} ms", ms) : duration(static_cast<double>(ms) / 1000.0);
}

/// What it did, does, or why it could not.
std::string note_of(const store::Run& run) {
  if (run.state == store::RunState::waiting && run.ready_at) {
    return fmt::format("again at {}: {}", time_text(run.ready_at), run.error);
  }
  if (run.state == store::RunState::running && run.progress) {
    const auto& progress = *run.progress;
    return progress.total == 0 ? fmt::format("{} {}", progress.done, progress.unit)
                               : fmt::format("{} of {} {}", progress.done, progress.total, progress.unit);
  }
  return run.error.empty() ? run.message : run.error;
}

void print_runs(const Context& context, std::span<const store::Run> runs) {
  if (context.json) {
    json::array list;
    for (const auto& run : runs) list.push_back(pipeline::to_json(run));
    print_json(list);
    return;
  }
  if (runs.empty()) {
    print("Nothing has run yet.\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"RUN", "TITLE", "STATE", "BEGAN (UTC)", "TOOK", "BY", ""}};
  for (const auto& run : runs) {
    rows.push_back({std::to_string(run.id), shorten(run.title, 30),
                    std::string(to_string(run.state)) +
                        (run.attempt > 1 ? fmt::format(", attempt {}", run.attempt) : std::string()),
                    time_text(run.started_at), duration_text(run, context.clock.now()), shorten(run.created_by, 16),
                    shorten(note_of(run), 80)});
  }
  print(table(context.terminal, rows, std::vector<bool>(rows[0].size())));
}

void print_job(const Context& context, const store::Job& job, std::span<const store::Run> runs) {
  const auto now = context.clock.now();
  if (context.json) {
    auto object = pipeline::to_json(job, runs.empty() ? nullptr : runs.data(), now);
    json::array list;
    for (const auto& run : runs) list.push_back(pipeline::to_json(run));
    object["runs"] = std::move(list);
    print_json(object);
    return;
  }
  print(fmt::format("{}  {}\n", context.terminal.bold(printable(job.title)),
                    context.terminal.dim(fmt::format("job {}, {}", job.id, job.name.empty() ? job.kind : job.name))));
  const auto times = pipeline::schedule_json(job.schedule, job.time_zone, now);
  if (!times) {
    print(fmt::format("  schedule   {}\n", printable(times.error().to_string())));
  } else {
    print(fmt::format("  schedule   {}  ({}), {}\n", printable(job.schedule),
                      std::string_view(times->at("explanation").get_string()), printable(job.time_zone)));
  }
  print(fmt::format("  options    {}\n", printable(job.options)));
  if (!job.enabled) {
    print("  paused     offx jobs resume switches it on again\n");
  } else if (times) {
    std::string_view label = "next";
    for (const auto& time : times->at("next_times").get_array()) {
      print(fmt::format("  {:9}  {}\n", label,
                        local_text(parse_time(std::string_view(time.get_string())), job.time_zone)));
      label = "";
    }
  }
  print("\n");
  print_runs(context, runs);
}

Result<store::Job> changed(const Context& context, db::DatabaseClient& client, const store::Job& stored,
                           store::Job job) {
  const auto now = context.clock.now();
  OFFX_TRY(pipeline::prepare(job, now, &stored));
  OFFX_TRY(store::JobRepository(client).update(job, now));
  return job;
}

/// `keep=3`, `posts_keep_days=null`, `full=true`, `period=week`.
Result<void> set_option(json::object& options, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(Errc::invalid_argument, fmt::format("--set {}: write NAME=VALUE", printable(setting)));
  }
  const auto name = setting.substr(0, equals);
  const auto text = setting.substr(equals + 1);
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || value.is_object() || value.is_array()) value = json::string(text);
  if (value.is_null()) {
    options.erase(name);
  } else {
    options[name] = std::move(value);
  }
  return {};
}

Result<void> apply(const JobsCommand& command, db::DatabaseClient& client, store::Job& job) {
  if (command.title) job.title = *command.title;
  if (command.schedule) job.schedule = *command.schedule;
  if (command.time_zone) job.time_zone = *command.time_zone;
  boost::system::error_code error;
  const auto parsed = json::parse(job.options, error);
  json::object options = !error && parsed.is_object() ? parsed.get_object() : json::object();
  if (!command.topic.empty()) {
    OFFX_ASSIGN(const auto topic, find_topic(client, command.topic));
    options["topic_id"] = topic.id;
    if (!command.title && job.id == 0) job.title = fmt::format("Summarise {}", topic.title);
  }
  if (!command.period.empty()) options["period"] = command.period;
  if (command.max_sentences) options["max_sentences"] = *command.max_sentences;
  if (!command.engine.empty()) options["engine"] = command.engine;
  for (const auto& setting : command.settings) OFFX_TRY(set_option(options, setting));
  job.options = json::serialize(options);
  return {};
}

/// Until the run is over, in this process or another; what ends it early is Ctrl-C.
Result<store::Run> follow(const Context& context, store::JobRepository& jobs, store::Run run) {
  ProgressBar bar(context.terminal, "Running", "steps");
  while (!is_over(run.state) && !context.interrupted) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    OFFX_ASSIGN(run, jobs.run(run.id));
    if (run.progress) bar.update(run.progress->done, run.progress->total, run.progress->done);
  }
  return run;
}

}  // namespace

Result<void> run_jobs_list(const Context& context) {
  OFFX_ASSIGN(const auto client, context.open_database_to_show());
  store::JobRepository repository(*client);
  OFFX_ASSIGN(const auto jobs, repository.list());
  OFFX_ASSIGN(const auto runs, repository.latest_runs());
  const auto run_of = [&](const store::Job& job) -> const store::Run* {
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const store::Run& r) { return r.job_id == job.id; });
    return run == runs.end() ? nullptr : &*run;
  };
  if (context.json) {
    json::array list;
    for (const auto& job : jobs) list.push_back(pipeline::to_json(job, run_of(job), context.clock.now()));
    print_json(list);
    return {};
  }
  std::vector<std::vector<std::string>> rows = {{"JOB", "NAME", "TITLE", "SCHEDULE", "ZONE", "NEXT (THERE)", "LAST"}};
  for (const auto& job : jobs) {
    auto next = job.next_due_at;
    if (!next) {
      // No scheduler has looked at it yet.
      auto prepared = job;
      if (pipeline::prepare(prepared, context.clock.now())) next = prepared.next_due_at;
    }
    const auto* run = run_of(job);
    rows.push_back({std::to_string(job.id), job.name, shorten(job.title, 30), job.schedule, job.time_zone,
                    job.enabled ? local_text(next, job.time_zone) : "paused",
                    run == nullptr ? "" : std::string(to_string(run->state))});
  }
  print(table(context.terminal, rows, std::vector<bool>(rows[0].size())));
  return {};
}

Result<void> run_jobs_show(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database_to_show());
  OFFX_ASSIGN(const auto job, find_job(*client, command.job));
  OFFX_ASSIGN(const auto runs, store::JobRepository(*client).runs(
                                   {.job_id = job.id, .kind = {}, .state = {}, .before_id = {}}, command.limit));
  print_job(context, job, runs);
  return {};
}

Result<void> run_jobs_add(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs add"));
  store::Job job;
  job.kind = "summarise";
  job.title = "Summarise every topic";
  job.schedule = "0 6 * * *";
  job.time_zone = TimeZone::name_of_system();
  OFFX_TRY(apply(command, *client, job));
  const auto now = context.clock.now();
  OFFX_TRY(pipeline::prepare(job, now));
  store::JobRepository jobs(*client);
  OFFX_ASSIGN(const auto id, jobs.add(job, now));
  OFFX_ASSIGN(const auto added, jobs.get(id));
  print_job(context, added, {});
  return {};
}

Result<void> run_jobs_edit(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs edit"));
  OFFX_ASSIGN(const auto stored, find_job(*client, command.job));
  auto job = stored;
  OFFX_TRY(apply(command, *client, job));
  OFFX_ASSIGN(const auto now, changed(context, *client, stored, std::move(job)));
  print_job(context, now, {});
  return {};
}

Result<void> run_jobs_switch(const Context& context, const JobsCommand& command, bool enabled) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs pause"));
  OFFX_ASSIGN(const auto stored, find_job(*client, command.job));
  auto job = stored;
  job.enabled = enabled;
  OFFX_ASSIGN(const auto now, changed(context, *client, stored, std::move(job)));
  if (context.json) {
    print_json(pipeline::to_json(now, nullptr, context.clock.now()));
  } else if (enabled) {
    print(fmt::format("\"{}\" runs again, next at {} ({})\n", printable(now.title),
                      local_text(now.next_due_at, now.time_zone), printable(now.time_zone)));
  } else {
    print(fmt::format("\"{}\" is paused\n", printable(now.title)));
  }
  return {};
}

Result<void> run_jobs_remove(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs remove"));
  OFFX_ASSIGN(const auto job, find_job(*client, command.job));
  OFFX_TRY(store::JobRepository(*client).remove(job.id, context.clock.now()));
  if (context.json) {
    print_json(json::object{{"removed", job.id}});
  } else {
    print(fmt::format("removed job {} \"{}\"; its history stays\n", job.id, printable(job.title)));
  }
  return {};
}

Result<void> run_jobs_run(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs run"));
  OFFX_ASSIGN(const auto job, find_job(*client, command.job));
  store::JobRepository jobs(*client);
  OFFX_ASSIGN(const auto options_text, pipeline::options_of_run(job, command.force));
  OFFX_ASSIGN(auto run, jobs.enqueue(job.kind, job.title, options_text, kAskedBy, context.clock.now(), job.id));
  if (!command.no_wait) {
    set_log_level(LogLevel::error);
    jobs::SchedulerOptions options;
    options.workers = 1;
    options.plans = false;
    options.only_run = run.id;
    options.poll_every = std::chrono::milliseconds(200);
    options.attempts_max = 1;  // who waits for it sees the error, and decides
    options.unavailable_max = {};
    jobs::Scheduler scheduler(*client, context.clock, jobs::standard_kinds(data_folder_of(context.db_url)), options);
    auto followed = follow(context, jobs, run);
    if (context.interrupted && followed && !is_over(followed->state)) {
      OFFX_TRY(jobs.cancel(run.id, context.clock.now()));
      scheduler.wake();
    }
    scheduler.stop();
    OFFX_ASSIGN(run, std::move(followed));
    if (context.interrupted && !is_over(run.state)) return fail(Errc::cancelled, "interrupted");
  }
  if (context.json) {
    print_json(pipeline::to_json(run));
  } else if (command.no_wait) {
    print(fmt::format("run {} waits for a server: offx jobs runs\n", run.id));
  } else if (run.state == store::RunState::done) {
    print(fmt::format("{}: {}\n", printable(job.title), run.message.empty() ? "done" : printable(run.message)));
  }
  if (run.state == store::RunState::failed) return fail(Errc::internal, run.error);
  if (run.state == store::RunState::cancelled) return fail(Errc::cancelled, "the run was cancelled");
  return {};
}

Result<void> run_jobs_runs(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database_to_show());
  store::RunFilter filter;
  if (!command.job.empty()) {
    OFFX_ASSIGN(const auto job, find_job(*client, command.job));
    filter.job_id = job.id;
  }
  if (!command.kind.empty()) filter.kind = command.kind;
  if (!command.state.empty()) filter.state = store::to_run_state(command.state);
  OFFX_ASSIGN(const auto runs, store::JobRepository(*client).runs(filter, command.limit));
  print_runs(context, runs);
  return {};
}

Result<void> run_jobs_cancel(const Context& context, const JobsCommand& command) {
  OFFX_ASSIGN(const auto client, context.open_database("jobs cancel"));
  OFFX_ASSIGN(const auto id, run_id(command.job));
  OFFX_ASSIGN(const auto run, store::JobRepository(*client).cancel(id, context.clock.now()));
  if (context.json) {
    print_json(pipeline::to_json(run));
  } else if (run.state == store::RunState::cancelled) {
    print(fmt::format("run {} is cancelled\n", id));
  } else {
    print(fmt::format("run {} is told to stop: {}\n", id, printable(process_of(run.owner))));
  }
  return {};
}

}  // namespace offx::app
