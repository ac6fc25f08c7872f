#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/output.h"
#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "migrate/users.h"
#include "store/topics.h"

namespace offx::app {

/// What every command works with.
struct Context {
  const Clock& clock;
  Terminal terminal;
  std::string db_url;  ///< as --db says; empty: from the environment
  bool json = false;
  const std::atomic<bool>& interrupted;  ///< set by SIGINT and SIGTERM

  /// Opens the database, makes its tables if it is new, carries them to the versions
  /// of this release, and files what other programs wrote meanwhile.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_database() const;
  /// Says in the database that this process uses its tables, for as long as the result lives: nobody takes them away
  /// meanwhile. For commands that work for more than a moment.
  [[nodiscard]] Result<std::unique_ptr<migrate::TableUse>> announce(db::DatabaseClient& client,
                                                                    std::string_view command) const;
  /// Files what was written without it: by other programs, or while rules changed. If a stored rule cannot be read, it
  /// says so on stderr, and the posts wait until the rule is corrected: no command depends on their being filed.
  Result<void> file_unfiled(db::DatabaseClient& client) const;
  /// Opens the database as it is; Errc::not_found if there is none.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_database_as_it_is() const;
};

/// The topic that `name` means: its id, or its title without regard to case.
Result<store::Topic> find_topic(db::DatabaseClient& client, const std::string& name);

/// A moment as people write it: `2026-08-22`, `2026-08-22 14:05`, ISO 8601, `today`, `yesterday`, `now`, or a while
/// ago: `90m`, `24h`, `7d`, `2w`. Days begin at midnight UTC. To the second, as posts are stored.
Result<Timestamp> parse_moment(const std::string& text, Timestamp now);

/// [start, end)
struct Period {
  Timestamp start{};
  Timestamp end{};
};

/// The time that --since, --until and --period (day, week, month; empty texts if not given) ask for:
/// both ends as given; one end and a period: so long from there; a period alone: the calendar's day, week (from Monday)
/// or month of now; only `since`: until the end of today; nothing: today.
Result<Period> parse_period(const std::string& since, const std::string& until, const std::string& period,
                            Timestamp now);

}  // namespace offx::app
