#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>

#include <unistd.h>

#include "base/time.h"

namespace offx {
namespace {

std::atomic<LogLevel> lowest_level = LogLevel::info;

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};

bool is_plain(char c) { return c > ' ' && c != '"' && c != '\\' && c != '=' && c != '\x7f'; }

/// The value as it is, or in quotes with everything escaped that could end the line or the quotes.
void append_value(std::string& line, std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
    line += value;
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\x";
      line += kHex[byte >> 4U];
      line += kHex[byte & 15U];
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view text) noexcept {
  const auto* const found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

void set_log_level(LogLevel level) noexcept { lowest_level = level; }

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  std::string line = to_iso_time(std::chrono::floor<std::chrono::seconds>(SystemClock().now()));
  line.append(" ").append(kNames[static_cast<std::size_t>(level)]).append(" ").append(event);
  for (const auto& field : fields) {
    line.append(" ").append(field.name).append("=");
    append_value(line, field.value);
  }
  line += '\n';
  // In one call, so that lines of threads do not mix; where nobody reads them any more there is nobody to tell.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace offx
