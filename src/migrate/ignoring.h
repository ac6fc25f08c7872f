#pragma once

#include <cstdint>
#include <string>
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

/// A CREATE TRIGGER statement without its name, taken apart.
struct TriggerText {
  std::string event;  ///< BEFORE INSERT ON t
  std::string when;   ///< the condition; empty if there is none
  std::string body;   ///< BEGIN … END
};
[[nodiscard]] TriggerText trigger_text(std::string_view create_trigger);

/// True if the trigger that `sql`, its whole statement or its event, makes runs for this kind of write.
[[nodiscard]] bool runs_for(std::string_view sql, std::string_view event);

}  // namespace offx::migrate
