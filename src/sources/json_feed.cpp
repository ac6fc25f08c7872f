// JSON Feed 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "sources/dates.h"
#include "sources/feed_item.h"
#include "sources/json_tree.h"
#include "text/url.h"

namespace offx::sources {
namespace {

/// authors[] of 1.1, or author of 1.0.
std::string author_of(const json::object& object) {
  if (const json::array* authors = array_at(object, "authors")) {
    for (const json::value& value : *authors) {
      const json::object* author = as_object(value);
      if (author != nullptr && !text_at(*author, "name").empty()) return std::string(text_at(*author, "name"));
    }
  }
  const json::object* author = object_at(object, "author");
  return std::string(author != nullptr ? text_at(*author, "name") : text_at(object, "author"));
}

FeedItem read_item(const json::object& object, const std::string& base) {
  FeedItem item;
  item.id = id_at(object, "id");
  item.url = text::resolve_url(base, text_at(object, "url"));
  if (text_at(object, "url").empty()) {
    const std::string_view external = text_at(object, "external_url");
    item.url = external.empty() ? std::string() : text::resolve_url(base, external);
  }
  item.title = text_at(object, "title");
  item.html = text_at(object, "content_html");
  item.text = text_at(object, "content_text");
  if (item.html.empty() && item.text.empty()) item.text = text_at(object, "summary");
  item.author = author_of(object);
  item.language = text_at(object, "language");
  item.published = parse_loose_time(text_at(object, "date_published"));
  item.updated = parse_loose_time(text_at(object, "date_modified"));
  const std::string& media_base = item.url.empty() ? base : item.url;
  for (const std::string_view key : {"image", "banner_image"}) {
    if (const std::string_view url = text_at(object, key); !url.empty()) {
      item.media.push_back({text::resolve_url(media_base, url), "image", std::nullopt});
    }
  }
  if (const json::array* attachments = array_at(object, "attachments")) {
    for (const json::value& value : *attachments) {
      const json::object* attachment = as_object(value);
      if (attachment == nullptr || text_at(*attachment, "url").empty()) continue;
      store::Media medium{text::resolve_url(media_base, text_at(*attachment, "url")),
                          std::string(text_at(*attachment, "mime_type")), std::nullopt};
      if (const std::string_view title = text_at(*attachment, "title"); !title.empty()) medium.alt_text = title;
      item.media.push_back(std::move(medium));
    }
  }
  return item;
}

}  // namespace

Result<void> read_json_feed(ByteSource& source, Session& session) {
  std::uint64_t count = 0;
  return read_objects(source, session, [&](const json::object& object, std::uint64_t) -> Result<void> {
    const json::array* items = array_at(object, "items");
    if (items == nullptr) return session.broken(++count, "items", "is missing: this is no JSON Feed");
    Feed feed;
    feed.title = text_at(object, "title");
    feed.author = author_of(object);
    feed.language = text_at(object, "language");
    feed.home_url = text::resolve_url(session.base_url(), text_at(object, "home_page_url"));
    feed.id = text::resolve_url(session.base_url(), text_at(object, "feed_url"));
    if (text_at(object, "home_page_url").empty()) feed.home_url = feed.id;
    const std::string& base = feed.home_url.empty() ? session.base_url() : feed.home_url;
    for (const json::value& value : *items) {
      ++count;
      const json::object* entry = as_object(value);
      if (entry == nullptr) {
        OFFX_TRY(session.broken(count, "items", "holds something that is no item"));
        continue;
      }
      OFFX_TRY(session.post(to_post(read_item(*entry, base), feed, session.base_url()), count));
    }
    return {};
  });
}

}  // namespace offx::sources
