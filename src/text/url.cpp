#include "text/url.h"

#include <algorithm>
#include <cstddef>

namespace offx::text {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_alpha(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The five parts of RFC 3986 appendix B; `has_…` tells an empty part from none.
struct Parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
  bool has_authority = false;
  bool has_query = false;
  bool has_fragment = false;
};

std::size_t scheme_length(std::string_view url) noexcept {
  if (url.empty() || !is_alpha(url.front())) return 0;
  for (std::size_t i = 1; i < url.size(); ++i) {
    const char c = url[i];
    if (c == ':') return i;
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return 0;
  }
  return 0;
}

Parts split(std::string_view url) noexcept {
  Parts parts;
  if (const std::size_t length = scheme_length(url); length != 0) {
    parts.scheme = url.substr(0, length);
    url.remove_prefix(length + 1);
  }
  if (const std::size_t hash = url.find('#'); hash != std::string_view::npos) {
    parts.fragment = url.substr(hash + 1);
    parts.has_fragment = true;
    url = url.substr(0, hash);
  }
  if (const std::size_t mark = url.find('?'); mark != std::string_view::npos) {
    parts.query = url.substr(mark + 1);
    parts.has_query = true;
    url = url.substr(0, mark);
  }
  if (url.starts_with("//")) {
    url.remove_prefix(2);
    const std::size_t slash = std::min(url.find('/'), url.size());
    parts.authority = url.substr(0, slash);
    parts.has_authority = true;
    url.remove_prefix(slash);
  }
  parts.path = url;
  return parts;
}

/// Section 5.2.4, on whole segments.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const bool rooted = path.front() == '/';
    const std::size_t end = std::min(path.find('/', rooted ? 1 : 0), path.size());
    const std::string_view piece = path.substr(0, end);
    const std::string_view segment = rooted ? piece.substr(1) : piece;
    path.remove_prefix(end);
    if (segment == "." || segment == "..") {
      if (segment == "..") out.resize(out.empty() ? 0 : std::min(out.rfind('/'), out.size()));
      if (path.empty()) out += '/';
    } else {
      out += piece;
    }
  }
  return out;
}

}  // namespace

std::string resolve_url(std::string_view base, std::string_view reference) {
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!reference.empty() && is_space(reference.front())) reference.remove_prefix(1);
  while (!reference.empty() && is_space(reference.back())) reference.remove_suffix(1);
  std::string tidy;
  tidy.reserve(reference.size());
  for (const char c : reference) {
    if (c == ' ') {
      tidy += "%20";
    } else if (static_cast<unsigned char>(c) > 0x20 && c != 0x7F) {
      tidy += c;  // browsers drop tabs and line breaks inside addresses, so `java\nscript:` must not survive either
    }
  }
  const Parts r = split(tidy);
  if (!r.scheme.empty()) return tidy;
  const Parts b = split(base);
  if (b.scheme.empty()) return {};

  std::string path;
  bool has_query = r.has_query;
  std::string_view query = r.query;
  if (r.has_authority || r.path.starts_with('/')) {
    path = remove_dot_segments(r.path);
  } else if (r.path.empty()) {
    path = b.path;
    if (!r.has_query) {
      query = b.query;
      has_query = b.has_query;
    }
  } else {
    const std::size_t slash = b.path.rfind('/');
    std::string merged;
    if (slash == std::string_view::npos) {
      merged = b.has_authority ? "/" : "";
    } else {
      merged = b.path.substr(0, slash + 1);
    }
    merged += r.path;
    path = remove_dot_segments(merged);
  }

  std::string out(b.scheme);
  out += ':';
  if (r.has_authority || b.has_authority) {
    out += "//";
    out += r.has_authority ? r.authority : b.authority;
  }
  out += path;
  if (has_query) {
    out += '?';
    out += query;
  }
  if (r.has_fragment) {
    out += '#';
    out += r.fragment;
  }
  return out;
}

std::string url_scheme(std::string_view url) {
  std::string scheme(url.substr(0, scheme_length(url)));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  return scheme;
}

bool is_web_url(std::string_view url) {
  const std::string scheme = url_scheme(url);
  return (scheme == "http" || scheme == "https") && !split(url).authority.empty();
}

std::string url_host(std::string_view url) {
  std::string_view authority = split(url).authority;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string host(authority.substr(0, colon));
  std::transform(host.begin(), host.end(), host.begin(), lower);
  if (host.starts_with("www.")) host.erase(0, 4);
  return host;
}

}  // namespace offx::text
