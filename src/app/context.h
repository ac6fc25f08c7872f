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
  /// As open_database(), for commands that only show what is there: if the primary or the leader is away, and the
  /// address names others (see db::may_fall_back), they answer, and stderr says that it may be behind.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_database_to_show() const;
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

}  // namespace offx::app
