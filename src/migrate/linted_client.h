// For tests: a database that takes no write which every node of rqlite would make another thing of.
#pragma once

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "db/forwarding_client.h"
#include "db/statement_text.h"
#include "migrate/sql_text.h"

namespace offx::migrate {

/// Passes every call on, and fails the test for each statement that writes and reads a clock or rolls dice: rqlite runs
/// statements again on every node and at every restart. Also what is made of them at run time comes by here.
class LintedClient final : public db::ForwardingClient {
 public:
  explicit LintedClient(std::unique_ptr<db::DatabaseClient> client) : ForwardingClient(std::move(client)) {}

  Result<db::QueryResult> execute(std::string_view sql, const db::Params& params) override {
    look_at(sql);
    return client().execute(sql, params);
  }
  Result<std::vector<db::QueryResult>> batch(std::span<const db::Statement> statements, db::Mode mode) override {
    for (const auto& statement : statements) look_at(statement.sql);
    return client().batch(statements, mode);
  }
  Result<void> redirect_references(std::span<const db::Redirect> redirects, std::span<const db::Statement> before,
                                   std::span<const db::Statement> after) override {
    for (const auto& statement : before) look_at(statement.sql);
    for (const auto& statement : after) look_at(statement.sql);
    return client().redirect_references(redirects, before, after);
  }

 private:
  static void look_at(std::string_view sql) {
    const auto text = db::read_statement(sql);
    if (!text || text->kind == db::StatementText::Kind::read) return;
    const auto part = non_deterministic_part(sql);
    EXPECT_EQ(part, "") << "bind the value instead, in\n" << sql;
  }
};

/// `client`, linted.
inline std::unique_ptr<db::DatabaseClient> linted(std::unique_ptr<db::DatabaseClient> client) {
  return std::make_unique<LintedClient>(std::move(client));
}

}  // namespace offx::migrate
