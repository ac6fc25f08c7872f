#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "db/client.h"
#include "db/sqlite/log_watch.h"
#include "migrate/blueprint.h"
#include "migrate/ledger.h"
#include "migrate/migrator.h"
#include "migrate/range_sql.h"
#include "migrate/script.h"
#include "migrate/throttle.h"

/// What every phase is worked off with: one migrator, walking through tables in key order, comparing.
namespace offx::migrate {

/// A migrator at work: the database, the lease under which it writes, who is told, and what makes it wait.
class Worker {
 public:
  /// `client` and `options` must live longer.
  Worker(db::DatabaseClient& client, Lease lease, const WorkOptions& options)
      : client_(client), lease_(std::move(lease)), options_(options) {}

  [[nodiscard]] db::DatabaseClient& client() noexcept { return client_; }
  [[nodiscard]] Lease& lease() noexcept { return lease_; }
  [[nodiscard]] const WorkOptions& options() const noexcept { return options_; }

  /// One transaction that only the holder of the lease can commit.
  Result<std::vector<db::QueryResult>> commit(const Script& script, db::Mode mode = db::Mode::write) {
    return lease_.batch(script.statements(), mode);
  }
  /// What `status` shows beside the phase of `migration`.
  Result<void> note(const std::string& migration, const std::string& text);
  /// `work`, which only reads and may do so for long, while another thread renews the lease. Errc::conflict if somebody
  /// else has it all the same by then.
  template <class Work>
  auto keeping_lease(const Work& work) -> decltype(work()) {
    auto done = [&] {
      const LeaseKeeper keeper(lease_);
      return work();
    }();
    if (!done) return done;
    // Any other error the next commit would meet too, or does not any more.
    auto kept = lease_.keep();
    if (!kept && kept.error().code() == Errc::conflict) return fail(std::move(kept).error());
    return done;
  }
  /// How many rows the next chunk has.
  [[nodiscard]] std::int64_t next_rows(const Throttle& throttle) const {
    return std::min(throttle.next_rows(), options_.max_chunk_rows);
  }
  /// How long the background transaction that ended now, and was asked for at `began`, kept others waiting.
  [[nodiscard]] std::chrono::nanoseconds kept_waiting(std::chrono::steady_clock::time_point began) const;

  /// Errc::cancelled if whoever is told says so.
  [[nodiscard]] Result<void> tell(const WorkState& state) const;
  /// Until nobody says any more that `migration` pauses.
  Result<void> wait_while_paused(const std::string& migration, const WorkState& state);
  /// A reader that keeps an old snapshot keeps the log from being started anew: waits for it as long as
  /// WorkOptions::log_patience says, and `status` shows that it does.
  Result<void> wait_for_log(const std::string& migration, const WorkState& state);

 private:
  db::DatabaseClient& client_;
  Lease lease_;
  const WorkOptions& options_;
  std::unique_ptr<db::sqlite::LogWatch> log_;
  std::int64_t log_allowed_bytes_ = options_.log_max_bytes;
};

/// What is looked at again and again while it waits is looked at this often.
constexpr std::chrono::milliseconds kPauseStep{100};

/// `low`, then `high`: what a statement with a Range is given.
[[nodiscard]] db::Params range_params(const std::vector<db::Value>& low, const std::vector<db::Value>& high);

/// The key of the row `rows` - 1 behind the first one after `low` (or from the start); empty if there are fewer rows.
Result<std::vector<db::Value>> boundary(db::DatabaseClient& client, const Pair& pair, Side side,
                                        const std::vector<db::Value>& low, std::int64_t rows);

/// Compares both versions row by row, in chunks that each see one snapshot, and adds what it finds to `report`.
/// `live`: both are written to. `on_chunk` is told the rows of each chunk of the old table.
Result<void> compare_pair(db::DatabaseClient& client, const Pair& pair, bool live, VerifyReport& report,
                          const std::function<Result<void>(std::int64_t)>& on_chunk);

/// The same for all pairs of a migration. Errc::corrupt, with the first rows that differ, if there are any.
Result<void> check_alike(Worker& worker, const Record& record, const Blueprint& blueprint, bool live);

}  // namespace offx::migrate
