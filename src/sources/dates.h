#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace offx::sources {

/// Reads dates as files and feeds write them: what base/time.h reads; with `/` instead of `-`; RFC 822 in all its
/// broken forms (weekday or not, two-digit years, named zones, `GMT+2`, AM/PM); X's `Tue Mar 19 14:05:17 +0000 2019`;
/// unix time as text of at least nine digits. An unknown zone is UTC. nullopt if no date can be made of it.
[[nodiscard]] std::optional<Timestamp> parse_loose_time(std::string_view text);

/// Unix time in seconds, or by its size in milli-, micro- or nanoseconds. nullopt outside the years 1 to 9999.
[[nodiscard]] std::optional<Timestamp> from_unix_time(double value) noexcept;

/// When a post of X was made, which its id tells (ids since November 2010); nullopt if `id` is none.
[[nodiscard]] std::optional<Timestamp> time_of_x_id(std::string_view id) noexcept;

}  // namespace offx::sources
