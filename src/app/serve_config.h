#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "net/network.h"

namespace offx::app {

/// `offx serve` as it is written; what is empty comes from the environment.
struct ServeCommand {
  std::string listen;
  std::string data_folder;
  bool allow_remote_setup = false;
};

/// The folder for uploads and backups, if nobody says otherwise: OFFX_DATA, or `local.data` beside `local.db`; for a
/// database behind a server `offx.data` where we are.
[[nodiscard]] std::filesystem::path data_folder_of(const std::string& db_url);

/// Everything the server can be told, checked. docs/server.md lists the variables.
struct ServeConfig {
  std::string listen;
  bool listens_on_loopback = true;
  std::filesystem::path data_folder;
  bool allow_remote_setup = false;  ///< serve other machines although there is no user yet
  bool cookie_secure = true;
  std::vector<std::string> public_origins;
  std::vector<std::string> cors_origins;
  net::NetworkList trusted_proxies;
  net::NetworkList metrics_allow;
  std::vector<std::string> allow_hosts;
  double requests_per_second = 0.0;
  std::int64_t summaries_per_day = 0;  ///< made on request; 0: no limit
  unsigned workers = 8;
  LogLevel log_level = LogLevel::info;
  std::string first_username;  ///< with `first_password`: made if there is no user yet
  std::string first_password;

  /// Where a browser on this machine, or by OFFX_PUBLIC_URL any, finds it: without a slash at the end.
  [[nodiscard]] std::string shown_url() const;

  using Environment = std::function<const char*(const char*)>;
  /// OFFX_LOG_LEVEL, or the first line of the file that OFFX_LOG_LEVEL_FILE names: that can be read again.
  [[nodiscard]] static Result<LogLevel> read_log_level(const Environment& environment);
  /// Errc::invalid_argument lists everything that is wrong at once. `NAME_FILE` names a file that holds a secret.
  [[nodiscard]] static Result<ServeConfig> read(const ServeCommand& command, const std::string& db_url,
                                                const Environment& environment);
};

}  // namespace offx::app
