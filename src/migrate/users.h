#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "db/client.h"

namespace offx::migrate {

/// Says in the database, for as long as it lives, that this process uses these tables: complete() will not take them
/// away meanwhile. A thread renews it; a process that died is forgotten after `ttl`.
class TableUse {
 public:
  /// `client` must live longer. `program` is for people: "offx 0.2.0 serve".
  static Result<std::unique_ptr<TableUse>> announce(db::DatabaseClient& client, std::string_view program,
                                                    std::span<const std::string_view> tables,
                                                    std::chrono::milliseconds ttl = std::chrono::seconds(30));
  virtual ~TableUse() = default;  ///< withdraws it

 protected:
  TableUse() = default;
};

/// Errc::conflict if the database has none of a table that this program was built for, although its history did: the
/// message says which migration took it away and when, and what to do. Tables the history does not know are not looked
/// at. One read.
Result<void> check_tables(db::DatabaseClient& client, std::span<const std::string_view> tables);

}  // namespace offx::migrate
