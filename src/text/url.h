#pragma once

#include <string>
#include <string_view>

/// What OffX needs of RFC 3986. Pure, thread-safe, any bytes accepted.
namespace offx::text {

/// `reference` as an absolute address: as it is if it has a scheme, else resolved against the absolute `base` by
/// section 5.2. Surrounding white space and control characters are dropped, spaces become `%20`. Empty if neither is
/// absolute.
[[nodiscard]] std::string resolve_url(std::string_view base, std::string_view reference);

/// The scheme in lower case without `:`, or empty if `url` does not begin with one.
[[nodiscard]] std::string url_scheme(std::string_view url);

/// True for an `http:` or `https:` address with a host.
[[nodiscard]] bool is_web_url(std::string_view url);

/// The host in lower case, without user, port and `www.`; empty if `url` has none.
[[nodiscard]] std::string url_host(std::string_view url);

}  // namespace offx::text
