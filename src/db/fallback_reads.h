#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "db/forwarding_client.h"

namespace offx::db {

/// True if the address `url` (see create_database_client) names a replica.
[[nodiscard]] bool has_replica(std::string_view url);

/// True if reads at the database at `url` can be answered when its primary or leader is away: it names a replica, or is
/// a cluster. A cluster's nodes answer so only those who have written nothing.
[[nodiscard]] bool may_fall_back(std::string_view url);

/// For work that shows what is there: a read that ends with Errc::unavailable is done once more in Mode::read_stale, so
/// that a replica, or a node without a leader, answers it. So others' latest writes may be missing while the primary is
/// away, never those of this client. For some seconds afterwards reads go there at once, so that a primary that hangs
/// costs its deadline once. Everything else, and what is read under PrimaryOnly, is passed on. Thread-safe, as the
/// client behind it.
///
/// Where somebody watches the primary, `is_away` says how it is: as long as it is away, reads go to the others at once
/// and writes end with Errc::unavailable at once, as do reads that no replica can answer. It is asked before every
/// call, by any thread.
class FallbackReads final : public ForwardingClient {
 public:
  enum class Primary : std::uint8_t { there, away };  ///< as far as is known
  /// `on_fallback` is called once at most, when the first answer is not the primary's, by the thread that asked, before
  /// it gets it: people should know that it may be behind.
  explicit FallbackReads(std::unique_ptr<DatabaseClient> client, Primary primary = Primary::there,
                         std::function<void()> on_fallback = {});
  /// `client` must live longer.
  FallbackReads(DatabaseClient& client, std::function<bool()> is_away)
      : ForwardingClient(client), is_said_away_(std::move(is_away)) {}

  /// How many reads of this thread others than the primary have answered. Whoever asks before and after some work knows
  /// whether what it gives may be behind.
  [[nodiscard]] static std::uint64_t stale_reads() noexcept;

  /// For engines: this thread reads in Mode::read_stale, and the primary is known to be away, so that it must not be
  /// waited for: what no other can answer is Errc::unavailable.
  [[nodiscard]] static bool primary_is_away() noexcept;

  /// As long as one lives, every read of its thread is the primary's: for work that writes what follows from what it
  /// read, or that only those may do who may still. Where the primary is known to be away, such a read ends with
  /// Errc::unavailable at once.
  class PrimaryOnly {
   public:
    PrimaryOnly() noexcept;
    ~PrimaryOnly();
    PrimaryOnly(const PrimaryOnly&) = delete;
    PrimaryOnly& operator=(const PrimaryOnly&) = delete;

   private:
    const bool before_;
  };

  Result<QueryResult> execute(std::string_view sql, const Params& params) override;
  Result<std::vector<QueryResult>> batch(std::span<const Statement> statements, Mode mode) override;
  Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    OFFX_TRY(refuse_if_away());
    return client().redirect_references(redirects, before, after);
  }

 private:
  template <class Call, class Again>
  std::invoke_result_t<Call> first_then(Call call, Again again);
  [[nodiscard]] Result<void> refuse_if_away() const;

  const std::function<void()> on_fallback_;
  const std::function<bool()> is_said_away_;
  std::atomic<bool> has_told_ = false;
  std::atomic<bool> was_said_away_ = false;
  std::atomic<std::chrono::steady_clock::rep> away_until_ = 0;
};

}  // namespace offx::db
