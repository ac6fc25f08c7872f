#include "jobs/kinds.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "db/maintenance.h"
#include "jobs/maintenance.h"
#include "pipeline/filer.h"
#include "pipeline/import.h"
#include "pipeline/jobs.h"
#include "pipeline/json.h"
#include "pipeline/series.h"
#include "pipeline/summarize.h"
#include "store/store.h"
#include "store/summaries.h"
#include "store/topics.h"
#include "store/volume.h"

namespace offx::jobs {
namespace {

namespace json = boost::json;

/// How many broken items of an import its result tells one by one: as many as somebody reads.
constexpr std::uint64_t kProblemsKept = 50;

std::optional<std::int64_t> number_option(const RunContext& context, std::string_view name) {
  const auto* const value = context.options().if_contains(name);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

std::string text_option(const RunContext& context, std::string_view name) {
  const auto* const value = context.options().if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool flag_option(const RunContext& context, std::string_view name) {
  const auto* const value = context.options().if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

tl::unexpected<Error> stopped() { return fail(Errc::cancelled, "stopped"); }

db::Progress posts_progress(RunContext& context) {
  return [&context](std::uint64_t done, std::uint64_t total) { return context.progress(done, total, "posts"); };
}

/// That of the job, or else UTC.
Result<TimeZone> zone_of(RunContext& context) {
  if (const auto job_id = context.run().job_id) {
    OFFX_ASSIGN(const auto job, store::JobRepository(context.client()).get(*job_id));
    return TimeZone::find(job.time_zone);
  }
  return TimeZone::find("UTC");
}

Result<pipeline::Period> period_of(RunContext& context) {
  const auto since = text_option(context, "since");
  const auto until = text_option(context, "until");
  const auto period = text_option(context, "period");
  if (!since.empty() || !until.empty()) {
    return pipeline::parse_period(since, until, period, context.run().created_at);
  }
  OFFX_ASSIGN(const auto zone, zone_of(context));
  return pipeline::ended_period(period.empty() ? "day" : period, context.run().due_at, zone);
}

Result<Outcome> summarise(RunContext& context) {
  store::TopicRepository repository(context.client());
  std::vector<store::Topic> topics;
  if (const auto id = number_option(context, "topic_id")) {
    OFFX_ASSIGN(auto topic, repository.get(*id));
    topics.push_back(std::move(topic));
  } else {
    OFFX_ASSIGN(topics, repository.list());
    std::erase_if(topics, [](const store::Topic& topic) { return !topic.is_active; });
  }
  OFFX_ASSIGN(const auto period, period_of(context));
  pipeline::SummarizeOptions options;
  options.max_sentences = static_cast<std::size_t>(number_option(context, "max_sentences").value_or(5));
  if (auto engine = text_option(context, "engine"); !engine.empty()) options.engine = std::move(engine);
  // Of a run that is tried again, what it made before is not made once more.
  options.force = flag_option(context, "force");
  options.forced_at = context.run().created_at;
  json::array ids;
  std::uint64_t made = 0;
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (!context.progress(i, topics.size(), "topics")) return stopped();
    context.message(topics[i].title);
    auto summary = pipeline::summarize_topic(context.client(), topics[i], period, options, context.clock().now());
    if (!summary) return fail(std::move(summary).error().within(topics[i].title));
    if (summary->id != 0) ids.emplace_back(summary->id);
    made += summary->stored ? 1U : 0U;
  }
  context.progress(topics.size(), topics.size(), "topics");
  return Outcome{fmt::format("{} of {}", count_of(made, "new summary", "new summaries"),
                             count_of(topics.size(), "topic", "topics")),
                 {{"summaries", std::move(ids)},
                  {"made", made},
                  {"topics", topics.size()},
                  {"since", to_iso_time(period.start)},
                  {"until", to_iso_time(period.end)}}};
}

Result<Outcome> file_topic(RunContext& context) {
  const auto topic = store::TopicRepository(context.client()).get(number_option(context, "topic_id").value_or(0));
  if (!topic && topic.error().code() == Errc::not_found) return Outcome{"the topic was removed meanwhile", {}};
  if (!topic) return fail(topic.error());
  if (!topic->rule || !topic->is_active) return Outcome{"the topic has no rule that files posts", {}};
  OFFX_ASSIGN(const auto posts,
              pipeline::file_stored_posts(context.client(), *topic, context.clock(), posts_progress(context)));
  return Outcome{fmt::format("{} of '{}'", count_of(posts, "post", "posts"), topic->title), {{"posts", posts}}};
}

/// An upload is gone when nothing will read it again.
void remove_upload(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) log(LogLevel::warning, "jobs.upload_left", {{"file", file.string()}, {"error", error.message()}});
}

/// The same whenever the run is done again.
std::int64_t import_id(const store::Run& run) {
  return run.created_at.time_since_epoch().count() * 1024 + run.id % 1024;
}

Outcome outcome_of(const store::ImportRecord& record) {
  std::string message = fmt::format("{} new, {} updated, {} unchanged", record.added, record.updated, record.unchanged);
  if (record.broken > 0) {
    message += fmt::format(", {}", count_of(static_cast<std::uint64_t>(record.broken), "broken item", "broken items"));
  }
  return {std::move(message),
          {{"import_id", record.id},
           {"source", record.source},
           {"format", record.format},
           {"added", record.added},
           {"updated", record.updated},
           {"unchanged", record.unchanged},
           {"broken", record.broken}}};
}

Result<Outcome> import(RunContext& context, const std::filesystem::path& data_folder) {
  const std::filesystem::path file = text_option(context, "file");
  // Options come from the database: nothing outside our own folder is read or removed because of what stands there. Of
  // several servers with folders of their own one has the upload; it is given a day to come by.
  std::error_code ignored;
  const auto own = std::filesystem::weakly_canonical(data_folder, ignored);
  const auto real = std::filesystem::weakly_canonical(file, ignored);
  const bool is_own = std::mismatch(own.begin(), own.end(), real.begin(), real.end()).first == own.end();
  if (!is_own || !std::filesystem::is_regular_file(real, ignored)) {
    // The upload is removed before the run is written as done: a process may have ended in between.
    const auto id = import_id(context.run());
    OFFX_ASSIGN(const auto records, store::list_imports(context.client(), id + 1, 1));
    if (!records.empty() && records[0].id == id) return outcome_of(records[0]);
    const bool may_come = context.clock().now() - context.run().created_at < std::chrono::hours(24);
    return fail(may_come ? Errc::unavailable : Errc::not_found,
                may_come
                    ? "the upload is not in this server's data folder; if another server has it, that one imports it"
                    : "the upload is in no server's data folder any more: upload it again");
  }
  pipeline::ImportOptions options;
  options.read.clock = &context.clock();
  options.read.platform = text_option(context, "platform");
  options.interrupted = &context.stop_flag();
  if (const auto name = text_option(context, "format"); !name.empty()) {
    options.read.format = sources::parse_format(name);
    if (!options.read.format) return fail(Errc::invalid_argument, fmt::format("'{}' is no format", name));
  }
  pipeline::ImportCallbacks callbacks;
  std::uint64_t broken = 0;
  json::array problems;
  callbacks.on_progress = [&](const sources::Progress& progress) {
    context.progress(progress.bytes_read, progress.bytes_total.value_or(0), "bytes");
    context.message(count_of(progress.posts, "post", "posts"));
  };
  callbacks.on_problem = [&](const sources::Problem& problem) {
    if (broken++ < kProblemsKept) problems.push_back(pipeline::to_json(problem));
  };
  const auto started = context.clock().now();
  const auto name = text_option(context, "name");
  const auto called = name.empty() ? real.filename().string() : name;
  OFFX_ASSIGN(const auto imported,
              pipeline::import_posts(context.client(),
                                     {.name = real.string(), .interrupted = &context.stop_flag(), .called = called},
                                     options, callbacks));
  if (imported.interrupted) return stopped();
  if (imported.failure) {
    // Kept for another try, unless no try will read it; the clean-up removes what nobody comes back to.
    if (imported.is_unreadable) remove_upload(real);
    return fail(*imported.failure);
  }
  store::ImportRecord record;
  record.id = import_id(context.run());
  record.source = called;
  record.format = imported.format ? std::string(sources::to_string(*imported.format)) : "unknown";
  record.started_at = started;
  record.finished_at = context.clock().now();
  record.added = static_cast<std::int64_t>(imported.posts.added);
  record.updated = static_cast<std::int64_t>(imported.posts.updated);
  record.unchanged = static_cast<std::int64_t>(imported.posts.unchanged);
  record.broken = static_cast<std::int64_t>(broken);
  OFFX_TRY(store::add_import(context.client(), record));
  // What was filed by rules that changed meanwhile is filed by those of now.
  const auto filed = pipeline::file_unfiled_posts(context.client(), context.clock(),
                                                  [&](std::uint64_t, std::uint64_t) { return !context.stopping(); });
  // A stored rule that cannot be read keeps posts unfiled, not out.
  if (!filed && filed.error().code() != Errc::corrupt) return fail(filed.error());
  remove_upload(real);
  auto outcome = outcome_of(record);
  if (!filed) outcome.message += "; some posts are not filed yet: " + filed.error().to_string();
  outcome.result["kept_out"] = imported.posts.kept_out;
  outcome.result["problems"] = std::move(problems);
  outcome.result["truncated"] = imported.read.truncated;
  return outcome;
}

Result<Outcome> integrity_check(RunContext& context) {
  const auto depth = flag_option(context, "full") ? db::CheckDepth::full : db::CheckDepth::quick;
  OFFX_ASSIGN(const auto findings, db::check_integrity(context.client(), depth, [&] { return !context.stopping(); }));
  const auto shown = [](const std::vector<std::string>& lines) {
    return lines[0] + (lines.size() == 1 ? std::string() : fmt::format(" and {} more", lines.size() - 1));
  };
  if (!findings.damage.empty()) {
    return fail(Errc::corrupt,
                fmt::format("the database is damaged: {}; restore a backup (offx db restore)", shown(findings.damage)));
  }
  if (findings.references.empty()) return Outcome{"the database is sound", {{"problems", 0}}};
  // No backup would mend that: the next REPLACE of that program does it again.
  return Outcome{fmt::format("the database is not damaged, but holds rows that refer to nothing: {}; a program writes "
                             "with foreign keys off: see docs/jobs.md",
                             shown(findings.references)),
                 {{"problems", findings.references.size()}}};
}

Result<Outcome> clean_up(RunContext& context, const std::filesystem::path& data_folder) {
  CleanupOptions options;
  options.posts_keep_days = number_option(context, "posts_keep_days");
  options.log_keep_days = number_option(context, "log_keep_days");
  options.runs_keep_days = number_option(context, "runs_keep_days").value_or(options.runs_keep_days);
  options.with_cited = flag_option(context, "with_cited");
  options.force = flag_option(context, "force");
  OFFX_ASSIGN(const auto removed, clean_up(context, data_folder, options));
  return Outcome{fmt::format("removed {}, {} and {}", count_of(removed.posts, "post", "posts"),
                             count_of(removed.runs, "run", "runs"),
                             count_of(removed.log_entries, "line of the request log", "lines of the request log")),
                 {{"posts", removed.posts},
                  {"runs", removed.runs},
                  {"log_entries", removed.log_entries},
                  {"uploads", removed.uploads}}};
}

Result<Outcome> back_up(RunContext& context, const std::filesystem::path& data_folder) {
  OFFX_ASSIGN(const auto made, back_up(context, data_folder, number_option(context, "keep")));
  if (made.name.empty()) return Outcome{"nothing done: the database's server has backups of its own", {}};
  return Outcome{fmt::format("{}, {} removed", made.name, count_of(made.removed, "older one", "older ones")),
                 {{"name", made.name}, {"bytes", made.bytes}, {"removed", made.removed}}};
}

Result<Outcome> statistics(RunContext& context) {
  // What is asked for first, and no more than an hour has time for; the rest in the next run.
  constexpr std::uint64_t kPostsMax = 200'000;
  OFFX_TRY(store::VolumeRepository(context.client()).forget_removed_topics());
  OFFX_TRY(db::refresh_statistics(context.client()));
  OFFX_ASSIGN(const auto posts, pipeline::work_out_moods(context.client(), std::nullopt, Timestamp{}, kPostsMax,
                                                         posts_progress(context)));
  return Outcome{fmt::format("the mood of {}", count_of(posts, "post", "posts")), {{"posts", posts}}};
}

Result<Outcome> complete_migrations(RunContext& context) {
  // Migrations have a lease and a fence of their own.
  OFFX_ASSIGN(const auto done,
              store::complete_migrations(context.unfenced_client(), [&](const migrate::WorkState& state) {
                context.message(state.what);
                return context.progress(state.done, state.total, "rows");
              }));
  std::string message = done.completed.empty() ? "nothing to finish" : "";
  json::array completed;
  for (const auto& name : done.completed) {
    message += (message.empty() ? "finished " : ", ") + name;
    completed.emplace_back(name);
  }
  json::array refused;
  for (const auto& [name, why] : done.refused) {
    log(LogLevel::warning, "migrations.not_finished", {{"migration", name}, {"message", why}});
    message = fmt::format("{} is not finished: {}", name, why);
    refused.emplace_back(name);
  }
  return Outcome{std::move(message), {{"completed", std::move(completed)}, {"refused", std::move(refused)}}};
}

}  // namespace

Kinds standard_kinds(const std::filesystem::path& data_folder) {
  return {{"summarise", &summarise},
          {"file_topic", &file_topic},
          {"import", [=](RunContext& context) { return import(context, data_folder); }},
          {"cleanup", [=](RunContext& context) { return clean_up(context, data_folder); }},
          {"integrity_check", &integrity_check},
          {"backup", [=](RunContext& context) { return back_up(context, data_folder); }},
          {"statistics", &statistics},
          {"complete_migrations", &complete_migrations}};
}

}  // namespace offx::jobs
