#pragma once

#include <cstdint>
#include <string_view>

/// Triggers of the user's that leave a write undone without an error, as `SELECT RAISE (IGNORE)` does.
namespace offx::migrate {

/// What a trigger leaves undone.
enum class Ignores : std::uint8_t {
  nothing,       ///< RAISE (IGNORE) is not in it, or runs when the row is written: AFTER
  all_it_does,   ///< where it runs to its end it has changed nothing, or the write is left undone
  some_of_what,  ///< it changes something too for writes that it does not leave undone
};

/// Of a CREATE TRIGGER statement.
[[nodiscard]] Ignores ignores(std::string_view create_trigger);

/// What stands behind the name in a CREATE TRIGGER statement: when it runs, on which table, and what it does.
[[nodiscard]] std::string_view behind_name(std::string_view create_trigger);

}  // namespace offx::migrate
