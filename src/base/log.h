#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace offx {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// `debug`, `info`, `warning` or `error`; nothing for another text.
[[nodiscard]] std::optional<LogLevel> log_level_of(std::string_view text) noexcept;

/// Lines below this level are left out; `info` at first. Thread-safe.
void set_log_level(LogLevel level) noexcept;

struct LogField {
  std::string_view name;
  std::string value;
};

/// Writes one line to stderr, at once: `2026-11-21T14:05:17Z info server.started address=127.0.0.1:8080`. Whatever a
/// value holds, it stays one line that no terminal acts on. Nothing secret belongs in it. Thread-safe.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace offx
