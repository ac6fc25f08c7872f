#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "db/client.h"
#include "migrate/migrator.h"

namespace offx::pipeline {

/// The number behind a table's name: 1 of `posts_v1`. Nothing if there is none, or none that fits.
[[nodiscard]] std::optional<std::int64_t> version_of(std::string_view table);

/// As JSON says it: `rolling_back`.
[[nodiscard]] std::string phase_name(migrate::Phase phase);

/// The JSON form of a migration; described in docs/cli.md. `kept` are store::migrations_kept().
[[nodiscard]] boost::json::object to_json(const migrate::MigrationState& state, std::span<const std::string> kept);

}  // namespace offx::pipeline
