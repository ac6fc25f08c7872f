#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "pipeline/period.h"
#include "store/jobs.h"

/// Jobs as people and programs see them: what their options may be, their times, their JSON.
namespace offx::pipeline {

/// The kinds there are, and the options of each (all may be left out if not said otherwise):
///
///   summarise            topic_id (none: every active topic), period day|week|month (the one that had just ended when
///                        the run was due), or since and until; max_sentences 1 to 100; engine
///                        (extractive, the one there is); force
///   file_topic           topic_id (needed): files the stored posts by its rule
///   import               file (needed): a path on the server, removed when it is imported; name for the history;
///                        format; platform
///   cleanup              posts_keep_days, log_keep_days (none: as the settings say), runs_keep_days (90),
///                        with_cited: also posts that summaries cite; of a run alone: force
///   integrity_check      full
///   backup               keep (none: as the settings say)
///   statistics, complete_migrations
///
/// Errc::invalid_argument if a kind does not exist, or its options have a member that it does not know, or of another
/// type or out of range; the message names it.
Result<void> check_options(std::string_view kind, const boost::json::object& options);

/// Checks a job that is to be stored, and sets when it is due next. Errc::invalid_argument says what is wrong. `before`
/// is the job as it is stored, null for a new one: where its times stay as they were, a time that is due already still
/// comes, and so it does in another time zone.
Result<void> prepare(store::Job& job, Timestamp now, const store::Job* before = nullptr);

/// The options of a run of `job` that somebody asks for. `force`: to be done even where such a run holds back: a
/// summary of what has not changed, a clean-up after the clock seems to have jumped. Errc::invalid_argument if its kind
/// never does.
Result<std::string> options_of_run(const store::Job& job, bool force);

/// Gives the built-in jobs that are in the time zone `from` the zone `to`: they follow that of the settings, until
/// somebody gives them one of their own. May be repeated.
Result<void> follow_time_zone(db::DatabaseClient& client, const std::string& from, const std::string& to,
                              Timestamp now);

/// The calendar's day, week (from Monday) or month that had ended last at `moment`, in that zone.
Result<Period> ended_period(std::string_view period, Timestamp moment, const TimeZone& zone);

/// Where backups are.
[[nodiscard]] inline std::filesystem::path backup_folder(const std::filesystem::path& data_folder) {
  return data_folder / "backups";
}

/// The JSON form; described in docs/jobs.md. `last_run` is null if there was none.
[[nodiscard]] boost::json::object to_json(const store::Job& job, const store::Run* last_run, Timestamp now);
/// A schedule in words and its next five times.
Result<boost::json::object> schedule_json(const std::string& schedule, const std::string& time_zone, Timestamp now);

}  // namespace offx::pipeline
