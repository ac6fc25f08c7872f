#pragma once

#include <string>
#include <string_view>

namespace offx {

/// Names of those who hold something in a database: `host pid 12 #3`, different for each call.
[[nodiscard]] std::string new_holder_name();

/// True if the process that `holder` names ran on this machine and is gone. False is no promise: it may be on another
/// machine, or another process may have got its number.
[[nodiscard]] bool is_gone(std::string_view holder);

/// For people: `host pid 12`.
[[nodiscard]] std::string process_of(std::string_view holder);

}  // namespace offx
