#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/sql_text.h"

/// Triggers of the user's that leave a row's write undone and nothing else: `RAISE (IGNORE)`, without an error, and
/// `RAISE (FAIL, …)`, which keeps what the statement has done before.
namespace offx::migrate {

/// What a trigger leaves undone.
enum class Ignores : std::uint8_t {
  nothing,       ///< there is no such RAISE in it, or it runs when the row is written: AFTER
  all_it_does,   ///< it has changed nothing when it comes to its last RAISE, or leaves every write undone
  some_of_what,  ///< it has changed something by then for writes that it does not leave undone
};

/// Of a CREATE TRIGGER statement.
[[nodiscard]] Ignores ignores(std::string_view create_trigger);

/// What of a CREATE TRIGGER statement leaves writes undone, taken apart.
struct TriggerText {
  std::string event;  ///< BEFORE INSERT ON t
  std::string when;   ///< the condition; empty if there is none
  std::string body;   ///< BEGIN … END, up to its last RAISE
};
[[nodiscard]] TriggerText trigger_text(std::string_view create_trigger);

/// Those between its BEGIN and END.
[[nodiscard]] std::vector<std::span<const Token>> trigger_statements(std::span<const Token> create_trigger);

/// True if the trigger that `sql`, its whole statement or its event, makes runs for this kind of write.
[[nodiscard]] bool runs_for(std::string_view sql, std::string_view event);

/// True if RAISE (FAIL, …) is in it.
[[nodiscard]] bool fails(std::string_view create_trigger);

/// True if the trigger runs BEFORE the write that sets it off, and writes to `table` itself.
[[nodiscard]] bool writes_before(std::string_view create_trigger, std::string_view table);

}  // namespace offx::migrate
