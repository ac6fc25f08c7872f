#pragma once

#include "db/client.h"
#include "store/jobs.h"

namespace offx::jobs {

/// A database through which a run has its effects: everything it writes is one batch with the check that the run is
/// still this process'. So a process that was thought dead, and only slept, changes nothing any more: its writes are
/// Errc::conflict. Reads, backups and redirect_references() go through as they are. Thread-safe as `client` is, which
/// must live longer.
class FencedClient final : public db::DatabaseClient {
 public:
  FencedClient(db::DatabaseClient& client, store::Run run) : client_(client), run_(std::move(run)) {}

  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override;
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override;
  [[nodiscard]] std::chrono::nanoseconds last_background_time() const noexcept override {
    return client_.last_background_time();
  }
  Result<void> redirect_references(std::string_view from, std::string_view to, std::span<const db::Statement> before,
                                   std::span<const db::Statement> after) override {
    return client_.redirect_references(from, to, before, after);
  }
  Result<void> backup(const std::string& path, const db::Progress& progress) override {
    return client_.backup(path, progress);
  }
  [[nodiscard]] std::string description() const override { return client_.description(); }

 private:
  db::DatabaseClient& client_;
  store::Run run_;
};

}  // namespace offx::jobs
