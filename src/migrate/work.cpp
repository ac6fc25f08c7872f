#include "migrate/work.h"

#include <algorithm>
#include <thread>

namespace offx::migrate {
namespace {

using db::Value;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLogIsHeldAfter{2'000};

}  // namespace

std::chrono::nanoseconds Worker::kept_waiting(steady_clock::time_point began) const {
  const auto known = client_.last_background_time();
  return known.count() > 0 ? known : steady_clock::now() - began;
}

Result<void> Worker::tell(const WorkState& state) const {
  if (options_.progress && !options_.progress(state)) {
    return fail(Errc::cancelled, "stopped; what is done stays, and the same command goes on from there");
  }
  return {};
}

Result<void> Worker::note(const std::string& migration, const std::string& text) {
  Script script;
  script.add(record_error(migration, text));
  OFFX_TRY(commit(script));
  return {};
}

Result<void> Worker::wait_while_paused(const std::string& migration, const WorkState& state) {
  for (;;) {
    const auto ask = ask_paused(migration);
    OFFX_ASSIGN(const auto rows, client_.execute(ask.sql, ask.params));
    if (!says_paused(rows)) return {};
    auto paused = state;
    paused.paused = true;
    OFFX_TRY(tell(paused));
    OFFX_TRY(lease_.renew());
    std::this_thread::sleep_for(kPauseStep);
  }
}

Result<void> Worker::wait_for_log(const std::string& migration, const WorkState& state) {
  if (!log_) {
    OFFX_ASSIGN(log_, db::sqlite::LogWatch::open(client_));
    if (!log_) return {};  // no file
  }
  OFFX_ASSIGN(auto log_bytes, log_->bytes());
  if (log_bytes <= log_allowed_bytes_) return {};
  const auto began = steady_clock::now();
  auto waiting = state;
  for (;;) {
    // A commit: with the first one after the reader is done the log starts anew.
    OFFX_TRY(lease_.renew());
    OFFX_ASSIGN(log_bytes, log_->bytes());
    if (log_bytes <= log_allowed_bytes_) break;
    const auto waited = steady_clock::now() - began;
    const auto long_log = "the log is " + std::to_string(log_bytes / 1'000'000) + " MB";
    if (waited >= options_.log_patience) {
      log_allowed_bytes_ = log_bytes + options_.log_max_bytes;
      return note(migration, long_log +
                                 ", as a reader keeps an old snapshot: went on all the same, and waits again at " +
                                 std::to_string(log_allowed_bytes_ / 1'000'000) + " MB");
    }
    // Before that it may only be the disk that is slow.
    if (waited >= std::min(kLogIsHeldAfter, options_.log_patience / 2)) {
      const auto text = "waits for a reader that keeps an old snapshot: " + long_log;
      if (waiting.waits_for.empty()) OFFX_TRY(note(migration, text));
      waiting.waits_for =
          text + ", for " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(waited).count()) + " s now";
    }
    OFFX_TRY(tell(waiting));
    std::this_thread::sleep_for(kPauseStep);
  }
  if (!waiting.waits_for.empty() || log_allowed_bytes_ > options_.log_max_bytes) OFFX_TRY(note(migration, ""));
  log_allowed_bytes_ = options_.log_max_bytes;
  return {};
}

db::Params range_params(const std::vector<Value>& low, const std::vector<Value>& high) {
  auto values = low;
  values.insert(values.end(), high.begin(), high.end());
  return values;
}

Result<std::vector<Value>> boundary(db::DatabaseClient& client, const Pair& pair, Side side,
                                    const std::vector<Value>& low, std::int64_t rows) {
  const auto sql = boundary_sql(pair, side, {!low.empty(), false});
  auto values = low;
  values.emplace_back(rows - 1);
  OFFX_ASSIGN(const auto result, client.execute(sql, values));
  if (result.rows() == 0) return std::vector<Value>();
  const auto row = result.row(0);
  return std::vector<Value>(row.begin(), row.end());
}

}  // namespace offx::migrate
