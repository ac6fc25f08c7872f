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
#include "pipeline/patience.h"
#include "store/topics.h"

namespace offx::app {

/// A database that a command works with, and what says in it that it does.
struct OpenedDatabase {
  std::unique_ptr<db::DatabaseClient> client;
  std::unique_ptr<migrate::TableUse> use;  ///< withdrawn before the client goes

  db::DatabaseClient& operator*() const { return *client; }
  db::DatabaseClient* operator->() const { return client.get(); }
};

/// What every command works with.
struct Context {
  const Clock& clock;
  Terminal terminal;
  std::string db_url;  ///< as --db says; empty: from the environment
  bool json = false;
  const std::atomic<bool>& interrupted;  ///< set by SIGINT and SIGTERM

  /// Opens the database, makes its tables if it is new, carries them to the versions of this release, says in it that
  /// `command` uses them (one small write), so that nobody takes them away meanwhile, and files what other programs
  /// wrote. For everything that writes, or takes its time.
  /// `outlasts`: a command that goes on when the database is away for a while (patience()).
  [[nodiscard]] Result<OpenedDatabase> open_database(std::string_view command, bool outlasts = false) const;
  /// As open_database(), for commands that only show what is there, which takes them milliseconds: they announce
  /// nothing, unless there is something to be filed before. If the primary or the leader is away, and the address names
  /// others (see db::may_fall_back), they answer, and stderr says that it may be behind.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_database_to_show() const;
  /// Says in the database that this process uses its tables, for as long as the result lives: nobody takes them away
  /// meanwhile. open_database() does so by itself.
  [[nodiscard]] Result<std::unique_ptr<migrate::TableUse>> announce(db::DatabaseClient& client,
                                                                    std::string_view command) const;
  /// For what outlasts a database that goes away: a minute, with a word on stderr.
  [[nodiscard]] pipeline::Patience patience() const;
  /// Files what was written without it: by other programs, or while rules changed. If a stored rule cannot be read, it
  /// says so on stderr, and the posts wait until the rule is corrected: no command depends on their being filed.
  Result<void> file_unfiled(db::DatabaseClient& client) const;
  /// Opens the database as it is; Errc::not_found if there is none.
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_database_as_it_is() const;

 private:
  [[nodiscard]] Result<std::unique_ptr<db::DatabaseClient>> open_initialised() const;
  /// file_unfiled(), announced for as long as it takes.
  Result<void> announce_and_file(db::DatabaseClient& client) const;
};

/// The topic that `name` means: its id, or its title without regard to case.
Result<store::Topic> find_topic(db::DatabaseClient& client, const std::string& name);

}  // namespace offx::app
