#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "jobs/scheduler.h"

namespace offx::jobs {

struct CleanupOptions {
  std::optional<std::int64_t> posts_keep_days;  ///< none: as the settings say
  std::optional<std::int64_t> log_keep_days;    ///< none: as the settings say
  std::int64_t runs_keep_days = 90;
  bool with_cited = false;  ///< also posts that a summary cites, which then says them without a source
  bool force = false;       ///< although the clock seems to have jumped
};
struct Cleaned {
  std::uint64_t posts = 0;
  std::uint64_t runs = 0;
  std::uint64_t log_entries = 0;
  std::uint64_t uploads = 0;
};
/// Removes what is older than it is to be, in many small transactions. Posts leave a note of their going, so that no
/// import brings them back. Errc::invalid_argument, and nothing is removed, if the last clean-up was so long ago that
/// the clock may have jumped: a person has to say that it is right.
Result<Cleaned> clean_up(RunContext& context, const std::filesystem::path& data_folder, const CleanupOptions& options);

struct BackupMade {
  std::string name;  ///< empty: none was made, as the engine's server has its own
  std::uint64_t bytes = 0;
  std::uint64_t removed = 0;  ///< older ones
};
/// Copies the database into `backups` of the data folder and removes the oldest backups beyond `keep` (none: as the
/// settings say), never the one just made. Only files that are named as backups are counted and removed.
Result<BackupMade> back_up(RunContext& context, const std::filesystem::path& data_folder,
                           std::optional<std::int64_t> keep);

}  // namespace offx::jobs
