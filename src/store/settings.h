#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::store {

/// What can be set while the server runs, with its defaults.
struct Settings {
  std::string time_zone = "UTC";                ///< of the user, for days and for jobs
  std::optional<std::int64_t> posts_keep_days;  ///< older posts are removed; none: all are kept
  std::int64_t log_keep_days = 30;              ///< of the request log
  std::int64_t backups_keep = 7;                ///< how many
};

Result<Settings> read_settings(db::DatabaseClient& client);
/// Writes all of them, in one batch.
Result<void> write_settings(db::DatabaseClient& client, const Settings& settings, Timestamp now);

/// Single values that the server keeps for itself, under names that are no setting: `setup.token_hash`.
Result<std::optional<std::string>> read_setting(db::DatabaseClient& client, const std::string& name);
Result<void> write_setting(db::DatabaseClient& client, const std::string& name, const std::string& value,
                           Timestamp now);

}  // namespace offx::store
