#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "db/outage.h"

namespace offx::api {

/// Whether the database answers; said by who watches it, read by every request. Not ready at first. Thread-safe.
class Readiness {
 public:
  void set_ready() { set_away({}, {}, {}); }
  /// `reason`, and what can be done, are for everybody; `details`, for who runs the server, may name addresses.
  void set_away(std::string reason, std::string advice, std::string details) {
    const std::scoped_lock lock(mutex_);
    reason_ = std::move(reason);
    advice_ = std::move(advice);
    details_ = std::move(details);
  }
  /// The database is asked now; if no answered() or another asked() follows for some seconds, it is not ready: a server
  /// that hangs is noticed before the deadline of the call.
  void asked() {
    const std::scoped_lock lock(mutex_);
    asked_ = std::chrono::steady_clock::now();
  }
  void answered() {
    const std::scoped_lock lock(mutex_);
    asked_.reset();
  }
  /// From now on a replica can show what there is while the database is away.
  void set_has_replica() {
    const std::scoped_lock lock(mutex_);
    has_replica_ = true;
  }

  /// Why it is not ready, in words for everybody; empty if it is.
  [[nodiscard]] std::string reason() const {
    const std::scoped_lock lock(mutex_);
    return is_silent() ? std::string(db::outage_of(kSilence).reason) : reason_;
  }
  /// What whoever runs the database can do, in sentences for everybody.
  [[nodiscard]] std::string advice() const {
    const std::scoped_lock lock(mutex_);
    return is_silent() ? std::string(db::outage_of(kSilence).advice) : advice_;
  }
  /// More of that, as far as more is known, for who runs the server.
  [[nodiscard]] std::string details() const {
    const std::scoped_lock lock(mutex_);
    if (!is_silent()) return details_;
    const auto waited = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - *asked_);
    return "asked " + std::to_string(waited.count()) + " s ago";
  }
  /// It is not ready, and a replica answers those who only read.
  [[nodiscard]] bool is_read_only() const {
    const std::scoped_lock lock(mutex_);
    return has_replica_ && (is_silent() || !reason_.empty());
  }

 private:
  static constexpr std::chrono::seconds kSilenceMax{10};
  inline static const Error kSilence{Errc::timeout, "it does not answer"};

  [[nodiscard]] bool is_silent() const { return asked_ && std::chrono::steady_clock::now() - *asked_ > kSilenceMax; }

  mutable std::mutex mutex_;
  bool has_replica_ = false;
  std::string reason_ = "the server is starting, and opens its database";
  std::string advice_ = "Wait a moment.";
  std::string details_;
  std::optional<std::chrono::steady_clock::time_point> asked_;
};

}  // namespace offx::api
