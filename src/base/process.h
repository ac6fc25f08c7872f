#pragma once

#include <string>
#include <string_view>

namespace offx {

/// Names of those who hold something in a database: `host pid 12 #REALM 3`, different for each call. REALM says where
/// the number 12 means this process: the boot of a machine, and the namespace of a container.
[[nodiscard]] std::string new_holder_name();

/// True if the process that `holder` names ran where this one runs, in the same boot and namespace of processes, and is
/// gone. False is no promise: it may run elsewhere, whatever that host is called, or another process may have got its
/// number.
[[nodiscard]] bool is_gone(std::string_view holder);

/// For people: `host pid 12`.
[[nodiscard]] std::string process_of(std::string_view holder);

}  // namespace offx
