#include "pipeline/jobs.h"

#include <algorithm>
#include <array>

#include "api/route.h"
#include "api/shown.h"
#include "pipeline/json.h"
#include "store/jobs.h"
#include "store/topics.h"

namespace offx::api {
namespace {

namespace json = boost::json;

void wake(const Services& services) {
  if (services.wake_scheduler) services.wake_scheduler();
}

/// What a user may have done without being an administrator. The other kinds look after the database: what they remove,
/// and when, is not for everybody.
bool is_for_users(std::string_view kind) { return kind == "summarise" || kind == "file_topic" || kind == "import"; }

bool may_touch(const Request& request, std::string_view kind) {
  return request.caller().may_admin || is_for_users(kind);
}

net::HttpResponse only_for_administrators(const Request& request) {
  constexpr int kForbidden = 403;
  return problem(kForbidden, title_of(kForbidden), "this job looks after the database: it is for administrators",
                 request.id());
}

/// The job, with its newest run.
Result<json::object> job_json(store::JobRepository& jobs, const store::Job& job, Timestamp now) {
  OFFX_ASSIGN(const auto runs, jobs.runs({.job_id = job.id, .kind = {}, .state = {}, .before_id = {}}, 1));
  return pipeline::to_json(job, runs.empty() ? nullptr : runs.data(), now);
}

Result<net::HttpResponse> list_jobs(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  store::JobRepository repository(services.client);
  OFFX_ASSIGN(const auto jobs, repository.list());
  OFFX_ASSIGN(const auto runs, repository.latest_runs());
  json::array list;
  for (const auto& job : jobs) {
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const store::Run& r) { return r.job_id == job.id; });
    list.push_back(pipeline::to_json(job, run == runs.end() ? nullptr : &*run, services.clock.now()));
  }
  return json_response(json::object{{"jobs", std::move(list)}});
}

/// The topic that a job's options name has to be there. Its removal later leaves the job.
Result<void> check_topic(const Services& services, const json::object& options) {
  OFFX_ASSIGN(const auto id, number_member(options, "topic_id"));
  if (!id) return {};
  if (auto topic = store::TopicRepository(services.client).get(*id); !topic) {
    return fail(std::move(topic).error().within("topic_id"));
  }
  return {};
}

/// The members of a job that may be given, written into `job`.
Result<void> read_job(const Services& services, const json::object& body, store::Job& job) {
  OFFX_ASSIGN(const auto title, text_member(body, "title"));
  OFFX_ASSIGN(const auto schedule, text_member(body, "schedule"));
  OFFX_ASSIGN(const auto time_zone, text_member(body, "time_zone"));
  OFFX_ASSIGN(const auto enabled, flag_member(body, "enabled"));
  if (title) job.title = *title;
  if (schedule) job.schedule = *schedule;
  if (time_zone) job.time_zone = *time_zone;
  if (enabled) job.enabled = *enabled;
  if (const auto* const options = body.if_contains("options"); options != nullptr && !options->is_null()) {
    if (!options->is_object()) return fail(Error(Errc::invalid_argument, "has to be an object").within("options"));
    OFFX_TRY(check_topic(services, options->get_object()));
    job.options = json::serialize(*options);
  }
  return {};
}

Result<net::HttpResponse> add_job(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 6> kMembers = {"kind", "title", "schedule", "time_zone", "enabled", "options"};
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto kind, text_member(body, "kind"));
  store::Job job;
  job.kind = kind.value_or("summarise");
  if (job.kind != "summarise") {
    return fail(Error(Errc::invalid_argument, "only summarise: of the others there are built-in jobs").within("kind"));
  }
  job.title = "Summarise";
  job.time_zone = "UTC";
  const auto now = services.clock.now();
  OFFX_TRY(read_job(services, body, job));
  OFFX_TRY(pipeline::prepare(job, now));
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(const auto id, jobs.add(job, now));
  wake(services);
  OFFX_ASSIGN(job, jobs.get(id));
  OFFX_ASSIGN(const auto answer, job_json(jobs, job, now));
  return json_response(answer, 201);
}

Result<net::HttpResponse> get_job(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(const auto job, jobs.get(id));
  OFFX_ASSIGN(const auto answer, job_json(jobs, job, services.clock.now()));
  return json_response(answer);
}

Result<net::HttpResponse> edit_job(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 5> kMembers = {"title", "schedule", "time_zone", "enabled", "options"};
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(const auto stored, jobs.get(id));
  if (!may_touch(request, stored.kind)) return only_for_administrators(request);
  auto job = stored;
  const auto now = services.clock.now();
  OFFX_TRY(read_job(services, body, job));
  OFFX_TRY(pipeline::prepare(job, now, &stored));
  OFFX_TRY(jobs.update(job, now));
  wake(services);
  OFFX_ASSIGN(const auto answer, job_json(jobs, job, now));
  return json_response(answer);
}

Result<net::HttpResponse> remove_job(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(const auto job, jobs.get(id));
  if (!may_touch(request, job.kind)) return only_for_administrators(request);
  OFFX_TRY(jobs.remove(id, services.clock.now()));
  wake(services);
  net::HttpResponse response;
  response.status = 204;
  return response;
}

Result<net::HttpResponse> run_job(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  constexpr std::array<std::string_view, 1> kMembers = {"force"};
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto body, request.json(kMembers));
  OFFX_ASSIGN(const auto force, flag_member(body, "force"));
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(const auto job, jobs.get(id));
  if (!may_touch(request, job.kind)) return only_for_administrators(request);
  OFFX_ASSIGN(const auto options, pipeline::options_of_run(job, force.value_or(false)));
  if (job.kind == "summarise") {
    OFFX_ASSIGN(auto refusal, check_summary_budget(request, services));
    if (refusal) return std::move(*refusal);
  }
  OFFX_ASSIGN(const auto run,
              jobs.enqueue(job.kind, job.title, options, request.caller().username, services.clock.now(), job.id));
  wake(services);
  return json_response(json::object{{"run", pipeline::to_json(run)}}, 202);
}

Result<net::HttpResponse> explain_schedule(const Request& request, const Services& services) {
  constexpr std::array<std::string_view, 2> kNames = {"schedule", "time_zone"};
  OFFX_TRY(request.only(kNames));
  const auto zone = request.query("time_zone");
  OFFX_ASSIGN(const auto answer,
              pipeline::schedule_json(request.query("schedule"), zone.empty() ? "UTC" : zone, services.clock.now()));
  return json_response(answer);
}

Result<net::HttpResponse> list_runs(const Request& request, const Services& services) {
  constexpr std::array<std::string_view, 5> kNames = {"job", "kind", "state", "limit", "after"};
  OFFX_TRY(request.only(kNames));
  store::RunFilter filter;
  OFFX_ASSIGN(filter.job_id, request.query_id("job"));
  OFFX_ASSIGN(filter.before_id, request.query_id("after"));
  OFFX_ASSIGN(const auto limit, request.query_number("limit", 20, 1, 200));
  if (auto kind = request.query("kind"); !kind.empty()) filter.kind = std::move(kind);
  if (const auto state = request.query("state"); !state.empty()) {
    filter.state = store::to_run_state(state);
    if (!filter.state) {
      return fail(
          Error(Errc::invalid_argument, "has to be waiting, running, done, failed or cancelled").within("state"));
    }
  }
  const auto count = static_cast<std::size_t>(limit);
  OFFX_ASSIGN(auto runs, store::JobRepository(services.client).runs(filter, count + 1));
  json::value next;
  if (runs.size() > count) {
    runs.resize(count);
    next = std::to_string(runs.back().id);
  }
  json::array list;
  for (const auto& run : runs) list.push_back(pipeline::to_json(run));
  return json_response(json::object{{"runs", std::move(list)}, {"next", std::move(next)}});
}

Result<net::HttpResponse> get_run(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_ASSIGN(const auto run, store::JobRepository(services.client).run(id));
  return json_response(pipeline::to_json(run));
}

Result<net::HttpResponse> cancel_run(const Request& request, const Services& services) {
  OFFX_TRY(request.only({}));
  OFFX_ASSIGN(const auto id, request.path_id());
  OFFX_TRY(request.json({}));
  store::JobRepository jobs(services.client);
  OFFX_ASSIGN(auto run, jobs.run(id));
  if (!may_touch(request, run.kind)) return only_for_administrators(request);
  OFFX_ASSIGN(run, jobs.cancel(id, services.clock.now()));
  wake(services);
  return json_response(pipeline::to_json(run));
}

constexpr std::array<Route, 10> kRoutes = {{
    {"GET", "/api/v1/jobs", Access::read, &list_jobs},
    {"POST", "/api/v1/jobs", Access::write, &add_job},
    {"GET", "/api/v1/jobs/{id}", Access::read, &get_job},
    {"PATCH", "/api/v1/jobs/{id}", Access::write, &edit_job},
    {"DELETE", "/api/v1/jobs/{id}", Access::write, &remove_job},
    {"POST", "/api/v1/jobs/{id}/run", Access::write, &run_job},
    {"GET", "/api/v1/schedule", Access::read, &explain_schedule},
    {"GET", "/api/v1/runs", Access::read, &list_runs},
    {"GET", "/api/v1/runs/{id}", Access::read, &get_run},
    {"POST", "/api/v1/runs/{id}/cancel", Access::write, &cancel_run},
}};

}  // namespace

std::span<const Route> job_routes() { return kRoutes; }

}  // namespace offx::api
