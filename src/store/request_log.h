#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "db/client.h"
#include "db/sqlite/change_watch.h"

namespace offx::store {

/// One answer of the server.
struct RequestLogEntry {
  std::int64_t id = 0;
  Timestamp time{};  ///< to the second, once it is stored
  std::string request_id;
  std::string method;
  std::string path;  ///< without query
  std::int64_t status = 0;
  std::int64_t ms = 0;
  std::int64_t user_id = 0;  ///< 0: nobody
  std::string who;
  std::string address;
  std::int64_t bytes = 0;
};

/// Which entries a page is of. An absent member asks for nothing.
struct RequestLogFilter {
  std::optional<std::string> method;
  std::optional<std::string> path;  ///< how it begins
  std::optional<std::int64_t> status;
  std::optional<std::string> who;
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;         ///< not included
  std::optional<std::int64_t> before_id;  ///< where the page before ended
};

/// Stores them, all or none, where nobody waits for it; if `changes` is given, so that it counts as no change to those
/// who ask that (see ChangeWatch::write_unmarked).
Result<void> add_to_request_log(db::DatabaseClient& client, std::span<const RequestLogEntry> entries,
                                db::sqlite::ChangeWatch* changes = nullptr);
Result<std::vector<RequestLogEntry>> read_request_log(db::DatabaseClient& client, const RequestLogFilter& filter,
                                                      std::int64_t limit);  ///< newest first
/// Removes at most `limit` entries from before `before`; how many they were.
Result<std::int64_t> trim_request_log(db::DatabaseClient& client, Timestamp before, std::int64_t limit);

}  // namespace offx::store
