#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "db/client.h"

namespace offx::db {

/// Passes every call on to another client: what a client that differs in a few calls is made from, so that it never
/// forgets one. Thread-safe as the other is.
class ForwardingClient : public DatabaseClient {
 public:
  Result<QueryResult> execute(std::string_view sql, const Params& params) override {
    return client_.execute(sql, params);
  }
  Result<std::vector<QueryResult>> batch(std::span<const Statement> statements, Mode mode) override {
    return client_.batch(statements, mode);
  }
  [[nodiscard]] std::chrono::nanoseconds last_background_time() const noexcept override {
    return client_.last_background_time();
  }
  Result<void> redirect_references(std::span<const Redirect> redirects, std::span<const Statement> before,
                                   std::span<const Statement> after) override {
    return client_.redirect_references(redirects, before, after);
  }
  Result<void> backup(const std::string& path, const Progress& progress) override {
    return client_.backup(path, progress);
  }
  [[nodiscard]] std::string description() const override { return client_.description(); }

 protected:
  /// `client` must live longer.
  explicit ForwardingClient(DatabaseClient& client) : client_(client) {}
  explicit ForwardingClient(std::unique_ptr<DatabaseClient> client) : owned_(std::move(client)), client_(*owned_) {}

  [[nodiscard]] DatabaseClient& client() const noexcept { return client_; }

 private:
  const std::unique_ptr<DatabaseClient> owned_;
  DatabaseClient& client_;
};

}  // namespace offx::db
