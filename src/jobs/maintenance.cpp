#include "jobs/maintenance.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pipeline/jobs.h"
#include "pipeline/schedule.h"
#include "store/accounts.h"
#include "store/jobs.h"
#include "store/posts.h"
#include "store/request_log.h"
#include "store/retention.h"
#include "store/settings.h"

namespace offx::jobs {
namespace {

using std::chrono::days;

/// Some of them at a time, until none is left: `remove` gives how many it removed.
Result<std::uint64_t> in_portions(RunContext& context, std::size_t portion,
                                  const std::function<Result<std::int64_t>(std::size_t)>& remove) {
  for (std::uint64_t total = 0;;) {
    if (context.stopping()) return fail(Errc::cancelled, "stopped");
    OFFX_ASSIGN(const auto removed, remove(portion));
    total += static_cast<std::uint64_t>(removed);
    if (removed < static_cast<std::int64_t>(portion)) return total;
  }
}

Result<std::uint64_t> remove_posts(RunContext& context, Timestamp before, bool with_cited) {
  constexpr std::size_t kPortion = 500;
  store::PostRepository posts(context.client());
  std::uint64_t removed = 0;
  for (std::optional<store::PageKey> after;;) {
    if (!context.progress(removed, 0, "posts")) return fail(Errc::cancelled, "stopped");
    OFFX_ASSIGN(const auto page, store::posts_before(context.client(), before, with_cited, kPortion, after));
    OFFX_TRY(posts.remove(page.ids, context.clock().now()));
    removed += page.ids.size();
    if (!page.next) return removed;
    after = page.next;
  }
}

/// Uploads that no run came back to.
std::uint64_t remove_old_uploads(const std::filesystem::path& folder) {
  constexpr auto kKeep = std::chrono::hours(7 * 24);
  std::uint64_t removed = 0;
  std::error_code error;
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file(error) || now - entry.last_write_time(error) < kKeep || error) continue;
    removed += std::filesystem::remove(entry.path(), error) ? 1U : 0U;
  }
  return removed;
}

/// Twice the longest time between two of the next clean-ups, and a week at least. Of several: `0 3 1,2,3 * *` comes on
/// three days and then rests for a month.
Result<Timestamp::duration> longest_pause(const store::Job& job, Timestamp now) {
  constexpr Timestamp::duration kWeek = days(7);
  constexpr std::size_t kTimes = 100;
  OFFX_ASSIGN(const auto schedule, pipeline::Schedule::parse(job.schedule));
  OFFX_ASSIGN(const auto zone, TimeZone::find(job.time_zone));
  const auto times = schedule.upcoming(now, zone, kTimes);
  auto longest = kWeek;
  for (std::size_t i = 1; i < times.size(); ++i) {
    longest = std::max<Timestamp::duration>(longest, 2 * (times[i] - times[i - 1]));
  }
  return longest;
}

/// A clock a year ahead would make everything too old, and what is removed does not come back. So a clean-up asks if
/// the one before it, or the job itself if there was none, is further away than servers usually rest.
Result<void> check_clock(RunContext& context, Timestamp now) {
  store::JobRepository repository(context.client());
  OFFX_ASSIGN(const auto jobs, repository.list());
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const store::Job& j) {
    return context.run().job_id ? j.id == context.run().job_id : j.name == context.run().kind;
  });
  if (job == jobs.end()) return {};
  OFFX_ASSIGN(const auto pause, longest_pause(*job, now));
  auto last = job->created_at;
  OFFX_ASSIGN(const auto runs,
              repository.runs(
                  {.job_id = {}, .kind = context.run().kind, .state = store::RunState::done, .before_id = {}}, 100));
  for (const auto& run : runs) {
    // What lies ahead was written by a clock that has been put back since.
    if (run.finished_at && *run.finished_at <= now) last = std::max(last, *run.finished_at);
  }
  if (now - last <= pause) return {};
  return fail(
      Errc::invalid_argument,
      fmt::format("needs attention, nothing was removed: by the clock it is {}, {} days after the last clean-up; "
                  "if that is right, say `offx jobs run cleanup --force` once; if not, set the clock",
                  to_sql_time(std::chrono::floor<std::chrono::seconds>(now)),
                  std::chrono::floor<days>(now - last).count()));
}

/// `offx-20261121-030000-17.db`
bool is_backup_name(std::string_view name) {
  return name.starts_with("offx-") && name.ends_with(".db") && name.size() > 24 &&
         name.find_first_not_of("0123456789-", 5) == name.size() - 3;
}

}  // namespace

Result<Cleaned> clean_up(RunContext& context, const std::filesystem::path& data_folder, const CleanupOptions& options) {
  constexpr auto kIdleMax = std::chrono::hours(12);  // as sessions are checked
  OFFX_ASSIGN(const auto settings, store::read_settings(context.client()));
  const auto now = context.clock().now();
  if (!options.force) OFFX_TRY(check_clock(context, now));
  Cleaned cleaned;
  if (const auto keep = options.posts_keep_days ? options.posts_keep_days : settings.posts_keep_days) {
    context.message("posts");
    OFFX_ASSIGN(cleaned.posts, remove_posts(context, now - days(*keep), options.with_cited));
  }
  context.message("request log");
  OFFX_ASSIGN(cleaned.log_entries, in_portions(context, 2'000, [&](std::size_t portion) {
                return store::trim_request_log(context.client(),
                                               now - days(options.log_keep_days.value_or(settings.log_keep_days)),
                                               static_cast<std::int64_t>(portion));
              }));
  OFFX_TRY(store::AccountRepository(context.client()).remove_expired(now, now - kIdleMax));
  context.message("runs");
  store::JobRepository jobs(context.client());
  OFFX_ASSIGN(cleaned.runs, in_portions(context, 500, [&](std::size_t portion) {
                return jobs.remove_finished(now - days(options.runs_keep_days), portion);
              }));
  cleaned.uploads = remove_old_uploads(data_folder / "uploads");
  return cleaned;
}

Result<BackupMade> back_up(RunContext& context, const std::filesystem::path& data_folder,
                           std::optional<std::int64_t> keep) {
  const auto folder = pipeline::backup_folder(data_folder);
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  if (error) return fail(Error(Errc::io, error.message()).within(folder.string()));
  std::string time;
  for (const char c : to_sql_time(std::chrono::floor<std::chrono::seconds>(context.run().due_at))) {
    if (c == ' ') time += '-';
    if (c >= '0' && c <= '9') time += c;
  }
  BackupMade made;
  made.name = fmt::format("offx-{}-{}.db", time, context.run().id);
  const auto path = folder / made.name;
  // There already if an attempt before ended right behind it: a copy gets its name when it is whole.
  if (!std::filesystem::exists(path, error)) {
    const auto copied = context.client().backup(
        path.string(), [&](std::uint64_t done, std::uint64_t total) { return context.progress(done, total, "pages"); });
    if (!copied && copied.error().code() == Errc::unsupported) return BackupMade{};
    OFFX_TRY(copied);
  }
  made.bytes = std::filesystem::file_size(path, error);
  // By when they were written: a name made while the clock was ahead would be the newest for ever.
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (name != made.name && is_backup_name(name)) others.emplace_back(entry.last_write_time(error), entry.path());
  }
  std::sort(others.begin(), others.end(), std::greater<>());
  OFFX_ASSIGN(const auto settings, store::read_settings(context.client()));
  const auto kept = std::max<std::int64_t>(keep.value_or(settings.backups_keep), 1) - 1;  // beside the one just made
  for (auto i = static_cast<std::size_t>(kept); i < others.size(); ++i) {
    made.removed += std::filesystem::remove(others[i].second, error) ? 1U : 0U;
  }
  return made;
}

}  // namespace offx::jobs
