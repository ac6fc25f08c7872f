#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"

namespace offx::migrate {

/// A process that said which tables it uses.
struct TableUser {
  std::string id;
  std::string program;  ///< "offx 0.2.0 serve"
  std::string host;
  std::int64_t pid = 0;
  std::vector<std::string> tables;
  Timestamp renewed_at;
  Timestamp expires_at;
};

/// Those that are alive, as far as their leases say; by program, host and pid; none if nobody ever announced
/// itself. The clocks of all hosts should agree to a few seconds.
Result<std::vector<TableUser>> list_table_users(db::DatabaseClient& client);

/// Statements that make the transaction they are in fail while somebody uses one of these tables: its error then names
/// offx_table_users.program. Nothing else is changed by them.
[[nodiscard]] std::vector<db::Statement> refuse_users_of(std::span<const std::string> tables);

/// Says in the database, for as long as it lives, that this process uses these tables: complete() will not take them
/// away meanwhile. A thread renews it; a process that died is forgotten after `ttl`,
/// one that could not reach the database for so long until it can again.
class TableUse {
 public:
  /// `client` must live longer. `program` is for people: "offx 0.2.0 serve". Makes the table of users
  /// (`offx_table_users`) if there is none yet.
  static Result<std::unique_ptr<TableUse>> announce(db::DatabaseClient& client, std::string_view program,
                                                    std::span<const std::string_view> tables,
                                                    std::chrono::milliseconds ttl = std::chrono::seconds(30));
  virtual ~TableUse() = default;  ///< withdraws it

 protected:
  TableUse() = default;
};

struct Record;  // migrate/ledger.h

/// Errc::conflict if a migration has taken away, or is taking away, a table that this program was built for: the
/// message says which and when, and what to do. `records` are those of read_records().
Result<void> check_tables(std::span<const Record> records, std::span<const std::string_view> tables);

}  // namespace offx::migrate
