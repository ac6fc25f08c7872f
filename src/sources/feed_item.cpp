#include "sources/feed_item.h"

#include <algorithm>
#include <array>

#include "text/clean.h"
#include "text/html.h"
#include "text/url.h"

namespace offx::sources {
namespace {

/// Does markup begin at one of the `<` (or, escaped, `&lt;`) in `text`?
bool has_tag(std::string_view text, std::string_view opening) {
  static constexpr auto kTags = std::to_array<std::string_view>(
      {"p",  "br", "a",  "div",        "span",  "b",    "i",   "em",  "strong", "img",    "ul", "ol", "li",   "h1",
       "h2", "h3", "h4", "blockquote", "table", "code", "pre", "sub", "sup",    "figure", "u",  "s",  "small"});
  for (std::size_t at = text.find(opening); at != std::string_view::npos; at = text.find(opening, at + 1)) {
    std::string_view rest = text.substr(at + opening.size());
    if (rest.starts_with('/')) rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find_first_of(" />&\n\t"), rest.size());
    std::string name(rest.substr(0, std::min<std::size_t>(end, 12)));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (end < rest.size() && std::find(kTags.begin(), kTags.end(), name) != kTags.end()) return true;
  }
  return false;
}

/// Titles are text by the letter, HTML by habit.
std::string plain_title(std::string_view title) {
  std::string plain = has_tag(title, "<") ? text::html_to_text(title) : text::unescape_entities(title);
  if (has_tag(plain, "<")) plain = text::html_to_text(plain);
  text::clean_text_in_place(plain);
  std::replace(plain.begin(), plain.end(), '\n', ' ');
  return std::string(text::trim(plain));
}

/// The letters and digits of the beginning, to compare title and text.
std::string letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) out += c;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Is the title only the beginning of the text, whole or cut with an ellipsis?
bool begins_with_title(std::string_view text, std::string_view title) {
  for (const std::string_view tail :
       {std::string_view("\xE2\x80\xA6"), std::string_view("..."), std::string_view("[...]")}) {
    if (title.ends_with(tail)) title.remove_suffix(tail.size());
  }
  const std::string wanted = letters(title);
  return !wanted.empty() && letters(text.substr(0, title.size() * 2 + 64)).starts_with(wanted);
}

/// The address without what marks where a reader came from.
std::string canonical_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const std::size_t mark = url.find('?');
  std::string out(url.substr(0, mark));
  if (mark == std::string_view::npos) return out;
  std::string_view query = url.substr(mark + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.starts_with("utm_") || part.starts_with("fbclid=") || part.starts_with("gclid=")) continue;
    out += separator;
    out += part;
    separator = '&';
  }
  return out;
}

bool is_uri(std::string_view id) { return !text::url_scheme(id).empty() && id.find(' ') == std::string_view::npos; }

}  // namespace

store::Post to_post(FeedItem item, const Feed& feed, const std::string& base_url) {
  store::Post post;
  store::PostDetails& details = post.details;
  post.platform.clear();
  std::string base = item.base_url;
  for (const std::string_view candidate : std::initializer_list<std::string_view>{item.url, feed.home_url, base_url}) {
    if (base.empty()) base = candidate;
  }

  // Some generators escape once too often: markup that only shows after another round.
  if (!item.html.empty() && !has_tag(item.html, "<") && has_tag(item.html, "&lt;")) {
    item.html = text::unescape_entities(item.html);
  }
  std::string body;
  if (!item.html.empty()) {
    text::HtmlContent content = text::read_html(item.html, base);
    body = std::move(content.text);
    details.links = std::move(content.links);
    details.html = text::sanitise_html(item.html, base);
  } else {
    body = text::trim(text::clean_text(item.text));
  }
  const std::string title = plain_title(item.title);
  if (title.empty() || begins_with_title(body, title)) {
    post.content = body;
  } else if (body.empty()) {
    post.content = title;
  } else {
    post.content = title + "\n\n" + body;
  }
  if (post.content.empty() && !item.url.empty() && item.media.empty()) post.content = item.url;

  const auto first = [](std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) {
      if (!text::trim(text).empty()) return std::string(text::trim(text));
    }
    return std::string();
  };
  const std::string feed_title = plain_title(feed.title);
  post.author = text::unescape_entities(first({item.author, feed.author, feed_title}));
  for (const std::string_view url : std::initializer_list<std::string_view>{feed.home_url, base_url, item.url}) {
    if (post.author_username.empty()) post.author_username = text::url_host(url);
  }
  post.url = item.url;
  if (!item.url.empty() && std::find(details.links.begin(), details.links.end(), item.url) == details.links.end()) {
    details.links.push_back(item.url);
  }
  details.lang = first({item.language, feed.language});
  const std::optional<Timestamp> date = item.published ? item.published : item.updated;
  post.created_at = date.value_or(Timestamp{});
  if (item.published && item.updated && *item.updated > *item.published) details.edited_at = item.updated;
  for (store::Media& medium : item.media) {
    const bool known = std::any_of(post.media.begin(), post.media.end(),
                                   [&](const store::Media& other) { return other.url == medium.url; });
    if (!known) post.media.push_back(std::move(medium));
    if (post.media.size() >= 500) break;
  }

  const std::string id(text::trim(item.id));
  if (is_uri(id)) {
    post.external_id = id;
  } else if (!id.empty()) {
    // `42` is an id in this feed only.
    post.external_id = first({feed.id, feed.home_url, base_url, feed_title}) + '#' + id;
  } else if (!item.url.empty()) {
    post.external_id = canonical_url(item.url);
  } else {
    const std::string when = date ? to_sql_time(*date) : std::string();
    const std::string source = first({feed.id, feed.home_url, base_url, feed_title});
    post.external_id =
        derive_id(std::array<std::string_view, 4>{source, title, when, title.empty() ? std::string_view(body) : ""});
  }
  return post;
}

}  // namespace offx::sources
