#pragma once

#include <chrono>
#include <string_view>

namespace offx::app {

/// Tells the service manager how this process is (sd_notify(3)): `READY=1`, `WATCHDOG=1`, …; does nothing where none
/// started it.
void notify_service_manager(std::string_view state);

/// How long the service manager waits for the next WATCHDOG=1 before it takes this process for dead; zero: for ever.
[[nodiscard]] std::chrono::milliseconds watchdog_interval();

}  // namespace offx::app
