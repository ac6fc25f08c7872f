#include "net/target.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "net/http_client.h"

namespace offx::net {
namespace {

constexpr std::size_t kUrlMaxBytes = 16U << 10U;

bool is_alnum(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

Result<Target> parse_target(const CurlLibrary& curl, const std::string& url) {
  if (url.size() > kUrlMaxBytes) return fail(Errc::invalid_argument, "the address is longer than 16 KiB");
  const std::unique_ptr<CURLU, decltype(curl.url_cleanup)> handle(curl.url(), curl.url_cleanup);
  if (!handle) return fail(Errc::internal, "libcurl gives no URL handle");
  // A C string would end at a NUL: what is checked would not be what the caller sees.
  const bool has_nul = url.find('\0') != std::string::npos;
  if (has_nul || curl.url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_URLENCODE) != CURLUE_OK) {
    return fail(Errc::invalid_argument,
                "this is no address that can be fetched; it should look like https://example.org/feed.xml");
  }
  const auto part = [&](CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    std::string value;
    if (curl.url_get(handle.get(), which, &text, flags) == CURLUE_OK) value = text;
    curl.free(text);
    return value;
  };
  Target target;
  target.scheme = part(CURLUPART_SCHEME);
  if (target.scheme != "http" && target.scheme != "https") {
    return fail(Errc::invalid_argument, "only http and https addresses can be fetched, not " + target.scheme);
  }
  target.host = part(CURLUPART_HOST);
  const std::string port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), target.port);
  target.user = part(CURLUPART_USER, CURLU_URLDECODE);
  target.password = part(CURLUPART_PASSWORD, CURLU_URLDECODE);
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT}) {
    curl.url_set(handle.get(), secret, nullptr, 0);
  }
  target.url = part(CURLUPART_URL);
  if (target.url.empty() || target.host.empty()) return fail(Errc::invalid_argument, "the address names no host");
  return target;
}

std::string_view authority_of(std::string_view url) noexcept {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {};
  url.remove_prefix(scheme_end + 3);
  return url.substr(0, url.find_first_of("/?#\\"));
}

std::string redacted_url(std::string_view url) {
  static constexpr const char* kInvalid = "(invalid address)";
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) return kInvalid;
  if (!std::ranges::all_of(url.substr(0, scheme_end), is_alnum)) return kInvalid;
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return kInvalid;
  }
  std::string_view authority = authority_of(url);
  const std::size_t authority_end = scheme_end + 3 + authority.size();
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  // A port that is no number may be a password with an unescaped slash.
  const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (authority.empty()) return kInvalid;
  if (colon != std::string_view::npos &&
      authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
    return kInvalid;
  }
  const std::size_t path_end = std::min(url.find_first_of("?#", authority_end), url.size());
  std::string shown(url.substr(0, scheme_end + 3));
  shown += authority;
  shown += url.substr(authority_end, path_end - authority_end);
  if (path_end < url.size() && url[path_end] == '?') shown += "?…";
  return shown;
}

}  // namespace offx::net
