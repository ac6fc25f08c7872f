#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/session.h"
#include "store/post.h"

/// What RSS, Atom and JSON Feed have in common, and the one way to make posts of it.
namespace offx::sources {

/// The feed itself.
struct Feed {
  std::string title;
  std::string author;
  std::string id;        ///< atom:id or the feed's own address
  std::string home_url;  ///< absolute, or empty
  std::string language;
};

/// One entry, as the format gives it.
struct FeedItem {
  std::string id;
  std::string url;       ///< absolute, or empty
  std::string base_url;  ///< for relative links in the text; empty: `url`
  std::string title;     ///< may hold character references and inline markup
  std::string html;      ///< the text as HTML, or
  std::string text;      ///< as plain text
  std::string author;
  std::string language;
  std::optional<Timestamp> published;
  std::optional<Timestamp> updated;
  std::vector<store::Media> media;
};

/// The post: title and text as content, where both say something; sanitised HTML in the details; an id that no other
/// feed has; the feed's host as user name.
[[nodiscard]] store::Post to_post(FeedItem item, const Feed& feed, const std::string& base_url);

}  // namespace offx::sources
