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

#include "db/client.h"

namespace offx::db {

/// True if reads at the database at `url` (see create_database_client) can be answered when its primary or leader is
/// away: it names a replica, or is a cluster.
[[nodiscard]] bool may_fall_back(std::string_view url);

/// For work that shows what is there: a read that ends with Errc::unavailable is done once more in Mode::read_stale, so
/// that a replica, or a node without a leader, answers it. So others' latest writes may be missing while the primary is
/// away, never those of this client. For some seconds afterwards reads go there at once, so that a primary that hangs
/// costs its deadline once. Everything else is passed on. Thread-safe, as the client behind it.
class FallbackReads final : public DatabaseClient {
 public:
  enum class Primary : std::uint8_t { there, away };  ///< as far as is known
  /// `on_fallback` is called once at most, when the first answer is not the primary's, by the thread that asked, before
  /// it gets it: people should know that it may be behind.
  explicit FallbackReads(std::unique_ptr<DatabaseClient> client, Primary primary = Primary::there,
                         std::function<void()> on_fallback = {});
  explicit FallbackReads(DatabaseClient& client) : client_(client) {}  ///< which must live longer

  Result<QueryResult> execute(std::string_view sql, const Params& params) override;
  Result<std::vector<QueryResult>> batch(std::span<const Statement> statements, Mode mode) override;
  [[nodiscard]] std::chrono::nanoseconds last_background_time() const noexcept override {
    return client_.last_background_time();
  }
  Result<void> redirect_references(std::string_view from, std::string_view to, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    return client_.redirect_references(from, to, before, after);
  }
  Result<void> backup(const std::string& path, const Progress& progress) override {
    return client_.backup(path, progress);
  }
  [[nodiscard]] std::string description() const override { return client_.description(); }

 private:
  template <class Call, class Again>
  std::invoke_result_t<Call> first_then(Call call, Again again);

  const std::unique_ptr<DatabaseClient> owned_;
  DatabaseClient& client_;
  const std::function<void()> on_fallback_;
  std::atomic<bool> has_told_ = false;
  std::atomic<std::chrono::steady_clock::rep> away_until_ = 0;
};

}  // namespace offx::db
