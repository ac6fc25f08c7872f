#include "app/serve_config.h"

#include <charconv>
#include <cstdlib>
#include <fstream>

#include "db/client.h"
#include "net/http_server.h"

namespace offx::app {
namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(", \t\n", at)) != std::string::npos) {
    const auto end = std::min(text.find_first_of(", \t\n", at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

/// Reads variables, and collects what is wrong with them.
class Reader {
 public:
  explicit Reader(const ServeConfig::Environment& environment) : environment_(environment) {}

  std::string text(const char* name, std::string otherwise = {}) const {
    const char* value = environment_(name);
    return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
  }

  /// Itself, or the first line of the file that NAME_FILE names.
  std::string secret(const char* name) {
    if (auto value = text(name); !value.empty()) return value;
    const auto path = text((std::string(name) + "_FILE").c_str());
    if (path.empty()) return {};
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) wrong(std::string(name) + "_FILE", "cannot be read");
    return line;
  }

  bool flag(const char* name, bool otherwise) {
    const auto value = text(name);
    if (value.empty()) return otherwise;
    if (value != "0" && value != "1") wrong(name, "has to be 0 or 1");
    return value == "1";
  }

  double number(const char* name, double otherwise, double min, double max) {
    const auto value = text(name);
    if (value.empty()) return otherwise;
    double read = 0.0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), read);
    if (error != std::errc{} || end != value.data() + value.size() || read < min || read > max) {
      wrong(name, "has to be a number from " + std::to_string(static_cast<int>(min)) + " to " +
                      std::to_string(static_cast<int>(max)));
      return otherwise;
    }
    return read;
  }

  net::NetworkList networks(const char* name, std::string otherwise) {
    auto list = net::NetworkList::parse(text(name, std::move(otherwise)));
    if (list) return std::move(*list);
    wrong(name, list.error().message());
    return {};
  }

  std::vector<std::string> origins(const char* name, bool may_be_any) {
    auto all = split_list(text(name));
    for (const auto& origin : all) {
      const auto host = origin.find("://");
      const bool fits = (may_be_any && origin == "*") ||
                        ((origin.starts_with("http://") || origin.starts_with("https://")) &&
                         origin.find('/', host + 3) == std::string::npos && origin.size() > host + 3);
      if (!fits) wrong(name, "\"" + origin + "\" is no origin; write it like https://offx.example.org");
    }
    return all;
  }

  void wrong(const std::string& name, const std::string& why) { mistakes_ += "\n  " + name + ": " + why; }
  [[nodiscard]] const std::string& mistakes() const noexcept { return mistakes_; }

 private:
  const ServeConfig::Environment& environment_;
  std::string mistakes_;
};

/// `local.data` beside `local.db`; for a database behind a server, a folder where we are.
std::filesystem::path default_data_folder(const std::string& db_url) {
  const auto path = db::database_path(db_url);
  if (!path || *path == ":memory:") return "offx.data";
  return std::filesystem::path(*path).replace_extension(".data");
}

}  // namespace

std::string ServeConfig::shown_url() const {
  if (!public_origins.empty()) return public_origins.front();
  auto host = listen.substr(0, listen.rfind(':'));
  if (host.empty() || host == "*" || host == "0.0.0.0" || host == "[::]") host = "127.0.0.1";
  return "http://" + host + listen.substr(listen.rfind(':'));
}

Result<LogLevel> ServeConfig::read_log_level(const Environment& environment) {
  Reader reader(environment);
  const auto text = reader.secret("OFFX_LOG_LEVEL");
  const auto level = log_level_of(text.empty() ? "info" : text);
  if (!level || !reader.mistakes().empty()) {
    return fail(Errc::invalid_argument,
                "has to be debug, info, warning or error, or OFFX_LOG_LEVEL_FILE a file with that");
  }
  return *level;
}

std::filesystem::path data_folder_of(const std::string& db_url) {
  const char* set = std::getenv("OFFX_DATA");
  return set != nullptr && *set != '\0' ? std::filesystem::path(set) : default_data_folder(db_url);
}

Result<ServeConfig> ServeConfig::read(const ServeCommand& command, const std::string& db_url,
                                      const Environment& environment) {
  Reader reader(environment);
  ServeConfig config;
  config.listen = command.listen.empty() ? reader.text("OFFX_LISTEN", "127.0.0.1:8080") : command.listen;
  if (const auto address = net::parse_listen_address(config.listen)) {
    config.listens_on_loopback = address->is_loopback;
  } else {
    reader.wrong(command.listen.empty() ? "OFFX_LISTEN" : "--listen", address.error().message());
  }
  const auto folder = command.data_folder.empty() ? reader.text("OFFX_DATA") : command.data_folder;
  config.data_folder = folder.empty() ? default_data_folder(db_url) : std::filesystem::path(folder);
  config.allow_remote_setup = command.allow_remote_setup || reader.flag("OFFX_ALLOW_REMOTE_SETUP", false);
  config.cookie_secure = reader.flag("OFFX_COOKIE_SECURE", true);
  config.public_origins = reader.origins("OFFX_PUBLIC_URL", false);
  config.cors_origins = reader.origins("OFFX_CORS_ORIGINS", true);
  config.trusted_proxies = reader.networks("OFFX_TRUSTED_PROXIES", "");
  config.metrics_allow = reader.networks("OFFX_METRICS_ALLOW", "127.0.0.0/8, ::1");
  config.allow_hosts = split_list(reader.text("OFFX_ALLOW_HOSTS"));
  config.requests_per_second = reader.number("OFFX_RATE_LIMIT", 100.0, 0.0, 1'000'000.0);
  config.summaries_per_day =
      static_cast<std::int64_t>(reader.number("OFFX_SUMMARIES_PER_DAY", 1000.0, 0.0, 1'000'000.0));
  config.workers = static_cast<unsigned>(reader.number("OFFX_WORKERS", 8.0, 1.0, 256.0));
  if (const auto level = read_log_level(environment)) {
    config.log_level = *level;
  } else {
    reader.wrong("OFFX_LOG_LEVEL", level.error().message());
  }
  config.first_username = reader.text("AUTH_USERNAME");
  config.first_password = reader.secret("AUTH_PASSWORD");
  if (config.first_username.empty() != config.first_password.empty()) {
    reader.wrong("AUTH_USERNAME, AUTH_PASSWORD", "are given together or not at all");
  }
  if (!reader.mistakes().empty()) {
    return fail(Errc::invalid_argument, "the server's settings are wrong:" + reader.mistakes());
  }
  return config;
}

}  // namespace offx::app
