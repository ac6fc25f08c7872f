#include "db/http/url.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace offx::db::http {
namespace {

constexpr std::size_t kUrlMaxBytes = 16U << 10U;
constexpr std::size_t kHostsMax = 32;

/// %41 → A
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    if (text.size() < 3) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
    if (error != std::errc{} || end != text.data() + 3) return std::nullopt;
    out += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  // A line break would end a header field.
  if (out.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_host(std::string_view host) {
  std::string_view port;
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535) return false;
  }
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2 &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

tl::unexpected<Error> refuse(const std::string& why) {
  return fail(Errc::invalid_argument, "the database's address is not understood: " + why);
}

Result<std::string> secret_from_environment() {
  if (const char* token = std::getenv("OFFX_DB_AUTH_TOKEN"); token != nullptr && *token != '\0') return token;
  const char* path = std::getenv("OFFX_DB_AUTH_TOKEN_FILE");
  if (path == nullptr || *path == '\0') return std::string();
  std::ifstream file(path);
  std::string token{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    return fail(Errc::io, std::string("cannot read ") + path + ", which OFFX_DB_AUTH_TOKEN_FILE names");
  }
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.find_first_of("\r\n") != std::string::npos) {
    return fail(Errc::invalid_argument, std::string(path) + " holds more than one line");
  }
  return token;
}

}  // namespace

std::optional<std::string> ServerUrl::take(std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
  if (found == parameters.end()) return std::nullopt;
  std::string value = std::move(found->second);
  parameters.erase(found);
  return value;
}

std::string ServerUrl::places() const {
  std::string places;
  for (const auto& host : hosts) places += (places.empty() ? "" : ",") + host;
  return places;
}

Result<ServerUrl> parse_server_url(std::string_view url) {
  ServerUrl parsed;
  if (url.size() > kUrlMaxBytes) return refuse("it is too long");
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return refuse("write scheme://host");
  for (const char c : url.substr(0, scheme_end)) parsed.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  url.remove_prefix(scheme_end + 3);
  if (const auto fragment = url.find('#'); fragment != std::string_view::npos) url = url.substr(0, fragment);

  std::string_view query;
  if (const auto mark = url.find('?'); mark != std::string_view::npos) {
    query = url.substr(mark + 1);
    url = url.substr(0, mark);
  }
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != url.size()) return refuse("it has a path behind the host");
    url = url.substr(0, slash);
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto who = url.substr(0, at);
    const auto colon = std::min(who.find(':'), who.size());
    const auto user = decoded(who.substr(0, colon));
    const auto password = decoded(who.substr(std::min(colon + 1, who.size())));
    if (!user || !password) return refuse("user or password are not percent-encoded");
    parsed.user = *user;
    parsed.password = *password;
    url.remove_prefix(at + 1);
  }
  for (const auto host : split(url, ',')) {
    if (!is_host(host)) return refuse("a host is written name, name:port or [v6]:port");
    parsed.hosts.emplace_back(host);
  }
  if (parsed.hosts.empty() || parsed.hosts.size() > kHostsMax) return refuse("it names no host, or too many");
  for (const auto pair : split(query, '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    const std::string name(pair.substr(0, equals));
    if (!value) return refuse("the value of a parameter is not percent-encoded");
    if (parsed.take(name)) return refuse("it gives a parameter twice");
    parsed.parameters.emplace_back(name, *value);
  }
  return parsed;
}

std::string without_secrets(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return std::string(url.starts_with("valtown:") ? "valtown:" : url);
  const auto parsed = parse_server_url(url);
  // What cannot be parsed may hold a secret anywhere.
  return std::string(url.substr(0, scheme_end + 3)) + (parsed ? parsed->places() : "…");
}

Result<ServerOptions> take_options(ServerUrl& url, bool tls) {
  ServerOptions options;
  options.tls = tls;
  if (const auto text = url.take("timeout_ms")) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < 10 || value > 3'600'000) {
      return refuse("timeout_ms is a number from 10 to 3600000");
    }
    options.timeout = std::chrono::milliseconds(value);
  }
  if (const auto text = url.take("tls")) {
    if (*text != "0" && *text != "1") return refuse("tls is 0 or 1");
    options.tls = *text == "1";
  }
  if (auto token = url.take("authToken")) {
    options.secret = std::move(*token);
  } else {
    OFFX_ASSIGN(options.secret, secret_from_environment());
  }
  return options;
}

Result<void> refuse_unknown(const ServerUrl& url) {
  if (url.parameters.empty()) return {};
  const auto& name = url.parameters.front().first;
  return refuse(name.size() > 24 ? "there is no such parameter" : "there is no parameter " + name);
}

}  // namespace offx::db::http
