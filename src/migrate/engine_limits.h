#pragma once

#include <cstdint>

#include "db/client.h"

/// In what the engines behind a DatabaseClient differ for who changes tables.
namespace offx::migrate {

/// Which foreign keys an engine can point at another table (DatabaseClient::redirect_references).
enum class Redirects : std::uint8_t { none, of_columns, all };
[[nodiscard]] Redirects can_redirect_references(const db::DatabaseClient& client);

/// True if this engine keeps statements instead of rows: every node, and a restart, evaluates them again.
[[nodiscard]] bool repeats_statements(const db::DatabaseClient& client);

}  // namespace offx::migrate
