#include "sources/x_text.h"

#include <algorithm>

#include "text/clean.h"

namespace offx::sources {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  while (at != std::string::npos) {
    // https://t.co/abc is no part of https://t.co/abcd
    const std::size_t end = at + from.size();
    const char after = end < text.size() ? text[end] : ' ';
    if ((after >= '0' && after <= '9') || (after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z')) {
      at = text.find(from, end);
    } else {
      text.replace(at, from.size(), to);
      at = text.find(from, at + to.size());
    }
  }
}

std::string unescape_once(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("&amp;")) {
      out += '&';
      i += 4;
    } else if (rest.starts_with("&lt;")) {
      out += '<';
      i += 3;
    } else if (rest.starts_with("&gt;")) {
      out += '>';
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string plain_x_text(std::string_view text, const std::vector<XLink>& links) {
  text = text::trim(text);
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (const XLink& link : links) {
      if (!link.attachment || link.short_url.empty() || !text.ends_with(link.short_url)) continue;
      text = text::trim(text.substr(0, text.size() - link.short_url.size()));
      dropped = true;
    }
  }
  std::string out(text);
  for (const XLink& link : links) {
    const std::string& target = link.expanded_url;
    if (!link.short_url.empty() && !target.empty() && target.size() <= 8192) replace_all(out, link.short_url, target);
    if (out.size() > (4U << 20U)) break;  // a made-up page in which every replacement holds the next
  }
  return unescape_once(out);
}

void add_links(const std::vector<XLink>& links, std::vector<std::string>& out) {
  for (const XLink& link : links) {
    if (link.attachment) continue;
    for (const std::string* url : {&link.short_url, &link.expanded_url, &link.unwound_url}) {
      if (!url->empty() && std::find(out.begin(), out.end(), *url) == out.end()) out.push_back(*url);
    }
    if (out.size() > 1000) return;
  }
}

std::string x_post_url(std::string_view username, std::string_view id) {
  std::string url = "https://x.com/";
  url += username.empty() ? std::string_view("i") : username;
  url += "/status/";
  url += id;
  return url;
}

bool is_x_post_url(std::string_view url, std::string_view id) {
  if (id.empty()) return false;
  url = url.substr(0, url.find_first_of("?#"));
  const bool host = url.starts_with("https://twitter.com/") || url.starts_with("https://x.com/") ||
                    url.starts_with("http://twitter.com/") || url.starts_with("https://mobile.twitter.com/");
  return host && url.ends_with(id) && url.substr(0, url.size() - id.size()).ends_with("/status/");
}

std::string_view retweeted_user(std::string_view text) noexcept {
  if (!text.starts_with("RT @")) return {};
  text.remove_prefix(4);
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon > 20) return {};
  const std::string_view name = text.substr(0, colon);
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  });
  return good ? name : std::string_view{};
}

}  // namespace offx::sources
