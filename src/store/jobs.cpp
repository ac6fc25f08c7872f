#include "store/jobs.h"

#include <array>

#include "store/catalogue.h"
#include "store/rows.h"
#include "store/tables.h"

namespace offx::store {
namespace {

struct StateName {
  RunState state;
  std::string_view name;
};
constexpr std::array<StateName, 5> kStates = {{{RunState::waiting, "waiting"},
                                               {RunState::running, "running"},
                                               {RunState::done, "done"},
                                               {RunState::failed, "failed"},
                                               {RunState::cancelled, "cancelled"}}};

/// To the millisecond, unlike the times of posts: runs are told apart by it.
db::Value time_value(Timestamp time) { return to_sql_time(time); }
db::Value time_value(const std::optional<Timestamp>& time) { return time ? time_value(*time) : db::Value{}; }

std::optional<Timestamp> optional_time(const db::Value& value) {
  if (db::is_null(value)) return std::nullopt;
  return to_time(value);
}

template <class T>
db::Value value_or_null(const std::optional<T>& value) {
  return value ? db::Value{*value} : db::Value{};
}

Job row_to_job(std::span<const db::Value> row) {
  return {db::to_integer(row[0]),
          db::to_text(row[1]),
          db::to_text(row[2]),
          db::to_text(row[3]),
          db::to_text(row[4]),
          db::to_text(row[5]),
          db::to_integer(row[6]) != 0,
          db::to_text(row[7]),
          optional_time(row[8]),
          to_time(row[9]),
          to_time(row[10])};
}

std::vector<Job> rows_to_jobs(const db::QueryResult& rows) {
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < rows.rows(); ++i) jobs.push_back(row_to_job(rows.row(i)));
  return jobs;
}

Run row_to_run(std::span<const db::Value> row) {
  Run run;
  run.id = db::to_integer(row[0]);
  if (!db::is_null(row[1])) run.job_id = db::to_integer(row[1]);
  run.kind = db::to_text(row[2]);
  run.title = db::to_text(row[3]);
  run.options = db::to_text(row[4]);
  run.state = to_run_state(db::to_text(row[5])).value_or(RunState::failed);
  run.attempt = db::to_integer(row[6]);
  run.due_at = to_time(row[7]);
  run.fence = db::to_integer(row[8]);
  run.beat = db::to_integer(row[9]);
  run.owner = db::to_text(row[10]);
  run.cancel_requested = db::to_integer(row[11]) != 0;
  if (!db::is_null(row[12])) {
    run.progress = RunProgress{static_cast<std::uint64_t>(db::to_integer(row[12])),
                               static_cast<std::uint64_t>(db::to_integer(row[13])), db::to_text(row[14])};
  }
  run.message = db::to_text(row[15]);
  run.result = db::to_text(row[16]);
  run.error = db::to_text(row[17]);
  run.started_at = optional_time(row[18]);
  run.finished_at = optional_time(row[19]);
  run.created_at = to_time(row[20]);
  run.created_by = db::to_text(row[21]);
  if (!db::to_text(row[22]).empty()) run.ready_at = to_time(row[22]);
  return run;
}

std::vector<Run> rows_to_runs(const db::QueryResult& rows) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < rows.rows(); ++i) runs.push_back(row_to_run(rows.row(i)));
  return runs;
}

std::string no_job(std::int64_t id) { return "there is no job " + std::to_string(id); }
std::string no_run(std::int64_t id) { return "there is no run " + std::to_string(id); }

tl::unexpected<Error> lost(const Run& run) {
  return fail(Errc::conflict, "the run " + std::to_string(run.id) + " is not this process' any more");
}

}  // namespace

std::string_view to_string(RunState state) noexcept {
  for (const auto& entry : kStates) {
    if (entry.state == state) return entry.name;
  }
  return "unknown";
}

std::optional<RunState> to_run_state(std::string_view text) noexcept {
  for (const auto& entry : kStates) {
    if (entry.name == text) return entry.state;
  }
  return std::nullopt;
}

Result<std::vector<Job>> JobRepository::list() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::job_list)));
  return rows_to_jobs(rows);
}

Result<Job> JobRepository::get(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::job_get), {id}));
  if (rows.rows() == 0) return fail(Errc::not_found, no_job(id));
  return row_to_job(rows.row(0));
}

Result<std::int64_t> JobRepository::add(const Job& job, Timestamp now) {
  const std::array<db::Statement, 2> statements = {
      {{sql(Query::job_insert),
        {db::text_or_null(job.name), job.kind, job.title, job.schedule, job.time_zone, std::int64_t{job.enabled},
         job.options, time_value(job.next_due_at), time_value(now)}},
       {sql(Query::job_find_same), {job.kind, job.title, job.options, time_value(now)}}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[1].rows() == 0) return fail(Errc::conflict, "there is a built-in job " + job.name + " already");
  return db::to_integer(results[1].row(0)[0]);
}

Result<void> JobRepository::update(const Job& job, Timestamp now) {
  OFFX_ASSIGN(const auto result,
              client_.execute(sql(Query::job_update),
                              {job.id, job.title, job.schedule, job.time_zone, std::int64_t{job.enabled}, job.options,
                               time_value(job.next_due_at), time_value(now)}));
  if (result.rows_affected() == 0) return fail(Errc::not_found, no_job(job.id));
  return {};
}

Result<void> JobRepository::remove(std::int64_t id, Timestamp now) {
  OFFX_ASSIGN(const auto job, get(id));
  if (!job.name.empty()) {
    return fail(Errc::conflict, "the job " + std::to_string(id) + " (" + job.name +
                                    ") is built in and cannot be removed: pause it instead");
  }
  // Explicitly, as some programs leave foreign keys off.
  const std::array<db::Statement, 3> statements = {{{sql(Query::job_runs_cancel_of_job), {id, time_value(now)}},
                                                    {sql(Query::job_runs_leave_job), {id}},
                                                    {sql(Query::job_delete), {id}}}};
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

Result<void> JobRepository::fire(const Job& job, Timestamp due_at, std::optional<Timestamp> next_due_at,
                                 Timestamp now) {
  const std::array<db::Statement, 2> statements = {
      {{sql(Query::job_run_insert_due),
        {job.id, time_value(job.next_due_at), time_value(job.updated_at), time_value(due_at), time_value(now)}},
       {sql(Query::job_set_next_due),
        {job.id, time_value(job.next_due_at), time_value(job.updated_at), time_value(next_due_at)}}}};
  OFFX_TRY(client_.batch(statements, db::Mode::write));
  return {};
}

Result<void> JobRepository::set_next_due(const Job& job, std::optional<Timestamp> next_due_at) {
  OFFX_TRY(client_.execute(sql(Query::job_set_next_due),
                           {job.id, time_value(job.next_due_at), time_value(job.updated_at), time_value(next_due_at)}));
  return {};
}

Result<Run> JobRepository::enqueue(std::string_view kind, std::string_view title, std::string_view options,
                                   std::string_view created_by, Timestamp now, std::optional<std::int64_t> job_id) {
  const db::Params params = {std::string(kind), std::string(title),      std::string(options),
                             time_value(now),   std::string(created_by), value_or_null(job_id)};
  const std::array<db::Statement, 2> statements = {
      {{sql(Query::job_run_insert), params}, {sql(Query::job_run_find_same), params}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[1].rows() == 0) {
    return fail(Errc::conflict, "the run was not stored: one of this job at the same moment is there already");
  }
  return row_to_run(results[1].row(0));
}

Result<Run> JobRepository::run(std::int64_t id) {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::job_run_get), {id}));
  if (rows.rows() == 0) return fail(Errc::not_found, no_run(id));
  return row_to_run(rows.row(0));
}

Result<std::vector<Run>> JobRepository::runs(const RunFilter& filter, std::size_t limit) {
  const db::Value state = filter.state ? db::Value{std::string(to_string(*filter.state))} : db::Value{};
  const db::Value count = static_cast<std::int64_t>(limit);
  if (filter.job_id) {
    OFFX_ASSIGN(const auto rows,
                client_.execute(sql(Query::job_run_list_of_job), {*filter.job_id, value_or_null(filter.kind), state,
                                                                  value_or_null(filter.before_id), count}));
    return rows_to_runs(rows);
  }
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::job_run_list), {value_or_null(filter.kind), state,
                                                                          value_or_null(filter.before_id), count}));
  return rows_to_runs(rows);
}

Result<JobRepository::Asked> JobRepository::asked_since(std::string_view kind, Timestamp since, std::int64_t limit) {
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::job_runs_asked_since), {std::string(kind), time_value(since), limit}));
  return Asked{db::to_integer(rows.row(0)[0]), parse_time(db::to_text(rows.row(0)[1]))};
}

Result<std::vector<Run>> JobRepository::latest_runs() {
  OFFX_ASSIGN(const auto rows, client_.execute(sql(Query::job_run_latest)));
  return rows_to_runs(rows);
}

Result<Run> JobRepository::cancel(std::int64_t id, Timestamp now) {
  const std::array<db::Statement, 2> statements = {
      {{sql(Query::job_run_cancel), {id, time_value(now)}}, {sql(Query::job_run_get), {id}}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[1].rows() == 0) return fail(Errc::not_found, no_run(id));
  auto run = row_to_run(results[1].row(0));
  // A request that is repeated finds its own work: that is no conflict.
  if (results[0].rows_affected() == 0 && run.state != RunState::cancelled) {
    return fail(Errc::conflict, "the run " + std::to_string(id) + " is over: " + std::string(to_string(run.state)));
  }
  return run;
}

Result<std::int64_t> JobRepository::remove_finished(Timestamp before, std::size_t limit) {
  OFFX_ASSIGN(const auto result, client_.execute(sql(Query::job_runs_delete_finished),
                                                 {time_value(before), static_cast<std::int64_t>(limit)}));
  return result.rows_affected();
}

Result<std::optional<Run>> JobRepository::claim(std::string_view owner, Timestamp now, const Wanted& wanted) {
  const db::Value self = std::string(owner);
  const std::array<db::Statement, 2> statements = {
      {{sql(Query::job_run_claim),
        {self, time_value(now), time_value(wanted.far), value_or_null(wanted.id), to_json(wanted.kinds)}},
       {sql(Query::job_run_claimed), {self}}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::write));
  if (results[1].rows() == 0) return std::optional<Run>();
  return std::optional<Run>(row_to_run(results[1].row(0)));
}

Result<bool> JobRepository::renew(const Run& run) {
  const auto number = [&](std::uint64_t RunProgress::* member) {
    return run.progress ? db::Value{static_cast<std::int64_t>((*run.progress).*member)} : db::Value{};
  };
  OFFX_ASSIGN(const auto rows,
              client_.execute(sql(Query::job_run_renew),
                              {run.id, run.fence, run.beat, number(&RunProgress::done), number(&RunProgress::total),
                               run.progress ? db::Value{run.progress->unit} : db::Value{}, run.message}));
  if (rows.rows() == 0) return lost(run);
  return db::to_integer(rows.row(0)[0]) != 0;
}

Result<void> JobRepository::finish(const Run& run, const RunEnd& end, Timestamp now) {
  OFFX_ASSIGN(const auto result,
              client_.execute(sql(Query::job_run_finish),
                              {run.id, run.fence, std::string(to_string(end.state)), end.message,
                               db::text_or_null(end.result), db::text_or_null(end.error), time_value(now),
                               end.again_at ? to_sql_time(*end.again_at) : std::string(),
                               end.counts ? run.attempt : run.attempt - 1}));
  if (result.rows_affected() == 0) return lost(run);
  return {};
}

Result<JobRepository::Outlook> JobRepository::outlook() {
  const std::array<db::Statement, 2> statements = {{{sql(Query::job_list), {}}, {sql(Query::job_run_open), {}}}};
  OFFX_ASSIGN(const auto results, client_.batch(statements, db::Mode::read));
  return Outlook{rows_to_jobs(results[0]), rows_to_runs(results[1])};
}

Result<bool> JobRepository::take_away(const Run& run, const RunEnd& end, Timestamp now) {
  OFFX_ASSIGN(const auto result, client_.execute(sql(Query::job_run_take_away),
                                                 {run.id, run.fence, run.beat, std::string(to_string(end.state)),
                                                  end.message, db::text_or_null(end.error), time_value(now),
                                                  end.again_at ? to_sql_time(*end.again_at) : std::string()}));
  return result.rows_affected() != 0;
}

db::Statement only_while_running(const Run& run) { return {sql(Query::job_run_guard), {run.id, run.fence}}; }

bool is_of_lost_run(const Error& error) noexcept {
  static const auto kColumn = with_physical_names("{job_runs}.owner");
  return error.message().find(kColumn) != std::string::npos;
}

std::vector<db::Statement> make_builtin_jobs(std::string_view time_zone, Timestamp now) {
  struct Builtin {
    std::string_view name;  ///< which is its kind
    std::string_view title;
    std::string_view schedule;
    std::string_view options;
  };
  constexpr std::array<Builtin, 6> kBuiltin = {{
      {"summarise", "Summarise every topic", "0 6 * * *", R"({"period":"day"})"},
      {"cleanup", "Clean up", "30 3 * * *", "{}"},
      {"integrity_check", "Check the database", "0 4 * * sun", R"({"full":true})"},
      {"backup", "Back up", "0 3 * * *", "{}"},
      {"statistics", "Keep statistics", "every 1h", "{}"},
      {"complete_migrations", "Finish migrations", "15 4 * * *", "{}"},
  }};
  std::vector<db::Statement> statements;
  for (const auto& job : kBuiltin) {
    statements.push_back(
        {sql(Query::job_insert),
         {std::string(job.name), std::string(job.name), std::string(job.title), std::string(job.schedule),
          std::string(time_zone), std::int64_t{1}, std::string(job.options), db::Value{}, time_value(now)}});
  }
  return statements;
}

}  // namespace offx::store
