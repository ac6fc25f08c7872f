#include "pipeline/jobs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "pipeline/json.h"
#include "pipeline/period.h"
#include "pipeline/schedule.h"
#include "pipeline/summarize.h"
#include "text/clean.h"

namespace offx::pipeline {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> kKinds = {
    "summarise", "file_topic", "import", "cleanup", "integrity_check", "backup", "statistics", "complete_migrations"};

enum class Type : std::uint8_t { number, text, flag };

struct Option {
  std::string_view kind;
  std::string_view name;
  Type type = Type::number;
  bool needed = false;
  std::int64_t min = 0;
  std::int64_t max = 0;
};
constexpr std::int64_t kIdMax = INT64_MAX;
constexpr std::int64_t kDaysMax = 36'500;
constexpr std::array<Option, 18> kOptions = {{{"summarise", "topic_id", Type::number, false, 1, kIdMax},
                                              {"summarise", "period", Type::text},
                                              {"summarise", "since", Type::text},
                                              {"summarise", "until", Type::text},
                                              {"summarise", "max_sentences", Type::number, false, 1, 100},
                                              {"summarise", "engine", Type::text},
                                              {"summarise", "force", Type::flag},
                                              {"file_topic", "topic_id", Type::number, true, 1, kIdMax},
                                              {"import", "file", Type::text, true},
                                              {"import", "name", Type::text},
                                              {"import", "format", Type::text},
                                              {"import", "platform", Type::text},
                                              {"cleanup", "posts_keep_days", Type::number, false, 1, kDaysMax},
                                              {"cleanup", "log_keep_days", Type::number, false, 1, kDaysMax},
                                              {"cleanup", "runs_keep_days", Type::number, false, 1, kDaysMax},
                                              {"cleanup", "with_cited", Type::flag},
                                              {"integrity_check", "full", Type::flag},
                                              {"backup", "keep", Type::number, false, 1, 10'000}}};

tl::unexpected<Error> wrong_options(std::string message) {
  return fail(Error(Errc::invalid_argument, std::move(message)).within("options"));
}

Result<void> check_option(const Option& option, const json::value& value) {
  switch (option.type) {
    case Type::flag:
      if (value.is_bool()) return {};
      return wrong_options(fmt::format("{} is true or false", option.name));
    case Type::text:
      if (value.is_string()) return {};
      return wrong_options(fmt::format("{} is a text", option.name));
    case Type::number: break;
  }
  if (value.is_int64() && value.get_int64() >= option.min && value.get_int64() <= option.max) return {};
  return wrong_options(option.max == kIdMax
                           ? fmt::format("{} is a whole number above 0", option.name)
                           : fmt::format("{} is a whole number from {} to {}", option.name, option.min, option.max));
}

Result<TimeZone> zone_named(const std::string& name) {
  auto zone = TimeZone::find(name);
  if (!zone) return fail(std::move(zone).error().within("time_zone"));
  return zone;
}

}  // namespace

Result<void> check_options(std::string_view kind, const json::object& options) {
  if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("there is no kind of job '{}'; there are {}", kind, fmt::join(kKinds, ", ")));
  }
  for (const auto& member : options) {
    if (member.value().is_null()) continue;
    const auto* const option = std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& o) {
      return o.kind == kind && o.name == std::string_view(member.key());
    });
    if (option == kOptions.end()) {
      return wrong_options(
          fmt::format("a job of the kind {} has no option '{}'", kind, std::string_view(member.key())));
    }
    OFFX_TRY(check_option(*option, member.value()));
  }
  const auto has = [&](std::string_view name) {
    const auto* const value = options.if_contains(name);
    return value != nullptr && !value->is_null();
  };
  for (const auto& option : kOptions) {
    if (option.kind == kind && option.needed && !has(option.name)) {
      return wrong_options(fmt::format("{} is needed", option.name));
    }
  }
  if (kind == "summarise" && has("period")) {
    const auto& period = options.at("period").get_string();
    if (period != "day" && period != "week" && period != "month") {
      return wrong_options("period is day, week or month");
    }
  }
  for (const char* name : {"since", "until"}) {
    if (kind != "summarise" || !has(name)) continue;
    const std::string text(options.at(name).get_string());
    // Whatever the time is then: a while ago is one at any time.
    if (const auto moment = parse_moment(text, Timestamp{}); !text.empty() && !moment) {
      return wrong_options(fmt::format("{}: {}", name, moment.error().message()));
    }
  }
  if (kind == "summarise" && has("engine")) {
    if (auto known = check_engine(std::string_view(options.at("engine").get_string())); !known) {
      return wrong_options(known.error().message());
    }
  }
  return {};
}

Result<void> prepare(store::Job& job, Timestamp now, const store::Job* before) {
  if (job.title.empty() || job.title.size() > 200) {
    return fail(Error(Errc::invalid_argument, "between 1 and 200 bytes are needed").within("title"));
  }
  if ((before == nullptr || before->title != job.title) && !text::is_one_line(job.title)) {
    return fail(Error(Errc::invalid_argument, "may not have line breaks or other control characters").within("title"));
  }
  OFFX_ASSIGN(const auto schedule, Schedule::parse(job.schedule));
  OFFX_ASSIGN(const auto zone, zone_named(job.time_zone));
  const auto options = stored_json(job.options);
  if (!options.is_object()) return wrong_options("a JSON object is needed");
  OFFX_TRY(check_options(job.kind, options.get_object()));
  const bool stays = before != nullptr && before->next_due_at && before->enabled && job.enabled &&
                     job.schedule == before->schedule &&
                     (job.time_zone == before->time_zone || *before->next_due_at <= now);
  if (stays) {
    job.next_due_at = before->next_due_at;
  } else {
    job.next_due_at = job.enabled ? schedule.next(now, zone) : std::nullopt;
  }
  return {};
}

Result<std::string> options_of_run(const store::Job& job, bool force) {
  if (!force) return job.options;
  if (job.kind != "cleanup" && job.kind != "summarise") {
    return fail(Errc::invalid_argument, "only clean-ups and summaries can be forced");
  }
  boost::system::error_code error;
  auto options = json::parse(job.options, error);
  if (error || !options.is_object()) return fail(Errc::corrupt, "the options of the job are no JSON object");
  options.get_object()["force"] = true;
  return json::serialize(options);
}

Result<void> follow_time_zone(db::DatabaseClient& client, const std::string& from, const std::string& to,
                              Timestamp now) {
  store::JobRepository repository(client);
  OFFX_ASSIGN(const auto jobs, repository.list());
  for (const auto& stored : jobs) {
    if (stored.name.empty() || stored.time_zone != from) continue;
    auto job = stored;
    job.time_zone = to;
    OFFX_TRY(prepare(job, now, &stored));
    OFFX_TRY(repository.update(job, now));
  }
  return {};
}

Result<Period> ended_period(std::string_view period, Timestamp moment, const TimeZone& zone) {
  using namespace std::chrono;
  const auto today = floor<days>(zone.to_local(moment));
  local_days begin;
  local_days end;
  if (period == "day") {
    end = today;
    begin = end - days(1);
  } else if (period == "week") {
    end = today - (weekday(today) - Monday);
    begin = end - days(7);
  } else if (period == "month") {
    const year_month_day date(today);
    end = local_days(date.year() / date.month() / 1);
    begin = local_days((date.year() / date.month() - months(1)) / 1);
  } else {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no period; write day, week or month", period));
  }
  return Period{zone.to_utc(LocalTime(begin)), zone.to_utc(LocalTime(end))};
}

json::object to_json(const store::Job& job, const store::Run* last_run, Timestamp now) {
  // What somebody wrote by hand may have neither.
  const auto times = schedule_json(job.schedule, job.time_zone, now);
  return {{"id", job.id},
          {"name", text_or_null(job.name)},
          {"kind", job.kind},
          {"title", job.title},
          {"schedule", job.schedule},
          {"explanation", times ? times->at("explanation") : json::value(nullptr)},
          {"time_zone", job.time_zone},
          {"enabled", job.enabled},
          {"options", stored_json(job.options)},
          {"next_due_at", job.enabled ? time_or_null(job.next_due_at) : json::value(nullptr)},
          {"next_times", job.enabled && times ? times->at("next_times") : json::value(json::array())},
          {"last_run", last_run != nullptr ? json::value(to_json(*last_run)) : json::value(nullptr)}};
}

Result<json::object> schedule_json(const std::string& schedule, const std::string& time_zone, Timestamp now) {
  constexpr std::size_t kTimes = 5;
  OFFX_ASSIGN(const auto parsed, Schedule::parse(schedule));
  OFFX_ASSIGN(const auto zone, zone_named(time_zone));
  json::array times;
  for (const auto time : parsed.upcoming(now, zone, kTimes)) times.emplace_back(to_iso_time(time));
  return json::object{{"schedule", schedule},
                      {"time_zone", time_zone},
                      {"explanation", parsed.description()},
                      {"next_times", std::move(times)}};
}

}  // namespace offx::pipeline
