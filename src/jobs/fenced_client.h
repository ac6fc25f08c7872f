#pragma once

#include "db/forwarding_client.h"
#include "store/jobs.h"

namespace offx::jobs {

/// A database through which a run has its effects: everything it writes is one batch with the check that the run is
/// still this process'. So a process that was thought dead, and only slept, changes nothing any more: its writes are
/// Errc::conflict. Reads, backups and redirect_references() go through as they are. Thread-safe as `client` is, which
/// must live longer.
class FencedClient final : public db::ForwardingClient {
 public:
  FencedClient(db::DatabaseClient& client, store::Run run) : ForwardingClient(client), run_(std::move(run)) {}

  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override;
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override;

 private:
  store::Run run_;
};

}  // namespace offx::jobs
